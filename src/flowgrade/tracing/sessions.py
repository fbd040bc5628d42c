"""Sessions in the store: rows in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, JsonObject, as_dict, dumps_any, loads
from flowgrade.store import Store, Transaction
from flowgrade.tracing.session import Session, SessionKind, Shape, Turn, TurnStatus, sum_known
from flowgrade.tracing.tables import SESSION_TURNS, SESSIONS

_TOTALS = """
SELECT COUNT(CASE WHEN withdrawn = 0 THEN 1 END), SUM(input_tokens), SUM(output_tokens), SUM(cost),
    COUNT(CASE WHEN cost IS NULL AND input_tokens IS NOT NULL THEN 1 END)
FROM session_turns WHERE session = ?
"""


def save_session(store: Store, session: Session) -> None:
    """Store a new session, or how one stands now."""
    with store.write() as transaction:
        transaction.insert(SESSIONS, [_session_values(session)], conflict="replace")


def add_turn(store: Store, turn: Turn, *, withdraw: int | None = None) -> None:
    """Store a turn that is being asked; ``withdraw`` is the turn that it takes the place of.

    Raises NotFoundError when the session is gone, InputError when somebody else went on with it.
    """
    with store.write() as transaction:
        changed = transaction.execute(
            "UPDATE sessions SET updated_ns = ? WHERE id = ?", (turn.start_ns, turn.session)
        )
        if not changed:
            raise _unknown(transaction, turn.session)
        last = transaction.one(
            "SELECT MAX(turn_number) FROM session_turns WHERE session = ?", (turn.session,)
        )
        if last is not None and last[0] is not None and last[0] >= turn.number:
            raise InputError(
                f"The session '{turn.session}' went on elsewhere.",
                hint=f"See it and go on: flowgrade chat --continue {turn.session}",
            )
        if withdraw is not None:
            _withdraw(transaction, turn.session, withdraw)
        transaction.insert(SESSION_TURNS, [_turn_values(turn)])


def finish_turn(transaction: Transaction, turn: Turn) -> None:
    """Store what became of a turn; of a session that was deleted meanwhile nothing is kept."""
    changed = transaction.execute(
        "UPDATE sessions SET updated_ns = ? WHERE id = ?", (turn.end_ns, turn.session)
    )
    if changed:
        transaction.insert(SESSION_TURNS, [_turn_values(turn)], conflict="replace")


def withdraw_turn(store: Store, session: str, number: int) -> None:
    """Take a turn out of its session; its row and its trace stay until the session is deleted."""
    with store.write() as transaction:
        _withdraw(transaction, session, number)


def get_session(store: Store, name: str) -> Session:
    """The session of that name, or the only one whose name begins with it or ends in it.

    Raises NotFoundError with the nearest name when there is none, InputError when several match.
    """
    with store.read() as transaction:
        found = transaction.one(f"{SESSIONS.select} WHERE id = ?", (name,))
        if found is None:
            whole = _complete(transaction, name)
            found = transaction.one(f"{SESSIONS.select} WHERE id = ?", (whole,))
        assert found is not None
        return _session(transaction, found)


def latest_session(store: Store) -> Session:
    """The session that was last used; raises NotFoundError when there is none."""
    found = list_sessions(store, limit=1)
    if not found:
        raise NotFoundError(
            "There are no sessions yet.", hint="Begin one: flowgrade chat MODEL, or chat FLOW"
        )
    return found[0]


def list_sessions(store: Store, *, limit: int = 20) -> list[Session]:
    """The sessions that were last used first."""
    sql = f"{SESSIONS.select} ORDER BY updated_ns DESC, id DESC LIMIT ?"
    with store.read() as transaction:
        return [_session(transaction, found) for found in transaction.all(sql, (limit,))]


def session_turns(store: Store, name: str, *, withdrawn: bool = False) -> list[Turn]:
    """The turns of a session in order, without those that were withdrawn if not asked for."""
    condition = "session = ?" if withdrawn else "session = ? AND withdrawn = 0"
    sql = f"{SESSION_TURNS.select} WHERE {condition} ORDER BY turn_number"
    with store.read() as transaction:
        return [_turn(found) for found in transaction.all(sql, (name,))]


def next_number(store: Store, name: str) -> int:
    """The number that the next turn of a session gets."""
    sql = "SELECT MAX(turn_number) FROM session_turns WHERE session = ?"
    with store.read() as transaction:
        found = transaction.one(sql, (name,))
    return 0 if found is None or found[0] is None else int(found[0]) + 1


def delete_session(store: Store, name: str) -> None:
    """Delete a session, its turns and their traces."""
    with store.write() as transaction:
        transaction.execute(
            "DELETE FROM spans WHERE trace_id IN "
            "(SELECT trace_id FROM session_turns WHERE session = ?)",
            (name,),
        )
        transaction.execute("DELETE FROM session_turns WHERE session = ?", (name,))
        transaction.execute("DELETE FROM sessions WHERE id = ?", (name,))


def _withdraw(transaction: Transaction, session: str, number: int) -> None:
    transaction.execute(
        "UPDATE session_turns SET withdrawn = 1 WHERE session = ? AND turn_number = ?",
        (session, number),
    )


def _session_values(session: Session) -> tuple[object, ...]:
    return (
        session.name,
        session.title,
        session.kind,
        session.partner,
        session.system,
        dumps_any(session.given),
        session.created_ns,
        session.updated_ns,
    )


def _session(transaction: Transaction, found: Sequence[Any]) -> Session:
    row = dict(zip(SESSIONS.columns, found, strict=True))
    totals = transaction.one(_TOTALS, (row["id"],))
    assert totals is not None
    count, inputs, outputs, cost, unpriced = totals
    return Session(
        name=row["id"],
        title=row["title"],
        kind=SessionKind(row["kind"]),
        partner=row["partner"],
        system=row["system_prompt"],
        given=loads(row["given"]),
        created_ns=row["created_ns"],
        updated_ns=row["updated_ns"],
        turns=count,
        tokens=sum_known([None if n is None else int(n) for n in (inputs, outputs)]),
        cost=None if unpriced else cost,
    )


def _turn_values(turn: Turn) -> tuple[object, ...]:
    return (
        turn.session,
        turn.number,
        turn.partner,
        turn.status,
        0,
        turn.question,
        dumps_any(turn.attachments),
        turn.system,
        dumps_any(turn.given),
        dumps_any(as_dict(turn.shape)),
        turn.answer,
        None if turn.outputs is None else dumps_any(turn.outputs),
        None if turn.error is None else dumps_any(turn.error),
        turn.trace_id,
        turn.start_ns,
        turn.end_ns,
        turn.input_tokens,
        turn.output_tokens,
        turn.cost,
    )


def _turn(found: Sequence[Any]) -> Turn:
    row: JsonObject = dict(zip(SESSION_TURNS.columns, found, strict=True))
    return Turn(
        session=row["session"],
        number=row["turn_number"],
        partner=row["partner"],
        status=TurnStatus(row["status"]),
        question=row["question"],
        attachments=tuple(loads(row["attachments"])),
        system=row["system_prompt"],
        given=loads(row["given"]),
        shape=Shape(**loads(row["shape"])),
        answer=row["answer"],
        outputs=None if row["outputs"] is None else loads(row["outputs"]),
        error=None if row["error"] is None else Failure(**loads(row["error"])),
        trace_id=row["trace_id"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
    )


def _complete(transaction: Transaction, part: str) -> str:
    names = _names(transaction)
    found = [name for name in names if part and (name.startswith(part) or name.endswith(part))]
    if not found:
        raise _unknown(transaction, part)
    if len(found) > 1:
        raise InputError(
            f"Several sessions have '{part}' in their name.",
            hint=f"Give more of it: {', '.join(found[:3])}{' …' if len(found) > 3 else ''}",
        )
    return found[0]


def _unknown(transaction: Transaction, name: str) -> NotFoundError:
    near = get_close_matches(name, _names(transaction), n=1)
    return NotFoundError(
        f"There is no session '{name}'.",
        hint=f"Did you mean '{near[0]}'?" if near else "See which: flowgrade sessions list",
    )


def _names(transaction: Transaction) -> list[str]:
    sql = "SELECT id FROM sessions ORDER BY updated_ns DESC LIMIT 500"
    return [str(name) for (name,) in transaction.all(sql)]
