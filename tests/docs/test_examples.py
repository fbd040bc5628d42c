"""The examples in the documentation do what the pages say."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from flowgrade.testing import StubScript, StubServer, parse_script, running_stub
from tests.docs.examples import Shell, blocks, environment, run_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUNNABLE = [page for page in PAGES if any(block.runs for block in blocks(page))]


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with running_stub() as stub:
        yield stub


def play(stub: StubServer, script: str) -> None:
    stub.set_script(parse_script(yaml.safe_load(script)))


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, stub: StubServer) -> None:
    stub.set_script(StubScript())
    project, state = tmp_path / "project", tmp_path / "state"
    project.mkdir()
    state.mkdir()
    (project / "flowgrade.yaml").write_text("name: docs\n", encoding="utf-8")
    surroundings = environment(tmp_path / "home", address=stub.base_url)
    programs = Path(sys.executable).parent
    surroundings["PATH"] = f"{programs}{os.pathsep}{surroundings['PATH']}"
    assert run_page(page, Shell(project, state, surroundings), play=partial(play, stub))


def test_a_wrong_example_is_found(tmp_path: Path, stub: StubServer) -> None:
    page = tmp_path / "page.md"
    surroundings = environment(tmp_path / "home", address=stub.base_url)
    for text in (
        "```console run\n$ echo a\nb\n```\n",
        "```console run\n$ false\n```\n",
        "```console run exit=1\n$ true\n```\n",
        "```python run\nprint(1)\n```\n\n```text output\n2\n```\n",
        "```python run\nraise SystemExit(3)\n```\n",
    ):
        page.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError, match=r"page\.md:\d"):
            run_page(page, Shell(tmp_path, tmp_path, surroundings), play=partial(play, stub))


def test_a_right_example_runs_in_one_project(tmp_path: Path, stub: StubServer) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```text file=a/b.txt\none\n```\n"
        "```console run\n$ cd a && export WORD=two\n$ cat b.txt; \\\n  echo $WORD\none\n…wo\n```\n"
        "```python run\nprint(open('b.txt').read() + 'x')\n```\n"
        "```text output\none\nx\n```\n",
        encoding="utf-8",
    )
    surroundings = environment(tmp_path / "home", address=stub.base_url)
    assert run_page(page, Shell(tmp_path, tmp_path, surroundings), play=partial(play, stub)) == 2
