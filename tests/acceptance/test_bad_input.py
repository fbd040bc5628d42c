"""Bad input gets a message with place and remedy, exit code 1 or 2, and never a stack trace."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import Project, Result

FLOW = "flow/flow.dag.yaml"


def refused(found: Result, *patterns: str, code: int = 2) -> None:
    """The command failed with this code and said all this, without a stack trace."""
    assert found.code == code, f"exit code {found.code}\n{found.out}\n{found.err}"
    assert "Traceback" not in found.err
    assert "Fault:" not in found.err
    for pattern in patterns:
        assert re.search(pattern, found.err), f"{pattern!r} is not in:\n{found.err}"


def edited(project: Project, before: str, after: str) -> Project:
    file = project.folder / FLOW
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    return project


def call(project: Project) -> Result:
    return project.run("test", "flow", "-i", "text=a", "-i", "number=1")


def over(project: Project, data: str | bytes, name: str = "data.jsonl") -> Result:
    project.write(name, data)
    return project.run("run", "flow", "--data", name)


def test_a_yaml_syntax_error_has_file_line_and_column(two_nodes: Project) -> None:
    refused(call(edited(two_nodes, "{type: int}", "{type: int")), r"flow\.dag\.yaml:\d+:\d+")


def test_an_unknown_node_reference_gets_the_nearest_name(two_nodes: Project) -> None:
    found = call(edited(two_nodes, "${first.output}", "${frist.output}"))
    refused(found, r"flow\.dag\.yaml:\d+", "'frist'", "Did you mean 'first'")


def test_a_cycle_shows_its_path(two_nodes: Project) -> None:
    found = call(edited(two_nodes, "${inputs.text}", "${second.output}"))
    refused(found, "cycle: (first → second → first|second → first → second)")


def test_a_missing_column_names_columns_and_remedy(two_nodes: Project) -> None:
    found = over(two_nodes, '{"txt": "a", "number": 1}\n')
    refused(found, "no column 'text'", "txt, number", re.escape("--map text='${data.txt}'"))


def test_a_wrong_type_fails_its_row_alone(two_nodes: Project) -> None:
    found = over(
        two_nodes,
        '{"text": "a", "number": "many"}\n{"text": "b", "number": 2}\n{"text": "c"}\n',
    )
    assert found.code == 1
    errors = two_nodes.run("runs", "errors", re.findall(r"flow-\S+", found.out)[0])
    assert "'many', which is no int" in errors.out
    assert "needs the input 'number'" in errors.out


@pytest.mark.parametrize(
    ("data", "patterns"),
    [
        (b"", ["empty"]),
        (b"\n \n\n", ["no rows|empty|blank"]),
        (b'{"text": "a", "number": 1}\n{"text": "b"\n', [r"data\.jsonl:2"]),
        (b'{"text": "a", "number": 1}\n[1, 2]\n', [r"data\.jsonl:2", "object"]),
        (b'{"text": "caf\xe9", "number": 1}\n', [r"data\.jsonl:1", "UTF-8"]),
        ('{"text": "a", "number": 1}\n'.encode("utf-16"), ["UTF-16"]),
    ],
    ids=["empty", "blank", "syntax", "not an object", "latin-1", "utf-16"],
)
def test_data_that_cannot_be_read_says_where(
    two_nodes: Project, data: bytes, patterns: list[str]
) -> None:
    refused(over(two_nodes, data), *patterns)


def test_a_byte_order_mark_is_accepted(two_nodes: Project) -> None:
    found = over(two_nodes, b'\xef\xbb\xbf{"text": "a", "number": 1}\n')
    assert found.code == 0, found.err


def test_a_row_of_ten_megabytes_works(two_nodes: Project) -> None:
    found = over(two_nodes, json.dumps({"text": "x" * 10_000_000, "number": 1}) + "\n")
    assert found.code == 0, found.err
    run = re.findall(r"flow-\S+", found.out)[0]
    row = json.loads(two_nodes.run("runs", "export", run).out)
    assert len(row["outputs"]["result"]) == 10_000_002


def test_a_missing_data_file_gets_the_nearest_name(two_nodes: Project) -> None:
    two_nodes.write("questions.jsonl", "{}\n")
    found = two_nodes.run("run", "flow", "--data", "question.jsonl")
    refused(found, "question.jsonl", "questions.jsonl")


def test_a_template_that_reaches_for_python_is_refused(project: Project) -> None:
    project.write(
        FLOW,
        """
        inputs: {x: {type: string, default: a}}
        outputs: {y: {type: string, reference: "${say.output}"}}
        nodes:
        - name: say
          type: prompt
          source: {type: code, path: say.jinja2}
          inputs: {x: "${inputs.x}"}
        """,
    )
    project.write("flow/say.jinja2", "fine\n{{ ''.__class__.__mro__ }}\n")
    refused(project.run("test", "flow"), r"say\.jinja2:2", "__class__", code=1)


LLM = """
inputs: {x: {type: string, default: a}}
outputs: {y: {type: string, reference: "${ask.output}"}}
nodes:
- name: ask
  type: llm
  api: chat
  source: {type: code, path: ask.jinja2}
  inputs: {model: MODEL, x: "${inputs.x}"}
"""


def asking(project: Project, model: str, **environment: str) -> Result:
    project.write(FLOW, LLM.replace("MODEL", model))
    project.write("flow/ask.jinja2", "user:\n{{ x }}\n")
    return project.run("test", "flow", environment=environment)


def test_an_unknown_model_gets_the_nearest_name(project: Project) -> None:
    found = asking(project, "embedded/redaer")
    refused(found, "redaer", "embedded/reader|'reader'")


def test_an_unknown_connection_lists_the_known_ones(project: Project) -> None:
    refused(asking(project, "opanai/gpt-4o"), "opanai", "openai")


def test_a_missing_key_names_the_variable(project: Project) -> None:
    refused(asking(project, "openai/gpt-4o"), "OPENAI_API_KEY")


def test_an_unreachable_endpoint_names_address_and_setting(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = asking(
            project,
            "openai/gpt-4o",
            OPENAI_API_KEY="sk-test-0123456789",
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
        )
    refused(found, f"127.0.0.1:{port}", "OPENAI_BASE_URL", code=1)
    assert "sk-test" not in found.err


def test_a_flow_that_is_not_there_gets_the_nearest_name(two_nodes: Project) -> None:
    refused(two_nodes.run("test", "flwo"), "flwo", "flow")


def test_an_unknown_command_and_option_are_usage_errors(project: Project) -> None:
    refused(project.run("rnu"), "Did you mean 'run'")
    refused(project.run("run", "x", "--dta", "y"), "--d")


def test_a_run_name_that_is_taken_is_refused(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(2)
    assert two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one").code == 0
    refused(two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one"), "already")
    refused(two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "a/b"), "cannot be")


def test_changed_data_or_flow_is_not_mixed_into_a_run(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(3)
    assert two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one").code == 0
    two_nodes.write("flow/first.py", "def first(text: str) -> str:\n    return text\n")
    refused(two_nodes.run("runs", "resume", "one"), "flow .* has changed", "--accept-changes")
    assert two_nodes.run("runs", "resume", "one", "--accept-changes").code == 0
    rows(4)
    refused(two_nodes.run("runs", "resume", "one", "--accept-changes"), "data .* changed")


def test_debug_shows_the_stack_trace(two_nodes: Project) -> None:
    found = two_nodes.run("--debug", "test", "nowhere")
    assert "Traceback" in found.err


def test_a_store_that_is_no_database_is_left_alone(two_nodes: Project) -> None:
    other = two_nodes.write("notes.txt", "my notes, not a database " * 20)
    found = two_nodes.run("runs", "list", environment={"FLOWGRADE_STORE": str(other)})
    refused(found, "not a (SQLite )?database", "Move that file away", code=1)
    assert other.read_text(encoding="utf-8").startswith("my notes")


def test_a_wrong_store_address_is_refused(two_nodes: Project) -> None:
    refused(two_nodes.run("runs", "list", environment={"FLOWGRADE_STORE": "mysql://x/y"}), "mysql")
