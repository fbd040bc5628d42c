"""The form that an agent's answer must have: any text, or JSON by a schema."""

from __future__ import annotations

from typing import Any

from flowgrade.errors import FlowDefinitionError, FlowOutputError
from flowgrade.flows.agents.building import build
from flowgrade.flows.agents.schema import Schemas
from flowgrade.flows.agents.validation import Validator
from flowgrade.records import Json, JsonObject, loads


class AnswerForm:
    """Reads answers."""

    def __init__(self, wanted: type | JsonObject | None) -> None:
        self._kind = wanted if not isinstance(wanted, dict) else None
        self.schema = _schema(wanted)
        self._validator = (
            Validator(self.schema, what="The output schema's rules") if self.schema else None
        )

    @property
    def parameters(self) -> JsonObject:
        """What asks the model for this form."""
        if self.schema is None:
            return {}
        form = {"name": "answer", "schema": self.schema}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def check(self) -> None:
        """Raise FlowDefinitionError when the schema is no JSON Schema."""
        if self._validator is not None:
            self._validator.check_schema()

    def read(self, text: str) -> tuple[str | None, Any]:
        """What is wrong with an answer, or None; and its value."""
        if self._validator is None:
            return None, text
        try:
            value: Json = loads(text)
        except ValueError as error:
            return f"it is no JSON: {error}", None
        if found := self._validator.complaints(value):
            return "; ".join(found), None
        if self._kind is None:
            return None, value
        try:
            return None, build(value, self._kind)
        except (TypeError, ValueError) as error:
            return str(error), None

    def refusal(self, complaint: str, *, cut: bool) -> FlowOutputError:
        """The error for an answer that does not fit; ``cut`` when it was cut off."""
        return FlowOutputError(
            f"The agent's answer does not fit its output schema: {complaint}.",
            hint="It was cut off: raise max_tokens."
            if cut
            else "Simplify the schema, describe its fields, or use a stronger model.",
        )

    def request(self, complaint: str) -> str:
        """What the model is told of an answer that does not fit."""
        return (
            f"Your answer does not fit the JSON schema: {complaint}. "
            "Give the whole answer again, as JSON that fits, and nothing else."
        )


def _schema(wanted: type | JsonObject | None) -> JsonObject | None:
    if wanted is None or wanted is str:
        return None
    if isinstance(wanted, dict):
        return wanted
    schemas = Schemas()
    try:
        schema = schemas.of(wanted)
    except TypeError as error:
        raise FlowDefinitionError(
            f"The output type of the agent cannot be asked of a model: {error}.",
            hint="Give a dataclass, a TypedDict or a JSON schema.",
        ) from error
    if set(schema) == {"$ref"}:  # models want an object at the top
        schema = schemas.definitions[schema["$ref"].removeprefix("#/$defs/")]
    return {**schema, "$defs": schemas.definitions} if schemas.definitions else schema
