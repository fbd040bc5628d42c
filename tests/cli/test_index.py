"""``flowgrade index`` as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.project import Project, Result

pytestmark = pytest.mark.slow

MODEL = "openai/stub-embedding"

WRONG = (
    (("query", "kbb", "dogs"), "Did you mean 'kb'?"),
    (("query", "kb", " "), "question"),
    (("query", "kb", "dogs", "--where", "{no"), "The filter is not JSON"),
    (("query", "kb", "dogs", "--where", "year"), "not of the form"),
    (("query", "kb", "dogs", "--snapshot", "ffff"), "no snapshot 'ffff'"),
    (("show", "nothing"), "There is no index 'nothing'"),
    (("diff", "kb"), "has no snapshot before"),
    (("build", "kb", "missing.jsonl"), "missing.jsonl"),
    (("build", "kb", "empty"), "empty"),
    (("build", "new"), "not said what to index"),
    (("build", "kb", "--set", "serach.limit=3"), "serach"),
    (("build", "kb", "--set", "size"), "not of the form"),
    (("build", "kb", "--chunker", "structur"), "structure"),
    (("build", "a/b", "docs.jsonl"), "cannot be the name"),
    (("update", "other"), "There is no index 'other'"),
)
"""Arguments, and what is said to them."""


@pytest.fixture
def library(talking: Project) -> Project:
    """A project with three documents in a file."""
    rows = [
        {"id": "leave", "title": "Leave", "text": "Staff have 25 days of leave.", "year": 2024},
        {"id": "pets", "title": "Pets", "text": "Dogs may come to the office.", "year": 2025},
        {"id": "tea", "title": "Tea", "text": "Tea is free.", "year": 2020},
    ]
    talking.write("docs.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return talking


def build(project: Project, *more: str) -> Result:
    found = project.run("index", "build", "kb", "docs.jsonl", "--embedding", MODEL, *more)
    assert found.code == 0, found.err
    return found


def test_build_query_and_build_again(library: Project) -> None:
    built = build(library)
    assert "3 added, 0 changed, 0 removed" in built.out
    assert "flowgrade index query kb" in built.out
    found = library.run("index", "query", "kb", "how many days of leave", "--mode", "keyword")
    first = found.out.splitlines()[0].split("\t")
    assert first[0] == "1"
    assert first[-1] == "Staff have 25 days of leave."
    assert "keyword" in found.err
    again = build(library)
    assert "Nothing has changed" in again.err


def test_json_is_all_that_scripts_get(library: Project) -> None:
    built = build(library, "--json")
    assert {"index", "snapshot", "status", "documents", "chunks", "unread"} <= set(built.json)
    assert built.json["added"] == 3
    assert built.err == ""
    found = library.run(
        "index", "query", "kb", "dogs leave", "--where", "year=2025", "--limit", "5", "--json"
    )
    assert found.json["snapshot"] == built.json["snapshot"]
    assert {hit["document"] for hit in found.json["hits"]} == {"pets"}
    where = '{"year": {"lt": 2025}}'
    found = library.run("index", "query", "kb", "dogs leave", "--where", where, "--json")
    assert {hit["document"] for hit in found.json["hits"]} == {"leave", "tea"}


def test_update_diff_show_list_and_export(library: Project) -> None:
    first = build(library, "--json").json["snapshot"]
    text = (library.folder / "docs.jsonl").read_text(encoding="utf-8")
    library.write("docs.jsonl", text.replace("25 days", "30 days"))
    updated = library.run("index", "update", "kb", "--json").json
    assert (updated["added"], updated["changed"], updated["removed"]) == (0, 1, 0)
    assert updated["embedded"] == 1
    assert updated["base"] == first
    changed = library.run("index", "diff", "kb", "--json").json
    assert changed["changed"] == ["leave"]
    named = library.run("index", "diff", "kb", f"kb@{first[7:15]}", "--json").json
    assert named["to"]["snapshot"] == first
    shown = library.run("index", "show", "kb", "--json").json
    assert [one["snapshot"] for one in shown["snapshots"]] == [updated["snapshot"], first]
    assert shown["sources"] == ["docs.jsonl"]
    assert [one["index"] for one in library.run("index", "list", "--json").json] == ["kb"]
    lines = library.run("index", "export", "kb", "--vectors").out.splitlines()
    chunks = [json.loads(line) for line in lines]
    assert [one["document"] for one in chunks] == ["leave", "pets", "tea"]
    assert len(chunks[0]["vector"]) == 64
    old = library.run("index", "export", "kb", "--snapshot", first[7:12]).out
    assert "25 days" in old


def test_people_see_what_there_is(library: Project) -> None:
    empty = library.run("index", "list")
    assert "There are no indexes yet" in empty.err
    build(library, "--set", "search.limit=3")
    shown = library.run("index", "show", "kb").out
    assert '{"search":{"limit":3}}' in shown
    assert "openai/stub-embedding, 64 dimensions" in shown
    assert "kb\t" in library.run("index", "list").out


def test_another_model_is_refused_and_rebuilt_when_asked(library: Project) -> None:
    build(library)
    refused = library.run("index", "build", "kb", "docs.jsonl", "--embedding", "none")
    assert refused.code == 2
    assert "flowgrade index build kb docs.jsonl --embedding none --rebuild" in refused.err
    rebuilt = library.run("index", "build", "kb", "--embedding", "none", "--rebuild", "--json")
    assert rebuilt.json["model"] is None


def test_delete_asks_and_spares_the_current_snapshot(library: Project) -> None:
    digest = build(library, "--json").json["snapshot"][7:15]
    assert library.run("index", "delete", "kb").code == 1  # nobody is there to say yes
    refused = library.run("index", "delete", "kb", "--snapshot", digest)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert library.run("index", "delete", "kb", "--yes").code == 0
    assert library.run("index", "query", "kb", "dogs").code == 2
    pruned = library.run("index", "prune", "--yes", "--json").json
    assert pruned == {"forgotten": 3, "left": 0}


def test_files_that_cannot_be_read_are_named_and_the_rest_is_there(library: Project) -> None:
    library.write("docs/good.md", "# Good\n\nDogs are good.\n")
    library.write("docs/bad.pdf", "this is no PDF")
    found = library.run("index", "build", "kb", "docs", "--embedding", MODEL, "--json")
    assert found.code == 1
    assert found.json["documents"] == 1
    assert [one["source"] for one in found.json["unread"]] == ["bad.pdf"]
    assert "not read: bad.pdf" in found.err


def test_a_path_below_the_project_is_kept_relative_to_it(library: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("Cats sleep.", encoding="utf-8")
    library.run("index", "build", "kb", str(outside), "docs.jsonl", "--embedding", MODEL)
    sources = library.run("index", "show", "kb", "--json").json["sources"]
    assert sources == [str(outside), "docs.jsonl"]


def test_bad_input_is_refused_with_the_remedy(library: Project) -> None:
    (library.folder / "empty").mkdir()
    build(library)
    for arguments, said in WRONG:
        found = library.run("index", *arguments)
        assert (found.code, found.out) == (2, ""), found.err
        assert said in found.err
        assert "Traceback" not in found.err
