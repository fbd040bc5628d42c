"""Outputs that come piece by piece: generators of users' code."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

Emit = Callable[[str], None]
"""Takes each piece of text as it comes."""


def is_stream(value: object) -> bool:
    """Whether a value is a generator, sync or async, that nobody has read yet."""
    return inspect.isgenerator(value) or inspect.isasyncgen(value) or isinstance(value, Replay)


class Replay:
    """A generator whose pieces are kept, so that a later node and the output can both read it."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._pieces: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        """The pieces from the first, read from the source as needed."""
        position = 0
        while True:
            while position < len(self._pieces):
                yield self._pieces[position]
                position += 1
            try:
                self._pieces.append(next(self._source))
            except StopIteration:
                return

    def __flowgrade_json__(self) -> str:
        """What was read so far, for traces."""
        return "".join(map(str, self._pieces))


def join(value: object, emit: Emit | None = None) -> object:
    """The text of a sync generator; any other value as it is."""
    if inspect.isgenerator(value) or isinstance(value, Replay):
        return "".join(_sent(str(piece), emit) for piece in value)
    return value


async def ajoin(value: object, emit: Emit | None = None) -> object:
    """The text of a generator of either kind; any other value as it is."""
    if inspect.isasyncgen(value):
        return await collect((str(piece) async for piece in value), emit)
    return join(value, emit)


async def collect(pieces: AsyncIterator[str], emit: Emit | None) -> str:
    """Join what comes, handing each piece on."""
    return "".join([_sent(piece, emit) async for piece in pieces])


def _sent(piece: str, emit: Emit | None) -> str:
    if emit is not None:
        emit(piece)
    return piece
