"""The progress bar itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flowgrade.cli.show import duration
from flowgrade.runs import Progress

T = TypeVar("T")

LOOKS = 5  # a second


class Bar(Generic[T]):
    """Redraws counters some times a second from a thread of its own."""

    def __init__(self, draw: Callable[[T], Table]) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._draw = draw
        self._progress: T | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, progress: T) -> None:
        """Begin to draw."""
        self._progress = progress
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Draw the last state and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while not self._ended.wait(1 / LOOKS):
                if self._progress is not None:
                    live.update(self._draw(self._progress), refresh=True)


def draw(progress: Progress) -> Table:
    """One line: bar, rows, failures, rate, tokens, cost, time left."""
    line = Table.grid(padding=(0, 2))
    total = progress.rows
    line.add_row(
        ProgressBar(total=total or 1, completed=progress.done, width=30, pulse=total is None),
        Text(f"{progress.done:,}/{total:,}" if total is not None else f"{progress.done:,}"),
        Text(f"{progress.failed:,} failed", style="red" if progress.failed else "dim"),
        Text(f"{progress.rate:,.1f} rows/s"),
        Text(_tokens(progress)),
        Text(_cost(progress)),
        Text(_left(progress), style="dim"),
    )
    return line


def _tokens(progress: Progress) -> str:
    if progress.input_tokens is None and progress.output_tokens is None:
        return ""
    return f"{(progress.input_tokens or 0) + (progress.output_tokens or 0):,} tokens"


def _cost(progress: Progress) -> str:
    if progress.cost is None:
        return ""
    return f"{'≥ ' if progress.unpriced else ''}${progress.cost:,.4f}"


def _left(progress: Progress) -> str:
    left = progress.seconds_left
    return "" if left is None else f"{duration(left)} left"
