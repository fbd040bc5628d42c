"""Limits: how much a connection may be used, as a person says."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from flowgrade.errors import InputError
from flowgrade.records import Json, Record, fields_of, shallow


class ConnectionLimits(Record):
    """At most so much, for each model and key of a connection; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    """Calls under way at once."""

    @property
    def parts(self) -> int | None:
        """Into how many parts the limits can be divided so that each can make calls."""
        found = [n for n in (self.requests_per_minute, self.concurrency) if n is not None]
        return min(found, default=None)

    def part(self, index: int, count: int) -> ConnectionLimits:
        """The part of worker ``index`` of so many. All parts together are the whole."""
        return ConnectionLimits(
            **{name: _part(value, index, count) for name, value in shallow(self).items()}
        )


def read_limits(written: Mapping[str, Json]) -> ConnectionLimits | None:
    """The limits of a connection's file; raises InputError for what cannot be one."""
    known = fields_of(ConnectionLimits)
    for name, value in written.items():
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            raise InputError(
                f"There is no limit '{name}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known)}.",
            )
        if value is not None and (type(value) is not int or value < 1):
            raise InputError(
                f"The limit '{name}' is {value!r}.",
                hint="Write a whole number from 1 on, or null for no limit.",
            )
    limits = ConnectionLimits(**written)
    return None if limits == ConnectionLimits() else limits


def _part(whole: int | None, index: int, count: int) -> int | None:
    if whole is None:
        return None
    share, rest = divmod(whole, count)
    return max(1, share + (index < rest))
