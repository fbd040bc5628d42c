"""Entry points read from the files of installed packages."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from flowgrade.plugins import EntryPoint, entry_points


@pytest.mark.parametrize("group", ["console_scripts", "flowgrade.nodes", "pytest11"])
def test_it_finds_what_importlib_metadata_finds(group: str) -> None:
    expected = {(p.name, p.value) for p in importlib.metadata.entry_points(group=group)}
    assert {(p.name, p.value) for p in entry_points(group)} == expected
    assert expected


def test_a_group_that_nobody_uses_is_empty() -> None:
    assert entry_points("flowgrade.no_such_group") == []


def package(folder: Path, name: str, version: str, text: str) -> None:
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "entry_points.txt").write_text(text, encoding="utf-8")


def test_of_two_installations_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path / "a", "Some_Package", "1.0", "# a comment\n[flowgrade.test]\nx = first:X\n")
    package(tmp_path / "b", "some.package", "2.0", "[flowgrade.test]\nx = second:X\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b"), *sys.path])
    (found,) = entry_points("flowgrade.test")
    assert (found.name, found.value, found.distribution) == ("x", "first:X", "Some_Package")


def test_what_a_value_stands_for_is_imported() -> None:
    def load(value: str) -> object:
        return EntryPoint("x", value, "g", "d").load()

    assert load("json:dumps") is json.dumps
    assert load("json") is json
    assert load("pathlib : Path.cwd [extra]") == Path.cwd
    with pytest.raises(ImportError, match="not of the form"):
        load("two words")


def test_files_that_cannot_be_read_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = tmp_path / "broken-1.0.dist-info"
    information.mkdir()
    (information / "entry_points.txt").write_bytes(b"[flowgrade.test]\nx = \xff:X\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing"), *sys.path])
    assert entry_points("flowgrade.test") == []


def test_reading_them_does_not_load_the_parsers_of_the_standard_library() -> None:
    code = (
        "import sys; from flowgrade.plugins import plugins; plugins('flowgrade.providers');"
        "print('importlib.metadata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
