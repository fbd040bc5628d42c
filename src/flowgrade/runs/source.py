"""The rows that a run still has to do, handed out one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from flowgrade.errors import FlowgradeError


class Task(NamedTuple):
    """One row to do."""

    number: int
    inputs: dict[str, Any]


class RowSource:
    """Reads rows as they are asked for, by any thread, and leaves out those that are done."""

    def __init__(
        self,
        rows: Iterator[tuple[int, dict[str, Any]]],
        *,
        done: set[int],
        apply: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        self._rows = rows
        self._done = done
        self._apply = apply
        self._lock = threading.Lock()
        self._ended = False
        self.error: FlowgradeError | None = None
        self.stopped = False
        """Whether it was told to stop."""

    def stop(self) -> None:
        """Hand out nothing more."""
        self.stopped = True
        self._ended = True

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._ended

    @property
    def hungry(self) -> bool:
        """Whether somebody waits for a row; never, since a row is there or there is none."""
        return False

    async def next(self) -> Task | None:
        """What ``take`` gives."""
        return self.take()

    def take(self) -> Task | None:
        """The next row to do; None when there is none. Data that cannot be read ends the source."""
        with self._lock:
            while not self._ended:
                try:
                    number, data = next(self._rows)
                except StopIteration:
                    self._ended = True
                except FlowgradeError as error:
                    self.error = error
                    self._ended = True
                else:
                    if number not in self._done:
                        return Task(number, self._apply(data))
            return None
