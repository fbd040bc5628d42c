"""Files and batches, as OpenAI's Batch API and Azure's have them."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from typing import Any

from aiohttp import web

from flowgrade.records import JsonObject, dumps, loads
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.sending import json_answer

_PATH = re.compile(r"(?:/openai/v1|/openai|/v1|)/(files|batches)(?:/([^/]+))?(?:/([^/]+))?")
_PAGE = 20

Answer = Callable[[str, bytes], tuple[int, bytes]]
"""Answers one call of a batch: path and body in, status and body out."""


class BatchDesk:
    """Keeps files and batches in memory. A batch is done when its latency has gone by."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, JsonObject] = {}
        self._due: dict[str, float] = {}

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of files or batches."""
        return _PATH.fullmatch(path) is not None

    def handle(
        self, request: web.BaseRequest, raw: bytes, answer: Answer, *, now: float, latency: float
    ) -> web.Response:
        """Answer a request; calls of a batch are answered by ``answer`` once they are due."""
        found = _PATH.fullmatch(request.path)
        assert found is not None
        match request.method, found[1], found[2], found[3]:
            case "POST", "files", None, None:
                return _sent(self._keep(_file_of(request, raw), "batch"))
            case "GET", "files", str(name), "content" if name in self._files:
                return web.Response(body=self._files[name])
            case "POST", "batches", None, None:
                return _sent(self._begin(raw, due=now + latency))
            case "GET", "batches", None, None:
                return _sent(self._page(request.query.get("after"), request.query.get("limit")))
            case "GET", "batches", str(name), None if name in self._batches:
                return _sent(self._look(name, answer, now))
            case "POST", "batches", str(name), "cancel" if name in self._batches:
                self._batches[name]["status"] = "cancelled"
                return _sent(self._batches[name])
        raise StubRefusal(404, f"The stub has nothing at {request.path}.", code="unknown_url")

    def _keep(self, content: bytes, purpose: str) -> JsonObject:
        name = f"file-{len(self._files) + 1}"
        self._files[name] = content
        return {"id": name, "object": "file", "bytes": len(content), "purpose": purpose}

    def _begin(self, raw: bytes, *, due: float) -> JsonObject:
        order = loads(raw)
        if order.get("input_file_id") not in self._files:
            raise StubRefusal(400, "There is no such input file.", param="input_file_id")
        name = f"batch_{len(self._batches) + 1}"
        self._batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": order.get("endpoint"),
            "input_file_id": order["input_file_id"],
            "metadata": order.get("metadata"),
            "status": "in_progress",
            "output_file_id": None,
            "error_file_id": None,
        }
        self._due[name] = due
        return self._batches[name]

    def _page(self, after: str | None, limit: str | None) -> JsonObject:
        names = list(reversed(self._batches))
        names = names[names.index(after) + 1 :] if after in names else names
        page = names[: int(limit) if limit and limit.isdecimal() else _PAGE]
        data = [self._batches[name] for name in page]
        more = len(page) < len(names)
        return {"object": "list", "data": data, "has_more": more, "last_id": (page or [""])[-1]}

    def _look(self, name: str, answer: Answer, now: float) -> JsonObject:
        batch = self._batches[name]
        if batch["status"] == "in_progress" and now >= self._due[name]:
            good: list[str] = []
            bad: list[str] = []
            for line in self._files[batch["input_file_id"]].splitlines():
                _do(loads(line), answer, good, bad)
            batch["status"] = "completed"
            for key, lines in (("output_file_id", good), ("error_file_id", bad)):
                if lines:
                    batch[key] = self._keep("\n".join(lines).encode(), "batch_output")["id"]
        return batch


def _do(call: JsonObject, answer: Answer, good: list[str], bad: list[str]) -> None:
    status, body = answer(str(call["url"]), dumps(call["body"]).encode())
    result = {
        "custom_id": call["custom_id"],
        "response": {"status_code": status, "body": loads(body)},
        "error": None,
    }
    (good if status == 200 else bad).append(dumps(result))


def _file_of(request: web.BaseRequest, raw: bytes) -> bytes:
    header = Message()
    header["Content-Type"] = request.headers.get("Content-Type", "")
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str):
        raise StubRefusal(400, "A file comes as multipart/form-data.")
    for part in raw.split(b"--" + boundary.encode()):
        head, _, body = part.partition(b"\r\n\r\n")
        if b'name="file"' in head:
            return body.removesuffix(b"\r\n")
    raise StubRefusal(400, "There is no file in the form.", param="file")


def _sent(value: Any) -> web.Response:
    return json_answer(dumps(value).encode())
