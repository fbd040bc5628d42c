"""``flowgrade index evaluate``, ``compare``, ``gate`` and ``questions``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project, Result

pytestmark = pytest.mark.slow

TOPICS = (
    (
        "battery",
        "The battery of the folding bike weighs 2.4 kilograms and lasts for 60 kilometres.",
    ),
    ("leave", "Every member of the staff has 25 days of paid leave in a calendar year."),
    ("parcel", "Parcels without a case number are stored for 30 days and are then sent back."),
    ("tyre", "The tyres of the cargo bike are inflated to 3.5 bar before a long journey."),
)

DECLARED = """\
# ours
indexes:
  kb:  # models
    source: docs.jsonl
    embedding: none
"""


@pytest.fixture
def measured(project: Project) -> Project:
    """A project with an index of 24 documents and a question about each."""
    documents, questions = [], []
    for number in range(24):
        topic, text = TOPICS[number % 4]
        name = f"{topic}-{number}"
        documents.append({"id": name, "text": f"Model X{number}. {text}"})
        question = {"question": f"What about the {topic} of model X{number}?", "relevant": [name]}
        questions.append({**question, "kind": topic})
    project.write("docs.jsonl", "".join(json.dumps(row) + "\n" for row in documents))
    project.write("questions.jsonl", "".join(json.dumps(row) + "\n" for row in questions))
    project.write("flowgrade.yaml", DECLARED)
    built = project.run("index", "build", "kb")
    assert built.code == 0, built.err
    return project


def evaluate(project: Project, *more: str) -> Result:
    return project.run("index", "evaluate", "kb", "--data", "questions.jsonl", *more)


def test_evaluate_gives_the_promised_keys(measured: Project) -> None:
    found: Any = evaluate(measured, "--json", "--measure", "recall@3").json
    promised = {"queries", "ndcg@10", "recall@1", "recall@5", "recall@10", "mrr@10"}
    assert promised | {"queries_per_second", "recall@3", "snapshot"} <= set(found)
    assert found["queries"] == 24
    assert found["recall@1"] == 1
    assert found["intervals"]["recall@1"] == [pytest.approx(0.857, abs=1e-3), 1.0]
    assert set(found["segments"]) == {topic for topic, _ in TOPICS}


def test_evaluate_shows_a_table_and_can_write_each_question(measured: Project) -> None:
    found = evaluate(measured, "--export", "each.jsonl")
    assert "ndcg@10\t1.000 (0.86-1.00)" in found.out
    lines = (measured.folder / "each.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[5])["ranks"] == {"leave-5": 1}


def test_documents_that_are_not_there_are_reported(measured: Project) -> None:
    measured.write("odd.jsonl", '{"question": "leave X1", "relevant": ["leave-1", "gone"]}\n')
    found = measured.run("index", "evaluate", "kb", "--data", "odd.jsonl", "--json")
    assert (found.json["missing"], found.json["recall@10"]) == (["gone"], 0.5)
    assert "'gone'. They count as not found." in found.err
    measured.write("odd.jsonl", '{"question": "x", "relevant": ["gone"]}\n')
    refused = measured.run("index", "evaluate", "kb", "--data", "odd.jsonl")
    assert refused.code == 2
    assert "holds none of the 1 documents" in refused.err


@pytest.mark.parametrize(
    ("least", "code", "said"), [("0.8", 0, "pass"), ("0.95", 3, "inconclusive")]
)
def test_a_gate_tells_by_its_exit_code(measured: Project, least: str, code: int, said: str) -> None:
    gate = ("index", "gate", "kb", "--data", "questions.jsonl", "--json")
    found = measured.run(*gate, "--min", f"recall@1={least}")
    assert (found.code, found.json["outcome"]) == (code, said)
    assert found.json["criteria"][0]["threshold"] == float(least)


def test_a_gate_fails_what_is_worse_than_its_baseline(measured: Project) -> None:
    before: Any = evaluate(measured, "--json").json["snapshot"]
    wrong = (measured.folder / "docs.jsonl").read_text(encoding="utf-8").replace("Model X", "M ")
    measured.write("docs.jsonl", wrong)
    assert measured.run("index", "update", "kb").code == 0
    gate = ("index", "gate", "kb", "--data", "questions.jsonl")
    found = measured.run(*gate, "--baseline", before, "--margin", "recall@1=0.05", "--json")
    assert (found.code, found.json["outcome"]) == (1, "fail")
    assert found.json["criteria"][0]["id"] == "recall@1 - baseline >= -0.05"
    assert measured.run(*gate).code == 2
    assert measured.run(*gate, "--margin", "0.1").code == 2


def test_compare_builds_measures_recommends_and_leaves_nothing(measured: Project) -> None:
    compare = ("index", "compare", "kb", "--data", "questions.jsonl")
    found = measured.run(*compare, "--try", "size=16,64", "--json")
    assert found.code == 0, found.err
    assert {one["settings"] for one in found.json["candidates"]} == {
        "current",
        "size=16",
        "size=64",
    }
    assert (found.json["recommended"], found.json["applied"]) == ("current", None)
    assert [one["index"] for one in measured.run("index", "list", "--json").json] == ["kb"]


def test_compare_writes_what_it_recommends_into_the_file(measured: Project) -> None:
    compare = ("index", "compare", "kb", "--data", "questions.jsonl")
    found = measured.run(*compare, "--try", "size=64", "--margin", "0.5", "--apply", "--json")
    assert found.code == 0, found.err
    assert found.json["recommended"] == "size=64"  # as good, and smaller
    written = (measured.folder / "flowgrade.yaml").read_text(encoding="utf-8")
    assert written == DECLARED + "    size: 64\n"
    shown = measured.run("index", "show", "kb", "--json").json
    assert found.json["applied"] in json.dumps(shown)


def test_questions_are_made_and_can_be_measured_by(measured: Project) -> None:
    made = measured.run("index", "questions", "kb", "--out", "made.jsonl", "--count", "12")
    assert made.code == 0, made.err
    lines = (measured.folder / "made.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 12
    assert all(row["synthetic"] and row["method"] == "gap" for row in rows)
    found = measured.run("index", "evaluate", "kb", "--data", "made.jsonl", "--json")
    assert found.json["queries"] == 12
    again = measured.run("index", "questions", "kb", "--out", "made.jsonl")
    assert (again.code, "there already" in again.err) == (2, True)


WRONG = (
    (("evaluate", "kb", "--data", "none.jsonl"), "none.jsonl"),
    (("evaluate", "no", "--data", "questions.jsonl"), "no index 'no'"),
    (("evaluate", "kb", "--data", "questions.jsonl", "--measure", "f1@3"), "no measure"),
    (("gate", "kb", "--data", "questions.jsonl", "--min", "ndcg@10=2"), "no number from 0 to 1"),
    (("compare", "kb", "--data", "questions.jsonl"), "--try or --grid"),
    (("compare", "kb", "--data", "questions.jsonl", "--try", "colour=red"), "can be tried"),
)


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_input_is_named(measured: Project, arguments: tuple[str, ...], words: str) -> None:
    found = measured.run("index", *arguments)
    assert found.code == 2
    assert words in found.err
    assert "Traceback" not in found.err


def test_a_grid_comes_from_a_file(measured: Project) -> None:
    file: Path = measured.write("grid.yaml", "size: [64]\noverlap: [0, 8]\n")
    found = measured.run(
        "index", "compare", "kb", "--data", "questions.jsonl", "--grid", str(file), "--json"
    )
    assert found.code == 0, found.err
    assert len(found.json["candidates"]) == 3
