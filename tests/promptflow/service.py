"""A service on this machine that keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SERVICES = """
---
name: web
type: serp
api_key: serp-key-1
api_base: {url}
---
name: safety
type: azure_content_safety
api_key: safety-key
endpoint: {url}/
---
name: llama
type: custom
configs: {{endpoint_url: "{url}/score", model_family: LLaMa}}
secrets: {{endpoint_api_key: open-key-1}}
---
name: dolly
type: custom
configs: {{endpoint_url: "{url}/score", model_family: DOLLY}}
secrets: {{endpoint_api_key: open-key-1}}
---
name: odd
type: custom
configs: {{endpoint_url: "{url}/score", model_family: Zebra}}
secrets: {{endpoint_api_key: open-key-1}}
---
name: bare
type: custom
configs: {{endpoint_url: "{url}/score"}}
secrets: {{endpoint_api_key: open-key-1}}
---
name: server
type: serverless
api_key: open-key-1
api_base: {url}
"""
"""Connections that lead to it."""


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Service:
    """What it was asked, and what it answers: its last answer again and again."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def says(self, *answers: tuple[int, Any]) -> None:
        """Answer with these from now on."""
        self.answers = list(answers)

    @property
    def body(self) -> Any:
        """The body of the last request."""
        return self.asked[-1].body

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the last request, their names in lower case."""
        return self.asked[-1].headers


@contextmanager
def running_service() -> Iterator[Service]:
    """A service that runs for the block."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(sent) if sent else None
            service.asked.append(Asked(self.command, self.path, headers, body))
            status, found = (
                service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
            )
            text = found.encode() if isinstance(found, str) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def node(tool: str, inputs: str, type_: str = "python", source: str = "package") -> str:
    """A flow of one node, ``t``, that calls a package tool."""
    path = ", path: p.jinja2" if source != "package" else ""
    return f"""
    inputs: {{q: {{type: string, default: tents}}, photo: {{type: image}}}}
    outputs: {{out: {{type: object, reference: "${{t.output}}"}}}}
    nodes:
    - name: t
      type: {type_}
      source: {{type: {source}, tool: {tool}{path}}}
      inputs: {{{inputs}}}
    """.replace(", photo: {type: image}", "" if "photo" not in inputs else ", photo: {type: image}")
