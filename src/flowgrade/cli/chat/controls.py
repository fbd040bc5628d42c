"""Keep text from steering the terminal."""

from __future__ import annotations

import re

# Control characters, which could move the cursor or change the terminal, but for tab and newline.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """``text`` without control characters: what a model writes must not steer the terminal."""
    return _CONTROLS.sub("", text)
