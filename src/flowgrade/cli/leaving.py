"""End the process without taking it apart."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End as Python does, but leave the memory to the operating system.

    Threads that are no daemons are waited for, exit handlers run and the output is flushed. To
    free every object one by one comes last in Python's own end: a sixth of a short run.
    """
    if sys.getprofile() or sys.gettrace() or sys.flags.inspect:
        sys.exit(code)  # somebody has still something to do here
    with suppress(KeyboardInterrupt):  # pressed while a thread is waited for: that one is left
        threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or nobody reads it
            stream.flush()
    os._exit(code)
