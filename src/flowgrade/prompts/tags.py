"""Find the tags in a template's text, in linear time whatever the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPENING = re.compile(r"\{[#%{]")
_CLOSING = {"{#": "#}", "{%": "%}", "{{": "}}"}
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}\Z")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


class Tag(NamedTuple):
    """``{{ … }}`` or ``{% … %}``, with its place in the text."""

    start: int
    end: int
    text: str

    @property
    def is_output(self) -> bool:
        """Whether it writes a value."""
        return self.text.startswith("{{")


def tags_of(text: str) -> Iterator[Tag]:
    """Every tag that does something, in order; comments and raw blocks do nothing.

    It ends at a tag that is not closed: what follows is no template that can be read.
    """
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        closing = text.find(_CLOSING[opening[0]], opening.end())
        if closing < 0:
            return
        position = closing + 2
        if opening[0] == "{#":
            continue
        tag = Tag(opening.start(), position, text[opening.start() : position])
        if _RAW.match(tag.text) is None:
            yield tag
        elif (end := _END_RAW.search(text, position)) is not None:
            position = end.end()
        else:
            return
