"""Read ``.env`` files: NAME=value lines, comments, quotes and ``export``."""

from __future__ import annotations

import re
from pathlib import Path

from flowgrade.errors import InputError, Place, SettingsError

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=(.*)")
_BREAK = re.compile(r"\r\n|\n|\r")  # a value may hold the breaks that only Unicode knows
_SINGLE = re.compile(r"'([^']*)'(.*)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)')
_COMMENT = re.compile(r"\s+#.*")
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def parse_dotenv(text: str, *, file: str) -> dict[str, str]:
    """The variables of a ``.env`` text; raises SettingsError with the line of a bad one.

    ``#`` begins a comment after white space, outside of quotes. Double quotes know ``\\n``,
    ``\\t``, ``\\"`` and two backslashes; single quotes keep everything as it is.
    """
    variables: dict[str, str] = {}
    for number, line in enumerate(_BREAK.split(text.removeprefix("\ufeff")), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise SettingsError(
                "This line is not of the form NAME=value.", place=Place(file, number)
            )
        variables[match[1]] = _value(match[2], Place(file, number))
    return variables


def read_dotenv(file: Path) -> dict[str, str]:
    """The variables of a ``.env`` file; raises InputError when it cannot be read."""
    try:
        return parse_dotenv(file.read_text(encoding="utf-8-sig"), file=str(file))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None


def _value(text: str, place: Place) -> str:
    bare = text.strip()
    if bare[:1] not in {"'", '"'}:
        return _COMMENT.sub("", text).strip()
    match = (_SINGLE if bare[0] == "'" else _DOUBLE).fullmatch(bare)
    if match is None:
        raise SettingsError("The value's quote is not closed on its line.", place=place)
    if _COMMENT.sub("", match[2]):
        raise SettingsError("There is something behind the value's closing quote.", place=place)
    if bare[0] == "'":
        return match[1]
    return re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), match[1])
