"""Doors between rooms, and lengths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_rooms import check, main


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package of three rooms, one with a sub-room, that breaks no rule."""
    files = {
        "__init__.py": "from flowgrade.store.sqlite import Sqlite\n",
        "errors.py": "",
        "records/__init__.py": "",
        "records/yaml.py": "",
        "store/__init__.py": (
            "from flowgrade.store.sqlite import Sqlite, lock\n\n__all__ = ['Sqlite', 'lock']\n"
        ),
        "store/sqlite.py": "from flowgrade.errors import Error\n",
        "store/lock.py": "from flowgrade.store.sqlite import Sqlite\n",
        "store/files/__init__.py": "from flowgrade.store.files.file import File\n",
        "store/files/file.py": "from flowgrade.store.lock import Lock\n",
        "runs/__init__.py": "from flowgrade.runs.run import Run\n",
        "runs/run.py": "import os\n\nfrom flowgrade.store import Sqlite, lock\n",
    }
    for name, text in files.items():
        _write(tmp_path / "src/flowgrade" / name, text)
    return tmp_path / "src"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def faults(source: Path, module: str, text: str) -> list[str]:
    file = source / "flowgrade" / module
    _write(file, text)
    return [message for _, message in check(file, source)]


def test_rooms_that_use_their_doors_have_no_fault(source: Path) -> None:
    assert main(source.parent) == 0


@pytest.mark.parametrize(
    "line",
    [
        "from flowgrade.store.sqlite import Sqlite",
        "import flowgrade.store.sqlite",
        "from flowgrade.store import sqlite",
        "def late():\n    from flowgrade.store.sqlite import Sqlite",
        "from flowgrade.store.files import File",
    ],
)
def test_reaching_past_the_door_of_another_room_is_a_fault(source: Path, line: str) -> None:
    (message,) = faults(source, "runs/bad.py", line)
    assert "is behind the door of flowgrade.store" in message


def test_a_name_that_the_door_offers_may_be_spelt_like_a_module(source: Path) -> None:
    assert faults(source, "runs/good.py", "from flowgrade.store import lock") == []


@pytest.mark.parametrize("line", ["import flowgrade", "from flowgrade import Flow"])
def test_importing_the_front_door_from_inside_is_a_fault(source: Path, line: str) -> None:
    (message,) = faults(source, "runs/bad.py", line)
    assert "front door" in message


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("store/bad.py", "from flowgrade.store import Sqlite"),
        ("store/bad.py", "from flowgrade import store"),
        ("store/files/bad.py", "from flowgrade.store.files import File"),
        ("store/files/bad.py", "import flowgrade.store"),
    ],
)
def test_importing_the_own_door_is_a_fault(source: Path, module: str, line: str) -> None:
    (message,) = faults(source, module, line)
    assert "imports its own door" in message


def test_a_sub_room_is_imported_by_its_own_room(source: Path) -> None:
    assert faults(source, "store/good.py", "from flowgrade.store.files import File") == []


def test_a_relative_import_is_a_fault(source: Path) -> None:
    assert faults(source, "runs/bad.py", "from .run import Run") == ["a relative import"]


def test_a_listed_exception_may_be_imported_past_the_door(source: Path) -> None:
    assert faults(source, "runs/good.py", "from flowgrade.records.yaml import load") == []


@pytest.mark.parametrize(("lines", "count"), [(400, 0), (401, 1)])
def test_a_module_has_at_most_400_lines(source: Path, lines: int, count: int) -> None:
    assert len(faults(source, "runs/long.py", "x = 1\n" * lines)) == count


@pytest.mark.parametrize(("lines", "count"), [(60, 0), (61, 1)])
@pytest.mark.parametrize("head", ["def f():", "async def f():"])
def test_a_function_has_at_most_60_lines(source: Path, head: str, lines: int, count: int) -> None:
    text = f"x = 1\n{head}\n" + "    x = 1\n" * (lines - 1)
    assert len(faults(source, "runs/long.py", text)) == count


def test_tests_may_look_behind_doors_but_stay_short(source: Path) -> None:
    file = source.parent / "tests" / "test_it.py"
    _write(file, "from flowgrade.store.sqlite import Sqlite\n" + "x = 1\n" * 400)
    assert [message for _, message in check(file, source)] == ["a module of 401 lines, above 400"]


def test_each_fault_is_printed_with_its_place(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(source / "flowgrade/runs/bad.py", "\nimport flowgrade\n")
    assert main(source.parent) == 1
    printed = capsys.readouterr().out
    assert (
        printed == "src/flowgrade/runs/bad.py:2: imports the front door, flowgrade, from inside\n"
    )
