"""Prompt flow's types for parameters and values."""

from __future__ import annotations

from typing import Any

from flowgrade.prompts import Image as OwnImage

Image = OwnImage


class Secret(str):
    """A text that is not shown. It is an ordinary string otherwise."""

    __slots__ = ()

    def set_secret_name(self, name: str) -> None:
        """Accepted for prompt flow's sake; nothing depends on the name."""

    def __repr__(self) -> str:
        return "'******'"

    def __flowgrade_json__(self) -> str:
        """How a trace shows it."""
        return "******"


class PromptTemplate(str):
    """The text of a template, for tools that render it themselves."""

    __slots__ = ()


class FilePath(str):
    """The path of a file in the flow's folder."""

    __slots__ = ()


class Text(str):
    """A text among the parts of a message."""

    __slots__ = ()

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Text:
        """From a message part."""
        return cls(data.get("text", ""))


class ChatInputList(list[Any]):
    """A list that a chat template writes an item a line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))


class AssistantDefinition:
    """Model, instructions and tools of an assistant, read from YAML."""

    def __init__(
        self, model: str = "", instructions: str = "", tools: list[dict[str, Any]] | None = None
    ) -> None:
        self.model = model
        self.instructions = instructions
        self.tools = tools or []

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> AssistantDefinition:
        """From the mapping in a YAML file."""
        return cls(
            model=data.get("model", ""),
            instructions=data.get("instructions", ""),
            tools=data.get("tools", []),
        )

    def serialize(self) -> dict[str, Any]:
        """As the mapping that YAML would hold."""
        return {"model": self.model, "instructions": self.instructions, "tools": self.tools}
