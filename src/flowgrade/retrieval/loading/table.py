"""The loaders ``csv`` and ``tsv``: a row is a document, or the table is one."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, BinaryIO

from flowgrade.errors import LoadError, Place
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.decoding import clean, text_stream, too_long, wrong_encoding
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

Row = dict[str, str]


class TableLoader:
    """The first line names the columns. Columns that are not the text become metadata."""

    def __init__(self, suffix: str, content_type: str, delimiter: str) -> None:
        self.suffixes = (suffix,)
        self.content_types = (content_type,)
        self._delimiter = delimiter

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The documents; raises LoadError with the line."""
        # Closed here and not some time later, when the stream is closed already.
        with closing(_rows(stream, origin, self._delimiter)) as rows:
            if origin.options.whole_tables:
                yield _whole(rows, origin)
            else:
                yield from _each(rows, origin)


def _whole(rows: Iterator[tuple[int, Row]], origin: Origin) -> Document:
    outline = Outline(origin)
    for _, row in rows:
        outline.paragraph(_shown(row))
    return outline.document()


def _each(rows: Iterator[tuple[int, Row]], origin: Origin) -> Iterator[Document]:
    seen: dict[str, int] = {}
    for line, row in rows:
        document = _document(row, line, origin)
        if document.id in seen:
            raise LoadError(
                f"The id '{document.id}' is that of line {seen[document.id]} too.",
                hint="Name another column that tells the rows apart, or none.",
                place=Place(origin.source, line),
            )
        seen[document.id] = line
        yield document


def _rows(
    stream: BinaryIO, origin: Origin, delimiter: str
) -> Generator[tuple[int, Row], None, None]:
    longest = origin.limits.text_characters
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    decoded = text_stream(stream, origin, newline="")
    reader = csv.reader(decoded, delimiter=delimiter, strict=True)
    try:
        header = _header(reader, origin)
        line = reader.line_num + 1
        for values in reader:
            if values:
                yield line, _row(header, values, Place(origin.source, line))
            line = reader.line_num + 1
    except UnicodeError:
        raise wrong_encoding(origin, decoded.encoding) from None
    except csv.Error as error:
        place = Place(origin.source, reader.line_num)
        if "field limit" in str(error):
            raise too_long(origin) from None
        raise LoadError(
            f"This is not CSV: {error}.",
            hint="A quote inside a quoted field is written twice.",
            place=place,
        ) from None
    finally:
        decoded.detach()


def _header(reader: Any, origin: Origin) -> list[str]:
    header = [name.strip() for name in next((row for row in reader if row), [])]
    place = Place(origin.source, reader.line_num)
    if not header or not all(header) or len(set(header)) < len(header):
        raise LoadError(
            "The header has a column without a name, or a name twice.",
            hint="The first line names the columns.",
            place=place,
        )
    wanted = origin.options.text_column
    if wanted is not None and wanted not in header and not origin.options.whole_tables:
        raise LoadError(
            f"There is no column '{wanted}'.", hint=f"It has: {', '.join(header)}.", place=place
        )
    return header


def _row(header: list[str], values: list[str], place: Place) -> Row:
    if len(values) > len(header):
        raise LoadError(
            f"The row has {len(values)} fields, the header {len(header)}.",
            hint="Put quotes round a value that holds the separator.",
            place=place,
        )
    cleaned = (clean(value) for value in values)
    return dict(zip(header, [*cleaned, *[""] * (len(header) - len(values))], strict=True))


def _document(row: Row, line: int, origin: Origin) -> Document:
    options = origin.options
    column = options.text_column or ("text" if "text" in row else None)
    own = (options.id_column, options.title_column)
    rest = {name: value for name, value in row.items() if name not in own}
    text = _shown(rest) if column is None else row[column]
    if len(text) > options.limits.text_characters:
        raise too_long(origin)
    named = row.get(options.id_column)
    return Document(
        id=named or f"{origin.id}:{line}",
        text=text,
        title=row.get(options.title_column) or None,
        # A row with an id is found by it; its line changes with every row before it.
        source=origin.source if named else f"{origin.source}:{line}",
        metadata={name: value for name, value in rest.items() if name != column and value},
    )


def _shown(row: Row) -> str:
    return "\n".join(f"{name}: {value}" for name, value in row.items() if value.strip())


CSV = TableLoader(".csv", "text/csv", ",")
TSV = TableLoader(".tsv", "text/tab-separated-values", "\t")
