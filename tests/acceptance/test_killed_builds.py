"""A build of an index that is killed goes on, and no search sees half of it."""

from __future__ import annotations

import json
import random
import time

import pytest

from tests.project import Project

pytestmark = pytest.mark.slow

ROUNDS = 6
DOCUMENTS = 3_000


def write(project: Project, word: str) -> None:
    rows = [{"id": str(n), "text": f"{word} number {n}. " * 8} for n in range(DOCUMENTS)]
    project.write("docs.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_a_build_killed_at_any_moment_ends_as_one_that_was_not(project: Project) -> None:
    build = ("index", "build", "kb", "docs.jsonl", "--json")
    write(project, "before")
    first = project.run(*build).json
    write(project, "after")
    started = time.monotonic()
    whole = project.run("index", "build", "whole", "docs.jsonl", "--json").json
    usual = time.monotonic() - started
    # What it has embedded must not spare the killed ones their work.
    assert project.run("index", "delete", "whole", "--yes").code == 0
    assert project.run("index", "prune", "--yes").code == 0
    moments = random.Random(7)
    for _ in range(ROUNDS):
        process = project.start(*build)
        time.sleep(usual * moments.uniform(0.1, 0.8))
        process.kill()
        process.wait()
        found = project.run("index", "query", "kb", "before", "--mode", "keyword", "--json")
        assert found.code == 0, found.err
        if found.json["snapshot"] == whole["snapshot"]:
            break  # it was quicker than usual
        assert found.json["snapshot"] == first["snapshot"]
        assert len(found.json["hits"]) == 10
    ended = project.run(*build)
    assert ended.code == 0, ended.err
    assert ended.json["snapshot"] == whole["snapshot"]
    assert (ended.json["documents"], ended.json["chunks"]) == (DOCUMENTS, whole["chunks"])
    shown = project.run("index", "show", "kb", "--json").json
    assert [one["status"] for one in shown["snapshots"]] == ["ready", "ready"]
    exported = project.run("index", "export", "kb").out.splitlines()
    assert len({json.loads(line)["id"] for line in exported}) == whole["chunks"]
    assert all("after" in line for line in exported)
