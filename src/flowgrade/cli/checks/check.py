"""Check: one thing that was looked at."""

from __future__ import annotations

from typing import Literal

from flowgrade.records import Record

Status = Literal["ok", "warn", "fail"]


class Check(Record):
    """What was looked at, what was found and what to do about it."""

    check: str
    status: Status
    found: str
    next: str | None = None
