"""Markdown that is still being written: finished blocks are printed, the last one is redrawn."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Heading, Markdown
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from flowgrade.cli.chat.controls import visible

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIST = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])[ \t]")
_MARKED = re.compile(r" {0,3}([-*+#>|]|\d{1,9}[.)][ \t])| {4}|\t")
_CODE = re.compile(r"(`+[^`]*`+)")
_TICKS = 12  # redraws a second


class MarkdownView:
    """Shows an answer on a terminal as it comes."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False)
        self._lock = threading.Lock()  # pieces may come from a flow's thread
        self._open = ""
        self._printed = False
        self._live = Live(
            Spinner("dots", style="dim"),
            console=self._console,
            refresh_per_second=_TICKS,
            transient=True,
        )

    def __enter__(self) -> MarkdownView:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._live.update(Text(""))
            self._live.stop()
            self._print(self._open)

    def add(self, piece: str) -> None:
        """Show the next piece."""
        with self._lock:
            done, self._open = split_blocks(self._open + visible(piece))
            for block in done:
                self._print(block)
            if self._open.strip():
                rows = max(self._console.height - 2, 1)
                self._live.update(_Block(self._open, rows=rows))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the drawing away for the block."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _print(self, block: str) -> None:
        if not block.strip():
            return
        if self._printed:
            self._console.print()
        self._console.print(_Block(block), end="")
        self._printed = True


class _Block:
    """A block without blank lines around it; only its last lines when ``rows`` are few."""

    def __init__(self, block: str, *, rows: int | None = None) -> None:
        self._block = block
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(drawn(self._block), options, pad=False)
        while lines and not _has_text(lines[-1]):
            lines.pop()
        while lines and not _has_text(lines[0]):
            lines.pop(0)
        for line in lines if self._rows is None else lines[-self._rows :]:
            yield from _trimmed(line)
            yield Segment.line()


def _trimmed(line: list[Segment]) -> list[Segment]:
    """A line without blanks at its end, which would be in the way of who copies it."""
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        last = kept.pop()
        kept.append(Segment(last.text.rstrip(), last.style))
    return kept


def _has_text(line: list[Segment]) -> bool:
    return any(segment.text.strip() for segment in line)


class _LeftHeading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        self.text.style = "bold"
        yield self.text


class _Markdown(Markdown):
    elements = {**Markdown.elements, "heading_open": _LeftHeading}


def drawn(block: str) -> Markdown:
    """A block as rich draws it, its line ends kept and its angle brackets shown."""
    return _Markdown("\n".join(_lines(block)), code_theme="ansi_dark")


def split_blocks(text: str) -> tuple[list[str], str]:
    """The blocks that are finished, and the one that may go on.

    A block ends at a blank line outside of a fence; not within a list, whose items may have some.
    """
    done: list[str] = []
    current: list[str] = []
    fence: str | None = None
    for line in text.splitlines(keepends=True):
        blank = bool(current) and not current[-1].strip()
        if fence is None and blank and _begins(line, current):
            done.append("".join(current))
            current = []
        current.append(line)
        fence = _fence_after(line, fence)
    return done, "".join(current)


def _begins(line: str, block: list[str]) -> bool:
    """Whether a line after a blank one begins another block."""
    if not line.strip() or line[0] in " \t":
        return False
    return not (_LIST.match(block[0]) and line[0] in "-*+0123456789")


def _fence_after(line: str, fence: str | None) -> str | None:
    match = _FENCE.match(line)
    if match is None:
        return fence
    if fence is None:
        return match[1]
    closes = (
        match[1][0] == fence[0] and len(match[1]) >= len(fence) and not line[match.end() :].strip()
    )
    return None if closes else fence


def _lines(block: str) -> Iterator[str]:
    lines = block.rstrip().split("\n")
    fence: str | None = None
    for number, line in enumerate(lines):
        inside = fence is not None
        fence = _fence_after(line, fence)
        if inside or fence is not None or line.startswith(("    ", "\t")):
            yield line
            continue
        text = "".join(
            part if part.startswith("`") else part.replace("<", "\\<") for part in _CODE.split(line)
        )
        after = lines[number + 1] if number + 1 < len(lines) else ""
        # A single line end is a blank in Markdown, but addresses and verses are not written so.
        plain = after.strip() and not _MARKED.match(line) and not _MARKED.match(after)
        yield f"{text}  " if plain else text
