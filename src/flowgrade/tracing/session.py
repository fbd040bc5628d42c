"""Session: a conversation with a model or a flow, and its turns."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from enum import StrEnum

from flowgrade.records import Failure, JsonObject, Record, field

_TITLE = 80  # characters


class SessionKind(StrEnum):
    """Who answers in a session."""

    MODEL = "model"
    FLOW = "flow"


class TurnStatus(StrEnum):
    """What became of a turn."""

    ASKED = "asked"
    """No answer yet; none will come when the process that asked is gone."""
    ANSWERED = "answered"
    STOPPED = "stopped"
    """Stopped by whoever asked; the answer is what had come until then."""
    FAILED = "failed"


class Shape(Record):
    """How a turn looks as a row of a dataset: the names that its partner has for things."""

    question: str = "question"
    """The input that takes what is asked."""
    history: str | None = "chat_history"
    """The input that takes the turns before; None where the partner takes none."""
    messages: bool = False
    """Whether the history is a list of messages (``role``, ``content``), else one of turns
    (``inputs``, ``outputs``)."""
    answer: str = "answer"
    """The output that answers."""


class Turn(Record):
    """A question and what came of it. Times are nanoseconds since the Unix epoch."""

    session: str
    number: int
    """Its place, from 0; turns that were withdrawn keep theirs."""
    partner: str
    status: TurnStatus = TurnStatus.ASKED
    question: str
    attachments: tuple[JsonObject, ...] = ()
    system: str | None = None
    given: JsonObject = field(default_factory=dict)
    """Parameters of the model, or the flow's inputs beside question and history."""
    shape: Shape = field(default_factory=Shape)
    answer: str | None = None
    outputs: JsonObject | None = None
    """All outputs of a flow; None of a model."""
    error: Failure | None = None
    trace_id: str
    start_ns: int
    end_ns: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    """US dollars; None when no price is known."""

    @property
    def seconds(self) -> float | None:
        """From the question to the end of the answer."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e9

    @property
    def tokens(self) -> int | None:
        """Input plus output tokens; None when neither is known."""
        return sum_known([self.input_tokens, self.output_tokens])

    def as_json(self) -> JsonObject:
        """The turn as ``sessions show --json`` gives it; what is attached, by name only."""
        return {
            "turn": self.number,
            "status": self.status,
            "partner": self.partner,
            "question": self.question,
            "attachments": [attached["name"] for attached in self.attachments],
            "answer": self.answer,
            "outputs": self.outputs,
            "error": self.error,
            "system": self.system,
            "given": self.given,
            "trace_id": self.trace_id,
            "seconds": self.seconds,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tokens": self.tokens,
            "cost": self.cost,
        }


class Session(Record):
    """A conversation as it stands."""

    name: str
    title: str = ""
    """The beginning of its first question."""
    kind: SessionKind
    partner: str
    """The model's name, or where the flow is."""
    system: str | None = None
    given: JsonObject = field(default_factory=dict)
    created_ns: int
    updated_ns: int
    turns: int = 0
    """How many it has, without those that were withdrawn."""
    tokens: int | None = None
    """Of all turns, the withdrawn ones too."""
    cost: float | None = None
    """US dollars of all turns; None when the price of one is not known."""

    def as_json(self) -> JsonObject:
        """The session as ``sessions list --json`` gives it."""
        return {
            "session": self.name,
            "title": self.title,
            "kind": self.kind,
            "partner": self.partner,
            "system": self.system,
            "given": self.given,
            "created": _iso(self.created_ns),
            "updated": _iso(self.updated_ns),
            "turns": self.turns,
            "tokens": self.tokens,
            "cost": self.cost,
        }


def new_session_name(partner: str, now: datetime | None = None) -> str:
    """A name for a session with ``partner``: its name, the time, and four digits for twins."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", partner).strip("-._")[:60] or "chat"
    when = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    return f"{stem}-{when}-{secrets.token_hex(2)}"


def title_of(question: str) -> str:
    """A question on one line, cut where it is long."""
    text = " ".join(question.split())
    return text if len(text) <= _TITLE else text[: _TITLE - 1] + "…"


def sum_known(counts: list[int | None]) -> int | None:
    """The sum of the counts that are known; None when none is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _iso(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds")
