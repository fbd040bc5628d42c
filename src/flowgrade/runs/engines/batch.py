"""The engine ``batch``: one model call of each row, done by the provider within a day, for less.

Each row is executed twice: first up to its call, which is collected, and once the answers are there
a second time, with its answer in the place of the call. So results, traces and errors come about as
in any other run, and what was collected need not outlive this process.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from flowgrade.errors import BatchError, InputError, ModelError
from flowgrade.flows import Execution
from flowgrade.models import Batch, BatchAPI, Callee, Outcome, intercepted, open_batches
from flowgrade.records import JsonObject, Record
from flowgrade.runs.engines.engine import Plan, Work
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task

_TRIES = 3
_FIRST_LOOK, _LAST_LOOK = 1.0, 60.0  # seconds between looks at a batch, which grow
_LISTEN = 1.0  # seconds between looks at whether the run should stop

_log = logging.getLogger("flowgrade.runs")


class _Collected(BaseException):
    """Ends a row at its call. No ``Exception``, so that no code of the flow takes it for one."""


class _Call(Record, kw_only=False):
    row: Task
    endpoint: Callee
    path: str
    payload: JsonObject


class BatchEngine:
    """Collects the calls of all rows, has them done as batches, and gives each row its answer."""

    def check(self, plan: Plan) -> None:
        """Refuse a flow whose rows do not make exactly one call."""
        if plan.workers is not None:
            raise InputError("The engine 'batch' has no workers.", hint="Leave --workers out.")
        nodes = plan.flow.body.model_nodes
        name = plan.flow.name
        if plan.flow.body.threaded or nodes == ():
            raise InputError(
                f"The flow '{name}' has no node that asks a model: there is nothing for a batch.",
                hint="Calls that sync Python code makes cannot be collected. Use another engine.",
            )
        if nodes is not None and len(nodes) > 1:
            raise InputError(
                f"The node '{nodes[1]}' prevents a batch: each row of the flow '{name}' would ask "
                f"a model {len(nodes)} times ({', '.join(nodes)}).",
                hint="A batch takes one call of each row. Use another engine.",
            )

    async def run(self, work: Work) -> None:
        """Collect, submit, wait and hand out."""
        calls = await _collected(work)
        if not calls or work.source.stopped:
            return
        api = _one_api(list(calls.values()))
        await _Batches(work, api, calls).run()


ENGINE = BatchEngine()


class _Batches:
    """The batches of one run: those that were submitted before, then those for the other rows."""

    def __init__(self, work: Work, api: BatchAPI, calls: dict[int, _Call]) -> None:
        self._work = work
        self._state = work.state
        self._api = api
        self._calls = calls
        self._entries = [dict(entry) for entry in work.state.values.get("batches") or ()]

    async def run(self) -> None:
        # Answers are paid for: those of batches that an earlier part submitted come first.
        for entry in list(self._entries):
            await self._finish(entry, last=False)
        fresh = []
        for key, rows in _cut(self._calls, self._api):
            if self._work.source.stopped:
                break
            entry = {"key": key, "id": None, "rows": rows, "at": None}
            self._entries.append(entry)
            fresh.append(entry)
            await self._order(entry)
        for entry in fresh:
            await self._finish(entry, last=True)
        if not self._work.source.stopped:
            self._state.forget()

    async def _order(self, entry: dict[str, Any]) -> None:
        """Let the entry have its batch: the one that was ordered for it before, or a new one."""
        for attempt in range(1, _TRIES + 1):
            # The answer to an earlier attempt may have been lost, by this process or one before.
            if entry["at"] is not None:
                entry["id"] = await self._found(entry)
            entry["rows"] = [number for number in entry["rows"] if number in self._calls]
            if entry["id"] is not None or self._work.source.stopped or not entry["rows"]:
                break
            # The wish is written down before it leaves, so that nothing is ever ordered twice.
            entry["at"] = entry["at"] or time.time()
            self._save()
            lines = [_line(self._api, entry["key"], self._calls[n]) for n in entry["rows"]]
            try:
                entry["id"] = await self._api.submit(entry["key"], lines)
                break
            except ModelError as error:
                if not error.retryable or attempt == _TRIES:
                    raise
            await asyncio.sleep(2.0**attempt)
        self._save()

    async def _found(self, entry: dict[str, Any]) -> str | None:
        """The batch that was ordered for an entry; None also when the run was told to stop."""
        key, calls = entry["key"], len(entry["rows"])
        for batch in await self._api.find(key, calls=calls, since=entry["at"]):
            if batch.sure:
                return batch.id
            _log.info("waiting for the batch %s, which may be one of this run", batch.id)
            ended = await self._ended(batch.id, cancels=False)
            if ended is None:
                return None
            if any(name.startswith(key) for name in await self._api.results(ended)):
                return batch.id
        return None

    def _save(self) -> None:
        self._state.save({"batches": self._entries})

    async def _finish(self, entry: dict[str, Any], *, last: bool) -> None:
        """Wait for a batch and hand its answers out; ``last`` says that no other will follow."""
        if not any(number in self._calls for number in entry["rows"]):
            return
        if entry["id"] is None:
            await self._order(entry)
        batch = None if entry["id"] is None else await self._ended(entry["id"], cancels=True)
        if batch is None:
            return
        outcomes = await self._api.results(batch)
        told = f"The batch {batch.id} {_how(batch.status)} before this row was done."
        missing = BatchError(
            f"{told} {batch.reason}" if batch.reason else told,
            hint="Go on with: flowgrade runs resume",
        )
        for number in entry["rows"]:
            outcome = outcomes.get(_name(entry["key"], number))
            if number in self._calls and (outcome is not None or last):
                call = self._calls.pop(number)
                await _replay(self._work, call.row, outcome or _failing(missing))

    async def _ended(self, batch: str, *, cancels: bool) -> Batch | None:
        """The batch at its end; None when the run was told to stop, which may cancel it."""
        pause = _FIRST_LOOK
        while True:
            found = await self._api.look(batch)
            if found.ended:
                return found
            left = pause
            while left > 0:
                if self._work.source.stopped:
                    if cancels:
                        await self._api.cancel(batch)
                    return None
                await asyncio.sleep(min(_LISTEN, left))
                left -= _LISTEN
            pause = min(pause * 1.5, _LAST_LOOK)


async def _collected(work: Work) -> dict[int, _Call]:
    """The calls of all rows, by their numbers. A row that makes none is done by that."""
    calls: dict[int, _Call] = {}

    async def lane() -> None:
        while (row := await work.source.next()) is not None:
            call = await _collect(work, row)
            if call is not None:
                calls[row.number] = call

    await asyncio.gather(*(lane() for _ in range(work.concurrency)))
    return dict(sorted(calls.items()))


async def _collect(work: Work, row: Task) -> _Call | None:
    found: list[_Call] = []

    async def intercept(endpoint: Callee, path: str, payload: JsonObject) -> JsonObject:
        found.append(_Call(row, endpoint, path, payload))
        raise _Collected

    try:
        execution = await _execute(work, row, intercept)
    except _Collected:
        return found[0]
    work.done(FinishedRow.of(row.number, execution))
    return None


async def _replay(work: Work, row: Task, outcome: Outcome) -> None:
    asked = False

    async def intercept(endpoint: Callee, path: str, payload: JsonObject) -> JsonObject:
        nonlocal asked
        if asked:
            raise InputError(
                "The row asked a model a second time; a batch takes one call of each row.",
                hint="Use another engine for this flow.",
            )
        asked = True
        return outcome()

    work.done(FinishedRow.of(row.number, await _execute(work, row, intercept)))


async def _execute(work: Work, row: Task, intercept: Callable[..., Awaitable[Any]]) -> Execution:
    with intercepted(intercept):
        return await work.flow.aexecute(row.inputs, sink=lambda spans: None, timeout=work.timeout)


def _one_api(calls: list[_Call]) -> BatchAPI:
    first = calls[0]
    for call in calls:
        if (call.endpoint.identity, call.path) != (first.endpoint.identity, first.path):
            raise InputError(
                f"Row {call.row.number} asks '{call.endpoint.model}', and row {first.row.number} "
                f"'{first.endpoint.model}': a batch asks one model.",
                hint="Run the rows of each model by themselves.",
            )
    return open_batches(first.endpoint, first.path)


def _cut(calls: dict[int, _Call], api: BatchAPI) -> Iterator[tuple[str, list[int]]]:
    """The calls as keys and rows of as many batches as it takes."""
    key, rows, size = _new_key(), list[int](), 0
    for number, call in list(calls.items()):
        length = len(_line(api, key, call)) + 1
        if rows and (len(rows) >= api.most or size + length > api.most_bytes):
            yield key, rows
            key, rows, size = _new_key(), [], 0
        rows.append(number)
        size += length
    if rows:
        yield key, rows


def _new_key() -> str:
    return f"flowgrade-{uuid.uuid4().hex}"


def _name(key: str, number: int) -> str:
    return f"{key}-{number}"


def _line(api: BatchAPI, key: str, call: _Call) -> bytes:
    return api.line(_name(key, call.row.number), call.path, call.payload)


def _failing(error: BatchError) -> Outcome:
    def fail() -> JsonObject:
        raise error

    return fail


def _how(status: str) -> str:
    return {"expired": "expired", "cancelled": "was cancelled", "failed": "failed"}.get(
        status, "ended"
    )
