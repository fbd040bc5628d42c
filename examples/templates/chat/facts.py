"""What the assistant knows."""

from functools import cache
from pathlib import Path

from flowgrade import tool


@tool
def facts() -> str:
    """The text of facts.md."""
    return read()


@cache
def read() -> str:
    """The file, read once, with each paragraph on one line."""
    text = (Path(__file__).parent / "facts.md").read_text(encoding="utf-8")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
