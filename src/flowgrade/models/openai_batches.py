"""Batches of calls that OpenAI and Azure OpenAI do within a day, for less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowgrade.models.batch import Batch, Outcome, exchange_json, read_lines, read_object
from flowgrade.models.complaint import Complaint, find_complaint
from flowgrade.models.interception import Callee
from flowgrade.records import JsonObject, dumps

_WINDOW = "24h"
_MARK = "flowgrade"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_UNDONE = frozenset({"batch_expired", "batch_cancelled"})
_PAGES = 20  # of a hundred batches each, that are looked through for one


class OpenAIBatches:
    """The Batch API of OpenAI and of Azure OpenAI."""

    most = 50_000
    most_bytes = 180_000_000
    """Both take files of 200 MB."""

    def __init__(self, endpoint: Callee, path: str) -> None:
        self._endpoint = endpoint
        # Azure's form with a deployment in the address has no /v1 before its paths.
        self._target = path if endpoint.has_deployment else f"/v1{path}"
        self._files: dict[str, str] = {}

    def line(self, name: str, path: str, payload: JsonObject) -> bytes:
        """One call as a line of the file."""
        body = {**payload, "model": self._endpoint.model}
        call = {"custom_id": name, "method": "POST", "url": self._target, "body": body}
        return dumps(call).encode()

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Begin a batch, which is marked with ``key``; gives its id."""
        if key not in self._files:
            self._files[key] = await self._upload(key, lines)
        order = {
            "input_file_id": self._files[key],
            "endpoint": self._target,
            "completion_window": _WINDOW,
            "metadata": {_MARK: key},
        }
        return str((await exchange_json(self._endpoint, "POST", "/batches", order))["id"])

    async def find(self, key: str, *, calls: int, since: float) -> list[Batch]:
        """The batch that is marked with ``key``."""
        after = ""
        for _ in range(_PAGES):
            path = f"/batches?limit=100{after}"
            page = await exchange_json(self._endpoint, "GET", path, wanted="data", retried=True)
            for item in page["data"] or ():
                if (item.get("metadata") or {}).get(_MARK) == key:
                    return [_batch(item)]
            if not page.get("has_more"):
                break
            after = f"&after={page['last_id']}"
        return []

    async def look(self, batch: str) -> Batch:
        """How it stands."""
        return _batch(await exchange_json(self._endpoint, "GET", f"/batches/{batch}", retried=True))

    async def results(self, batch: Batch) -> dict[str, Outcome]:
        """What came of its calls, by name."""
        found: dict[str, Outcome] = {}
        for file in batch.files:
            path = f"/files/{file}/content"
            for said in read_lines(await self._endpoint.exchange("GET", path, retried=True)):
                if (said.get("error") or {}).get("code") not in _UNDONE:
                    found[str(said["custom_id"])] = self._outcome(said)
        return found

    async def cancel(self, batch: str) -> None:
        """Ask for its end."""
        await exchange_json(self._endpoint, "POST", f"/batches/{batch}/cancel", {})

    def _outcome(self, said: JsonObject) -> Outcome:
        response = said.get("response") or {}
        body = response.get("body")
        status = response.get("status_code")

        def give() -> JsonObject:
            complaint = find_complaint(said) or find_complaint(body)
            if complaint is not None:
                raise self._endpoint.failure(status, complaint)
            if status != 200 or not isinstance(body, dict):
                raise self._endpoint.failure(status, Complaint(message="no reason given"))
            return {**body, "service_tier": "batch"}  # by which its price is known

        return give

    async def _upload(self, key: str, lines: list[bytes]) -> str:
        file = (f"{key}.jsonl", b"\n".join(lines) + b"\n")
        form = {"purpose": "batch"}
        answer = await self._endpoint.exchange("POST", "/files", form=form, file=file)
        return str(read_object(answer, "The answer to POST /files", "id")["id"])


def _batch(raw: JsonObject) -> Batch:
    files = (raw.get("output_file_id"), raw.get("error_file_id"))
    errors = ((raw.get("errors") or {}).get("data") or ()) if raw.get("errors") else ()
    return Batch(
        id=str(raw["id"]),
        status=str(raw.get("status")),
        ended=raw.get("status") in _ENDED,
        files=tuple(file for file in files if file),
        reason="; ".join(_reasons(errors)) or None,
    )


def _reasons(errors: Any) -> Iterator[str]:
    for error in errors:
        if isinstance(error, dict) and error.get("message"):
            yield str(error["message"])
