"""Partner: who answers in a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from flowgrade.chat.attachment import Attachment
from flowgrade.records import Json, JsonObject, Record, field
from flowgrade.tracing import SessionKind, Shape, Turn

Emit = Callable[[str], None]
"""Takes each piece of an answer as it comes."""


class Exchange(Record):
    """What a partner is to answer."""

    question: str
    attachments: Sequence[Attachment] = ()
    history: Sequence[Turn] = ()
    """The turns before that have an answer."""
    system: str | None = None
    given: Mapping[str, Json] = field(default_factory=dict)
    """Parameters of a model, or inputs of a flow."""


class Answer(Record):
    """What a partner answered."""

    text: str
    outputs: JsonObject | None = None
    """All outputs of a flow."""
    remark: str | None = None
    """What whoever asked should know about the answer, such as that it was cut off."""


@runtime_checkable
class Partner(Protocol):
    """Somebody to talk to: a model or a flow."""

    @property
    def kind(self) -> SessionKind:
        """Whether it is a model or a flow."""
        ...

    @property
    def name(self) -> str:
        """What opens it again: the model's name, or where the flow is."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def shape(self) -> Shape:
        """The names that it has for question, history and answer."""
        ...

    def check(self, exchange: Exchange) -> None:
        """Raise InputError for what it cannot take, before it is asked."""
        ...

    async def answer(self, exchange: Exchange, emit: Emit) -> Answer:
        """Answer; pieces of the text go to ``emit`` as they come, where they come so."""
        ...
