"""Let a command that is told to end do so as if a person had pressed Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Take SIGTERM for SIGINT while the block runs."""
    before = signal.getsignal(signal.SIGTERM)
    interrupt = signal.getsignal(signal.SIGINT)
    # A shell starts background commands with SIGINT ignored; SIGTERM must end them all the same.
    ignored = interrupt in (signal.SIG_IGN, signal.SIG_DFL, None)
    signal.signal(signal.SIGTERM, signal.default_int_handler if ignored else interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
