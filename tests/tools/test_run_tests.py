"""Two rounds of tests, shared by several processes, become one verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.run_tests import WORKERS, main, processes, quickened, spread, verdict


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([0, 0], 0),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 5], 1),
        ([1, 0], 1),
        ([0, 1], 1),
        ([5, 1], 1),
        ([3, 1], 3),
        ([0, -9], 1),
        ([2], 2),
    ],
)
def test_both_rounds_must_pass_and_one_must_have_tests(statuses: list[int], expected: int) -> None:
    assert verdict(statuses) == expected


def test_the_user_says_how_many_processes_share_the_tests() -> None:
    assert processes({WORKERS: "3"}) == 3
    assert processes({WORKERS: "0"}) == 1
    assert 2 <= processes({}) <= 8
    with pytest.raises(SystemExit, match="no number: many"):
        processes({WORKERS: "many"})


def test_one_process_needs_no_sharing() -> None:
    assert spread(1) == []
    assert spread(3) == ["-n", "3", "--dist", "worksteal"]


def test_compiled_code_is_kept_for_the_commands_that_tests_start() -> None:
    assert quickened({"PYTHONDONTWRITEBYTECODE": "1", "A": "b"}) == {"A": "b"}


@pytest.mark.slow
def test_shared_rounds_say_what_failed_and_what_was_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "def test_left_out(): pytest.skip('no such server')\n",
        encoding="utf-8",
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -ra\n", encoding="utf-8")
    monkeypatch.setenv(WORKERS, "2")
    monkeypatch.chdir(tmp_path)
    assert main(["-p", "no:cacheprovider"]) == 1
    said = capfd.readouterr().out
    assert "--- quick tests, 2 at once" in said
    assert "1 failed, 1 passed, 1 skipped" in said
    assert "no such server" in said
    assert "--- quick: failed, slow: none" in said
