"""Files of a folder, and a single file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from flowgrade.errors import LoadError
from flowgrade.retrieval.loading.formats import Formats
from flowgrade.retrieval.loading.found import Budget, Found, refused, skipped, too_large
from flowgrade.retrieval.loading.loader import LoadLimits, LoadOptions, Unread


def one_file(path: Path, options: LoadOptions, formats: Formats) -> Iterator[Found | Unread]:
    """The file at ``path``."""
    loader = formats.of_name(path.name)
    if loader is None:
        yield refused(
            path.name,
            f"{path.name} is of no format that is read.",
            hint=f"Formats are: {', '.join(formats.suffixes)}. The option formats adds others.",
        )
        return
    yield Found(
        id=path.name,
        name=path.name,
        source=path.name,
        loader=loader,
        open=lambda: _open(path, path.name, options.limits),
    )


def files_of(folder: Path, options: LoadOptions, formats: Formats) -> Iterator[Found | Unread]:
    """The files below ``folder``, sorted by path.

    Hidden ones are skipped, and links that lead out of it refused.
    """
    root = folder.resolve()
    budget = Budget(str(folder), options.limits)
    for entry in _walk(folder, folder):
        if isinstance(entry, Unread):
            yield entry
            continue
        budget.file()
        yield _found(entry, folder, root, options, formats)


def _walk(folder: Path, top: Path) -> Iterator[Path | Unread]:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        shown = _shown(current.relative_to(top).as_posix())
        if current != top and current.name.startswith("."):
            yield skipped(shown, f"{shown} is hidden.")
        elif current.is_dir() and (current == top or not current.is_symlink()):
            try:
                names = sorted(os.listdir(current), reverse=True)
            except OSError as error:
                yield refused(shown, f"{shown} cannot be opened: {error.strerror}.")
            else:
                waiting.extend(current / name for name in names)
        else:
            yield current


def _found(
    path: Path, top: Path, root: Path, options: LoadOptions, formats: Formats
) -> Found | Unread:
    relative = path.relative_to(top).as_posix()
    shown = _shown(relative)
    if shown != relative:
        return refused(shown, f"{shown} has a name that is not UTF-8.", hint="Rename it.")
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(root):
            return refused(shown, f"{shown} is a link that leads out of the folder.")
        if target.is_dir():
            return skipped(shown, f"{shown} is a link to a folder.")
    loader = formats.of_name(path.name)
    if loader is None:
        return skipped(shown, formats.why_not(shown))
    return Found(
        id=relative,
        name=path.name,
        source=relative,
        loader=loader,
        open=lambda: _open(path, relative, options.limits),
    )


def _open(path: Path, source: str, limits: LoadLimits) -> BinaryIO:
    try:
        # A pipe or a device would block, or never end: opened without waiting, then looked at.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    except OSError as error:
        raise LoadError(f"{source} cannot be opened: {error.strerror}.") from error
    stream = os.fdopen(number, "rb")
    state = os.fstat(number)
    if stat.S_ISREG(state.st_mode) and state.st_size <= limits.file_bytes:
        return stream
    stream.close()
    if stat.S_ISREG(state.st_mode):
        raise too_large(source, limits)
    raise LoadError(f"{source} is not a regular file.")


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")


_BINARY = getattr(os, "O_BINARY", 0)
