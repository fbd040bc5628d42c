"""Outputs that come piece by piece: generators of users' code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from flowgrade.records import dumps_any

Emit = Callable[[str], None]
"""Takes each piece of text as it comes."""


def is_stream(value: object) -> bool:
    """Whether a value is a generator, sync or async, that nobody has read yet."""
    return isinstance(value, _STREAMS)


class Pieces:
    """Hands pieces on and remembers whether there were any."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._any = False

    def __call__(self, text: str) -> None:
        """Hand one piece on."""
        self._any = True
        self._emit(text)

    def rest(self, output: object) -> None:
        """Hand on the whole output, if it did not come in pieces."""
        if not self._any and output is not None:
            self._emit(output if isinstance(output, str) else dumps_any(output))


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


_STREAMS = (GeneratorType, AsyncGeneratorType, Replay)


def join(value: object, emit: Emit | None = None) -> object:
    """The text of a sync generator; any other value as it is."""
    if isinstance(value, (GeneratorType, Replay)):
        return "".join(_sent(str(piece), emit) for piece in value)
    return value


async def ajoin(value: object, emit: Emit | None = None) -> object:
    """The text of a generator of either kind; any other value as it is."""
    if isinstance(value, AsyncGeneratorType):
        return await collect((str(piece) async for piece in value), emit)
    return join(value, emit)


async def collect(pieces: AsyncIterator[str], emit: Emit | None) -> str:
    """Join what comes, handing each piece on."""
    return "".join([_sent(piece, emit) async for piece in pieces])


def _sent(piece: str, emit: Emit | None) -> str:
    if emit is not None:
        emit(piece)
    return piece
