"""Batches of calls that Anthropic does within a day, for less.

A batch takes no mark of the one who orders it. One whose id was lost is looked for by its size and
its time, and told by the names of its calls, which show in the results only.
"""

from __future__ import annotations

from datetime import datetime

from flowgrade.models.batch import Batch, Outcome, exchange_json, read_lines
from flowgrade.models.complaint import Complaint, find_complaint
from flowgrade.models.interception import Callee
from flowgrade.records import Json, JsonObject, dumps

_PATH = "/v1/messages/batches"
_PAGES = 20  # of a hundred batches each, that are looked through for one
_SKEW = 3_600.0  # seconds by which the provider's clock may be behind this one
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class AnthropicBatches:
    """The Message Batches API."""

    most = 100_000
    most_bytes = 240_000_000
    """It takes 256 MB."""

    def __init__(self, endpoint: Callee) -> None:
        self._endpoint = endpoint

    def line(self, name: str, path: str, payload: JsonObject) -> bytes:
        """One call as an item of the request."""
        return dumps({"custom_id": name, "params": payload}).encode()

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Begin a batch; gives its id."""
        data = b'{"requests":[' + b",".join(lines) + b"]}"
        return str((await exchange_json(self._endpoint, "POST", _PATH, data=data))["id"])

    async def find(self, key: str, *, calls: int, since: float) -> list[Batch]:
        """Batches of so many calls begun after ``since``, the oldest first; none is sure."""
        found: list[Batch] = []
        after = ""
        for _ in range(_PAGES):
            path = f"{_PATH}?limit=100{after}"
            page = await exchange_json(self._endpoint, "GET", path, wanted="data", retried=True)
            for item in page["data"] or ():
                if _created(item) < since - _SKEW:  # the newest come first
                    return found[::-1]
                if sum(_counts(item).values()) == calls:
                    found.append(_batch(item))
            if not page.get("has_more"):
                break
            after = f"&after_id={page['last_id']}"
        return found[::-1]

    async def look(self, batch: str) -> Batch:
        """How it stands."""
        return _batch(await exchange_json(self._endpoint, "GET", f"{_PATH}/{batch}", retried=True))

    async def results(self, batch: Batch) -> dict[str, Outcome]:
        """What came of its calls, by name."""
        found: dict[str, Outcome] = {}
        for path in batch.files:
            for said in read_lines(await self._endpoint.exchange("GET", path, retried=True)):
                result = said.get("result") or {}
                if result.get("type") in ("succeeded", "errored"):
                    found[str(said["custom_id"])] = self._outcome(result)
        return found

    async def cancel(self, batch: str) -> None:
        """Ask for its end."""
        await exchange_json(self._endpoint, "POST", f"{_PATH}/{batch}/cancel", {})

    def _outcome(self, result: JsonObject) -> Outcome:
        message = result.get("message")

        def give() -> JsonObject:
            if result["type"] == "succeeded" and isinstance(message, dict):
                return {**message, "service_tier": "batch"}  # by which its price is known
            complaint = find_complaint(result.get("error")) or find_complaint(result)
            raise self._endpoint.failure(
                _status(result.get("error")), complaint or Complaint(message="no reason given")
            )

        return give


def _status(error: Json) -> int | None:
    inner = error.get("error") if isinstance(error, dict) else None
    return _STATUS.get(str(inner.get("type"))) if isinstance(inner, dict) else None


def _batch(raw: JsonObject) -> Batch:
    name, counts = str(raw["id"]), _counts(raw)
    ended = raw.get("processing_status") == "ended"
    status = str(raw.get("processing_status"))
    if ended:
        status = "completed"
        if counts.get("expired"):
            status = "expired"
        elif counts.get("canceled"):
            status = "cancelled"
    # The address in results_url is not followed: it would carry the key to another place. Where it
    # is missing the results are, too: they are kept for 29 days.
    kept = raw.get("results_url") is not None
    files = (f"{_PATH}/{name}/results",) if kept else ()
    return Batch(id=name, status=status, ended=ended, sure=False, files=files)


def _counts(raw: JsonObject) -> dict[str, int]:
    counts = raw.get("request_counts")
    found = counts.items() if isinstance(counts, dict) else ()
    return {kind: count for kind, count in found if isinstance(count, int)}


def _created(raw: JsonObject) -> float:
    try:
        return datetime.fromisoformat(str(raw.get("created_at"))).timestamp()
    except ValueError:  # then it may be any time
        return float("inf")
