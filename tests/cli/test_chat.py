"""``flowgrade chat`` and ``flowgrade sessions`` as a user types them."""

from __future__ import annotations

import json
import subprocess

import pytest

from flowgrade.testing import StubReply, StubScript, StubServer
from tests.project import Project, Result


def chat(project: Project, *arguments: str, piped: str = "") -> Result:
    found = subprocess.run(
        project.command("chat", *arguments),
        cwd=project.folder,
        env=project.environment,
        input=piped,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(found.returncode, found.stdout, found.stderr)


def sessions(project: Project) -> list[dict[str, object]]:
    found: list[dict[str, object]] = project.run("sessions", "list", "--json").json
    return found


def test_a_piped_question_prints_the_answer_and_nothing_else(talking: Project) -> None:
    found = chat(talking, "openai/m", piped="hi\n")
    assert (found.code, found.out, found.err) == (0, "echo: hi\n", "")


def test_a_message_is_answered_once_and_kept(talking: Project, stub: StubServer) -> None:
    found = chat(
        talking,
        *("openai/m", "-m", "hello", "--system", "Be brief.", "--json"),
        *("--temperature", "0.5", "-p", "seed=7"),
    )
    assert found.code == 0, found.err
    assert found.json["answer"] == "echo: hello"
    sent = stub.requests[-1].body
    assert (sent["temperature"], sent["seed"]) == (0.5, 7)
    assert sent["messages"][0]["content"] == "Be brief."
    (kept,) = sessions(talking)
    assert kept["session"] == found.json["session"]
    assert kept["given"] == {"temperature": 0.5, "seed": 7}


def test_what_is_piped_in_beside_a_message_is_attached(talking: Project) -> None:
    text = "The battery weighs 2.6 kg. It charges in 4 hours."
    found = chat(talking, "embedded/reader", "-m", "How heavy is the battery?", piped=text)
    assert (found.code, found.out) == (0, "The battery weighs 2.6 kg.\n"), found.err
    talking.write("notes.txt", "The key is under the mat.")
    found = chat(talking, "embedded/reader", "-m", "Where is the key?", "--attach", "notes.txt")
    assert found.out == "The key is under the mat.\n"


def test_a_conversation_goes_on_from_one_call_to_the_next(
    talking: Project, stub: StubServer
) -> None:
    chat(talking, "openai/m", "-m", "one")
    found = chat(talking, "--continue", "-m", "two")
    assert found.out == "echo: two\n", found.err
    assert [m["content"] for m in stub.requests[-1].body["messages"]] == ["one", "echo: one", "two"]
    (kept,) = sessions(talking)
    chat(talking, "openai/n", "-m", "other")
    chat(talking, "--continue", str(kept["session"]), "-m", "three")
    assert [s["turns"] for s in sessions(talking)] == [3, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Whom do you want to talk to?"),
        (["nowhere/x", "-m", "a"], 2, "neither a flow nor a model"),
        (["./nothing", "-m", "a"], 2, "no flow at"),
        (["openai/m", "-m", " "], 2, "The message is empty"),
        (["openai/m"], 2, "There is no question"),
        (["openai/m", "-m", "a", "-i", "x=1"], 2, "A model has no inputs"),
        (["flow.py:f", "-m", "a", "--temperature", "1"], 2, "A flow sets the parameters"),
        (["--continue", "-m", "a"], 2, "no sessions yet"),
        (["--continue", "nix", "-m", "a"], 2, "no session 'nix'"),
        (["openai/m", "-m", "refuse"], 1, "refused the key"),
        (["openai/m", "-m", "a", "--attach", "nothing.txt"], 2, "does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_with_the_next_step(
    talking: Project, stub: StubServer, arguments: list[str], code: int, said: str
) -> None:
    stub.set_script(StubScript(replies=[StubReply(match="refuse", status=401)]))
    talking.write("flow.py", "def f(question: str) -> str:\n    return question\n")
    found = chat(talking, *arguments)
    assert found.code == code
    assert said in found.err
    assert found.out == ""
    assert "Traceback" not in found.err


def test_sessions_are_shown_exported_and_deleted(talking: Project, stub: StubServer) -> None:
    assert "no sessions yet" in talking.run("sessions", "list").err
    chat(talking, "openai/m", "-m", "one")
    chat(talking, "--continue", "-m", "two")
    (kept,) = sessions(talking)
    name = str(kept["session"])
    listed = talking.run("sessions", "list").out.splitlines()
    assert listed[1].split("\t")[:3] == [name, "openai/m", "2"]
    shown = talking.run("sessions", "show").out
    assert shown.index("> one") < shown.index("echo: one") < shown.index("> two")
    found = talking.run("sessions", "show", name[-4:], "--json").json
    assert [turn["answer"] for turn in found["conversation"]] == ["echo: one", "echo: two"]
    rows = talking.run("sessions", "export", name).out.splitlines()
    assert [json.loads(row)["question"] for row in rows] == ["one", "two"]
    assert talking.run("sessions", "export", "-o", "rows.jsonl").err == "2 rows in rows.jsonl\n"
    whole = json.loads(talking.run("sessions", "export", "--format", "conversation").out)
    assert len(whole["messages"]) == 4
    assert talking.run("sessions", "export", name, "--format", "markdown").out.startswith("# one")
    assert talking.run("sessions", "delete", name, "-y").code == 0
    assert sessions(talking) == []
    assert talking.run("traces", "list", "--json").json == []


def test_exported_rows_run_as_they_are(talking: Project) -> None:
    talking.write(
        "flow.py",
        "def f(question: str, chat_history: list = []) -> str:\n"
        "    return f'{question} after {len(chat_history) // 2}'\n",
    )
    chat(talking, "flow.py:f", "-m", "one")
    assert chat(talking, "--continue", "-m", "two").out == "two after 1\n"
    talking.run("sessions", "export", "-o", "rows.jsonl")
    assert talking.run("run", "flow.py:f", "--data", "rows.jsonl", "--name", "r").code == 0
    rows = [json.loads(line) for line in talking.run("runs", "export", "r").out.splitlines()]
    assert [row["outputs"]["output"] for row in rows] == ["one after 0", "two after 1"]
