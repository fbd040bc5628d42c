"""Work inside a flow's folder, as its code expects when it opens files by relative paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO


def prints_as_messages() -> redirect_stdout[TextIO]:
    """For the block, what a flow's code prints goes to standard error: only data is on stdout."""
    return redirect_stdout(sys.stderr)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Change to ``folder`` for the block. Only commands do this: a library must not."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
