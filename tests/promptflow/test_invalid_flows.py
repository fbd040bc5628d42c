"""Projects that prompt flow refuses: what Flowgrade says, where, and that nothing is called."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flowgrade.app import App
from flowgrade.errors import FlowgradeError
from tests.promptflow.conftest import Made

ECHO = "def echo(text: str) -> str:\n    return text\n"
ECHO_CLASS = (
    "class Echo:\n    def __init__(self, word: str):\n        self.word = word\n\n"
    "    def __call__(self, text: str) -> str:\n        return self.word + text\n"
)
TWO_TOOLS = (
    "from promptflow.core import tool\n\n@tool\ndef a(text: str): ...\n\n"
    "@tool\ndef b(text: str): ...\n"
)
ASK = "system:\nBe brief.\nuser:\n{{text}}\n"
DAG = """\
inputs:
  text: {type: string, default: hello}
outputs:
  out: {type: string, reference: "${second.output}"}
nodes:
- name: first
  type: python
  source: {type: code, path: echo.py}
  inputs: {text: "${inputs.text}"}
- name: second
  type: python
  source: {type: code, path: echo.py}
  inputs: {text: "${first.output}"}
"""
LLM = """\
inputs:
  text: {type: string, default: hello}
outputs:
  out: {type: string, reference: "${ask.output}"}
nodes:
- name: ask
  type: llm
  api: chat
  connection: open
  source: {type: code, path: ask.jinja2}
  inputs: {model: gpt, text: "${inputs.text}"}
"""
VARIANTS = """\
inputs:
  text: {type: string, default: hello}
outputs:
  out: {type: string, reference: "${first.output}"}
nodes:
- {name: first, use_variants: true}
node_variants:
  first:
    default_variant_id: one
    variants:
      one:
        node:
          type: python
          source: {type: code, path: echo.py}
          inputs: {text: "${inputs.text}"}
"""
FLEX = """\
entry: echo:Echo
init:
  word: {type: string, default: a}
"""
PROMPTY = """\
---
name: greet
model:
  api: chat
  configuration:
    type: openai
    model: gpt
    connection: open
inputs:
  text: {type: string, default: hello}
---
system:
Be brief.
user:
{{text}}
"""


@dataclass(frozen=True)
class Wrong:
    """A project with something wrong: one text replaced in one that is right."""

    label: str
    base: str
    old: str
    new: str
    says: tuple[str, ...]
    line: int | None
    """Where the message points, counted in the definition."""
    file: str = ""
    files: dict[str, str] = field(default_factory=dict)
    variant: str | None = None
    at: str = "load"
    """``load``, or ``check`` for what depends on the project: before the first row."""
    count: int = -1

    def name(self) -> str:
        """The definition's file."""
        return {FLEX: "flow.flex.yaml", PROMPTY: "greet.prompty"}.get(self.base, "flow.dag.yaml")

    def written(self) -> dict[str, str]:
        """The files of the project."""
        assert self.old in self.base, self.label
        own = {
            self.name(): self.base.replace(self.old, self.new, self.count),
            "echo.py": ECHO_CLASS if self.base == FLEX else ECHO,
            "ask.jinja2": ASK,
        }
        return {**own, **self.files}


CASES = [
    Wrong("two nodes of one name", DAG, "- name: second", "- name: first",
          ("Two nodes have the name 'first'",), 10),
    Wrong("a node without a name", DAG, "- name: second\n  type", "- type", ("has no name",), 10),
    Wrong("an unknown node", DAG, '{text: "${first.output}"}', '{text: "${frist.output}"}',
          ("The node 'second' refers to the node 'frist'", "Did you mean 'first'?"), 13),
    Wrong("an unknown flow input", DAG, '{text: "${inputs.text}"}', '{text: "${inputs.txt}"}',
          ("The node 'first' refers to the flow input 'txt'", "Did you mean 'text'?"), 9),
    Wrong("an output of an unknown node", DAG, "${second.output}", "${third.output}",
          ("The output 'out' refers to the node 'third'",), 4),
    Wrong("an output of an unknown input", DAG, "${second.output}", "${inputs.other}",
          ("The output 'out' refers to the flow input 'other'",), 4),
    Wrong("an output that refers to nothing", DAG, '"${second.output}"', '""',
          ("The output 'out' refers to nothing",), 4),
    Wrong("an output without a reference", DAG, ', reference: "${second.output}"', "",
          ("The output 'out' refers to nothing",), 4),
    Wrong("a cycle", DAG, '{text: "${inputs.text}"}', '{text: "${second.output}"}',
          ("in a cycle", "first", "second"), None),
    Wrong("a reference to something else than an output", DAG, "{text: \"${first.output}\"}",
          "{text: \"${first.inputs}\"}", ("asks for 'inputs' of the node 'first'",), 13),
    Wrong("a reference that names nothing", DAG, "${first.output}", "${ }",
          ("names nothing",), 13),
    Wrong("an aggregation node in a row", DAG, "- name: first",
          "- name: first\n  aggregation: true",
          ("The node 'second' refers to the aggregation node 'first'",), 14),
    Wrong("an aggregation node in a rule", DAG, "- name: second",
          "- name: second\n  aggregation: true\n  activate: {when: \"${first.output}\", is: a}",
          ("activate rule of the aggregation node 'second' refers to the node 'first'",), 12),
    Wrong("a rule without a value", DAG, "- name: second",
          '- name: second\n  activate: {when: "${first.output}"}',
          ("activate rule of the node 'second' is not complete", "is: VALUE"), 11),
    Wrong("a rule without a condition", DAG, "- name: second",
          "- name: second\n  activate: {is: a}", ("'second' is not complete",), 11),
    Wrong("a rule that is no mapping", DAG, "- name: second",
          "- name: second\n  activate: always", ("'second' is not complete",), 11),
    Wrong("a rule that refers to nothing", DAG, "- name: second",
          "- name: second\n  activate: {when: yes, is: yes}", ("'second' refers to nothing",), 11),
    Wrong("a rule about an unknown node", DAG, "- name: second",
          '- name: second\n  activate: {when: "${none.output}", is: a}',
          ("The node 'second' refers to the node 'none'",), 11),
    Wrong("an unknown type of node", DAG, "type: python\n", "type: pyton\n",
          ("The node 'first' has the unknown type 'pyton'", "Did you mean 'python'?"), 7),
    Wrong("csharp", DAG, "type: python\n", "type: csharp\n",
          ("The node 'first' has the unknown type 'csharp'",), 7),
    Wrong("a source that does not go with the type", DAG, "{type: code, path: echo.py}",
          "{type: package_with_prompt, path: echo.py, tool: x}",
          ("'first' of the type 'python' has a source of the type 'package_with_prompt'",), 8),
    Wrong("an llm node of a package", LLM, "{type: code, path: ask.jinja2}",
          "{type: package, tool: x}", ("'ask' of the type 'llm'", "'package'"), 10),
    Wrong("a custom_llm node of code", LLM, "type: llm", "type: custom_llm",
          ("'ask' of the type 'custom_llm'", "package_with_prompt"), 10),
    Wrong("a source without a path", DAG, "{type: code, path: echo.py}", "{type: code}",
          ("The node 'first' names no source file",), 8),
    Wrong("a source that is not there", DAG, "path: echo.py", "path: ecko.py",
          ("source of the node 'first' is not there", "Did you mean 'echo.py'?"), 8),
    Wrong("a source that is no mapping", DAG, "source: {type: code, path: echo.py}",
          "source: echo.py", ("The source of the node 'first' is not a mapping",), 8),
    Wrong("inputs that are no mapping", DAG, 'inputs: {text: "${first.output}"}',
          "inputs: [text]", ("The inputs of the node 'second' are not a mapping",), 13),
    Wrong("an unknown tool", DAG, "{type: code, path: echo.py}", "{type: package, tool: acme.x}",
          ("The node 'first': No installed package offers the tool 'acme.x'",), 8),
    Wrong("a package without a tool", DAG, "{type: code, path: echo.py}", "{type: package}",
          ("The node 'first' names no tool",), 8),
    Wrong("no tool in the file", DAG, "", "",
          ("The code of the node 'first'", "defines no tool"), None,
          file="echo.py", files={"echo.py": "x = 1\n"}),
    Wrong("two tools in the file", DAG, "", "",
          ("The code of the node 'first'", "2 tools (a, b)"), None,
          file="echo.py", files={"echo.py": TWO_TOOLS}),
    Wrong("code that is no Python", DAG, "", "",
          ("The code of the node 'first'", "was never closed"), 2,
          file="echo.py", files={"echo.py": "x = 1\ndef echo(\n"}),
    Wrong("code that fails when it is imported", DAG, "", "",
          ("The code of the node 'first'", "ZeroDivisionError"), 2, file="echo.py",
          files={"echo.py": "x = 1\ny = x / 0\n"}),
    Wrong("an input that the function lacks", DAG, '{text: "${first.output}"}',
          '{text: "${first.output}", mark: a}', ("'echo' of the node 'second'", "'mark'"), 13),
    Wrong("an input that the node lacks", DAG, '{text: "${first.output}"}', "{}",
          ("The node 'second'", "parameter 'text'"), 10),
    Wrong("an unknown type of input", DAG, "type: string, default", "type: strng, default",
          ("The input 'text' has the unknown type 'strng'", "Did you mean 'string'?"), 2),
    Wrong("an input that is no mapping", DAG, "{type: string, default: hello}", "string",
          ("The input 'text'",), 2),
    Wrong("nodes that are no list", DAG, "nodes:", "nodes: {a: 1}\nx:",
          ("'nodes' must be a list",), 5),
    Wrong("inputs of the flow that are no mapping", DAG,
          "inputs:\n  text: {type: string, default: hello}", "inputs: [text]",
          ("'inputs' must be a mapping",), 1),
    Wrong("an unknown format of messages", DAG, "inputs:\n", "message_format: openai\ninputs:\n",
          ("message_format 'openai'", "openai-vision"), 1, count=1),
    Wrong("an include that is not there", DAG, "inputs:\n",
          "additional_includes: [../shared.py]\ninputs:\n", ("'../shared.py' is not there",), 1,
          count=1),
    Wrong("YAML that is none", DAG, "nodes:", "nodes: [", (), None),
    Wrong("an empty file", DAG, DAG, "", ("It is empty",), 1),
    Wrong("a variant that does not exist", VARIANTS, "", "",
          ("no variant of 'first' 'two'", "Did you mean 'one'?|There are: one"), 8,
          variant="${first.two}"),
    Wrong("variants of a node that has none", VARIANTS, "", "",
          ("no node with variants 'other'",), 7, variant="${other.one}"),
    Wrong("a choice of another form", VARIANTS, "", "", ("does not choose a variant",), None,
          variant="first.one"),
    Wrong("no default variant", VARIANTS, "    default_variant_id: one\n", "",
          ("The node 'first' has variants and no default_variant_id",), 8),
    Wrong("a default variant that does not exist", VARIANTS, "default_variant_id: one",
          "default_variant_id: two", ("no variant of 'first' 'two'",), 8),
    Wrong("a node whose variants are missing", VARIANTS, "  first:\n    default",
          "  frist:\n    default",
          ("no entry of node_variants 'first'",), 7),
    Wrong("a variant without a node", VARIANTS, "        node:\n          type: python\n"
          "          source: {type: code, path: echo.py}\n"
          '          inputs: {text: "${inputs.text}"}\n', "        description: x\n",
          ("The node 'first' names no source file",), None),
    Wrong("a template that is none", LLM, "", "", ("ask.jinja2",), 4, file="ask.jinja2",
          files={"ask.jinja2": "system:\na\nuser:\n{% if %}\n"}),
    Wrong("a connection that is not there", LLM, "connection: open", "connection: opne",
          ("ode 'ask'", "no connection 'opne'", "Did you mean 'open'?"), 9, at="check"),
    Wrong("a connection that serves no models", LLM, "connection: open", "connection: search",
          ("ode 'ask'", "'search'", "serves no models"), 9, at="check"),
    Wrong("a connection of a python node", DAG, '{text: "${first.output}"}', "{text: opne}",
          ("'text' of the node 'second'", "no connection 'opne'"), 13,
          files={"echo.py": "from promptflow.connections import CustomConnection\n\n\n"
                 "def echo(text: CustomConnection):\n    return 'a'\n"}),
    Wrong("an llm node without a model", LLM, "model: gpt, ", "", ("ode 'ask'", "names no model"),
          6, at="check"),
    Wrong("an unknown api", LLM, "api: chat", "api: chatter",
          ("The node 'ask'", "api 'chatter'", "chat, completion"), 8),
    Wrong("the reserved variable", LLM, "text: \"${inputs.text}\"", "template: a",
          ("The node 'ask'", "'template'"), 11, files={"ask.jinja2": "user:\n{{template}}\n"}),
    Wrong("a field that flex flows lack", FLEX, "init:", "nodes: []\ninit:",
          ("A flex flow has no field 'nodes'",), 2),
    Wrong("an entry that names no function", FLEX, "echo:Echo", "echo",
          ("'echo' names no function",), 1),
    Wrong("an entry's module that is not there", FLEX, "echo:Echo", "ecko:Echo",
          ("'ecko' of the entry cannot be imported",), 1),
    Wrong("an entry that is not there", FLEX, "echo:Echo", "echo:Ecko",
          ("has no 'Ecko'", "Did you mean 'Echo'?"), 1),
    Wrong("a value of init that is missing", FLEX, "init:\n  word: {type: string, default: a}", "",
          ("needs the init value 'word'",), 1),
    Wrong("a value of init that the class lacks", FLEX, "word: {", "words: {",
          ("'words'", "'word'"), 3),
    Wrong("an input that the entry lacks", FLEX, "init:", "inputs:\n  t: {type: string}\ninit:",
          ("the input 't', which", "text"), 2),
    Wrong("a type that flex flows lack", FLEX, "init:",
          "inputs:\n  text: {type: text}\ninit:", ("unknown type 'text'",), 3),
    Wrong("a constructor that fails", FLEX, "", "", ("ValueError: no",), 1,
          files={"echo.py": ECHO_CLASS.replace("self.word = word", "raise ValueError('no')")}),
    Wrong("front matter that is no YAML", PROMPTY, "model:\n", "model: [\n", (), None),
    Wrong("front matter without an end", PROMPTY, "---\nsystem", "system", ("front matter",), 1),
    Wrong("no front matter", PROMPTY, PROMPTY, "user:\nhello\n", ("names no model",), None,
          at="check"),
    Wrong("an unknown api of a prompty", PROMPTY, "api: chat", "api: chatter", ("chatter",), 3),
    Wrong("a model that is no mapping", PROMPTY,
          "model:\n  api: chat\n  configuration:\n    type: openai\n    model: gpt\n"
          "    connection: open\n", "model: [gpt]\n", ("'model' must be a mapping",), 3),
    Wrong("an unknown response", PROMPTY, "  api: chat", "  response: some",
          ("'model.response' is 'some'",), 3),
    Wrong("parameters that are no mapping", PROMPTY, "  api: chat", "  parameters: [a]",
          ("'model.parameters' must be a mapping",), 3),
    Wrong("a sample that is no mapping", PROMPTY, "name: greet", "sample: [a]",
          ("'sample' must be a mapping",), 2),
    Wrong("inputs of a prompty that are no mapping", PROMPTY,
          "inputs:\n  text: {type: string, default: hello}", "inputs: [text]", ("inputs",), 9),
    Wrong("another template language", PROMPTY, "name: greet", "template: mustache",
          ("mustache", "jinja2"), 2),
    Wrong("a prompty whose template has no role", PROMPTY, "system:\n", "Hello\n",
          ("must open with a role, not with 'Hello'",), 12),
    Wrong("a template without a role", LLM, "", "", ("must open with a role, not with 'Hello'",),
          1, file="ask.jinja2", files={"ask.jinja2": "Hello\nuser:\n{{text}}\n"}),
    Wrong("a template with no role at all", LLM, "", "", ("must open with a role",),
          1, file="ask.jinja2", files={"ask.jinja2": "Hello\n{{text}}\n"}),
    Wrong("a prompty's connection that is not there", PROMPTY, "connection: open",
          "connection: opne", ("no connection 'opne'",), None, at="check"),
]  # fmt: skip


def names_place(error: FlowgradeError, case: Wrong) -> None:
    text = str(error)
    for words in case.says:
        assert any(word in text for word in words.split("|")), text
    if case.line is not None:
        assert error.place is not None, text
        assert error.place.file.endswith(case.file or case.name()), text
        assert error.place.line == case.line, text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_what_is_wrong_is_said_with_its_place(load: Made, case: Wrong) -> None:
    files = case.written()
    if case.at == "load":
        with pytest.raises(FlowgradeError) as caught:
            load(files, name=case.name(), variant=case.variant)
    else:
        flow = load(files, name=case.name(), variant=case.variant)
        with pytest.raises(FlowgradeError) as caught:
            flow.body.prepare()
    assert caught.value.exit_code == 2
    names_place(caught.value, case)


def test_two_kinds_of_flow_in_one_folder_are_both_named(load: Made) -> None:
    with pytest.raises(FlowgradeError, match=r"several flows: flow\.dag\.yaml, flow\.flex\.yaml"):
        load({"flow.dag.yaml": DAG, "flow.flex.yaml": FLEX, "echo.py": ECHO}, name=".")


def test_a_folder_without_a_flow_says_what_is_missing(load: Made) -> None:
    with pytest.raises(FlowgradeError, match=r"no flow\.dag\.yaml, flow\.flex\.yaml or \.prompty"):
        load({"echo.py": ECHO}, name=".")


def test_a_right_project_is_not_refused(load: Made) -> None:
    for base in (DAG, LLM, VARIANTS, FLEX, PROMPTY):
        case = Wrong("right", base, "", "", (), None)
        load(case.written(), name=case.name()).body.prepare()


COMMAND = [case for case in CASES if case.variant is None]


@pytest.mark.slow
@pytest.mark.parametrize("case", COMMAND[::6], ids=lambda case: case.label)
def test_the_command_says_it_without_a_stack_trace(app: App, tmp_path: Path, case: Wrong) -> None:
    folder = tmp_path / "flow"
    folder.mkdir()
    for name, text in case.written().items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("flowgrade")), "test", str(folder / case.name())]
    done = subprocess.run(
        [*command, "-i", "text=a"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        env={**os.environ, **app.settings.environment},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for words in case.says:
        assert any(word in done.stderr for word in words.split("|")), done.stderr
    if case.line is not None:
        assert f"{case.file or case.name()}:{case.line}" in done.stderr
