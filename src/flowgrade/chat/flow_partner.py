"""Talk to a flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowgrade.chat.attachment import Attachment
from flowgrade.chat.flow_shape import find_shape, pick_answer
from flowgrade.chat.history import asked, history_of
from flowgrade.chat.partner import Answer, Emit, Exchange
from flowgrade.errors import InputError
from flowgrade.flows import Flow
from flowgrade.records import Json, dumps_any, loads
from flowgrade.tracing import RecordedSpan, SessionKind


class FlowPartner:
    """A flow: the question goes to one input, the turns before to another."""

    kind = SessionKind.FLOW

    def __init__(self, flow: Flow, *, given: Sequence[str] = ()) -> None:
        self.flow = flow
        self.name = flow.source
        self.title = flow.name
        self.shape = find_shape(flow, given)

    def typed(self, name: str, text: str) -> Json:
        """What was typed for an input: JSON where the flow declares another type than text."""
        types = {spec.name: spec.type for spec in self.flow.inputs}
        if types.get(name, "string") == "string":
            return text
        try:
            return loads(text)
        except ValueError:
            return text  # the flow says what is wrong with it

    def check(self, exchange: Exchange) -> None:
        """Raise InputError for inputs that the flow lacks, and for images it cannot take."""
        if exchange.system:
            raise InputError(
                "A flow has its own prompts and takes no system prompt.",
                hint="Edit the flow's prompt, or chat with a model.",
            )
        for name in (self.shape.question, self.shape.history):
            if name in exchange.given:
                raise InputError(f"'{name}' comes from the conversation.", hint="Leave it out.")
        self.flow.check_names(exchange.given)
        self._check_images(exchange.attachments)
        missing = [name for name in self.flow.required if name not in self._inputs(exchange)]
        if missing:
            raise InputError(
                f"The flow '{self.flow.name}' needs the input '{missing[0]}'.",
                hint=f"Give it: -i {missing[0]}=VALUE; in the chat, /set {missing[0]}=VALUE",
            )

    async def answer(self, exchange: Exchange, emit: Emit) -> Answer:
        """Call the flow once; raises what it raises."""
        streamed = self.flow.body.streamed == self.shape.answer
        self.flow.body.prepare()
        execution = await self.flow.aexecute(
            self._inputs(exchange), sink=_into_the_turn, emit=emit if streamed else None, join=True
        )
        if execution.error is not None:
            raise execution.error
        outputs = execution.outputs or {}
        found = pick_answer(outputs, self.shape.answer)
        return Answer(text=found if isinstance(found, str) else dumps_any(found), outputs=outputs)

    def _inputs(self, exchange: Exchange) -> dict[str, Any]:
        inputs = dict(exchange.given)
        inputs[self.shape.question] = asked(exchange.question, exchange.attachments)
        if self.shape.history is not None:
            inputs[self.shape.history] = history_of(exchange.history, self.shape)
        return inputs

    def _check_images(self, attachments: Sequence[Attachment]) -> None:
        types = {spec.name: spec.type for spec in self.flow.inputs}
        images = [one.name for one in attachments if one.is_image]
        if images and types.get(self.shape.question) == "string":
            raise InputError(
                f"The flow '{self.flow.name}' takes no images: its input "
                f"'{self.shape.question}' is a string.",
                hint=f"Leave {images[0]} out, or declare that input as a list.",
            )


def _into_the_turn(spans: list[RecordedSpan]) -> None:
    """Nothing to do: the flow is a step of the turn's trace, which has its spans already."""
