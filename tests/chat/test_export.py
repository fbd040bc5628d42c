"""What a session becomes: rows, messages, a text."""

from __future__ import annotations

from flowgrade.app import App
from flowgrade.chat import conversation_of, session_rows, transcript
from flowgrade.flows import run_blocking


def test_a_session_with_a_model_becomes_rows_and_messages(app: App) -> None:
    talk = app.chat("openai/m", system="Be brief.")
    run_blocking(talk.ask("one"))
    run_blocking(talk.ask("two"))
    name = talk.session.name
    first, second = session_rows(talk.session, talk.turns)
    assert first == {
        "session": name,
        "turn": 0,
        "system": "Be brief.",
        "question": "one",
        "chat_history": [],
        "answer": "echo: one",
    }
    assert second["chat_history"] == [
        {"inputs": {"question": "one"}, "outputs": {"answer": "echo: one"}}
    ]
    assert conversation_of(talk.session, talk.turns) == {
        "session": name,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "echo: one"},
            {"role": "user", "content": "two"},
            {"role": "assistant", "content": "echo: two"},
        ],
    }
    text = transcript(talk.session, talk.turns)
    assert text.startswith("# one\n")
    assert text.index("echo: one") < text.index("## two")
