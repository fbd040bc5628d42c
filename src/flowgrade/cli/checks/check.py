"""Check: one thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, what was found and what to do about it."""

    check: str
    status: Status
    found: str
    next: str | None = None
