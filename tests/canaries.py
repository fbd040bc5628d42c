"""Secrets that are told from everything else, and an endpoint that repeats what it is sent."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote


class Canaries:
    """Makes secrets that are told from everything else, and looks for them."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def new(self, place: str, odd: str = "") -> str:
        value = f"cnry{secrets.token_hex(9)}{odd}{secrets.token_hex(2)}"
        self.made[value] = place
        return value

    def found_in(self, text: str) -> list[str]:
        """Where the canaries in ``text`` were placed; also those that are encoded in it."""
        return [
            f"{place}: {form}"
            for value, place in self.made.items()
            for form in forms(value)
            if form in text
        ]


def spoken(value: str) -> list[str]:
    """The forms that a secret may come back in."""
    basic = base64.b64encode(f"user:{value}".encode()).decode()
    alone = base64.b64encode(value.encode()).decode()
    return [value, json.dumps(value)[1:-1], quote(value, safe=""), basic, alone]


def forms(value: str) -> set[str]:
    """What is looked for: of base64 a part that the secret alone decides."""
    *plain, basic, alone = spoken(value)
    return {*plain, basic[8:-4], alone[:-4]}


class Endpoint(BaseHTTPRequestHandler):
    """Repeats what it is sent, key and all, in good answers and in every kind of bad one."""

    gossip: list[str] = []
    """Secrets that it repeats as well."""

    def do_GET(self) -> None:
        self._answer(401 if "refuse" in self.path else 200, {"data": [{"id": "m"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        request = json.loads(body)
        heard = f"{self.path} {dict(self.headers)} {' '.join(self._known(request))}"
        model = request["model"]
        if model == "redirect":
            self.send_response(307)
            self.send_header(
                "Location", f"http://u:{quote(self.gossip[0])}@h/?api_key={heard[:0]}x"
            )
            self.end_headers()
        elif model == "garbage":
            self._send(200, heard.encode())
        elif model.isdigit():
            self._answer(int(model), {"error": {"message": heard, "code": "x"}})
        else:
            message = {"role": "assistant", "content": heard}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._answer(200, {"id": "1", "object": "chat.completion", "choices": [choice]})

    def _known(self, request: dict[str, object]) -> list[str]:
        wanted = str(request["messages"]).count("more") or 1
        number = int(self.headers.get("X-Row", "0"))
        chosen = self.gossip[number * wanted :] + self.gossip
        return [form for value in chosen[:4] for form in spoken(value)]

    def _answer(self, status: int, body: object) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status, f"No {self.headers.get('Authorization', '')}")
        self.send_header("WWW-Authenticate", self.headers.get("Authorization", "Basic"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's own output says nothing of it."""


@contextmanager
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
