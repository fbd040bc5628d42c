"""A conversation with a model: what is sent, what is kept, what happens when it fails."""

from __future__ import annotations

import asyncio

import pytest

from flowgrade.app import App
from flowgrade.chat import Attachment, Conversation
from flowgrade.errors import AuthenticationError, EmptyAnswerError, InputError
from flowgrade.flows import run_blocking
from flowgrade.testing import StubReply, StubScript, StubServer
from flowgrade.tracing import TurnStatus, get_session, get_trace, list_sessions, session_turns

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def ask(conversation: Conversation, question: str) -> str | None:
    return run_blocking(conversation.ask(question)).answer


def test_a_model_hears_system_prompt_history_and_parameters(app: App, stub: StubServer) -> None:
    talk = app.chat("openai/m", system="Be brief.", given={"temperature": 0.5})
    assert ask(talk, "one") == "echo: one"
    assert ask(talk, "two") == "echo: two"
    sent = stub.requests[-1].body
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "echo: one"},
        {"role": "user", "content": "two"},
    ]
    assert sent["temperature"] == 0.5
    assert sent["stream"] is True


def test_pieces_come_as_they_are_written(app: App) -> None:
    pieces: list[str] = []
    turn = run_blocking(app.chat("openai/m").ask("one two three", emit=pieces.append))
    assert len(pieces) > 1
    assert "".join(pieces) == turn.answer == "echo: one two three"


def test_each_turn_is_stored_with_its_trace_and_its_tokens(app: App) -> None:
    talk = app.chat("openai/m")
    ask(talk, "a question of\nsome words")
    (turn,) = session_turns(app.store, talk.session.name)
    assert turn == talk.turns[0]
    assert (turn.status, turn.answer) == ("answered", "echo: a question of\nsome words")
    assert turn.tokens == 12
    assert turn.cost is None
    root, call = get_trace(app.store, turn.trace_id)
    assert root.attributes == {"gen_ai.conversation.id": talk.session.name}
    assert (root.name, call.name) == ("chat openai/m", "chat m")
    assert root.outputs == {"answer": turn.answer}
    found = get_session(app.store, talk.session.name)
    assert (found.title, found.turns, found.tokens) == ("a question of some words", 1, 12)


def test_a_session_without_a_question_is_not_kept(app: App) -> None:
    app.chat("openai/m").configure(system="x")
    assert list_sessions(app.store) == []


def test_a_failed_turn_is_kept_and_is_not_part_of_the_history(app: App, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(match="bad", status=401)]))
    talk = app.chat("openai/m")
    with pytest.raises(AuthenticationError):
        ask(talk, "bad")
    assert ask(talk, "good") == "echo: good"
    assert [m["content"] for m in stub.requests[-1].body["messages"]] == ["good"]
    failed, good = session_turns(app.store, talk.session.name)
    assert failed.status is TurnStatus.FAILED
    assert failed.error is not None
    assert failed.error.type == "AuthenticationError"
    assert get_trace(app.store, failed.trace_id)[0].error is not None
    assert good.status is TurnStatus.ANSWERED


def test_an_answer_that_is_stopped_is_kept_as_far_as_it_came(app: App, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="one two three four")], stall_after=2))
    talk = app.chat("openai/m")

    async def stop_after_the_first_piece() -> None:
        heard = asyncio.Event()
        task = asyncio.create_task(talk.ask("q", emit=lambda piece: heard.set()))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_blocking(stop_after_the_first_piece())
    (turn,) = session_turns(app.store, talk.session.name)
    assert turn.status is TurnStatus.STOPPED
    assert turn.answer
    assert "one two three four".startswith(turn.answer.strip())
    root = get_trace(app.store, turn.trace_id)[0]
    assert root.error is None
    assert root.attributes["flowgrade.stopped"] is True
    stub.set_script(StubScript())
    ask(talk, "go on")
    sent = stub.requests[-1].body["messages"]
    assert sent[1] == {"role": "assistant", "content": turn.answer}


def test_retry_takes_the_place_of_the_last_turn(app: App, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="1", times=2), StubReply(text="2")]))
    talk = app.chat("openai/m")
    ask(talk, "a")
    ask(talk, "b")
    again = run_blocking(talk.retry())
    assert (again.question, again.answer, again.number) == ("b", "2", 2)
    assert [m["content"] for m in stub.requests[-1].body["messages"]] == ["a", "1", "b"]
    assert [turn.number for turn in talk.turns] == [0, 2]
    assert session_turns(app.store, talk.session.name) == talk.turns


def test_undo_takes_the_last_turn_back(app: App, stub: StubServer) -> None:
    talk = app.chat("openai/m")
    with pytest.raises(InputError, match="Nothing has been asked"):
        talk.undo()
    ask(talk, "a")
    ask(talk, "b")
    assert talk.undo().question == "b"
    ask(talk, "c")
    assert [m["content"] for m in stub.requests[-1].body["messages"]] == ["a", "echo: a", "c"]
    assert [turn.question for turn in session_turns(app.store, talk.session.name)] == ["a", "c"]


def test_a_session_goes_on_where_it_was(app: App, stub: StubServer) -> None:
    first = app.chat("openai/m", system="s", given={"seed": 7})
    ask(first, "a")
    talk = app.chat("openai/other", session=first.session.name)
    ask(talk, "b")
    sent = stub.requests[-1].body
    assert sent["model"] == "other"
    assert sent["seed"] == 7
    assert [m["content"] for m in sent["messages"]] == ["s", "a", "echo: a", "b"]
    with pytest.raises(InputError, match="went on elsewhere"):
        ask(first, "c")
    turns = session_turns(app.store, talk.session.name)
    assert [turn.partner for turn in turns] == ["openai/m", "openai/other"]


def test_a_question_that_a_killed_process_asked_can_be_asked_again(
    app: App, stub: StubServer
) -> None:
    talk = app.chat("openai/m")
    ask(talk, "a")
    with app.store.write() as transaction:
        transaction.execute("UPDATE session_turns SET status = 'asked', answer = NULL")
    again = app.chat("openai/m", session=talk.session.name)
    assert again.turns[0].status is TurnStatus.ASKED
    assert run_blocking(again.retry()).answer == "echo: a"


def test_texts_go_into_the_question_and_images_beside_it(app: App, stub: StubServer) -> None:
    talk = app.chat("openai/m")
    files = [
        Attachment(name="notes.txt", media_type="text/plain", text="The key is blue."),
        Attachment(name="dot.png", media_type="image/png", data=PIXEL),
    ]
    run_blocking(talk.ask("Which colour?", attachments=files))
    text, image = stub.requests[-1].body["messages"][0]["content"]
    expected = "notes.txt:\n<context>\nThe key is blue.\n</context>\n\nWhich colour?"
    assert text == {"type": "text", "text": expected}
    url = f"data:image/png;base64,{PIXEL}"
    assert image == {"type": "image_url", "image_url": {"url": url}}
    again = app.chat("openai/m", session=talk.session.name)
    ask(again, "And its size?")
    assert stub.requests[-1].body["messages"][0]["content"] == [text, image]
    root = get_trace(app.store, talk.turns[0].trace_id)[0]
    assert root.inputs == {"question": "Which colour?", "attachments": ["notes.txt", "dot.png"]}


def test_the_reader_answers_from_an_attached_text(app: App) -> None:
    talk = app.chat("embedded/reader")
    files = [Attachment(name="n", media_type="text/plain", text="The key is blue. It rains.")]
    turn = run_blocking(talk.ask("Which colour is the key?", attachments=files))
    assert turn.answer == "The key is blue."


def test_no_text_is_no_answer(app: App, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="", finish_reason="length")]))
    with pytest.raises(EmptyAnswerError, match="before it said anything") as raised:
        ask(app.chat("openai/m"), "a")
    assert "max_tokens" in (raised.value.hint or "")


def test_an_answer_that_was_cut_off_is_remarked(app: App, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="half", finish_reason="length")]))
    talk = app.chat("openai/m")
    ask(talk, "a")
    assert talk.remark is not None
    assert "cut off" in talk.remark
    stub.set_script(StubScript())
    ask(talk, "b")
    assert talk.remark is None


def test_what_is_no_parameter_of_a_chat_is_refused(app: App) -> None:
    with pytest.raises(InputError, match="'stream'"):
        app.chat("openai/m", given={"stream": False})


def test_what_is_neither_flow_nor_model_is_said(app: App) -> None:
    with pytest.raises(InputError, match="neither a flow nor a model"):
        app.chat("nowhere/at-all")
