"""The stub model behind the recording of prompt flow's examples, reply for reply."""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON_REPLY = {
    **{"name": "stub", "answer": "stub", "score": 3, "explanation": "stub", "apology": 1},
    **{"firstName": "stub", "lastName": "stub"},
}
VECTOR = [0.1, 0.2, 0.3, 0.4]
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class RecordingStub:
    """What was asked, and where the stub listens."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, dict[str, Any]]] = []


@contextmanager
def running_stub() -> Iterator[RecordingStub]:
    """Serve on a free port of 127.0.0.1 for the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    stub = RecordingStub(f"http://127.0.0.1:{server.server_port}")
    server.stub = stub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.stub.requests.append((self.path, body))  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        if path.endswith("/embeddings"):
            self._json(_embeddings(body))
        elif path.endswith("/chat/completions"):
            text = _chat_text(body)
            if body.get("stream"):
                self._stream(text, str(body.get("model")))
            else:
                self._json(_chat(text, body))
        else:
            prompt = body["prompt"] if isinstance(body["prompt"], str) else body["prompt"][-1]
            self._json(_completion(f"echo: {prompt[-200:]}", body))

    def _json(self, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str, model: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        head = {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": model}
        deltas: list[dict[str, Any]] = [{"content": f"{word} "} for word in text.split(" ")]
        for delta in [{"role": "assistant", "content": ""}, *deltas]:
            self._event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        self._event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, value: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())


def _chat_text(body: dict[str, Any]) -> str:
    wanted = body.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_object":
        return json.dumps(JSON_REPLY)
    content = body["messages"][-1].get("content") or ""
    if isinstance(content, list):
        content = "".join(part.get("text", "<image>") for part in content)
    return f"echo: {content[-200:]}"


def _chat(text: str, body: dict[str, Any]) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    head = {"id": "stub", "object": "chat.completion", "created": 0, "model": body.get("model")}
    return {**head, "choices": [choice], "usage": USAGE}


def _completion(text: str, body: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    head = {"id": "stub", "object": "text_completion", "created": 0, "model": body.get("model")}
    return {**head, "choices": [choice], "usage": USAGE}


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    packed = base64.b64encode(struct.pack("<4f", *VECTOR)).decode()
    vector = packed if body.get("encoding_format") == "base64" else VECTOR
    data = [{"object": "embedding", "index": i, "embedding": vector} for i in range(len(texts))]
    return {"object": "list", "data": data, "model": body.get("model"), "usage": USAGE}
