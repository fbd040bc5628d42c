"""Benchmarks one after the other, with a summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.run_benchmarks import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scripts = {
        "good": 'if __name__ == "__main__":\n    pass\n',
        "bad": 'if __name__ == "__main__":\n    raise SystemExit(1)\n',
        "measure": "raise SystemExit('only helps others')\n",
    }
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def test_one_failure_does_not_keep_the_others_from_running(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([], folder=folder) == 1
    summary = capfd.readouterr().out.split("=== summary\n")[1]
    assert [line.split()[:2] for line in summary.splitlines()] == [
        ["FAILED", "bad"],
        ["passed", "good"],
    ]


def test_benchmarks_can_be_chosen_by_name(folder: Path) -> None:
    assert main(["good"], folder=folder) == 0


def test_an_unknown_name_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure"], folder=folder) == 2
    assert "there are: bad, good" in capsys.readouterr().out
