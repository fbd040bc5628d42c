"""Conversations with flows of every kind."""

from __future__ import annotations

import pytest

from flowgrade.app import App
from flowgrade.chat import Attachment, FlowPartner, session_rows
from flowgrade.errors import InputError, NodeError
from flowgrade.flows import run_blocking
from flowgrade.runs import RunOptions, run_rows
from flowgrade.tracing import Shape, get_trace
from tests.chat.conftest import Write

DAG = """
    inputs:
      question: {type: string, is_chat_input: true}
      chat_history: {type: list, is_chat_history: true, default: []}
      tone: {type: string}
      sizes: {type: list, default: []}
    outputs:
      words: {type: int, reference: "${count.output}"}
      answer: {type: string, reference: "${reply.output}", is_chat_output: true}
    nodes:
    - name: reply
      type: python
      source: {type: code, path: reply.py}
      inputs:
        question: ${inputs.question}
        tone: ${inputs.tone}
        history: ${inputs.chat_history}
    - name: count
      type: python
      source: {type: code, path: count.py}
      inputs: {text: "${inputs.question}"}
"""
REPLY = """
    def reply(question: str, tone: str, history: list) -> str:
        if question == "fail":
            raise ValueError("on purpose")
        said = [turn["inputs"]["question"] + "/" + turn["outputs"]["answer"] for turn in history]
        return f"{tone} {question} {said}"
"""


@pytest.fixture
def flow(write: Write) -> str:
    write("flow/reply.py", REPLY)
    write("flow/count.py", "def count(text: str) -> int:\n    return len(text.split())\n")
    return str(write("flow/flow.dag.yaml", DAG).parent)


def shape(app: App, source: str, *given: str) -> Shape:
    partner = app.open_partner(source, given=given)
    assert isinstance(partner, FlowPartner)
    return partner.shape


def test_a_flow_gets_question_history_and_its_other_inputs(app: App, flow: str) -> None:
    talk = app.chat(flow, given={"tone": "dry"})
    first = run_blocking(talk.ask("why"))
    assert first.answer == "dry why []"
    assert first.outputs == {"words": 1, "answer": "dry why []"}
    second = run_blocking(talk.ask("and how"))
    assert second.answer == "dry and how ['why/dry why []']"
    names = [span.name for span in get_trace(app.store, second.trace_id)]
    assert names[:2] == ["chat flow", "flow"]
    assert set(names[2:]) == {"reply", "count"}


def test_what_the_flow_needs_is_asked_for_before_the_chat(app: App, flow: str) -> None:
    with pytest.raises(InputError, match="needs the input 'tone'") as raised:
        app.chat(flow)
    assert "/set tone=VALUE" in (raised.value.hint or "")
    with pytest.raises(InputError, match="no input 'ton'"):
        app.chat(flow, given={"ton": "x"})
    with pytest.raises(InputError, match="comes from the conversation"):
        app.chat(flow, given={"tone": "x", "question": "y"})
    with pytest.raises(InputError, match="no system prompt"):
        app.chat(flow, given={"tone": "x"}, system="y")


def test_a_failing_flow_ends_its_turn_and_not_the_chat(app: App, flow: str) -> None:
    talk = app.chat(flow, given={"tone": "dry"})
    with pytest.raises(NodeError, match="on purpose"):
        run_blocking(talk.ask("fail"))
    assert run_blocking(talk.ask("why")).answer == "dry why []"
    assert [turn.status for turn in talk.turns] == ["failed", "answered"]


def test_the_rows_of_a_session_run_through_the_same_flow(app: App, flow: str) -> None:
    talk = app.chat(flow, given={"tone": "dry", "sizes": [1]})
    for question in ("why", "fail", "and how"):
        try:
            run_blocking(talk.ask(question))
        except NodeError:
            assert question == "fail"
    rows = list(session_rows(talk.session, talk.turns))
    assert [row["turn"] for row in rows] == [0, 2]
    assert rows[1]["sizes"] == [1]
    run_blocking(app.arun(flow, rows, options=RunOptions(name="again")))
    again = [row.outputs or {} for row in run_rows(app.store, "again")]
    assert [row["answer"] for row in again] == [row["answer"] for row in rows]


def test_images_go_to_a_question_that_is_a_list_and_to_no_other(
    app: App, flow: str, write: Write
) -> None:
    image = Attachment(name="dot.png", media_type="image/png", data="iVBORw0KGgo=")
    talk = app.chat(flow, given={"tone": "dry"})
    with pytest.raises(InputError, match="takes no images"):
        run_blocking(talk.ask("what is it?", attachments=[image]))
    assert talk.turns == []
    source = (
        "def look(question: list) -> str:\n    return type(question[1]).__name__ + question[0]\n"
    )
    write("look.py", source)
    talk = app.chat(str(write("look.py", source)) + ":look")
    assert run_blocking(talk.ask(" it is", attachments=[image])).answer == "Image it is"


def test_the_input_for_the_question_is_found(app: App, write: Write) -> None:
    def of(signature: str, *given: str) -> Shape:
        file = write("flows/f.py", f"def f({signature}) -> str:\n    return ''\n")
        return shape(app, f"{file}:f", *given)

    assert of("anything: str").question == "anything"
    assert of("tone: str, query: str").question == "query"
    assert of("a: str, b: str = ''").question == "a"
    assert of("a: str, b: str", "b").question == "a"
    assert of("text: str, count: int").question == "text"
    assert of("question: str, chat_history: list = []") == Shape(messages=True, answer="output")
    assert of("question: str").history is None
    with pytest.raises(InputError, match="not clear.*a, b"):
        of("a: str, b: str")
    with pytest.raises(InputError, match="none takes a text"):
        of("a: int")


def test_a_prompty_hears_messages(app: App, write: Write) -> None:
    file = write(
        "p.prompty",
        """
        ---
        name: p
        model:
          api: chat
          configuration: {type: openai, model: m}
        inputs:
          question: {type: string}
          chat_history: {type: list, default: []}
        ---
        system:
        Be brief.
        {% for item in chat_history %}
        {{ item.role }}:
        {{ item.content }}
        {% endfor %}
        user:
        {{ question }}
        """,
    )
    talk = app.chat(str(file))
    assert run_blocking(talk.ask("one")).answer == "echo: one"
    run_blocking(talk.ask("two"))
    (row, last) = session_rows(talk.session, talk.turns)
    assert row["chat_history"] == []
    assert last["chat_history"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "echo: one"},
    ]


def test_a_function_that_streams_is_heard_piece_by_piece(app: App, write: Write) -> None:
    file = write(
        "s.py", "def say(question: str):\n    for word in question.split():\n        yield word\n"
    )
    pieces: list[str] = []
    turn = run_blocking(app.chat(f"{file}:say").ask("a b c", emit=pieces.append))
    assert pieces == ["a", "b", "c"]
    assert turn.answer == "abc"


def test_an_answer_among_several_outputs_is_found(app: App, write: Write) -> None:
    file = write(
        "d.py", "def say(question: str) -> dict:\n    return {'n': 1, 'reply': question}\n"
    )
    assert run_blocking(app.chat(f"{file}:say").ask("hm")).answer == "hm"
    file = write("e.py", "def say(question: str) -> dict:\n    return {'n': 1, 'm': [2]}\n")
    assert run_blocking(app.chat(f"{file}:say").ask("hm")).answer == '{"n":1,"m":[2]}'
