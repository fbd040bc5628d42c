"""Batches, as Anthropic's Message Batches API has them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from flowgrade.records import JsonObject, dumps, loads
from flowgrade.testing.stub.batch import Answering, Fate, StubBatch
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.sending import json_answer

_PATH = re.compile(r"((?:/anthropic)?(?:/v1)?/messages)/batches(?:/([^/]+))?(?:/([^/]+))?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAGE = 20
_MOST = 100_000


class MessageBatchDesk:
    """Keeps batches in memory."""

    def __init__(self) -> None:
        self._batches: dict[str, StubBatch] = {}

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of batches of messages."""
        return _PATH.fullmatch(path) is not None

    @staticmethod
    def begins(request: web.BaseRequest) -> bool:
        """Whether a request begins a batch."""
        found = _PATH.fullmatch(request.path)
        return request.method == "POST" and found is not None and found[2] is None

    def handle(
        self, request: web.BaseRequest, raw: bytes, answer: Answering, *, now: float, window: float
    ) -> web.Response:
        """Answer a request."""
        found = _PATH.fullmatch(request.path)
        assert found is not None
        name = found[2]
        if name is not None and name not in self._batches:
            raise StubRefusal(404, f"The stub has no batch {name}.")
        match request.method, name, found[3]:
            case "POST", None, None:
                return self._sent(self._begin(raw, found[1], answer, now, window), request, now)
            case "GET", None, None:
                return json_answer(dumps(self._page(request, now)).encode())
            case "GET", str(name), None:
                return self._sent(name, request, now)
            case "GET", str(name), "results" if self._batches[name].ended(now):
                return web.Response(body=self._results(name), content_type="application/x-jsonl")
            case "POST", str(name), "cancel":
                self._batches[name].cancel(now)
                seen = {**self._seen(name, request, now), "processing_status": "canceling"}
                return json_answer(dumps(seen).encode())
        raise StubRefusal(404, f"The stub has nothing at {request.path}.")

    def _begin(self, raw: bytes, path: str, answer: Answering, now: float, window: float) -> str:
        orders = loads(raw).get("requests")
        if not isinstance(orders, list) or not 0 < len(orders) <= _MOST:
            raise StubRefusal(400, f"requests: List of 1 to {_MOST} items is required")
        names = [str(order.get("custom_id")) for order in orders]
        for index, name in enumerate(names):
            if _NAME.fullmatch(name) is None:
                raise StubRefusal(400, f"requests.{index}.custom_id: {_NAME.pattern} is required")
        if len(set(names)) < len(names):
            raise StubRefusal(400, "requests: custom_id must be unique")
        answers = {
            name: answer(path, dumps(order.get("params")).encode())
            for name, order in zip(names, orders, strict=True)
        }
        batch = f"msgbatch_{len(self._batches) + 1}"
        self._batches[batch] = StubBatch(answers, now=now, window=window)
        return batch

    def _page(self, request: web.BaseRequest, now: float) -> JsonObject:
        after, limit = request.query.get("after_id"), request.query.get("limit")
        names = list(reversed(self._batches))
        names = names[names.index(after) + 1 :] if after in names else names
        page = names[: int(limit) if limit and limit.isdecimal() else _PAGE]
        return {
            "data": [self._seen(name, request, now) for name in page],
            "has_more": len(page) < len(names),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }

    def _sent(self, name: str, request: web.BaseRequest, now: float) -> web.Response:
        return json_answer(dumps(self._seen(name, request, now)).encode())

    def _seen(self, name: str, request: web.BaseRequest, now: float) -> JsonObject:
        batch = self._batches[name]
        ended = batch.ended(now)
        counts: Counter[str] = Counter(batch.fates().values() if ended else ())
        if not ended:
            counts["processing"] = len(batch.answers)
        root = request.path.partition("/batches")[0]
        return {
            "id": name,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {kind: counts[kind] for kind in ("processing", *Fate)},
            "created_at": _moment(batch.created),
            "expires_at": _moment(batch.expires),
            "ended_at": _moment(batch.ended_at) if ended else None,
            "cancel_initiated_at": _moment(batch.ended_at) if batch.cancelled else None,
            "archived_at": None,
            "results_url": f"{request.url.origin()}{root}/batches/{name}/results"
            if ended
            else None,
        }

    def _results(self, name: str) -> bytes:
        batch = self._batches[name]
        lines = []
        for call, fate in batch.fates().items():
            result: JsonObject = {"type": str(fate)}
            if fate is Fate.SUCCEEDED:
                result["message"] = _as_batch(loads(batch.answers[call].body))
            elif fate is Fate.ERRORED:
                result["error"] = loads(batch.answers[call].body)
            lines.append(dumps({"custom_id": call, "result": result}))
        return "\n".join(lines).encode() + b"\n"


def _as_batch(message: Any) -> JsonObject:
    """A message says in its usage by which service it was made."""
    return {**message, "usage": {**message["usage"], "service_tier": "batch"}}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
