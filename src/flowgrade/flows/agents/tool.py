"""Tools as a model sees them, and the protocol of where they come from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol, runtime_checkable

from msgspec.structs import force_setattr

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows.agents.validation import Validator
from flowgrade.flows.step import Workshop
from flowgrade.models import Models
from flowgrade.prompts import Image
from flowgrade.records import Json, JsonObject, Record, field, replace

TOOL_SOURCES = "flowgrade.tools"
"""Entry-point group of the sources of tools; a name is the key in an agent's ``tools``."""

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")


class AgentTool(Record, hide=("call", "validator")):
    """Something that a model may call."""

    name: str
    """At most 64 letters, digits, ``_`` and ``-``: what all models accept."""
    description: str
    parameters: JsonObject
    """JSON Schema of its arguments, an object."""
    call: Callable[[JsonObject], Awaitable[Any]]
    """Does the work with arguments that fit the schema. What it returns goes to the model: a
    ``ToolOutput``, a text, or any value as JSON. What it raises goes there as an error."""
    confirm: bool = False
    """Whether a person has to agree to each call."""
    timeout: float | None = None
    """Seconds that a call may take; the agent's limit if None."""
    origin: str = "function"
    """Where it comes from, such as ``mcp``; ``gen_ai.tool.type`` of its spans."""
    validator: Validator = field(default=None)  # type: ignore[assignment]
    """Checks arguments against ``parameters``; made from them when it is not given."""

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise FlowDefinitionError(
                f"'{self.name}' cannot be the name of a tool.",
                hint="Models accept at most 64 letters, digits, '_' and '-'.",
            )
        if self.validator is None:
            what = f"The parameters of the tool '{self.name}'"
            force_setattr(self, "validator", Validator(self.parameters, what=what))

    @property
    def definition(self) -> JsonObject:
        """The tool in the words of OpenAI's chat protocol."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": self.parameters,
            },
        }


class ToolOutput(Record):
    """What a tool gives back when it is more than one value."""

    text: str
    images: tuple[Image, ...] = ()


class ToolContext(Record):
    """What a set of tools may use when an agent begins."""

    models: Models
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The inputs of the agent's node."""


@runtime_checkable
class ToolSet(Protocol):
    """Tools that belong together: those of a file, of a server, of a document."""

    def check(self, models: Models) -> None:
        """Find out, without a call, what would fail every row; raises FlowgradeError."""
        ...

    async def tools(self, context: ToolContext) -> Sequence[AgentTool]:
        """The tools, each time an agent begins; raises FlowgradeError when there are none."""
        ...


@runtime_checkable
class ToolSource(Protocol):
    """Opens sets of tools of one kind. Plugins: entry-point group ``flowgrade.tools``.

    ``flowgrade.testing.tools`` has a conformance kit for it.
    """

    def open(self, definition: Json, workshop: Workshop, place: Place | None) -> ToolSet:
        """The set that ``{<name>: definition}`` in an agent's ``tools`` stands for.

        Reads files, calls nobody. Raises FlowDefinitionError with ``place`` when the definition
        is wrong.
        """
        ...


def chosen(
    tools: Sequence[AgentTool],
    *,
    allow: Sequence[str] | None,
    confirm: Sequence[str] | bool,
    timeout: float | None,
    origin: str,
) -> list[AgentTool]:
    """The tools that are allowed, with what was said of them; ``allow`` None allows all.

    Raises FlowDefinitionError for a name that ``origin`` does not have.
    """
    names = [tool.name for tool in tools]
    asked = confirm if not isinstance(confirm, bool) else ()
    for name in (*(allow or ()), *asked):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            raise FlowDefinitionError(
                f"{origin} has no tool '{name}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(names)}.",
            )
    return [
        replace(
            tool,
            confirm=tool.confirm or confirm is True or tool.name in asked,
            timeout=timeout if timeout is not None else tool.timeout,
        )
        for tool in tools
        if allow is None or tool.name in allow
    ]
