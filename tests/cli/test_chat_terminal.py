"""``flowgrade chat`` in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall
from tests.project import Project
from tests.terminal import Terminal

pytestmark = pytest.mark.slow


def sessions(project: Project) -> list[dict[str, object]]:
    found: list[dict[str, object]] = project.run("sessions", "list", "--json").json
    return found


def test_a_conversation_in_a_terminal(talking: Project, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(match="refuse", status=401, times=1)]))
    talking.write("notes.txt", "Nothing much.")
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("openai/m (model)")
        terminal.type("hello")
        terminal.expect("echo: hello")
        terminal.expect("cost not known")
        terminal.type("please refuse")
        terminal.expect("Error: The endpoint refused the key")
        terminal.expect("OPENAI_API_KEY")
        terminal.type("/retry")
        terminal.expect("echo: please refuse")
        terminal.expect("not known")
        terminal.type('"""two')
        terminal.type('lines"""', prompt="… ")
        terminal.expect("echo: two\r\nlines")
        terminal.expect("not known")
        terminal.type("/att\tnotes\t")
        terminal.expect("With the next question: notes.txt")
        terminal.type("/system Be brief.")
        terminal.type("/set temperature=0.5")
        terminal.expect("temperature=0.5")
        terminal.type("again")
        terminal.expect("tokens")
        assert terminal.leave() == 0
    sent = stub.requests[-1].body
    assert (sent["messages"][0]["content"], sent["temperature"]) == ("Be brief.", 0.5)
    assert "notes.txt" in json.dumps(sent)


def test_the_commands_of_a_chat(talking: Project, stub: StubServer) -> None:
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("/help")
        for question in ("please", "again"):
            terminal.type(question)
            terminal.expect("not known")
        terminal.type("/undo")
        terminal.expect("Taken back: again")
        terminal.type("/tokens")
        terminal.expect("1 turn, ")
        terminal.type("/nonsense")
        terminal.expect("no command /nonsense")
        terminal.type("//slash")
        terminal.expect("echo: /slash")
        terminal.expect("not known")
        terminal.type("/save said.md")
        terminal.expect("Written to")
        terminal.type("/save said.md")
        terminal.expect("is there already")
        terminal.type("/trace")
        terminal.expect("chat m")
        terminal.type("/model openai/other")
        terminal.expect("openai/other answers")
        terminal.type("who?")
        terminal.expect("echo: who?")
        terminal.interrupt("Ctrl-D or /exit ends")
        assert terminal.leave() == 0
    assert "Go on with it: flowgrade chat --continue" in terminal.seen
    assert stub.requests[-1].body["model"] == "other"
    assert "## please" in (talking.folder / "said.md").read_text(encoding="utf-8")
    (kept,) = sessions(talking)
    assert kept["turns"] == 3


def test_ctrl_c_stops_the_answer_and_not_the_chat(talking: Project, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="one two three")], stall_after=2))
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("/help")
        terminal.type("q")
        terminal.expect("one")
        terminal.send("\x03")
        terminal.expect("Stopped. What had come is kept")
        stub.set_script(StubScript())
        terminal.type("and now?")
        terminal.expect("echo: and now?")
        terminal.expect("not known")
        terminal.type("/exit")
        assert terminal.ends() == 0
    (kept,) = sessions(talking)
    shown = talking.run("sessions", "show", "--json").json["conversation"]
    assert [turn["status"] for turn in shown] == ["stopped", "answered"]
    assert kept["turns"] == 2


def test_a_killed_terminal_loses_no_turn(talking: Project, stub: StubServer) -> None:
    stub.set_script(
        StubScript(replies=[StubReply(match="stall", text="one two three")], stall_after=2)
    )
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("/help")
        terminal.type("stall")
        terminal.expect("one")
        terminal.kill()
    shown = talking.run("sessions", "show", "--json").json["conversation"]
    assert [(turn["question"], turn["status"]) for turn in shown] == [("stall", "asked")]
    stub.set_script(StubScript())
    with Terminal(talking.command("chat", "--continue"), talking) as terminal:
        terminal.expect("/retry asks it again")
        terminal.type("/retry")
        terminal.expect("echo: stall")
        terminal.expect("not known")
        terminal.type("/clear")
        terminal.type("anew")
        terminal.expect("echo: anew")
        terminal.expect("not known")
        assert terminal.leave() == 0
    assert [found["turns"] for found in sessions(talking)] == [1, 1]
    assert [m["content"] for m in stub.requests[-1].body["messages"]] == ["anew"]


def test_a_flow_talks_in_its_own_folder(talking: Project) -> None:
    talking.write("flow/note.txt", "beside the flow")
    talking.write(
        "flow/f.py",
        "def f(question: str, mark: str, sizes: list) -> str:\n"
        "    print('a message')\n"
        "    return f\"{open('note.txt').read()}: {question}{mark} {sizes}\"\n",
    )
    arguments = ("flow/f.py:f", "-i", "mark=?", "-i", "sizes=[1]")
    with Terminal(talking.command("chat", *arguments), talking) as terminal:
        terminal.expect("f (flow)")
        terminal.type("how")
        terminal.expect("beside the flow: how? [1]")
        terminal.type("/set mark=!")
        terminal.type("now")
        terminal.expect("beside the flow: now! [1]")
        terminal.type("/system x")
        terminal.expect("takes no system prompt")
        terminal.type("/set mark=")
        terminal.expect("needs the input 'mark'")
        assert terminal.leave() == 0


def test_what_a_model_writes_does_not_steer_the_terminal(
    talking: Project, stub: StubServer
) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="red \x1b[31malert\x07 **bold**")]))
    for plain in ([], ["--plain"]):
        with Terminal(talking.command("chat", "openai/m", *plain), talking) as terminal:
            terminal.expect("/help")
            terminal.type("q")
            terminal.expect("cost not known")
            assert "\x1b[31malert" not in terminal.raw
            assert "red [31malert" in terminal.seen
            assert ("**bold**" in terminal.seen) is bool(plain)
            assert terminal.leave() == 0


def test_what_was_typed_is_remembered_in_private(talking: Project) -> None:
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("/help")
        terminal.type("remember me")
        terminal.expect("echo: remember me")
        terminal.expect("not known")
        assert terminal.leave() == 0
    history = Path(talking.environment["FLOWGRADE_HOME"]) / "chat_history.jsonl"
    assert history.stat().st_mode & 0o077 == 0
    with Terminal(talking.command("chat", "openai/m"), talking) as terminal:
        terminal.expect("/help")
        terminal.type("\x1b[A")  # the arrow up
        terminal.expect("echo: remember me")
        terminal.expect("not known")
        assert terminal.leave() == 0


def test_a_tool_that_needs_agreement_is_asked_about(talking: Project, stub: StubServer) -> None:
    talking.write(
        "desk.py",
        """
        import flowgrade
        from flowgrade import tool


        @tool(confirm=True)
        def cancel(trip: str) -> str:
            \"\"\"Cancel a trip.\"\"\"
            return f"{trip} is cancelled"


        async def desk(question: str) -> str:
            found = await flowgrade.agent("openai/m", tools=[cancel]).arun(question)
            return found.answer
        """,
    )
    wish = StubToolCall(name="cancel", arguments={"trip": "Oslo"})
    replies = [StubReply(role="user", tool_calls=[wish]), StubReply(role="tool", text="Done.")]
    stub.set_script(StubScript(replies=replies))
    with Terminal(talking.command("chat", "desk.py:desk"), talking) as terminal:
        terminal.expect("/help")
        for answer, told in (("y", "Oslo is cancelled"), ("n", "not allowed")):
            terminal.type("Cancel Oslo.")
            terminal.expect("Allow it?")
            terminal.type(answer, prompt="[y/N]: ")
            terminal.expect("Done.")
            terminal.expect("not known")
            assert told in json.dumps(stub.requests[-1].body["messages"])
        assert terminal.leave() == 0
