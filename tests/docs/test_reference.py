"""Everything that can be called, set or caught stands in the documentation."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import flowgrade
from flowgrade.cli.checks.check import Check
from flowgrade.cli.main import COMMANDS
from flowgrade.cli.main import flowgrade as command_line
from flowgrade.cli.pf.parser import pf_parser
from flowgrade.flows import NODE_TYPES
from flowgrade.flows.types import TYPES
from flowgrade.models import CONNECTIONS, Probe, Timeouts
from flowgrade.records import Failure, Span, SpanKind, Usage, fields_of
from flowgrade.runs import RUN_ROWS, RUNS, Run, RunDefinition, RunOptions, RunRow, RunStatus
from flowgrade.settings import VARIABLES
from flowgrade.settings.project_shape import KEYS
from flowgrade.store import Table
from flowgrade.testing import RecordedRequest, StubReply, StubScript, StubStats, StubToolCall
from flowgrade.tracing import (
    SESSION_TURNS,
    SESSIONS,
    SPANS,
    Session,
    SessionKind,
    TraceSummary,
    Turn,
    TurnStatus,
)
from tests.docs.examples import blocks
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "flowgrade"
REFERENCE = ROOT / "docs" / "reference"
_RUN = Run(
    name="r",
    flow="f",
    dataset="d",
    status=RunStatus.COMPLETED,
    definition=RunDefinition(flow="f", data="d"),
    created_ns=0,
)
_ROW = RunRow(
    row=0, status="completed", inputs={}, outputs={}, error=None, trace_id="", start_ns=0, end_ns=0
)

_SESSION = Session(name="s", kind=SessionKind.MODEL, partner="m", created_ns=0, updated_ns=0)
_TURN = Turn(session="s", number=0, partner="m", question="q", trace_id="", start_ns=0)


@cache
def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@cache
def quoted(name: str) -> frozenset[str]:
    """What a page has in backticks: the first word of each, without its arguments."""
    found = re.findall(r"`([^`\n]+)`", page(name))
    return frozenset(re.split(r"[(\s]", text, maxsplit=1)[0] for text in found)


@cache
def parsed() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(file.read_text(encoding="utf-8")) for file in SOURCE.rglob("*.py"))


def commands() -> Iterator[tuple[str, click.Command]]:
    waiting: list[tuple[str, click.Command]] = [("", command_line)]
    context = click.Context(command_line)
    while waiting:
        path, command = waiting.pop()
        yield path, command
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                waiting.append((f"{path} {name}".strip(), found))


def test_the_generated_pages_are_fresh() -> None:
    stale = [name for name, text in docs.pages().items() if page(name) != text]
    assert not stale, "run python tools/docs.py"


def test_check_tells_fresh_pages_from_stale_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "REFERENCE", tmp_path)
    assert docs.main(["--check"]) == 1
    assert "errors.md is stale" in capsys.readouterr().err
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0


def test_every_command_and_option_is_in_the_reference() -> None:
    sections = {
        part.partition("\n")[0].strip(): part
        for part in re.split(r"^#{2,3} flowgrade ", page("command-line.md"), flags=re.MULTILINE)
    }
    missing = []
    for path, command in commands():
        section = sections.get(path, "") if path else page("command-line.md")
        if not section:
            missing.append(path)
        options = [name for p in command.params for name in p.opts if name.startswith("-")]
        missing += [f"{path} {name}" for name in options if f"`{name}" not in section]
    assert not missing
    assert len(sections) - 1 == len(list(commands())) - 1


def test_every_option_has_a_meaning() -> None:
    assert not re.findall(r"^\| `-.*\|  \|$", page("command-line.md"), flags=re.MULTILINE)


def test_every_command_in_the_documentation_exists() -> None:
    known = {path for path, _ in commands()}
    groups = {path for path, command in commands() if isinstance(command, click.Group)}
    wrong = []
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = file.read_text(encoding="utf-8")
        for name, member in re.findall(r"(?:^\$ |`)flowgrade ([a-z]+)(?: ([a-z-]+))?", text, re.M):
            path = f"{name} {member}" if name in groups and member else name
            if path not in known:
                wrong.append(f"{file.name}: flowgrade {path}")
    assert not wrong


def test_every_option_in_the_documentation_exists() -> None:
    known = dict(commands())
    wrong = []
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for line in re.findall(
            r"^\$ flowgrade (.+(?:\\\n.+)*)", file.read_text(encoding="utf-8"), re.M
        ):
            words = line.split()
            if words[0] == "pf":
                continue  # its options are held by the next test
            path = " ".join(words[:2])
            command = known.get(path) or known.get(words[0])
            options = {name for p in (command.params if command else ()) for name in p.opts}
            own = re.split(r" \| |\$\(", line, maxsplit=1)[0]
            given = re.findall(r"(?<=\s)--?[a-z][a-z-]*", own)
            wrong += [f"{file.name}: {line}: {o}" for o in given if o not in options | {"--help"}]
    assert not wrong


def test_every_use_of_pf_in_the_documentation_can_be_parsed() -> None:
    wrong = []
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = file.read_text(encoding="utf-8")
        for line in re.findall(r"^\$ flowgrade pf ([^\\\n]+(?:\\\n[^\\\n]+)*)", text, re.M):
            own = re.split(r" [|>] ", line.replace("\\\n", ""), maxsplit=1)[0]
            try:
                pf_parser().parse_args(shlex.split(own))
            except SystemExit:
                wrong.append(f"{file.name}: {line}")
    assert not wrong


def test_the_page_of_pf_has_every_command_and_option_of_its_parser() -> None:
    sections = {
        part.partition("\n")[0].strip(): part
        for part in re.split(r"^### flowgrade pf ", page("pf.md"), flags=re.MULTILINE)[1:]
    }
    found = dict(docs.pf_commands())
    assert set(sections) == set(found)
    for path, parser in found.items():
        known = {flag for action in parser._actions for flag in action.option_strings}
        first = re.findall(r"^\| (`.*?`) \| ", sections[path], flags=re.MULTILINE)
        said = {flag for cell in first for flag in re.findall(r"`(--?[a-z-]+)", cell)}
        assert said == known - {"-h", "--help"}, path


def test_every_setting_is_in_the_reference() -> None:
    assert {variable.name for variable in VARIABLES} <= quoted("settings.md")
    assert set(KEYS) <= quoted("settings.md")


def test_every_variable_that_the_code_reads_is_in_the_reference() -> None:
    read = {
        node.value
        for tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(
            r"(?:FLOWGRADE|OPENAI|AZURE|ANTHROPIC|VERTEXAI)_[A-Z_]+|[A-Z]+_API_KEY|TRACEPARENT",
            node.value,
        )
    }
    assert len(read) > 8
    assert read <= quoted("settings.md")


def test_every_error_is_in_the_reference() -> None:
    named = {
        node.name
        for tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and node.name.endswith("Error")
        and any(isinstance(base, ast.Name | ast.Attribute) for base in node.bases)
    }
    stand_ins = ast.parse((SOURCE / "promptflow" / "exceptions.py").read_text(encoding="utf-8"))
    named -= {node.name for node in ast.walk(stand_ins) if isinstance(node, ast.ClassDef)}
    assert "RunBusyError" in named
    assert named <= quoted("errors.md")


def test_every_entry_point_group_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "how-to" / "write-a-plugin.md").read_text(encoding="utf-8")
    groups = {*project["entry-points"], NODE_TYPES, "package_tools"}
    assert [group for group in groups if group not in text] == []


@pytest.mark.parametrize(
    "kind",
    [StubScript, StubReply, StubToolCall, RecordedRequest, StubStats],
    ids=lambda k: k.__name__,
)
def test_every_field_of_the_stub_is_in_the_reference(kind: type) -> None:
    assert set(fields_of(kind)) <= quoted("stub.md")


def test_the_tables_of_the_stub_have_the_fields_and_no_others() -> None:
    for kind in (StubScript, StubReply, StubToolCall):
        table = page("stub.md").partition(f"| `{kind.__name__}` |")[2].partition("\n\n")[0]
        rows = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
        assert rows == list(fields_of(kind))


def test_every_public_name_is_in_the_reference() -> None:
    assert set(flowgrade.__all__) <= quoted("python.md")
    assert set(fields_of(RunOptions)) <= quoted("python.md")


def test_every_key_of_the_json_is_in_the_reference() -> None:
    shapes = [_RUN.as_json(), _ROW.as_json(), _SESSION.as_json(), _TURN.as_json()]
    kinds = (Check, Failure, Probe, TraceSummary, Span, Usage)
    keys = {key for shape in shapes for key in shape} | {
        name for kind in kinds for name in fields_of(kind)
    }
    assert keys <= quoted("json.md")
    assert {*RunStatus, *SpanKind, *SessionKind, *TurnStatus} <= quoted("json.md")


@pytest.mark.parametrize(
    "table",
    [CONNECTIONS, RUNS, RUN_ROWS, SESSIONS, SESSION_TURNS, SPANS],
    ids=lambda table: table.name,
)
def test_every_column_is_in_the_reference(table: Table) -> None:
    section = page("files.md").partition(f"**{table.name}**")[2].partition("\n**")[0]
    assert set(table.columns) <= set(re.findall(r"`(\w+)`", section))


def test_every_timeout_and_field_of_a_connection_is_in_the_reference() -> None:
    assert set(fields_of(Timeouts)) <= quoted("settings.md")
    allowed = _constant("models/connection_file.py", "_FIELDS")
    assert "base_url" in allowed
    assert allowed <= quoted("settings.md")


def test_every_field_of_a_definition_is_in_the_reference() -> None:
    assert _constant("flows/load.py", "_FLEX_KEYS") <= quoted("flow-flex.md")
    assert _constant("flows/dag.py", "_OWN") <= quoted("flow-dag.md")
    assert _constant("flows/model_inputs.py", "PARAMETERS") <= quoted("flow-dag.md")
    assert set(TYPES) <= quoted("flow-dag.md")
    for node_type in ("flow", "map", "loop"):
        own = "_OPTIONS" if node_type == "flow" else "_OWN"
        fields = _constant(f"flows/nodes/{node_type}.py", own)
        assert fields <= quoted("flow-extensions.md")
    for node_type in ("retrieve", "agentic_retrieve", "rerank", "rewrite_query", "cite"):
        inputs = _constant(f"flows/nodes/{node_type}.py", "_INPUTS")
        assert inputs <= quoted("flow-extensions.md")
    assert _constant("flows/retrieving.py", "SETTINGS") <= quoted("flow-extensions.md")
    assert _constant("prompts/prompty.py", "_KNOWN") <= quoted("prompty.md")


def test_runnable_examples_are_in_every_how_to() -> None:
    pages = sorted((ROOT / "docs" / "how-to").glob("*.md"))
    silent = {page.name for page in pages if not any(block.runs for block in blocks(page))}
    assert pages
    assert silent <= {"use-postgresql.md"}  # its examples need a server


def test_every_command_is_one_of_the_table() -> None:
    assert set(COMMANDS) == {path for path, _ in commands() if path and " " not in path}


def _constant(file: str, name: str) -> set[str]:
    """The texts in the value of a module's constant."""
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return {
                part.value
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
    raise AssertionError(f"{file} has no {name}")
