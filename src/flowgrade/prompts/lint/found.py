"""What a rule says before it is known which rule it was."""

from __future__ import annotations

from typing import NamedTuple

from flowgrade.errors import Place


class Found(NamedTuple):
    """A place, what is wrong there, and what to do."""

    place: Place
    message: str
    fix: str
