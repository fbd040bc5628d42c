"""The worker's side of the rows: those that came and wait to be done, those that are done."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task

_ROOM = 12 * 1024 * 1024  # characters that may wait to be sent


class Inbox:
    """A source that is fed from another thread."""

    def __init__(self) -> None:
        self._rows: deque[Task] = deque()
        self._changed = threading.Condition()
        self._turns: deque[asyncio.Future[None]] = deque()
        self._waiting = 0
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._ended and not self._rows

    @property
    def hungry(self) -> bool:
        """Whether a lane waits for a row."""
        return self._waiting > 0

    @property
    def empty(self) -> bool:
        """Whether no row waits to be done."""
        return not self._rows

    def feed(self, rows: list[Task]) -> None:
        """Rows have come."""
        with self._changed:
            self._rows.extend(rows)
            self._changed.notify(len(rows))
            turns = [self._turns.popleft() for _ in range(min(len(rows), len(self._turns)))]
        _call(turns)

    def end(self) -> None:
        """No more rows will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            turns = list(self._turns)
            self._turns.clear()
        _call(turns)

    def empty_out(self) -> list[int]:
        """Drop the rows that are not begun; gives their numbers."""
        with self._changed:
            dropped = [row.number for row in self._rows]
            self._rows.clear()
        return dropped

    def stop(self) -> None:
        """Hand out nothing more."""
        self.end()

    def take(self) -> Task | None:
        """The next row, waited for in this thread; None at the end."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._rows or self._ended)
            finally:
                self._waiting -= 1
            return self._rows.popleft() if self._rows else None

    async def next(self) -> Task | None:
        """The next row; None at the end."""
        while True:
            with self._changed:
                if self._rows:
                    return self._rows.popleft()
                if self._ended:
                    return None
                turn = asyncio.get_running_loop().create_future()
                self._turns.append(turn)
            await turn


class Outbox:
    """A sink that is emptied from another thread."""

    def __init__(self) -> None:
        self._rows: list[FinishedRow] = []
        self._dropped: list[int] = []
        self._lanes = 0
        self._news = False
        self._size = 0
        self._changed = threading.Condition()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether more rows should wait before they begin."""
        return self._size > _ROOM

    def put(self, row: FinishedRow) -> None:
        """Hand over one row."""
        size = sum(len(value) for value in row if isinstance(value, str))
        size += sum(len(span.data) for span in row.spans)
        with self._changed:
            self._rows.append(row)
            self._size += size
            self._tell()

    def drop(self, numbers: list[int]) -> None:
        """Say that these rows will not be done."""
        with self._changed:
            self._dropped += numbers
            self._tell()

    def lanes(self, count: int) -> None:
        """Say how many rows can be under way at once."""
        if count != self._lanes:
            with self._changed:
                self._lanes = count
                self._tell()

    def close(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for_room(self) -> None:
        """Block while too much waits to be sent."""
        with self._changed:
            self._changed.wait_for(lambda: not self.full)

    def collect(self, timeout: float | None = None) -> dict[str, object] | None:
        """What there is to tell, waited for; None once nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._closed, timeout=timeout)
            if self._closed and not self._news:
                return None
            message = {
                "done": [row.as_json() for row in self._rows],
                "dropped": self._dropped,
                "lanes": self._lanes,
            }
            self._rows, self._dropped, self._news, self._size = [], [], False, 0
            self._changed.notify_all()
            return message

    def _tell(self) -> None:
        self._news = True
        self._changed.notify_all()


def _call(turns: list[asyncio.Future[None]]) -> None:
    for turn in turns:
        turn.get_loop().call_soon_threadsafe(_set, turn)


def _set(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
