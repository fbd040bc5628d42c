"""The example: ``flowgrade init`` and ``flowgrade demo``."""

from __future__ import annotations

import json

from tests.project import Project


def test_init_makes_a_project_that_runs_as_it_is(project: Project) -> None:
    made = project.run("init", "mine")
    assert made.code == 0, made.err
    assert "flowgrade test . --inputs data/questions.jsonl" in made.err
    inside = Project(project.folder / "mine", project.environment)
    answered = inside.run("test", ".", "--inputs", "data/questions.jsonl", "--json")
    assert answered.code == 0, answered.err
    assert "180 euros" in answered.json["answer"]
    run = inside.run("run", ".", "--data", "data/questions.jsonl", "--json")
    assert (run.code, run.json["completed"]) == (0, 24), run.err


def test_init_does_not_touch_a_folder_with_something_in_it(project: Project) -> None:
    project.write("mine/notes.txt", "keep me")
    refused = project.run("init", "mine")
    assert refused.code == 2
    assert "not empty" in refused.err
    assert (project.folder / "mine" / "notes.txt").read_text(encoding="utf-8") == "keep me"
    assert project.run("init").code == 2


def test_demo_answers_all_questions_and_says_where_results_and_traces_are(
    project: Project,
) -> None:
    found = project.run("demo")
    assert found.code == 0, found.err
    assert "ndcg@10\t" in found.out
    assert "paraphrase (123)" in found.out
    assert "(300 completed, 0 failed)" in found.out
    assert "store.db" in found.out
    assert "flowgrade traces list --run contoso-" in found.out
    again = project.run("demo", "--json")
    assert (again.code, again.json["completed"]) == (0, 300)
    inside = Project(project.folder / "contoso-demo", project.environment)
    assert len(inside.run("runs", "list", "--json").json) == 2
    traces = inside.run("traces", "list", "--limit", "1", "--json").json
    spans = inside.run("traces", "show", traces[0]["trace_id"], "--json").json
    names = [span["name"] for span in spans]
    assert names[:3] == ["contoso-support", "search", "retrieval knowledge"]
    assert "chat reader" in names
    assert json.dumps(spans).count('"gen_ai.operation.name": "chat"') == 1
