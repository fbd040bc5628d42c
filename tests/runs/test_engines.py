"""What stands between a run and its workers."""

from __future__ import annotations

import asyncio
import io
import math
import os
import threading
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.app import App
from flowgrade.errors import InputError, NotFoundError, UsageError
from flowgrade.flows import load_flow
from flowgrade.models import Models
from flowgrade.runs import RunOptions, Task, list_runs, run_rows, start_run
from flowgrade.runs.engines import auto
from flowgrade.runs.engines.auto import Sample
from flowgrade.runs.engines.inbox import Inbox
from flowgrade.runs.engines.opening import opening
from flowgrade.runs.engines.wire import pack_rows, read_message, unpack_rows, write_message

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.dates()
    | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
ROWS = st.lists(
    st.tuples(st.integers(0), st.dictionaries(st.text(), VALUES, max_size=4)), max_size=4
)


def shout(text: str) -> str:
    return text.upper()


@given(ROWS)
def test_rows_arrive_as_they_were_sent(rows: list[tuple[int, dict[str, Any]]]) -> None:
    sent = [Task(*row) for row in rows]
    assert unpack_rows(pack_rows(sent)) == sent


def test_what_json_lacks_keeps_its_type() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    inputs = {"a": moment, "b": date(2024, 1, 2), "c": time(1, 2), "d": Decimal("1.50")}
    (row,) = unpack_rows(pack_rows([Task(0, {**inputs, "e": b"\xff", "f": 2**80})]))
    assert row.inputs == {**inputs, "e": b"\xff", "f": 2**80}
    (row,) = unpack_rows(pack_rows([Task(0, {"x": math.nan})]))
    assert math.isnan(row.inputs["x"])


def test_a_value_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(InputError, match="holds a complex"):
        pack_rows([Task(0, {"x": 1j})])


def test_a_message_that_was_cut_off_is_none() -> None:
    whole = io.BytesIO()
    write_message(whole, {"rows": "…"})
    data = whole.getvalue()
    assert read_message(io.BytesIO(data)) == {"rows": "…"}
    for end in (0, 4, 9, len(data) - 1):
        assert read_message(io.BytesIO(data[:end])) is None


def test_an_inbox_hands_each_row_to_one_of_those_that_wait() -> None:
    inbox = Inbox()
    rows = [Task(number, {}) for number in range(100)]
    taken: list[int] = []

    def by_thread() -> None:
        while (row := inbox.take()) is not None:
            taken.append(row.number)

    async def by_task() -> None:
        while (row := await inbox.next()) is not None:
            taken.append(row.number)

    async def both() -> None:
        work = asyncio.gather(*(by_task() for _ in range(3)))
        for start in range(0, 100, 10):
            inbox.feed(rows[start : start + 10])
            await asyncio.sleep(0)
        inbox.end()
        await work

    threads = [threading.Thread(target=by_thread) for _ in range(3)]
    for thread in threads:
        thread.start()
    asyncio.run(both())
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(100))


def test_rows_that_are_not_begun_can_be_dropped() -> None:
    inbox = Inbox()
    inbox.feed([Task(number, {}) for number in range(3)])
    assert inbox.take() == Task(0, {})
    assert inbox.empty_out() == [1, 2]
    inbox.end()
    assert inbox.take() is None


def test_a_function_that_other_processes_cannot_load_is_refused_before_the_run(app: App) -> None:
    def inner(x: int) -> int:
        return x

    for flow in (inner, lambda x: x):
        with pytest.raises(InputError, match="lives only in this process"):
            asyncio.run(app.arun(flow, [{"x": 1}], options=RunOptions(engine="process")))
    assert list_runs(app.store) == []


@pytest.mark.slow
def test_a_function_of_a_module_runs_in_worker_processes(app: App) -> None:
    options = RunOptions(engine="process", workers=2)
    run = asyncio.run(app.arun(shout, [{"text": "a"}, {"text": "b"}], options=options))
    assert [row.outputs for row in run_rows(app.store, run.name)] == [
        {"output": "A"},
        {"output": "B"},
    ]


@pytest.mark.slow
def test_a_flow_that_changed_after_it_was_loaded_is_refused(app: App, tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("def f(x: int) -> int:\n    return x\n", encoding="utf-8")
    flow = app.load_flow(f"{file}:f")
    file.write_text("def f(x: int) -> int:\n    return x + 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="is another one than that of the run"):
        asyncio.run(app.arun(flow, [{"x": 1}], options=RunOptions(engine="process")))


@pytest.mark.slow
def test_secrets_of_the_environment_reach_workers_and_no_table(app: App, tmp_path: Path) -> None:
    code = "import os\n\ndef f(x: int) -> int:\n    return len(os.environ['MY_API_KEY'])\n"
    file = tmp_path / "code.py"
    file.write_text(code, encoding="utf-8")
    options = RunOptions(engine="process", environment={"MY_API_KEY": "canary-7c1d"})
    run = asyncio.run(app.arun(f"{file}:f", [{"x": 1}], options=options))
    assert next(run_rows(app.store, run.name)).outputs == {"output": 11}
    app.store.close()
    stored = b"".join(f.read_bytes() for f in tmp_path.glob("s.db*"))
    assert b"canary-7c1d" not in stored
    assert "MY_API_KEY" not in os.environ


def test_no_run_starts_while_a_worker_loads_its_flow(app: App) -> None:
    with opening(), pytest.raises(UsageError, match="while a worker loaded this module") as caught:
        asyncio.run(app.arun(shout, [{"text": "a"}]))
    assert "__main__" in str(caught.value)


def test_workers_need_an_app_that_says_where_the_flow_is(app: App) -> None:
    from flowgrade.datasets import rows_dataset

    flow = load_flow(shout, models=Models(app.settings))
    data = rows_dataset([{"text": "a"}])
    with pytest.raises(UsageError, match="Only an App"):
        asyncio.run(start_run(app.store, flow, data, options=RunOptions(engine="process")))


def test_an_unknown_engine_and_impossible_numbers_are_refused(app: App) -> None:
    rows = [{"text": "a"}]
    with pytest.raises(NotFoundError, match="no plugin 'lokal'") as caught:
        asyncio.run(app.arun(shout, rows, options=RunOptions(engine="lokal")))
    assert "Did you mean 'local'?" in str(caught.value)
    with pytest.raises(InputError, match="at least 1 worker"):
        asyncio.run(app.arun(shout, rows, options=RunOptions(engine="process", workers=0)))
    with pytest.raises(InputError, match="'local' has no workers"):
        asyncio.run(app.arun(shout, rows, options=RunOptions(workers=2)))
    assert list_runs(app.store) == []


def sample(**values: Any) -> Sample:
    given: dict[str, Any] = {"rows": 50, "wall": 1.0, "cpu": 0.95, "left": 10_000}
    return Sample(**{**given, **values})


def test_workers_pay_for_rows_that_compute() -> None:
    assert sample().pays(2)
    assert sample(left=None).pays(2)
    assert sample(cpu=0.6).pays(2)  # others use the processor too


@pytest.mark.parametrize(
    ("why", "seen", "workers"),
    [
        ("there is one processor", sample(), 1),
        ("rows wait", sample(cpu=0.2), 2),
        ("native code uses several processors as it is", sample(cpu=1.8), 2),
        ("rows cost less than handing them on", sample(rows=20_000), 2),
        ("little is left", sample(left=100), 2),
        ("nothing was done yet", sample(rows=0), 2),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
def test_workers_do_not_pay_where(why: str, seen: Sample, workers: int) -> None:
    assert not seen.pays(workers), why


@pytest.mark.slow
def test_auto_hands_the_rest_to_workers_and_every_row_is_done_once(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "code.py"
    code = "import os, time\n\ndef f(x: int) -> int:\n    time.sleep(0.1)\n    return os.getpid()\n"
    file.write_text(code, encoding="utf-8")
    flow = app.load_flow(f"{file}:f")
    data = [{"x": x} for x in range(60)]
    monkeypatch.setattr(auto, "ENGINE", auto.AutoEngine(decide=lambda sample, workers: True))
    options = RunOptions(engine="auto", concurrency=2, workers=2)
    run = asyncio.run(app.arun(flow, data, options=options))
    rows = list(run_rows(app.store, run.name))
    assert [row.row for row in rows] == list(range(60))
    places = [(row.outputs or {})["output"] for row in rows]
    assert os.getpid() in places
    assert len(set(places)) == 3
