"""Batches of calls that a provider does within a day, for less: OpenAI's Batch API and Azure's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from flowgrade.errors import BatchError, ModelError, UnsupportedByModelError
from flowgrade.models.complaint import Complaint, find_complaint
from flowgrade.models.interception import Callee
from flowgrade.records import JsonObject, dumps, loads

_WINDOW = "24h"
_MARK = "flowgrade"
_PATHS = ("/chat/completions", "/completions", "/embeddings")
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_TRIES = 3
_PAGES = 20  # of a hundred batches each, that are looked through for one


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a batch stands."""

    id: str
    status: str
    """In the provider's words."""
    ended: bool
    files: tuple[str, ...] = ()
    """Where its results are."""
    reason: str | None = None
    """Why it failed as a whole."""


class Outcome(Protocol):
    """How one call of a batch ended."""

    def __call__(self) -> JsonObject:
        """The answer's JSON; raises the ModelError that it ended with."""
        ...


class BatchAPI(Protocol):
    """What the batch mode needs of a provider."""

    most: int
    """Calls in one batch."""

    def line(self, name: str, path: str, payload: JsonObject) -> bytes:
        """One call as a batch takes it."""
        ...

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Begin a batch, once for each ``key`` however often this is called; gives its id."""
        ...

    async def look(self, batch: str) -> Batch:
        """How it stands."""
        ...

    async def results(self, batch: Batch) -> dict[str, Outcome]:
        """What came of its calls, by name; those that were not done are missing."""
        ...

    async def cancel(self, batch: str) -> None:
        """Ask for its end."""
        ...


def open_batches(endpoint: Callee, path: str) -> BatchAPI:
    """The batches of an endpoint whose calls go to ``path``; UnsupportedByModelError if none."""
    if path not in _PATHS:
        raise UnsupportedByModelError(
            f"Calls of '{endpoint.model}' to {path} cannot be put into a batch.",
            hint="Batches are known of OpenAI and Azure OpenAI. Use another engine.",
        )
    return OpenAIBatches(endpoint, path)


class OpenAIBatches:
    """The Batch API of OpenAI and of Azure OpenAI."""

    most = 50_000

    def __init__(self, endpoint: Callee, path: str) -> None:
        self._endpoint = endpoint
        # Azure's form with a deployment in the address has no /v1 before its paths.
        self._target = path if endpoint.has_deployment else f"/v1{path}"

    def line(self, name: str, path: str, payload: JsonObject) -> bytes:
        """One call as a line of the file."""
        body = {**payload, "model": self._endpoint.model}
        call = {"custom_id": name, "method": "POST", "url": self._target, "body": body}
        return dumps(call).encode()

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Begin a batch, once for each ``key``; gives its id."""
        file: str | None = None
        for attempt in range(_TRIES):
            # The answer to an earlier attempt may have been lost, by this process or one before.
            found = await self._find(key)
            if found is not None:
                return found
            try:
                file = file or await self._upload(key, lines)
                order = {
                    "input_file_id": file,
                    "endpoint": self._target,
                    "completion_window": _WINDOW,
                    "metadata": {_MARK: key},
                }
                return str((await self._json("POST", "/batches", order))["id"])
            except ModelError as error:
                if not error.retryable or attempt == _TRIES - 1:
                    raise
                await self._endpoint.wait(2.0**attempt)
        raise AssertionError

    async def look(self, batch: str) -> Batch:
        """How it stands."""
        return _batch(await self._json("GET", f"/batches/{batch}", retried=True))

    async def results(self, batch: Batch) -> dict[str, Outcome]:
        """What came of its calls, by name."""
        found: dict[str, Outcome] = {}
        for file in batch.files:
            path = f"/files/{file}/content"
            data = await self._endpoint.exchange("GET", path, retried=True)
            for line in data.splitlines():
                if line.strip():
                    said = loads(line)
                    found[str(said.get("custom_id"))] = self._outcome(said)
        return found

    async def cancel(self, batch: str) -> None:
        """Ask for its end."""
        await self._json("POST", f"/batches/{batch}/cancel", {})

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

    async def _find(self, key: str) -> str | None:
        after = ""
        for _ in range(_PAGES):
            page = await self._json("GET", f"/batches?limit=100{after}", retried=True)
            for item in page.get("data") or ():
                if (item.get("metadata") or {}).get(_MARK) == key:
                    return str(item["id"])
            if not page.get("has_more"):
                return None
            after = f"&after={page['last_id']}"
        return None

    async def _upload(self, key: str, lines: list[bytes]) -> str:
        file = (f"{key}.jsonl", b"\n".join(lines) + b"\n")
        answer = await self._endpoint.exchange(
            "POST", "/files", form={"purpose": "batch"}, file=file
        )
        return str(loads(answer)["id"])

    async def _json(
        self, method: str, path: str, body: JsonObject | None = None, *, retried: bool = False
    ) -> Any:
        data = None if body is None else dumps(body).encode()
        answer = await self._endpoint.exchange(method, path, data=data, retried=retried)
        try:
            return loads(answer)
        except ValueError as error:
            raise BatchError(f"The answer to {method} {path} is not JSON.") from error


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
