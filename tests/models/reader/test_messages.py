from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models.reader import NO_ANSWER, read_messages
from flowgrade.models.reader.messages import find_context, find_question

FACTS = "The warranty of wheels lasts two years. The warranty of frames lasts ten years."


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def test_the_context_is_what_stands_between_the_tags() -> None:
    messages = [
        system("Frames are free. <context>\nWheels cost 5 EUR.\n</context>"),
        user("<context>Frames cost 9 EUR.</context>\nWhat do frames cost?"),
    ]
    assert find_context(messages) == "Wheels cost 5 EUR.\n\nFrames cost 9 EUR."
    assert read_messages(messages).answer == "Frames cost 9 EUR."


def test_without_tags_the_system_messages_are_the_context() -> None:
    messages = [system("You answer questions about bikes."), system(FACTS), user("x")]
    assert find_context(messages) == f"You answer questions about bikes.\n\n{FACTS}"
    asked = [*messages, user("How long is the warranty of frames?")]
    assert read_messages(asked).answer == "The warranty of frames lasts ten years."


def test_without_any_context_nothing_is_answered() -> None:
    assert read_messages([user("How long is the warranty?")]).answer == NO_ANSWER
    assert read_messages([]).answer == NO_ANSWER


def test_content_may_be_a_list_of_parts() -> None:
    parts = [
        {"type": "text", "text": f"<context>{FACTS}</context>"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": "How long is the warranty of wheels?"},
    ]
    assert "two years" in read_messages([user(parts)]).answer


@pytest.mark.parametrize(
    "prompt",
    [
        "Use the context only.\nQuestion: Are wheels covered?",
        "Question: Are wheels covered?\nAnswer:",
        "Question: What?\nAnswer: That.\n\nquestion: Are wheels covered?\nAnswer: ",
        "Say it briefly.\n**Question:** Are wheels covered?",
        "<context>Question: none</context>Are wheels covered?",
    ],
)
def test_what_follows_the_last_question_label_is_the_question(prompt: str) -> None:
    assert find_question([user(prompt)])[0] == "Are wheels covered?"


def test_only_the_last_user_message_is_the_question() -> None:
    messages = [user("How long is the warranty of wheels?"), assistant("Two years."), user("Hm?")]
    assert find_question(messages) == ("Hm?", "How long is the warranty of wheels?")


def test_a_short_follow_up_leans_on_the_turn_before() -> None:
    context = f"{FACTS} Frames are painted in Bonn by hand."
    turns = [system(context), user("How long is the warranty of wheels?"), assistant("Two years.")]
    alone = read_messages([system(context), user("And for frames?")], max_sentences=1)
    after = read_messages([*turns, user("And for frames?")], max_sentences=1)
    assert after.answer == "The warranty of frames lasts ten years."
    assert after.answer != alone.answer


def test_a_full_question_forgets_the_turn_before() -> None:
    context = f"{FACTS} Frames are painted in Bonn by hand."
    question = user("Where are frames painted by hand?")
    turns = [system(context), user("How long is the warranty of wheels?"), assistant("Two years.")]
    assert read_messages([*turns, question]) == read_messages([system(context), question])


def test_a_message_without_text_is_passed_over() -> None:
    messages = [system(FACTS), assistant(None), user("How long is the warranty of frames?")]
    assert "ten years" in read_messages(messages).answer


@given(
    st.lists(
        st.builds(
            lambda role, content: {"role": role, "content": content},
            st.sampled_from(["system", "user", "assistant", "tool"]),
            st.none() | st.text(max_size=80) | st.sampled_from([FACTS, "<context>", "</context>"]),
        ),
        max_size=5,
    )
)
def test_any_messages_can_be_read(messages: list[dict[str, Any]]) -> None:
    reading = read_messages(messages)
    context = find_context(messages)
    assert all(context[one.start : one.end] == one.text for one in reading.sentences)
