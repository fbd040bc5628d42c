"""Runs on a real Ray, on this machine, shared by these tests."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from flowgrade.app import App
from flowgrade.errors import InputError, MissingExtraError
from flowgrade.runs import RunOptions, RunStatus, list_runs, run_rows
from flowgrade.testing.engines import EngineConformance

ray_is_there = pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray is missing")
on_ray = [
    pytest.mark.slow,
    ray_is_there,
    pytest.mark.timeout(600),
    # Ray leaves files and processes for the end of the interpreter.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(
        address="local",
        include_dashboard=False,
        num_cpus=2,
        _node_ip_address="127.0.0.1",
        logging_level=logging.ERROR,
        configure_logging=False,
    )
    yield
    ray.shutdown()


class TestRay(EngineConformance):
    pytestmark = [*on_ray, pytest.mark.usefixtures("cluster")]

    def engine(self) -> str:
        return "ray"


class TestKills:
    pytestmark = [*on_ray, pytest.mark.usefixtures("cluster")]

    def test_workers_that_are_killed_lose_no_row(self, app: App, tmp_path: Path) -> None:
        file = tmp_path / "code.py"
        file.write_text(
            "import os, pathlib, time\n\n"
            "def f(x: int, folder: str) -> int:\n"
            "    pathlib.Path(folder, str(os.getpid())).touch()\n"
            "    time.sleep(0.05)\n"
            "    return x * x\n",
            encoding="utf-8",
        )
        seen = tmp_path / "seen"
        seen.mkdir()
        data = [{"x": x, "folder": str(seen)} for x in range(300)]
        options = RunOptions(engine="ray", workers=2, concurrency=2, name="r")

        async def killing() -> int:
            work = asyncio.create_task(app.arun(f"{file}:f", data, options=options))
            killed: set[str] = set()
            while not work.done() and len(killed) < 3:
                await asyncio.sleep(0.3)
                for process in {place.name for place in seen.iterdir()} - killed:
                    os.kill(int(process), signal.SIGKILL)
                    killed.add(process)
                    break
            run = await work
            assert (run.status, run.completed) == (RunStatus.COMPLETED, 300)
            return len(killed)

        assert asyncio.run(killing()) == 3
        rows = list(run_rows(app.store, "r"))
        assert [row.row for row in rows] == list(range(300))
        assert [row.outputs for row in rows] == [{"output": x * x} for x in range(300)]


def test_without_ray_the_extra_is_named(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowgrade.runs.engines import ray

    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="The engine 'ray'") as caught:
        asyncio.run(app.arun(len, [{"obj": "a"}], options=RunOptions(engine="ray")))
    assert "pip install 'flowgrade[ray]'" in str(caught.value)
    assert list_runs(app.store) == []


@ray_is_there
def test_a_flow_of_several_folders_does_not_go_to_other_machines(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:1")
    (tmp_path / "shared.py").write_text("def f(x: int) -> int:\n    return x\n", encoding="utf-8")
    flow = tmp_path / "flow"
    flow.mkdir()
    (flow / "flow.flex.yaml").write_text(
        "entry: shared:f\nadditional_includes: [../shared.py]\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="more than one folder"):
        asyncio.run(app.arun(flow, [{"x": 1}], options=RunOptions(engine="ray")))
