"""``flowgrade pf`` as a script of prompt flow's user calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from flowgrade.testing import StubScript, StubServer, running_stub
from tests.project import Project

FLOW = {
    "up/flow.dag.yaml": """
        inputs:
          q: {type: string}
          n: {type: int, default: 2}
        outputs:
          a: {type: string, reference: "${up.output}"}
        nodes:
        - name: up
          type: python
          source: {type: code, path: up.py}
          inputs: {q: "${inputs.q}", n: "${inputs.n}"}
    """,
    "up/up.py": """
        from promptflow.core import tool

        @tool
        def up(q: str, n: int) -> str:
            if q == "bad":
                raise ValueError("no")
            return q.upper() * n
    """,
    "data.jsonl": '{"q": "a"}\n{"q": "bad"}\n{"q": "c"}\n',
}
MAPPED = ("--column-mapping", "q=${data.q}")


@pytest.fixture
def pf(project: Project) -> Project:
    for name, text in FLOW.items():
        project.write(name, text)
    return project


@pytest.fixture
def ran(pf: Project) -> Project:
    found = pf.run(
        "pf", "run", "create", "--flow", "up", "--data", "data.jsonl", "-n", "r1", *MAPPED
    )
    assert found.code == 1, found.err
    return pf


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub(StubScript()) as server:
        yield server


def test_flow_test_takes_several_inputs_after_one_flag(pf: Project) -> None:
    found = pf.run("pf", "flow", "test", "--flow", "up", "--inputs", "q=hi", "n=3")
    assert found.code == 0, found.err
    assert found.out == '{\n    "a": "HIHIHI"\n}\n'


def test_flow_test_reads_the_first_line_of_a_file_and_passes_over_what_is_unknown(
    pf: Project,
) -> None:
    pf.write("one.jsonl", '{"q": "x", "more": 1}\n{"q": "y"}\n')
    found = pf.run("pf", "flow", "test", "--flow", "up", "--inputs", "one.jsonl")
    assert found.json == {"a": "XX"}
    assert "no input more" in found.err


def test_flow_test_calls_one_node_and_prints_its_value(pf: Project) -> None:
    found = pf.run("pf", "flow", "test", "--flow", "up", "--node", "up", "--inputs", "q=z", "n=1")
    assert (found.code, found.out) == (0, "Z\n"), found.err


def test_flow_test_says_why_a_flow_failed(pf: Project) -> None:
    found = pf.run("pf", "flow", "test", "--flow", "up", "--inputs", "q=bad")
    assert found.code == 1
    assert found.out == ""
    assert "Node 'up' failed: ValueError: no" in found.err
    assert "Traceback" not in found.err


def test_each_kind_of_new_flow_runs(pf: Project, stub: StubServer) -> None:
    for kind in ("standard", "evaluation", "chat"):
        made = pf.run("pf", "flow", "init", "--flow", kind, "--type", kind)
        assert made.code == 0, made.err
    again = pf.run("pf", "flow", "init", "--flow", "chat", "--type", "chat")
    assert again.code == 2
    assert "is there already" in again.err
    kept = pf.run(
        *("pf", "connection", "create", "-f", "chat/openai.yaml"),
        *("--set", "api_key=sk-secret", f"base_url={stub.url}/v1"),
    )
    assert kept.code == 0, kept.err
    assert kept.json["api_key"] == "******"
    assert pf.run("pf", "flow", "test", "--flow", "standard").json == {"answer": "HELLO, WORLD!"}
    assert pf.run("pf", "flow", "test", "--flow", "evaluation").json == {"grade": "Correct"}
    found = pf.run("pf", "flow", "test", "--flow", "chat", "--inputs", "question=Why?")
    assert found.code == 0, found.err
    assert set(found.json) == {"answer"}


def test_a_flow_is_made_around_a_function_and_its_template(pf: Project) -> None:
    pf.write("own/code.py", "def join(name: str, tone: str) -> str:\n    return f'{tone} {name}'\n")
    pf.write("own/tone.jinja2", "kind")
    pf.write("own/tool.py", "")
    made = pf.run(
        *("pf", "flow", "init", "--flow", "own", "--entry", "code.py", "--function", "join"),
        *("--prompt-template", "tone=tone.jinja2"),
    )
    assert made.code == 0, made.err
    text = (pf.folder / "own" / "flow.dag.yaml").read_text(encoding="utf-8")
    assert "${tone.output}" in text
    assert "${inputs.name}" in text


def test_validate_names_each_problem_by_file_line_and_node(pf: Project) -> None:
    pf.write(
        "bad/flow.dag.yaml",
        """
        inputs: {q: {type: string}}
        outputs: {a: {type: string, reference: "${one.output}"}}
        nodes:
        - name: one
          type: python
          source: {type: code, path: gone.py}
          inputs: {q: "${inputs.q}"}
        - name: two
          type: llm
          source: {type: code, path: two.jinja2}
          api: chat
          connection: nowhere
          inputs: {model: m, q: "${inputs.q}"}
        """,
    )
    pf.write("bad/two.jinja2", "user:\n{{ q }}\n")
    found = pf.run("pf", "flow", "validate", "--source", "bad")
    assert found.code == 1
    assert found.json == {"result": "Failed"}
    assert "flow.dag.yaml:6" in found.err
    assert "'one'" in found.err
    assert "flow.dag.yaml:8" in found.err
    assert "'nowhere'" in found.err
    good = pf.run("pf", "flow", "validate", "--source", "up")
    assert (good.code, good.json) == (0, {"result": "Succeeded"})


def test_save_writes_a_flex_flow_that_runs(pf: Project) -> None:
    pf.write(
        "src/shout.py",
        "def shout(text: str, marks: int = 1) -> str:\n    return text + '!' * marks\n",
    )
    made = pf.run(
        "pf", "flow", "save", "--entry", "shout:shout", "--code", "src", "--path", "shouting"
    )
    assert made.code == 0, made.err
    found = pf.run("pf", "flow", "test", "--flow", "shouting", "--inputs", "text=a", "marks=3")
    assert found.out == "a!!!\n", found.err


def test_run_create_prints_the_run_and_exits_with_one_for_failed_rows(ran: Project) -> None:
    shown = ran.run("pf", "run", "show", "-n", "r1").json
    assert (shown["name"], shown["status"], shown["flow_name"]) == ("r1", "Completed", "up")
    assert shown["properties"]["column_mapping"] == {"q": "${data.q}"}
    assert shown["properties"]["system_metrics"]["__pf__.lines.failed"] == 1
    assert shown["error"]["message"] == "Failed to run 1/3 lines."
    details = ran.run("pf", "run", "show-details", "-n", "r1").out
    assert "| 1 | bad " in details
    assert "(Failed)" in details
    assert "CC" in details


def test_a_run_yaml_has_paths_from_its_own_folder_and_joins_an_earlier_run(ran: Project) -> None:
    ran.run("pf", "flow", "init", "--flow", "eval/flow", "--type", "evaluation")
    ran.write("eval/truth.jsonl", '{"truth": "AA"}\n{"truth": "-"}\n{"truth": "DD"}\n')
    ran.write(
        "eval/run.yaml",
        """
        $schema: https://azuremlschemas.azureedge.net/promptflow/latest/Run.schema.json
        name: e1
        flow: flow
        data: truth.jsonl
        run: r1
        column_maping: {}
        column_mapping:
          answer: ${run.outputs.a}
          ground_truth: ${data.truth}
          unknown: 1
        display_name: ${run}-${variant_id}
        tags: {team: a}
        """,
    )
    found = ran.run(
        "pf", "run", "create", "-f", "eval/run.yaml", "--set", "tags.more=b", "--stream"
    )
    assert found.code == 0, found.err
    assert "run.yaml:6: the field 'column_maping' means nothing in a run. Did you mean" in found.err
    assert "'unknown', which is no input" in found.err
    assert "2 of 2 rows, 0 failed" in found.err
    run = found.json
    assert (run["display_name"], run["tags"]) == ("e1-default", {"team": "a", "more": "b"})
    assert run["run"] == "r1"
    assert ran.run("pf", "run", "show-metrics", "-n", "e1").json == {"accuracy": 0.5}
    rows = ran.run("runs", "export", "e1").out.splitlines()
    assert [json.loads(row)["row"] for row in rows] == [0, 2]


def test_resume_from_makes_a_new_run_with_the_completed_rows(ran: Project) -> None:
    before = ran.run("runs", "export", "r1").out.splitlines()
    found = ran.run("pf", "run", "create", "--resume-from", "r1", "--name", "r2")
    assert found.code == 1, found.err
    after = ran.run("runs", "export", "r2").out.splitlines()
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1] != before[1]
    refused = ran.run("pf", "run", "create", "--resume-from", "r1", "--flow", "up")
    assert refused.code == 2
    assert "has its flow from the earlier one" in refused.err


def test_a_changed_flow_is_not_resumed_and_leaves_no_run_behind(ran: Project) -> None:
    ran.write("up/up.py", FLOW["up/up.py"].replace('"no"', '"never"'))
    found = ran.run("pf", "run", "create", "--resume-from", "r1", "--name", "r2")
    assert found.code == 2
    assert "has changed" in found.err
    assert ran.run("pf", "run", "show", "-n", "r2").code == 2


def test_runs_are_described_archived_listed_and_deleted(ran: Project) -> None:
    changed = ran.run(
        *("pf", "run", "update", "-n", "r1"),
        *("--set", "display_name=First", "description=of all", "tags.a=b"),
    ).json
    assert (changed["display_name"], changed["description"]) == ("First", "of all")
    assert changed["tags"] == {"a": "b"}
    assert ran.run("pf", "run", "update", "-n", "r1", "--set", "status=x").code == 2
    assert ran.run("pf", "run", "archive", "-n", "r1").code == 0
    assert ran.run("pf", "run", "list").json == []
    assert ran.run("runs", "list", "--json").json == []
    assert len(ran.run("runs", "list", "--archived", "--json").json) == 1
    assert [run["name"] for run in ran.run("pf", "run", "list", "--archived-only").json] == ["r1"]
    ran.run("pf", "run", "restore", "-n", "r1")
    assert "| 0 | r1 " in ran.run("pf", "run", "list", "-o", "table").out
    assert ran.run("pf", "run", "stream", "-n", "r1").code == 1
    assert ran.run("pf", "run", "delete", "-n", "r1", "-y").code == 0
    assert ran.run("pf", "run", "show", "-n", "r1").code == 2


def test_visualize_writes_a_page_where_everything_is_text(pf: Project) -> None:
    pf.write("data.jsonl", '{"q": "<script>alert(1)</script>"}\n')
    for name in ("a", "b"):
        pf.run("pf", "run", "create", "--flow", "up", "--data", "data.jsonl", "-n", name)
    found = pf.run("pf", "run", "visualize", "-n", "a,b", "--html-path", "page.html")
    assert found.out.strip() == str(pf.folder / "page.html")
    page = (pf.folder / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Runs side by side" in page


def test_connections_are_kept_changed_and_deleted_and_secrets_never_shown(pf: Project) -> None:
    pf.write(
        "c.yaml",
        """
        name: mine
        type: custom
        configs: {place: here}
        secrets: {token: s3cret-token}
        """,
    )
    pf.write(
        "connections.yaml", "# of the team\nother:\n  kind: openai\n  base_url: http://x.test\n"
    )
    made = pf.run("pf", "connection", "create", "-f", "c.yaml")
    assert made.code == 0, made.err
    assert made.json["secrets"] == {"token": "******"}
    changed = pf.run("pf", "connection", "update", "-n", "mine", "--set", "configs.place=there")
    assert changed.json["configs"] == {"place": "there"}
    assert pf.run("connection", "show", "mine", "--json").json["configs"] == {"place": "there"}
    listed = pf.run("pf", "connection", "list").out
    assert "s3cret" not in listed
    assert '"other"' in listed
    assert pf.run("pf", "connection", "show", "-n", "mine").json["configs"] == {"place": "there"}
    assert pf.run("pf", "connection", "delete", "-n", "mine", "-y").code == 0
    assert pf.run("pf", "connection", "delete", "-n", "mine", "-y").code == 2
    assert pf.run("pf", "connection", "delete", "-n", "other", "-y").code == 2


def test_a_secret_that_nobody_gives_is_asked_for_only_at_a_terminal(pf: Project) -> None:
    pf.write("c.yaml", "name: o\ntype: open_ai\napi_key: <user-input>\n")
    found = pf.run("pf", "connection", "create", "-f", "c.yaml")
    assert found.code == 2
    assert "no terminal to ask at" in found.err
    pf.write(".env.team", "A=1\n")
    made = pf.run("pf", "connection", "create", "-f", ".env.team", "--name", "team")
    assert made.json["secrets"] == {"A": "******"}, made.err


def test_nodes_can_have_other_connections_for_one_run(pf: Project, stub: StubServer) -> None:
    pf.run("pf", "flow", "init", "--flow", "chat", "--type", "chat")
    pf.write(
        "connections.yaml", f"spare:\n  kind: openai\n  base_url: {stub.url}/v1\n  api_key: k\n"
    )
    pf.write("questions.jsonl", '{"question": "Why?"}\n')
    found = pf.run(
        *("pf", "run", "create", "--flow", "chat", "--data", "questions.jsonl", "-n", "c"),
        *("--connections", "chat.connection=spare", "chat.model=other-model"),
    )
    assert found.code == 0, found.err
    assert stub.requests[-1].body["model"] == "other-model"


def test_settings_that_always_hold_are_confirmed_and_others_refused(pf: Project) -> None:
    assert pf.run("pf", "config", "show").json["telemetry"] == {"enabled": False}
    assert pf.run("pf", "config", "set", "telemetry.enabled=false").code == 0
    refused = pf.run("pf", "config", "set", "run.output_path=x")
    assert refused.code == 2
    assert "no setting 'run.output_path'" in refused.err


def test_tools_are_listed_with_those_of_a_flow(pf: Project) -> None:
    found = pf.run("pf", "tool", "list", "--flow", "up").json
    assert "promptflow.tools.embedding.embedding" in found["package"]
    assert found["code"]["up.py"]["name"] == "up"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["flow", "serve", "--source", "up"], "does not serve flows"),
        (["flow", "build", "--source", "up", "-o", "x"], "does not package flows"),
        (["run", "build", "-n", "r"], "does not package flows"),
        (["tool", "init", "--tool", "t"], "no skeletons of tools"),
        (["tool", "validate", "--source", "t.py"], "together with the flow"),
        (["trace", "delete", "--run", "r"], "commands of their own"),
        (["service", "start"], "no service"),
        (["upgrade"], "as every package is"),
    ],
)
def test_what_is_not_there_says_why_and_what_to_do(
    pf: Project, arguments: list[str], why: str
) -> None:
    found = pf.run("pf", *arguments)
    assert (found.code, found.out) == (2, "")
    assert why in found.err
    assert len(found.err.splitlines()) == 2


def test_wrong_usage_exits_with_two(pf: Project) -> None:
    for arguments in (
        [],
        ["flow"],
        ["flow", "test"],
        ["flow", "export"],
        ["run", "list", "--nope"],
    ):
        found = pf.run("pf", *arguments)
        assert found.code == 2, arguments
        assert "Traceback" not in found.err
    assert pf.run("pf", "--version").json["flowgrade"].startswith("0.")
    assert "--column-mapping" in pf.run("pf", "run", "create", "--help").out


def test_options_that_prompt_flow_has_are_taken(pf: Project) -> None:
    found = pf.run("pf", "flow", "init", "--flow", "new", "--assume-yes")
    assert found.code == 0, found.err
    found = pf.run(
        "pf", "flow", "test", "--flow", "up", "--environment-variables", "--inputs", "q=a"
    )
    assert found.json == {"a": "AA"}, found.err
    for name in ("one", "two"):
        pf.write("c.yaml", f"name: {name}\ntype: custom\nsecrets: {{token: s3cret}}\n")
        pf.run("pf", "connection", "create", "-f", "c.yaml")
    assert len(pf.run("pf", "connection", "list", "-r", "1").json) == 1
    assert len(pf.run("pf", "connection", "list", "-r", "1", "--all-results").json) >= 2
    assert pf.run("pf", "run", "list", "-r", "0").code == 2
    same = ("pf", "config", "set", "trace.destination=local", "--path")
    assert pf.run(*same, "up").code == 0
    assert pf.run(*same, "nowhere").code == 2


def test_verbose_names_the_project(pf: Project) -> None:
    found = pf.run("pf", "run", "list", "--verbose")
    assert found.json == []
    assert str(pf.folder) in found.err
