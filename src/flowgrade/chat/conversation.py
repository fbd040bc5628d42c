"""Conversation: ask, hear, and keep what was said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from flowgrade.chat.attachment import Attachment
from flowgrade.chat.history import attached, heard
from flowgrade.chat.partner import Emit, Exchange, Partner
from flowgrade.errors import InputError
from flowgrade.records import Failure, JsonObject, SpanKind, replace
from flowgrade.store import Store
from flowgrade.tracing import (
    ActiveSpan,
    RecordedSpan,
    Session,
    Turn,
    TurnStatus,
    add_turn,
    finish_turn,
    new_session_name,
    next_number,
    save_session,
    save_spans,
    session_turns,
    start_trace,
    title_of,
    withdraw_turn,
)

SESSION_ATTRIBUTE = "gen_ai.conversation.id"
"""OpenTelemetry's attribute for the session that a trace belongs to."""


def _unheard(piece: str) -> None:
    pass


class Conversation:
    """A session that is going on. Each turn is stored as it is asked and as it ends.

    One at a time talks: ``ask`` and ``retry`` are not for several tasks at once.
    """

    def __init__(
        self, store: Store, partner: Partner, session: Session, turns: Sequence[Turn] = ()
    ) -> None:
        self.session = session
        self.partner = partner
        self.turns = list(turns)
        self.remark: str | None = None
        """What there is to say about the last answer, such as that it was cut off."""
        self._store = store
        self._next = next_number(store, session.name)
        self._stored = self._next > 0

    async def ask(
        self, question: str, *, attachments: Sequence[Attachment] = (), emit: Emit = _unheard
    ) -> Turn:
        """Ask, and return the turn with its answer.

        Raises what the partner raises; the turn is stored as failed then. When it is cancelled,
        the turn is stored as stopped with what had come.
        """
        return await self._take_turn(question, attachments, self.turns, emit)

    async def retry(self, *, emit: Emit = _unheard) -> Turn:
        """Ask the last question again; the new turn takes the old one's place."""
        last = self._last()
        return await self._take_turn(
            last.question, attached(last), self.turns[:-1], emit, withdraw=last.number
        )

    def undo(self) -> Turn:
        """Take the last turn back; raises InputError when there is none."""
        last = self._last()
        withdraw_turn(self._store, self.session.name, last.number)
        self.turns.pop()
        return last

    def configure(
        self,
        *,
        partner: Partner | None = None,
        system: str | None = None,
        given: JsonObject | None = None,
    ) -> None:
        """Go on with another partner, system prompt or parameters; raises InputError.

        What is left out stays; an empty system prompt is none.
        """
        wanted = partner or self.partner
        session = replace(
            self.session,
            kind=wanted.kind,
            partner=wanted.name,
            system=self.session.system if system is None else (system or None),
            given=self.session.given if given is None else given,
        )
        wanted.check(_exchange(session, "", (), ()))
        self.partner, self.session = wanted, session
        if self._stored:
            save_session(self._store, self.session)

    async def _take_turn(
        self,
        question: str,
        attachments: Sequence[Attachment],
        before: Sequence[Turn],
        emit: Emit,
        *,
        withdraw: int | None = None,
    ) -> Turn:
        exchange = _exchange(self.session, question, attachments, heard(before))
        self.partner.check(exchange)
        spans: list[RecordedSpan] = []
        root = start_trace(f"chat {self.partner.title}", sink=spans.extend, kind=SpanKind.FLOW)
        turn = self._begin(exchange, root, withdraw)
        turns = [*before, turn]
        self.turns = turns
        pieces: list[str] = []

        def hear(piece: str) -> None:
            pieces.append(piece)
            emit(piece)

        ended: BaseException | None = None
        with root:
            try:
                turn = await self._answered(exchange, root, turn, hear)
            except asyncio.CancelledError as error:
                ended = error
                root.attributes["flowgrade.stopped"] = True
                turn = replace(turn, status=TurnStatus.STOPPED, answer="".join(pieces) or None)
                root.outputs({"answer": turn.answer})
            except Exception as error:  # noqa: BLE001  users' code may fail in any way
                ended = root.error = error
                turn = replace(turn, status=TurnStatus.FAILED, error=Failure.of(error))
        turns[-1] = turn = _spent(turn, root)
        with self._store.write() as transaction:
            save_spans(transaction, spans)
            finish_turn(transaction, turn)
        if ended is not None:
            raise ended
        return turn

    def _begin(self, exchange: Exchange, root: ActiveSpan, withdraw: int | None) -> Turn:
        assert root.trace is not None
        root.attributes[SESSION_ATTRIBUTE] = self.session.name
        names = [one.name for one in exchange.attachments]
        root.inputs({"question": exchange.question, **({"attachments": names} if names else {})})
        turn = Turn(
            session=self.session.name,
            number=self._next,
            partner=self.partner.name,
            question=exchange.question,
            attachments=tuple(one.as_json() for one in exchange.attachments),
            system=exchange.system,
            given=dict(exchange.given),
            shape=self.partner.shape,
            trace_id=root.trace.trace_id,
            start_ns=time.time_ns(),
        )
        if not self._stored:  # a session without a question is not worth a row
            self.session = replace(self.session, title=title_of(exchange.question))
            save_session(self._store, self.session)
            self._stored = True
        add_turn(self._store, turn, withdraw=withdraw)
        self._next += 1
        return turn

    async def _answered(self, exchange: Exchange, root: ActiveSpan, turn: Turn, hear: Emit) -> Turn:
        self.remark = None
        answer = await self.partner.answer(exchange, hear)
        self.remark = answer.remark
        root.outputs(answer.outputs or {"answer": answer.text})
        return replace(turn, status=TurnStatus.ANSWERED, answer=answer.text, outputs=answer.outputs)

    def _last(self) -> Turn:
        if not self.turns:
            raise InputError("Nothing has been asked yet.", hint="Write a question first.")
        return self.turns[-1]


def begin_session(
    store: Store,
    partner: Partner,
    *,
    system: str | None = None,
    given: JsonObject | None = None,
) -> Conversation:
    """A new conversation, stored with its first question; raises InputError.

    ``given`` are parameters of a model, or inputs of a flow beside question and history.
    """
    now = time.time_ns()
    session = Session(
        name=new_session_name(partner.title.rpartition("/")[2]),
        kind=partner.kind,
        partner=partner.name,
        system=system or None,
        given=given or {},
        created_ns=now,
        updated_ns=now,
    )
    partner.check(_exchange(session, "", (), ()))
    return Conversation(store, partner, session)


def continue_session(
    store: Store,
    partner: Partner,
    session: Session,
    *,
    system: str | None = None,
    given: JsonObject | None = None,
) -> Conversation:
    """Go on with a session that is stored; what is left out stays as it was. Raises InputError."""
    conversation = Conversation(store, partner, session, session_turns(store, session.name))
    conversation.configure(partner=partner, system=system, given=given)
    return conversation


def _exchange(
    session: Session, question: str, attachments: Sequence[Attachment], history: Sequence[Turn]
) -> Exchange:
    return Exchange(
        question=question,
        attachments=attachments,
        history=history,
        system=session.system,
        given=session.given,
    )


def _spent(turn: Turn, root: ActiveSpan) -> Turn:
    trace = root.trace
    assert trace is not None
    usage = trace.usage
    return replace(
        turn,
        end_ns=time.time_ns(),
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost=None if trace.unpriced else trace.cost,
    )
