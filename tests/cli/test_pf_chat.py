"""``flowgrade pf flow test --interactive``."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.project import Project
from tests.terminal import Terminal

FLOW = {
    "talk/flow.dag.yaml": """
        inputs:
          chat_history: {type: list, is_chat_history: true, default: []}
          question: {type: string, is_chat_input: true}
          mark: {type: string, default: "."}
        outputs:
          answer: {type: string, reference: "${say.output}", is_chat_output: true}
        nodes:
        - name: say
          use_variants: true
        node_variants:
          say:
            default_variant_id: low
            variants:
              low:
                node:
                  type: python
                  source: {type: code, path: say.py}
                  inputs:
                    question: "${inputs.question}"
                    before: "${inputs.chat_history}"
                    mark: "${inputs.mark}"
              high:
                node:
                  type: python
                  source: {type: code, path: say.py}
                  inputs:
                    question: "${inputs.question}"
                    before: "${inputs.chat_history}"
                    mark: "!"
    """,
    "talk/say.py": """
        import os

        from promptflow.core import tool

        @tool
        def say(question: str, before: list, mark: str) -> str:
            print("printed by the tool")
            if question == "bad":
                raise ValueError("no")
            last = before[-1]["outputs"]["answer"] if before else "nothing"
            return f"{question} after <{last}>{mark}" + os.environ.get("TAIL", "")
    """,
}
TALK = ("pf", "flow", "test", "--flow", "talk", "--interactive")


@pytest.fixture
def pf(project: Project) -> Project:
    for name, text in FLOW.items():
        project.write(name, text)
    return project


def talk(project: Project, said: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        project.command(*TALK, *more),
        cwd=project.folder,
        env=project.environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_line_is_answered_with_the_turns_before(pf: Project) -> None:
    found = talk(pf, "one\n\ntwo\n")
    assert found.returncode == 0, found.stderr
    assert found.stdout == (
        "User: Bot: one after <nothing>.\nUser: Bot: two after <one after <nothing>.>.\nUser: \n"
    )
    assert "printed by the tool" in found.stderr
    [session] = pf.run("sessions", "list", "--json").json
    assert session["turns"] == 2


def test_inputs_variant_and_environment_hold_for_each_turn(pf: Project) -> None:
    found = talk(
        pf,
        "one\ntwo\n",
        *("--inputs", "mark=?", "question=gone", "--environment-variables", "TAIL=;"),
    )
    assert "Bot: one after <nothing>?;\n" in found.stdout
    assert "'question' comes from the conversation" in found.stderr
    loud = talk(pf, "one\n", "--variant", "${say.high}")
    assert "Bot: one after <nothing>!\n" in loud.stdout


def test_an_error_ends_a_conversation_that_nobody_types(pf: Project) -> None:
    found = talk(pf, "bad\nnever asked\n")
    assert found.returncode == 1
    assert "Bot: " not in found.stdout
    assert "Node 'say' failed: ValueError: no" in found.stderr
    assert "Traceback" not in found.stderr


def test_verbose_says_what_each_node_gave(pf: Project) -> None:
    found = talk(pf, "one\n", "--verbose")
    assert f"say: {json.dumps('one after <nothing>.')}" in found.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--interactive", "--inputs", "data.jsonl"], "no file of inputs"),
        (["--interactive", "--inputs", "nope=1"], "no input 'nope'"),
        (["--ui"], "no such window"),
        (["--collection", "c"], "no collections"),
    ],
)
def test_what_a_chat_does_not_take_says_so(pf: Project, option: list[str], said: str) -> None:
    pf.write("data.jsonl", '{"question": "a"}\n')
    found = pf.run("pf", "flow", "test", "--flow", "talk", *option)
    assert found.code == 2
    assert said in found.err
    assert found.out == ""


@pytest.mark.slow
def test_at_a_terminal_an_error_is_shown_and_the_chat_goes_on(pf: Project) -> None:
    with Terminal(pf.command(*TALK), pf) as terminal:
        terminal.type("one", prompt="User: ")
        terminal.expect("Bot: one after <nothing>.")
        terminal.type("bad", prompt="User: ")
        terminal.expect("ValueError: no")
        terminal.type('"""two', prompt="User: ")
        terminal.type('lines"""', prompt="… ")
        terminal.expect("lines after <one")
        terminal.type("/exit", prompt="User: ")
        assert terminal.ends() == 0
    assert "Go on with it: flowgrade chat --continue" in terminal.seen
