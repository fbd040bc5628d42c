"""What the loaders of the extra ``documents`` have in common."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from flowgrade.errors import FlowgradeError, LoadError, MissingExtraError
from flowgrade.retrieval.loading.loader import Origin

EXTRA = "documents"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@contextmanager
def reading(kind: str, origin: Origin) -> Iterator[None]:
    """For the block, whatever a library raises becomes a LoadError that names the file."""
    try:
        yield
    except ImportError:
        raise MissingExtraError(EXTRA, purpose=f"Reading {kind}") from None
    except FlowgradeError:
        raise
    except RecursionError:
        raise LoadError(f"{origin.source} is nested too deeply.") from None
    except Exception as error:  # a broken file makes such a library fail in any way
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise LoadError(
            f"{origin.source} cannot be read as {kind}: {reason}.",
            hint="Open and save it anew with the program that it comes from.",
        ) from error


def quiet(logger: str) -> None:
    """Keep a library's notes about odd files off the terminal; an application can show them."""
    found = logging.getLogger(logger)
    if not found.handlers:
        found.addHandler(logging.NullHandler())


def check_office(stream: BinaryIO, kind: str, origin: Origin) -> None:
    """Raises LoadError for an encrypted, an older or a broken file, and for a zip bomb."""
    stream.seek(0)
    if stream.read(len(_COMPOUND_FILE)) == _COMPOUND_FILE:
        raise LoadError(
            f"{origin.source} is encrypted, or of a format older than {kind}.",
            hint=f"Save it without a password, as {kind}.",
        )
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise LoadError(
            f"{origin.source} is not {kind}, or it is broken.",
            hint="Open and save it anew with the program that it comes from.",
        ) from None
    # zipfile never unpacks more of a member than the size that its directory states.
    unpacked = sum(member.file_size for member in members)
    if unpacked > origin.limits.unpacked_bytes:
        raise LoadError(
            f"{origin.source} would unpack to {unpacked:,} bytes.",
            hint=f"The limit unpacked_bytes is {origin.limits.unpacked_bytes:,}; raise it if you "
            "trust the file.",
        )
    stream.seek(0)
