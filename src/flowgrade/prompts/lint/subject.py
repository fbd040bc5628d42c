"""A prompt as the rules look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from flowgrade.errors import Place
from flowgrade.prompts.escaping import markers
from flowgrade.prompts.prompty import Prompty, parse_prompty, split_prompty
from flowgrade.prompts.source import TemplateSource, with_included
from flowgrade.prompts.tags import Tag, tags_of
from flowgrade.records import Record, field
from flowgrade.records.yaml import parse_yaml_with_lines

YamlPath = tuple[str | int, ...]


class Part(NamedTuple):
    """A message of a template: its role, its marker and its text, as offsets."""

    role: str
    marker: int
    start: int
    end: int


class Subject(Record, dict=True):
    """One prompt: a Prompty file, or a template for a node."""

    path: Path
    raw: str
    source: TemplateSource
    prompty: Prompty | None = None
    matter: Mapping[str, Any] = field(default_factory=dict)
    """The front matter as it was written."""
    lines: Mapping[YamlPath, int] = field(default_factory=dict)
    """Where each part of the front matter stands."""

    @property
    def template(self) -> str:
        """The template with what it includes."""
        return self.source.text

    @property
    def is_chat(self) -> bool:
        """Whether it makes messages; a template without any role makes text."""
        return bool(self.parts) if self.prompty is None else self.prompty.api != "completion"

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The Jinja tags of the template, in order."""
        return tuple(tags_of(self.template))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The messages, as far as they can be told before rendering."""
        found = markers(self.template)
        ends = [*(start for start, _, _ in found), len(self.template)][1:]
        return tuple(
            Part(role.lower(), self._marker(start, end), end, following)
            for (start, end, role), following in zip(found, ends, strict=True)
        )

    @property
    def values(self) -> dict[str, Any]:
        """The sample over the defaults; an input that has neither is empty."""
        if self.prompty is None:
            return {}
        defaults = {name: spec.get("default") for name, spec in self.prompty.inputs.items()}
        filled = {name: "" if value is None else value for name, value in defaults.items()}
        return {**filled, **self.prompty.sample}

    def part_at(self, offset: int) -> Part | None:
        """The message that ``offset`` lies in."""
        return next((part for part in self.parts if part.start <= offset < part.end), None)

    def field_place(self, *path: str | int) -> Place:
        """Where a part of the front matter stands."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                text = self.raw.split("\n")[line - 1]
                found = re.search(rf"(?<![\w-]){re.escape(str(path[length - 1]))}(?![\w-])", text)
                return Place(str(self.path), line, found.start() + 1 if found else 1)
        return Place(str(self.path), 1, 1)

    def offsets(self, name: str) -> Iterator[int]:
        """Where the tags use the variable ``name``."""
        word = re.compile(rf"(?<![\w.'\"]){re.escape(name)}(?![\w'\"])")
        for tag in self.tags:
            yield from (tag.start + m.start() for m in word.finditer(tag.text))

    def _marker(self, start: int, end: int) -> int:
        text = self.template[start:end]
        return start + len(text) - len(text.lstrip())


def subject_of(path: Path) -> Subject:
    """Read a file; raises FlowgradeError when it cannot be read."""
    raw = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if path.suffix != ".prompty":
        return Subject(path=path, raw=raw, source=with_included(raw, file=path))
    prompty = parse_prompty(raw, path=path)
    _, template = split_prompty(raw, str(path))
    matter, lines = _matter(raw[: len(raw) - len(template)], path)
    return Subject(
        path=path, raw=raw, source=prompty.source, prompty=prompty, matter=matter, lines=lines
    )


def _matter(head: str, path: Path) -> tuple[Mapping[str, Any], Mapping[YamlPath, int]]:
    """The front matter in ``head``; its lines of dashes become blank, so that lines keep count."""
    text = "\n".join("" if re.fullmatch(r"-{3,}", line) else line for line in head.split("\n"))
    found, lines = parse_yaml_with_lines(text, file=str(path))
    return (found if isinstance(found, dict) else {}), lines
