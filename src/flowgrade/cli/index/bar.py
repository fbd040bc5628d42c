"""The progress of a build on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowgrade.cli.show import duration

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from flowgrade.retrieval import BuildProgress, WatchBuild


@contextmanager
def build_bar(quiet: bool = False) -> Iterator[WatchBuild | None]:
    """Draw the counters of a build on standard error while the block runs."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from flowgrade.cli.bar import Bar  # noqa: PLC0415  rich costs 100 ms

    bar = Bar(draw)
    try:
        yield bar.watch
    finally:
        bar.stop()


def draw(progress: BuildProgress) -> Table:
    """One line: bar, documents, chunks, rate, tokens, cost, time left."""
    from rich.progress_bar import ProgressBar  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    line = Table.grid(padding=(0, 2))
    total = progress.total
    cells: list[RenderableType] = [
        ProgressBar(total=total or 1, completed=progress.done, width=30, pulse=total is None),
        Text(
            f"{progress.read:,} documents read"
            if total is None
            else f"{progress.done:,}/{total:,} documents"
        ),
    ]
    if progress.unread:
        cells.append(Text(f"{progress.unread:,} unread", style="red"))
    if total is not None:
        cells.append(Text(f"{progress.chunks:,} chunks"))
    if progress.tokens:
        cells.append(Text(f"{progress.tokens:,} tokens"))
    if progress.cost is not None:
        cells.append(Text(f"${progress.cost:,.4f}"))
    if progress.seconds_left is not None:
        cells.append(Text(f"{duration(progress.seconds_left)} left", style="dim"))
    line.add_row(*cells)
    return line
