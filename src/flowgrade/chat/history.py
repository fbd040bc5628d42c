"""The turns of a conversation as a model and as a flow read them."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.chat.attachment import Attachment, with_texts
from flowgrade.records import Json, JsonObject
from flowgrade.tracing import Shape, Turn, TurnStatus


def attached(turn: Turn) -> list[Attachment]:
    """What went with a turn."""
    return [Attachment(**found) for found in turn.attachments]


def heard(turns: Sequence[Turn]) -> list[Turn]:
    """The turns that later ones build upon: those with an answer, also a stopped one."""
    good = (TurnStatus.ANSWERED, TurnStatus.STOPPED)
    return [turn for turn in turns if turn.status in good and turn.answer]


def user_message(question: str, attachments: Sequence[Attachment]) -> JsonObject:
    """What a user says, in the shape of a chat message."""
    text = with_texts(question, attachments)
    images = [one.part() for one in attachments if one.is_image]
    if not images:
        return {"role": "user", "content": text}
    return {"role": "user", "content": [{"type": "text", "text": text}, *images]}


def messages_of(turns: Sequence[Turn]) -> list[JsonObject]:
    """The turns as chat messages, two of each."""
    messages: list[JsonObject] = []
    for turn in heard(turns):
        messages.append(user_message(turn.question, attached(turn)))
        messages.append({"role": "assistant", "content": turn.answer})
    return messages


def history_of(turns: Sequence[Turn], shape: Shape) -> list[JsonObject]:
    """The turns as an input of a flow: as messages, or as prompt flow's inputs and outputs."""
    if shape.messages:
        return messages_of(turns)
    return [
        {
            "inputs": {shape.question: asked(turn.question, attached(turn))},
            "outputs": _outputs(turn, shape),
        }
        for turn in heard(turns)
    ]


def asked(question: str, attachments: Sequence[Attachment]) -> Json:
    """A question as a flow takes it: text, or with images a list in prompt flow's shape."""
    text = with_texts(question, attachments)
    images = [{f"data:{a.media_type};base64": a.data} for a in attachments if a.is_image]
    return [text, *images] if images else text


def _outputs(turn: Turn, shape: Shape) -> JsonObject:
    outputs = turn.outputs or {}
    return outputs if shape.answer in outputs else {shape.answer: turn.answer}
