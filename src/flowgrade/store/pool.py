"""Idle connections: each transaction takes one for itself and gives it back.

So a transaction that rests inside a generator does not stand in the way of the next one, threads
that end leave no connection behind, and a program with many threads has few connections.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from flowgrade.errors import StoreError

_IDLE = 8  # connections kept for the next transaction

# What a forked child got from its parent. It may neither use nor close that: the other end, or
# the locks, are the parent's. Held here, so that it is not collected, which would close it.
_inherited: list[Any] = []


class Connection(Protocol):
    """What the pool knows of a connection."""

    def close(self) -> object:
        """Close it; closing it again does nothing."""
        ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """The connections of one store; safe to use from any thread and after a fork."""

    def __init__(self, connect: Callable[[], C], *, place: str) -> None:
        self._connect = connect
        self._place = place
        self._idle: list[C] = []
        self._guard = threading.Lock()
        self._closed = False
        self._process = os.getpid()
        # The last connection to a SQLite file tidies up behind itself as it closes, so the end of
        # the process must not leave that to the operating system.
        weakref.finalize(self, _close_all, self._idle, self._process)

    def take(self) -> C:
        """A connection for the caller alone; raises StoreError after ``close``."""
        self._leave_parent()
        with self._guard:
            if self._closed:
                raise StoreError(f"The store {self._place} is closed.", hint="Open it again.")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def give_back(self, connection: C) -> None:
        """Keep a connection without an open transaction for the next caller."""
        with self._guard:
            if not self._closed and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections now, and those in use when they are given back."""
        self._leave_parent()
        with self._guard:
            self._closed = True
            idle = self._idle.copy()
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _leave_parent(self) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._guard = threading.Lock()  # the parent may have held it
            _inherited.extend(self._idle)
            self._idle = []


def _close_all(idle: list[Any], process: int) -> None:
    if process == os.getpid():
        for connection in idle:
            connection.close()
