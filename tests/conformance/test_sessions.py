"""Sessions come back from the store as they were kept, on every database."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, replace
from flowgrade.store import Store
from flowgrade.tracing import (
    Session,
    SessionKind,
    Shape,
    Turn,
    TurnStatus,
    add_turn,
    delete_session,
    finish_turn,
    get_session,
    get_trace,
    latest_session,
    list_sessions,
    new_session_name,
    next_number,
    save_session,
    session_turns,
    start_trace,
    store_sink,
    title_of,
    withdraw_turn,
)


def begun(store: Store, name: str = "s", **more: Any) -> Session:
    given: dict[str, Any] = {
        "kind": SessionKind.MODEL,
        "partner": "openai/m",
        "created_ns": 1_000,
        "updated_ns": 1_000,
        **more,
    }
    session = Session(name=name, **given)
    save_session(store, session)
    return session


def turn(number: int = 0, session: str = "s", **more: Any) -> Turn:
    given: dict[str, Any] = {
        "partner": "openai/m",
        "question": "why?",
        "trace_id": f"{number:032x}",
        "start_ns": 2_000 + number,
        **more,
    }
    return Turn(session=session, number=number, **given)


def finished(store: Store, turn: Turn, answer: str = "so") -> Turn:
    done = replace(turn, status=TurnStatus.ANSWERED, answer=answer, end_ns=turn.start_ns + 5)
    with store.write() as transaction:
        finish_turn(transaction, done)
    return done


def test_every_field_of_a_session_and_a_turn_comes_back(store: Store) -> None:
    session = begun(
        store,
        title="Gruß ☃",
        kind=SessionKind.FLOW,
        partner="/home/me/flow",
        system="be brief",
        given={"list": [1, None, {"a": 0.5}]},
    )
    assert get_session(store, "s") == session
    full = turn(
        status=TurnStatus.FAILED,
        question="two\nlines 'quoted' %s ?",
        attachments=({"name": "a.txt", "media_type": "text/plain", "text": "x"},),
        system="be brief",
        given={"temperature": 0},
        shape=Shape(question="q", history=None, messages=True, answer="a"),
        answer="part",
        outputs={"a": "part", "more": [True]},
        error=Failure(type="ValueError", message="no", hint="Mend it.", trace="Traceback"),
        end_ns=3_000,
        input_tokens=3,
        output_tokens=None,
        cost=0.25,
    )
    add_turn(store, full)
    assert session_turns(store, "s") == [full]
    now = get_session(store, "s")
    assert (now.turns, now.tokens, now.cost, now.updated_ns) == (1, 3, 0.25, 2_000)


def test_a_turn_is_there_before_it_has_an_answer(store: Store) -> None:
    begun(store)
    asked = turn()
    add_turn(store, asked)
    assert session_turns(store, "s")[0].status is TurnStatus.ASKED
    done = finished(store, asked)
    assert session_turns(store, "s") == [done]
    assert done.seconds == 5e-9


def test_unknown_tokens_and_costs_stay_unknown(store: Store) -> None:
    begun(store)
    add_turn(store, turn())
    assert (get_session(store, "s").tokens, get_session(store, "s").cost) == (None, None)
    add_turn(store, turn(1, input_tokens=2, output_tokens=3))
    assert (get_session(store, "s").tokens, get_session(store, "s").cost) == (5, None)
    add_turn(store, turn(2, input_tokens=1, cost=0.5))
    assert get_session(store, "s").cost is None  # what turn 1 cost is not in it


def test_a_turn_that_is_asked_again_gives_its_place_away(store: Store) -> None:
    begun(store)
    add_turn(store, turn(0))
    add_turn(store, turn(1), withdraw=0)
    assert [one.number for one in session_turns(store, "s")] == [1]
    assert [one.number for one in session_turns(store, "s", withdrawn=True)] == [0, 1]
    withdraw_turn(store, "s", 1)
    assert session_turns(store, "s") == []
    assert next_number(store, "s") == 2
    assert get_session(store, "s").turns == 0


def test_two_who_go_on_with_one_session_do_not_mix(store: Store) -> None:
    begun(store)
    add_turn(store, turn(0))
    with pytest.raises(InputError, match="went on elsewhere"):
        add_turn(store, turn(0))
    with pytest.raises(NotFoundError, match="no session"):
        add_turn(store, turn(0, session="gone"))
    assert len(session_turns(store, "s")) == 1


def test_the_session_last_used_comes_first(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no sessions yet"):
        latest_session(store)
    begun(store, "old", updated_ns=1)
    begun(store, "new", updated_ns=2)
    assert [one.name for one in list_sessions(store)] == ["new", "old"]
    add_turn(store, turn(0, session="old", start_ns=time.time_ns()))
    assert latest_session(store).name == "old"
    assert [one.name for one in list_sessions(store, limit=1)] == ["old"]


def test_a_part_of_a_name_is_enough_when_only_one_has_it(store: Store) -> None:
    begun(store, "support-20261127-0001")
    begun(store, "support-20261127-0002")
    assert get_session(store, "0001").name.endswith("0001")
    with pytest.raises(InputError, match="Several"):
        get_session(store, "support")
    with pytest.raises(NotFoundError) as missing:
        get_session(store, "suport-20261127-0001")
    assert missing.value.hint == "Did you mean 'support-20261127-0001'?"
    with pytest.raises(NotFoundError):
        get_session(store, "")


def test_deleting_takes_the_turns_and_their_traces_along(store: Store) -> None:
    begun(store)
    begun(store, "other")
    for number in range(2):
        with start_trace("chat", sink=store_sink(store)) as root:
            assert root.trace is not None
            trace = root.trace.trace_id
        add_turn(store, turn(number, trace_id=trace), withdraw=0 if number else None)
    add_turn(store, turn(0, session="other"))
    traces = [one.trace_id for one in session_turns(store, "s", withdrawn=True)]
    assert [len(get_trace(store, one)) for one in traces] == [1, 1]
    delete_session(store, "s")
    for one in traces:
        with pytest.raises(NotFoundError):
            get_trace(store, one)
    assert [one.name for one in list_sessions(store)] == ["other"]
    assert session_turns(store, "s", withdrawn=True) == []
    with store.write() as transaction:
        finish_turn(transaction, turn(0))  # its process did not hear of it
    assert session_turns(store, "s") == []


def test_names_and_titles_are_made_of_what_there_is() -> None:
    name = new_session_name("../a b?/")
    assert name.startswith("a-b-2")
    assert new_session_name("???").startswith("chat-")
    assert title_of("  two\n lines ") == "two lines"
    assert len(title_of("x" * 200)) == 80
