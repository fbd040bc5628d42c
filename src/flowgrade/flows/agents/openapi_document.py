"""OpenAPI documents: read one, and find the operations in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from flowgrade.errors import FlowDefinitionError, InputError, Place
from flowgrade.flows.agents.openapi_schema import Expansion
from flowgrade.records import JsonObject, Record, loads
from flowgrade.records.yaml import parse_yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEPTH = 40  # of references within references


class Operation(Record):
    """One operation of a document."""

    name: str
    """Its ``operationId``, else its method and path."""
    method: str
    path: str
    item: JsonObject
    """The path's item, whose parameters the operation shares."""
    raw: JsonObject


class Document(Record, hide=("raw",)):
    """A document of OpenAPI 3."""

    source: str
    """Its file or address, for messages."""
    raw: JsonObject

    def operations(self) -> Iterator[Operation]:
        """Every operation."""
        for path, item in (self.raw.get("paths") or {}).items():
            item = self.followed(item)
            for method in METHODS:
                raw = item.get(method)
                if isinstance(raw, dict):
                    name = str(raw.get("operationId") or f"{method} {path}")
                    yield Operation(name=name, method=method, path=str(path), item=item, raw=raw)

    def followed(self, value: Any) -> JsonObject:
        """``value``, or what its ``$ref`` leads to; {} when it is no object."""
        for _ in range(_DEPTH):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        raise self.wrong("a $ref leads in a circle")

    def expanded(self, schema: Any) -> JsonObject:
        """A schema with its references filled in; one that holds itself is left open there."""
        found = Expansion(self._at, self.wrong).of(schema, ())
        return found if isinstance(found, dict) else {}

    def server(self, override: str | None) -> str:
        """The address that paths count from; raises FlowDefinitionError when there is none."""
        servers = self.raw.get("servers") or []
        first = servers[0] if servers and isinstance(servers[0], dict) else {}
        url = override or str(first.get("url") or "")
        if not override:
            for name, variable in (first.get("variables") or {}).items():
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
            if urlsplit(self.source).scheme in ("http", "https"):
                url = urljoin(self.source, url)
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise FlowDefinitionError(
                f"The OpenAPI document {self.source} names no server that can be called.",
                hint="Give its address: base_url: https://….",
            )
        return url.rstrip("/")

    def wrong(self, what: str) -> FlowDefinitionError:
        """An error about this document."""
        return FlowDefinitionError(f"The OpenAPI document {self.source}: {what}.")

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise self.wrong(f"the $ref '{reference}' leads outside of it, which is not followed")
        found: Any = self.raw
        for part in reference[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise self.wrong(f"nothing is at the $ref '{reference}'")
            found = found[key]
        return found


def read_document(text: str, source: str) -> Document:
    """Read a document in JSON or YAML; raises FlowDefinitionError when it is not OpenAPI 3."""
    place = Place(source)
    try:
        raw = loads(text) if text.lstrip().startswith("{") else parse_yaml(text, file=source)
    except InputError:
        raise
    except ValueError as error:
        raise FlowDefinitionError(f"It is not JSON: {error}", place=place) from error
    version = str(raw.get("openapi") or "") if isinstance(raw, dict) else ""
    if not isinstance(raw, dict) or not version.startswith("3."):
        found = raw.get("swagger") if isinstance(raw, dict) else None
        raise FlowDefinitionError(
            f"It is a document of Swagger {found}." if found else "It is no OpenAPI 3 document.",
            hint="Convert it to OpenAPI 3." if found else "It needs openapi: 3.x and paths.",
            place=place,
        )
    return Document(source=source, raw=raw)


def read_document_file(file: Path) -> Document:
    """Read a document's file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FlowDefinitionError(
            f"There is no OpenAPI document {file}.", hint="Paths count from the flow's folder."
        ) from error
    except UnicodeDecodeError as error:
        raise FlowDefinitionError("It is not UTF-8 text.", place=Place(str(file))) from error
    return read_document(text, str(file))
