"""How an answer appears: as it comes, and on a terminal as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from flowgrade.cli.chat.controls import visible


class View(Protocol):
    """Shows an answer piece by piece."""

    def add(self, piece: str) -> None:
        """Show the next piece of it."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Draw nothing for the block, in which something else is printed or asked."""
        ...


class _Plain:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._clean = out.isatty()
        self.last = "\n"

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()

    def add(self, piece: str) -> None:
        text = visible(piece) if self._clean else piece
        if text:
            self.last = text
            self._out.write(text)
            self._out.flush()


@contextmanager
def answer_view(out: TextIO, *, plain: bool) -> Iterator[View]:
    """A view of one answer; on a terminal it is formatted, unless ``plain``."""
    if out.isatty() and not plain:
        from flowgrade.cli.chat.markdown import MarkdownView  # noqa: PLC0415  rich costs 150 ms

        with MarkdownView(out) as view:
            yield view
        return
    view_ = _Plain(out)
    try:
        yield view_
    finally:
        if not view_.last.endswith("\n"):
            out.write("\n")
            out.flush()
