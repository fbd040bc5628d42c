"""Open data files as bytes, and say what is wrong with those that are not UTF-8."""

from __future__ import annotations

import difflib
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from flowgrade.errors import DatasetError, Place

BOM = b"\xef\xbb\xbf"

_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CHUNK = 1 << 20


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked when its name ends in ``.gz``, without a byte order mark.

    Raises DatasetError for a file that cannot be read, is not gzip or is UTF-16.
    """
    try:
        with _opened(path) as stream:
            _check_start(path, stream.read(4))
            stream.seek(0)
            if stream.read(len(BOM)) != BOM:
                stream.seek(0)
            yield stream
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"The file cannot be read: {reason}.", place=Place(str(path))) from None


def digest_file(path: Path) -> str:
    """``sha256:`` and the hexadecimal digest of the file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def is_blank(path: Path) -> bool:
    """Whether a file holds nothing but white space."""
    with open_bytes(path) as stream:
        while chunk := stream.read(_CHUNK):
            if not chunk.isspace():
                return False
    return True


def missing_file(path: Path) -> DatasetError:
    """The error for a path where nothing is, with the nearest name that is there."""
    folder = path.parent
    if not folder.is_dir():
        return DatasetError(f"There is no file {path}.", hint=f"There is no folder {folder}.")
    names = sorted(item.name for item in folder.iterdir())
    close = difflib.get_close_matches(path.name, names, n=1)
    hint = f"Did you mean {folder / close[0]}?" if close else f"The folder is {folder.resolve()}."
    return DatasetError(f"There is no file {path}.", hint=hint)


def encoding_error(path: Path) -> DatasetError:
    """The error for a file that is not UTF-8, with the first byte that is not."""
    offset = 0
    with open_bytes(path) as stream:
        offset = stream.tell()
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return _encoding_error(path, number, offset + error.start, line[error.start])
            offset += len(line)
    return DatasetError("The file is not UTF-8 text.", place=Place(str(path)))


def _opened(path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        return path.open("rb")
    import gzip  # noqa: PLC0415  only where it is used

    return cast("IO[bytes]", gzip.open(path))


def _encoding_error(path: Path, line: int, offset: int, byte: int) -> DatasetError:
    return DatasetError(
        f"The file is not UTF-8 text: byte 0x{byte:02x} at offset {offset:,}.",
        hint=f"If it is Latin-1, convert it: {_conversion(path, 'latin1')}",
        place=Place(str(path), line),
    )


def _check_start(path: Path, start: bytes) -> None:
    for mark, name in _WIDE_BOMS:
        if start.startswith(mark):
            raise DatasetError(
                f"The file is {name.upper()}, not UTF-8.",
                hint=f"Convert it: {_conversion(path, name)}",
                place=Place(str(path)),
            )


def _conversion(path: Path, encoding: str) -> str:
    return f"iconv -f {encoding} -t utf-8 {path.name} > new-{path.name}"
