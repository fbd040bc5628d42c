"""Files and batches, as OpenAI's Batch API and Azure's have them."""

from __future__ import annotations

import re
from email.message import Message
from typing import Any

from aiohttp import web

from flowgrade.records import JsonObject, dumps, loads
from flowgrade.testing.stub.batch import Answering, Fate, StubBatch
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.sending import json_answer

_PATH = re.compile(r"(?:/openai/v1|/openai|/v1|)/(files|batches)(?:/([^/]+))?(?:/([^/]+))?")
_PAGE = 20
_UNDONE = {
    Fate.EXPIRED: "batch_expired",
    Fate.CANCELED: "batch_cancelled",
}


class BatchDesk:
    """Keeps files and batches in memory."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._orders: dict[str, JsonObject] = {}
        self._batches: dict[str, StubBatch] = {}

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of files or batches."""
        return _PATH.fullmatch(path) is not None

    @staticmethod
    def begins(request: web.BaseRequest) -> bool:
        """Whether a request begins a batch."""
        found = _PATH.fullmatch(request.path)
        return (
            request.method == "POST"
            and found is not None
            and found.groups()
            == (
                "batches",
                None,
                None,
            )
        )

    def handle(
        self, request: web.BaseRequest, raw: bytes, answer: Answering, *, now: float, window: float
    ) -> web.Response:
        """Answer a request."""
        found = _PATH.fullmatch(request.path)
        assert found is not None
        match request.method, found[1], found[2], found[3]:
            case "POST", "files", None, None:
                return _sent(self._keep(_file_of(request, raw), "batch"))
            case "GET", "files", str(name), "content" if name in self._files:
                return web.Response(body=self._files[name])
            case "POST", "batches", None, None:
                return _sent(self._begin(raw, answer, now, window))
            case "GET", "batches", None, None:
                after, limit = request.query.get("after"), request.query.get("limit")
                return _sent(self._page(after, limit, now))
            case "GET", "batches", str(name), None if name in self._batches:
                return _sent(self._look(name, now))
            case "POST", "batches", str(name), "cancel" if name in self._batches:
                self._batches[name].cancel(now)
                seen = self._look(name, now)
                return _sent({**seen, "status": "cancelling"})
        raise StubRefusal(404, f"The stub has nothing at {request.path}.", code="unknown_url")

    def _keep(self, content: bytes, purpose: str) -> JsonObject:
        name = f"file-{len(self._files) + 1}"
        self._files[name] = content
        return {"id": name, "object": "file", "bytes": len(content), "purpose": purpose}

    def _begin(self, raw: bytes, answer: Answering, now: float, window: float) -> JsonObject:
        order = loads(raw)
        lines = self._files.get(order.get("input_file_id"), b"").split(b"\n")
        calls = [loads(line) for line in lines if line.strip()]
        if not calls:
            raise StubRefusal(400, "There is no such input file.", param="input_file_id")
        name = f"batch_{len(self._batches) + 1}"
        answers = {
            str(call["custom_id"]): answer(str(call["url"]), dumps(call["body"]).encode())
            for call in calls
        }
        self._batches[name] = StubBatch(answers, now=now, window=window)
        self._orders[name] = {
            "id": name,
            "object": "batch",
            "endpoint": order.get("endpoint"),
            "input_file_id": order["input_file_id"],
            "completion_window": order.get("completion_window"),
            "metadata": order.get("metadata"),
        }
        return self._look(name, now)

    def _page(self, after: str | None, limit: str | None, now: float) -> JsonObject:
        names = list(reversed(self._batches))
        names = names[names.index(after) + 1 :] if after in names else names
        page = names[: int(limit) if limit and limit.isdecimal() else _PAGE]
        data = [self._look(name, now) for name in page]
        more = len(page) < len(names)
        return {"object": "list", "data": data, "has_more": more, "last_id": (page or [""])[-1]}

    def _look(self, name: str, now: float) -> JsonObject:
        batch, order = self._batches[name], self._orders[name]
        ended = batch.ended(now)
        if ended and "files" not in order:
            order["files"] = self._files_of(batch)
        return {
            **{key: value for key, value in order.items() if key != "files"},
            "created_at": int(batch.created),
            "expires_at": int(batch.expires),
            "status": _status(batch) if ended else "in_progress",
            "output_file_id": None,
            "error_file_id": None,
            **order.get("files", {}),
        }

    def _files_of(self, batch: StubBatch) -> JsonObject:
        lines: dict[str, list[str]] = {"output_file_id": [], "error_file_id": []}
        for name, fate in batch.fates().items():
            result: JsonObject = {"custom_id": name, "response": None, "error": None}
            if fate in _UNDONE:
                result["error"] = {"code": _UNDONE[fate], "message": "This call was not done."}
            else:
                answer = batch.answers[name]
                result["response"] = {"status_code": answer.status, "body": loads(answer.body)}
            kind = "output_file_id" if fate is Fate.SUCCEEDED else "error_file_id"
            lines[kind].append(dumps(result))
        return {
            key: self._keep("\n".join(found).encode(), "batch_output")["id"]
            for key, found in lines.items()
            if found
        }


def _status(batch: StubBatch) -> str:
    if batch.cancelled:
        return "cancelled"
    return "expired" if Fate.EXPIRED in batch.fates().values() else "completed"


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
