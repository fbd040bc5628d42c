"""The loader ``jsonl``: a document a line, with ``id``, ``text``, ``title`` and metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from flowgrade.errors import LoadError, Place
from flowgrade.records import Json, JsonObject, loads
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.decoding import clean, encoding_of, too_long, wrong_encoding
from flowgrade.retrieval.loading.loader import Origin

_OWN = ("text", "source", "metadata")


class JsonlLoader:
    """Other keys become metadata; a row without an id is named by its line."""

    suffixes = (".jsonl", ".ndjson")
    content_types = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The documents; raises LoadError with the line."""
        seen: dict[str, int] = {}
        for line, row in _rows(stream, origin):
            place = Place(origin.source, line)
            document = _document(row, line, place, origin)
            if document.id in seen:
                raise LoadError(
                    f"The id '{document.id}' is that of line {seen[document.id]} too.",
                    hint="Each document of an index has an id of its own.",
                    place=place,
                )
            seen[document.id] = line
            yield document


def _rows(stream: BinaryIO, origin: Origin) -> Iterator[tuple[int, JsonObject]]:
    stream.seek(0)
    encoding = encoding_of(stream.read(4))
    if encoding not in ("utf-8", "utf-8-sig"):
        raise wrong_encoding(origin, "utf-8")
    stream.seek(3 if encoding == "utf-8-sig" else 0)
    longest = origin.limits.text_characters * 6  # a character as \uXXXX has six bytes
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise too_long(origin)
        if line.isspace():
            continue
        place = Place(origin.source, number)
        try:
            row = loads(line)
        except ValueError as error:
            raise LoadError(f"This is not JSON: {error}.", place=place) from None
        except RecursionError:
            raise LoadError("The JSON is nested too deeply.", place=place) from None
        if not isinstance(row, dict):
            raise LoadError("The line is not a JSON object.", place=place)
        yield number, row


def _document(row: JsonObject, line: int, place: Place, origin: Origin) -> Document:
    options = origin.options
    key = options.text_column or "text"
    text = row.get(key)
    if not isinstance(text, str):
        raise LoadError(
            f"The line has no '{key}' that is a string.",
            hint='A line is like {"id": "a", "text": "…", "title": "…", "metadata": {}}.',
            place=place,
        )
    if len(text) > options.limits.text_characters:
        raise too_long(origin)
    title = _string(row, options.title_column, place)
    named = row.get(options.id_column)
    # A row with an id is found by it; its line would change with every row that comes before it.
    source = origin.source if named is not None else f"{origin.source}:{line}"
    own = (key, options.id_column, options.title_column, *_OWN)
    return Document(
        id=_id(named, line, place, origin),
        text=clean(text),
        title=clean(title) if title else None,
        source=_string(row, "source", place) or source,
        metadata={**{k: v for k, v in row.items() if k not in own}, **_metadata(row, place)},
    )


def _id(value: Json, line: int, place: Place, origin: Origin) -> str:
    if value is None:
        return f"{origin.id}:{line}"
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise LoadError(f"The id is {value!r}.", hint="It is a string or a number.", place=place)
    return clean(str(value))


def _string(row: JsonObject, key: str, place: Place) -> str | None:
    value: Any = row.get(key)
    if value is None or isinstance(value, str):
        return value
    raise LoadError(f"The '{key}' is {value!r}, not a string.", place=place)


def _metadata(row: JsonObject, place: Place) -> Mapping[str, Json]:
    value = row.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LoadError("The 'metadata' is not an object.", place=place)
    return value


LOADER = JsonlLoader()
