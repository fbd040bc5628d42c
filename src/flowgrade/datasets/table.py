"""Rows from CSV and TSV: every value is a string, as prompt flow reads them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowgrade.datasets.files import encoding_error, open_bytes
from flowgrade.errors import DatasetError, Place

_LONGEST_FIELD = 512 * 1024 * 1024
csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))


def read_table(path: Path, *, delimiter: str = ",") -> Iterator[dict[str, Any]]:
    """The rows below the header; blank lines are passed over, absent last fields are empty.

    Raises DatasetError for a header without names or with one twice, and a row with more fields
    than the header.
    """
    with _reader(path, delimiter) as reader:
        header = _header(path, reader)
        width = len(header)
        line = reader.line_num + 1
        for row in reader:
            if len(row) == width:
                yield dict(zip(header, row, strict=True))
            elif row:
                yield dict(zip(header, _padded(path, row, width, line), strict=True))
            line = reader.line_num + 1


def count_table(path: Path, *, delimiter: str = ",") -> int:
    """The number of rows below the header."""
    with _reader(path, delimiter) as reader:
        return max(0, sum(1 for row in reader if row) - 1)


@contextmanager
def _reader(path: Path, delimiter: str) -> Iterator[Any]:
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            yield reader
        except UnicodeDecodeError:
            raise encoding_error(path) from None
        except csv.Error as error:
            raise DatasetError(
                f"This is not CSV: {error}.",
                hint="A quote inside a quoted field is written twice.",
                place=Place(str(path), reader.line_num),
            ) from None
        finally:
            text.detach()


def _header(path: Path, reader: Any) -> list[str]:
    header: list[str] = next((row for row in reader if row), [])
    place = Place(str(path), reader.line_num)
    if not header or not all(name.strip() for name in header):
        raise DatasetError(
            "The header has a column without a name.",
            hint="The first line names the columns.",
            place=place,
        )
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise DatasetError(f"The header names the column '{twice[0]}' twice.", place=place)
    return header


def _padded(path: Path, row: list[str], width: int, line: int) -> list[str]:
    if len(row) > width:
        raise DatasetError(
            f"The row has {len(row)} fields, the header {width}.",
            hint="Put quotes round a value that holds the separator.",
            place=Place(str(path), line),
        )
    return [*row, *[""] * (width - len(row))]
