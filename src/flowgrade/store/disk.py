"""Folders and what may be wrong with them."""

from __future__ import annotations

import errno
from pathlib import Path

from flowgrade.errors import StoreError, StoreFullError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

STATE_FOLDER = ".flowgrade"


def make_folder(folder: Path) -> None:
    """Make ``folder``; a project's state folder is kept out of Git. Raises StoreError."""
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if new and folder.name == STATE_FOLDER:
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise disk_error(f"The folder {folder} cannot be made", error) from error


def disk_error(message: str, error: OSError) -> StoreError:
    """What to raise for ``error``; ``message`` says what could not be done."""
    text = f"{message}: {error.strerror or error}."
    if error.errno in _FULL:
        return StoreFullError(text, hint="Free space on that disk, then go on.")
    return StoreError(text, hint="Name a place of yours for the store in FLOWGRADE_STORE.")
