"""A throw-away PostgreSQL around a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tools import postgres

TOOL = postgres.__file__
installed = pytest.mark.skipif(postgres.find() is None, reason="no PostgreSQL is installed")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.URL, raising=False)
    monkeypatch.delenv(postgres.REQUIRE, raising=False)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without PostgreSQL."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "FOLDERS", ())


@pytest.fixture
def signals() -> Iterator[None]:
    """Puts back the handlers that running a command in this process replaces."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def says(text: str, status: int = 0) -> list[str]:
    """A command that writes an expression and exits with a status."""
    return [sys.executable, "-c", f"import os, sys; print({text}); sys.exit({status})"]


@pytest.mark.usefixtures("nowhere", "signals")
def test_without_postgresql_the_command_runs_and_one_line_says_what_is_skipped(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert postgres.main(["--", *says(f"os.environ.get('{postgres.URL}')", 3)]) == 3
    captured = capfd.readouterr()
    assert captured.out == "None\n"
    assert captured.err.startswith("PostgreSQL tests are skipped: no PostgreSQL was found")
    assert captured.err.count("\n") == 1


@pytest.mark.usefixtures("nowhere", "signals")
def test_where_postgresql_is_required_its_lack_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(postgres.REQUIRE, "1")
    assert postgres.main(["--", *says("'ran'")]) == 1
    assert "ran" not in capfd.readouterr().out


@pytest.mark.usefixtures("nowhere", "signals")
def test_a_server_that_was_given_is_used(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(postgres.URL, "postgresql://given")
    assert postgres.main(["--", *says(f"os.environ['{postgres.URL}']")]) == 0
    assert capfd.readouterr().out == "postgresql://given\n"


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert postgres.main([]) == 2
    assert "python tools/postgres.py -- COMMAND" in capsys.readouterr().err


@pytest.mark.usefixtures("signals")
def test_a_server_that_does_not_start_is_reported_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for program in postgres.PROGRAMS:
        (tmp_path / program).write_text("#!/bin/sh\necho no space left\nexit 1\n", encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setattr(postgres, "find", lambda: tmp_path)
    monkeypatch.setattr(postgres, "unprivileged", dict)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert postgres.main(["--", *says("'ran'")]) == 0
    captured = capfd.readouterr()
    assert captured.out == "ran\n"
    assert f"PostgreSQL in {tmp_path} does not start: " in captured.err
    assert list(tmp_path.glob("flowgrade-postgres-*")) == []


def test_the_newest_of_several_servers_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for version in ("9.6", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for program in postgres.PROGRAMS:
            (folder / program).touch()
    (tmp_path / "18" / "bin").mkdir(parents=True)  # only a client
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "FOLDERS", (f"{tmp_path}/*/bin",))
    assert postgres.find() == tmp_path / "17" / "bin"


@installed
@pytest.mark.slow
def test_the_command_finds_a_server_and_nothing_is_left_of_it() -> None:
    script = (
        f"import os, psycopg; url = os.environ['{postgres.URL}']; print(url); "
        "print(psycopg.connect(url).execute('SHOW data_directory').fetchone()[0]); os._exit(7)"
    )
    command = [sys.executable, "-u", "-c", script]
    done = subprocess.run([sys.executable, TOOL, "--", *command], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 7
    url, data = done.stdout.splitlines()
    assert url.startswith("postgresql://postgres@127.0.0.1:")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=5)
    assert not Path(data).parent.exists()


@installed
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_server_whose_starter_was_ended(number: signal.Signals) -> None:
    script = f"echo ${postgres.URL}; exec sleep 20"
    process = subprocess.Popen(
        [sys.executable, TOOL, "--", "sh", "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            ((data,),) = connection.execute("SHOW data_directory").fetchall()
        process.send_signal(number)
        process.wait(timeout=30)
        _wait_for_the_end_of(Path(data).parent)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=5)


def _wait_for_the_end_of(folder: Path) -> None:
    end = time.monotonic() + 30
    while folder.exists():
        assert time.monotonic() < end, f"{folder} is still there after 30 seconds"
        time.sleep(0.05)
