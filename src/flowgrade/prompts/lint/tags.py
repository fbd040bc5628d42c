"""The variables behind the tags of a template."""

from __future__ import annotations

import re

from flowgrade.prompts.tags import Tag

_FOR = re.compile(r"\{%[-+]?\s*for\s+(\w+)(?:\s*,\s*(\w+))?\s+in\s+(\w+)")
_SET = re.compile(r"\{%[-+]?\s*set\s+(\w+)\s*=\s*(\w+)")
_WORD = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*(?![\w'\"]|\s*\()")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def names_in(tag: Tag) -> list[str]:
    """The names that an output tag may take its value from; behind ``|`` stand filters."""
    body = _QUOTED.sub("''", tag.text[2:-2])
    found: list[str] = []
    for number, part in enumerate(body.split("|")):
        # A condition decides what is written, and is not written itself.
        part = re.sub(r"\bif\b.*?(?=\belse\b|$)", " ", part, flags=re.DOTALL)
        words = _WORD.findall(part)
        found += words if number == 0 else words[1:]
    return found


def aliases(tags: tuple[Tag, ...]) -> dict[str, str]:
    """What loops and ``set`` call a variable, and which variable it is."""
    found: dict[str, str] = {}
    for tag in tags:
        if match := _FOR.match(tag.text):
            for name in match.groups()[:2]:
                if name:
                    found[name] = match[3]
        elif match := _SET.match(tag.text):
            found[match[1]] = match[2]
    return found


def origin(name: str, known: dict[str, str]) -> str:
    """The variable behind an alias, however many loops lie between."""
    for _ in range(len(known) + 1):
        if name not in known or known[name] == name:
            break
        name = known[name]
    return name
