"""Progress of a run on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flowgrade.runs import Progress, Watch


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Watch | None]:
    """Draw the counters of a run on standard error while the block runs."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from flowgrade.cli.bar import Bar, draw  # noqa: PLC0415  rich costs 100 ms

    bar = Bar(draw)
    try:
        yield bar.watch
    finally:
        bar.stop()


__all__ = ["Progress", "progress_bar"]
