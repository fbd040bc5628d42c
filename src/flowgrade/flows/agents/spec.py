"""Read what an agent's definition says of a source of tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Json, Record

COMMON = ("allow", "confirm", "timeout")
"""Fields that every source of tools has."""


class SourceSpec(Record):
    """The fields of one entry of an agent's ``tools``, checked one by one as they are read."""

    kind: str
    fields: Mapping[str, Any]
    place: Place | None

    @classmethod
    def read(
        cls, kind: str, definition: Json, place: Place | None, *, known: Sequence[str]
    ) -> SourceSpec:
        """The fields of ``definition``, a mapping with no field but ``known`` ones."""
        if not isinstance(definition, Mapping):
            raise FlowDefinitionError(
                f"The tools from '{kind}' are not a mapping.",
                hint=f"Write {{{kind}: {{{known[0]}: …}}}}.",
                place=place,
            )
        fields = (*known, *COMMON)
        for name in definition:
            if name not in fields:
                near = get_close_matches(str(name), fields, n=1)
                raise FlowDefinitionError(
                    f"Tools from '{kind}' have no field '{name}'.",
                    hint=f"Did you mean '{near[0]}'?" if near else f"Fields: {', '.join(fields)}.",
                    place=place,
                )
        return cls(kind=kind, fields=definition, place=place)

    def text(self, name: str) -> str | None:
        """A field that is a text."""
        found: str | None = self._of(name, str, "a text")
        return found

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A field that is a list of texts."""
        found = self._of(name, list, "a list of texts")
        if found is None:
            return None
        return tuple(str(item) for item in found)

    def mapping(self, name: str) -> dict[str, str]:
        """A field that is a mapping of texts; {} if absent."""
        found = self._of(name, Mapping, "a mapping")
        return {str(key): str(value) for key, value in (found or {}).items()}

    def count(self, name: str) -> int | None:
        """A field that is a whole number above 0."""
        found = self._of(name, int, "a whole number")
        if found is not None and (isinstance(found, bool) or found <= 0):
            raise self._wrong(name, "a whole number above 0")
        return None if found is None else int(found)

    @property
    def confirm(self) -> tuple[str, ...] | bool:
        """Whether all tools need a person's agreement, or which."""
        if isinstance(self.fields.get("confirm"), bool):
            return bool(self.fields["confirm"])
        return self.texts("confirm") or False

    @property
    def timeout(self) -> float | None:
        """Seconds that a call may take."""
        found = self._of("timeout", (int, float), "a number of seconds")
        if found is not None and (isinstance(found, bool) or found <= 0):
            raise self._wrong("timeout", "a number of seconds above 0")
        return None if found is None else float(found)

    def _of(self, name: str, kind: Any, what: str) -> Any:
        found = self.fields.get(name)
        if found is None or isinstance(found, kind):
            return found
        raise self._wrong(name, what)

    def _wrong(self, name: str, what: str) -> FlowDefinitionError:
        return FlowDefinitionError(
            f"The field '{name}' of the tools from '{self.kind}' must be {what}.", place=self.place
        )
