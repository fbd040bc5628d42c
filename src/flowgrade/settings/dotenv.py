"""Read ``.env`` files: NAME=value lines, comments, quotes and ``export``."""

from __future__ import annotations

import re

from flowgrade.errors import Place, SettingsError

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*\Z", re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def parse_dotenv(text: str, *, file: str) -> dict[str, str]:
    """The variables of a ``.env`` text; raises SettingsError with the line of a bad one."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise SettingsError(
                "This line is not of the form NAME=value.", place=Place(file, number)
            )
        variables[match[1]] = _value(match[2])
    return variables


def _value(text: str) -> str:
    if text[:1] == "'" and (end := text.find("'", 1)) > 0:
        return text[1:end]
    if text[:1] == '"':
        match = re.match(r'"((?:[^"\\]|\\.)*)"', text)
        if match:
            return re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), match[1])
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
