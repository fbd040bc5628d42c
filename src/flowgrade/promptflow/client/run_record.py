"""The folder in which prompt flow kept a run: its rows, metrics and times.

Prompt flow 1.18.5 writes ``flow_artifacts`` with a line for each row of the data, ``metrics.json``
and the flow's files in ``snapshot``. What ``pfazure run download`` brings has ``run_metadata.json``
beside them, with name, status and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError, Place
from flowgrade.promptflow.client.run import STATUS
from flowgrade.records import Failure, JsonObject, Ref, digest_bytes, loads, replace
from flowgrade.runs import Run, RunAbout, RunDefinition, RunRow, RunStatus

_NUMBER = "line_number"
_STATUSES = {word: status for status, word in STATUS.items()}


def read_run_record(folder: Path) -> tuple[Run, list[RunRow]]:
    """The run in ``folder`` with its rows; raises InputError where it is none.

    It has no traces: prompt flow keeps those elsewhere.
    """
    files = sorted((folder / "flow_artifacts").glob("*.jsonl"))
    if not files:
        raise InputError(
            f"{folder} is no folder of a run of prompt flow: it has no flow_artifacts/*.jsonl.",
            hint="Runs are in ~/.promptflow/.runs, each in a folder of its name.",
        )
    found = {row.row: row for file in files for row in _rows(file)}
    rows = [found[number] for number in sorted(found)]
    about = _mapping(folder / "run_metadata.json")
    name = str(about.get("name") or folder.resolve().name)
    start = _time(about.get("start_time")) or min(row.start_ns for row in rows)
    end = _time(about.get("end_time")) or max(row.end_ns for row in rows)
    total = _lines(folder / "inputs.jsonl") or len(rows)
    status = RunStatus.COMPLETED if len(rows) >= total else RunStatus.INTERRUPTED
    run = Run(
        name=name,
        flow=str(Ref(kind="flow", name=name, digest=_digest(folder / "snapshot"))),
        dataset=str(Ref(kind="dataset", name=name, digest=_digest(folder / "flow_artifacts"))),
        status=_STATUSES.get(str(about.get("status")), status),
        definition=RunDefinition(
            flow=str((folder / "snapshot").resolve()), data=str((folder / "inputs.jsonl").resolve())
        ),
        created_ns=_time(about.get("created_on")) or start,
        ended_ns=end,
        seconds=(end - start) / 1e9,
        rows=total,
        metrics=_mapping(folder / "metrics.json"),
        about=_about(about),
    )
    return run, rows


def described(run: Run, *, name: str | None, about: RunAbout) -> Run:
    """``run`` with another name, and with what ``about`` says in place of its own."""
    return replace(
        run,
        name=name or run.name,
        about=RunAbout(
            display_name=about.display_name or run.about.display_name,
            description=about.description or run.about.description,
            tags={**run.about.tags, **about.tags},
        ),
    )


def _rows(file: Path) -> Iterator[RunRow]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(loads(line), Place(str(file), number))
    except (OSError, ValueError) as error:
        raise InputError(f"It cannot be read: {error}.", place=Place(str(file))) from None


def _row(line: Any, place: Place) -> RunRow:
    info = line.get("run_info") if isinstance(line, dict) else None
    number = line.get(_NUMBER) if isinstance(line, dict) else None
    if not isinstance(info, dict) or not isinstance(number, int) or number < 0:
        raise InputError("This is no row of a run of prompt flow.", place=place)
    failed = info.get("status") != "Completed"
    start = _time(info.get("start_time")) or 0
    usage = _part(info, "system_metrics")
    inputs = {k: v for k, v in _part(info, "inputs").items() if k != _NUMBER}
    output = info.get("output")
    outputs = output if isinstance(output, dict) else {"output": output}
    return RunRow(
        row=number,
        status="failed" if failed else "completed",
        inputs=inputs,
        outputs=None if failed else outputs,
        error=_failure(_part(info, "error")) if failed else None,
        trace_id=_trace(info),
        start_ns=start,
        end_ns=_time(info.get("end_time")) or start,
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
    )


def _failure(error: JsonObject) -> Failure:
    """The cause within the error, where it is told: what the flow's own code raised."""
    details = error.get("additionalInfo")
    first = details[0] if isinstance(details, list) and details else None
    cause = _part(first if isinstance(first, dict) else {}, "info")
    inner = _part(error, "innerError")
    return Failure(
        type=str(cause.get("type") or inner.get("code") or error.get("code") or "Error"),
        message=str(cause.get("message") or error.get("message") or "not told"),
        node=_text(_part(error, "messageParameters").get("node_name")),
        trace=_text(cause.get("traceback")),
    )


def _part(found: Mapping[str, Any], name: str) -> JsonObject:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _count(value: object) -> int | None:
    """Tokens; none at all also where no model was called, as nothing tells the two apart."""
    return value if isinstance(value, int) and value else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _trace(info: Mapping[str, Any]) -> str:
    """The trace's id, or digits that stand for it: a row is known by its call."""
    given = str(info.get("otel_trace_id") or "").removeprefix("0x")
    own = digest_bytes(f"{info.get('run_id')} {info.get('start_time')}".encode())
    return given or own.removeprefix("sha256:")[:32]


def _about(found: JsonObject) -> RunAbout:
    return RunAbout(
        display_name=_text(found.get("display_name")),
        description=_text(found.get("description")),
        tags={str(key): str(value) for key, value in _part(found, "tags").items()},
    )


def _mapping(file: Path) -> JsonObject:
    if not file.is_file():
        return {}
    try:
        found = loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"It cannot be read: {error}.", place=Place(str(file))) from None
    if not isinstance(found, dict):
        raise InputError("It holds no mapping.", place=Place(str(file)))
    return found


def _time(text: Any) -> int | None:
    """Nanoseconds since the epoch; a time without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1e9)


def _lines(file: Path) -> int:
    if not file.is_file():
        return 0
    with file.open(encoding="utf-8") as lines:
        return sum(bool(line.strip()) for line in lines)


def _digest(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    parts = [f"{file.relative_to(folder)} {digest_bytes(file.read_bytes())}" for file in files]
    return digest_bytes("\n".join(parts).encode())
