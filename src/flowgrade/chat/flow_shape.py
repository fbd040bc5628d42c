"""Find out which inputs and which output of a flow a conversation uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowgrade.errors import InputError
from flowgrade.flows import Flow, InputSpec
from flowgrade.tracing import Shape

_QUESTIONS = ("question", "query", "chat_input", "message", "input", "text", "prompt", "topic")
_ANSWERS = ("answer", "reply", "response", "output", "result", "text")


def find_shape(flow: Flow, given: Sequence[str] = ()) -> Shape:
    """How to talk to ``flow``, where ``given`` inputs have a fixed value.

    The question goes to the input marked ``is_chat_input``, else to the only one that it can be.
    Raises InputError when that is not clear.
    """
    history = _history(flow)
    question = _question(flow, given, history)
    # Prompt flow gives a flow of nodes inputs and outputs, the others messages.
    return Shape(
        question=question,
        history=history,
        messages=flow.kind != "dag",
        answer=_answer(flow),
    )


def pick_answer(outputs: Mapping[str, Any], name: str) -> Any:
    """The output that answers. A flow whose outputs are not declared may have any."""
    if name in outputs:
        return outputs[name]
    near = next((known for known in _ANSWERS if known in outputs), None)
    if near is not None:
        return outputs[near]
    texts = [value for value in outputs.values() if isinstance(value, str)]
    return texts[0] if texts else outputs


def _history(flow: Flow) -> str | None:
    return next((spec.name for spec in flow.inputs if spec.is_chat_history), None) or next(
        (s.name for s in flow.inputs if s.name == "chat_history" and flow.kind in _CODE), None
    )


_CODE = ("flex", "function")


def _question(flow: Flow, given: Sequence[str], history: str | None) -> str:
    marked = [spec.name for spec in flow.inputs if spec.is_chat_input]
    if marked:
        return marked[0]
    free = [s for s in flow.inputs if s.name != history and s.name not in given and _takes_text(s)]
    required = [spec for spec in free if spec.required]
    for candidates in (required, free):
        if len(candidates) == 1:
            return candidates[0].name
        known = [name for name in _QUESTIONS if name in [spec.name for spec in candidates]]
        if known:
            return known[0]
    if not flow.inputs and flow.body.takes_more:
        return _QUESTIONS[0]
    names = ", ".join(spec.name for spec in free)
    raise InputError(
        f"It is not clear which input of the flow '{flow.name}' takes the question"
        + (f": {names}." if names else ": none takes a text."),
        hint="Mark it in the flow with is_chat_input: true, or give the others with -i NAME=VALUE.",
    )


def _takes_text(spec: InputSpec) -> bool:
    return spec.type in ("string", "object", "list")


def _answer(flow: Flow) -> str:
    names = flow.body.outputs
    if flow.body.chat_output is not None:
        return flow.body.chat_output
    if len(names) == 1:
        return names[0]
    known = [name for name in _ANSWERS if name in names]
    return known[0] if known else (flow.body.streamed or "output")
