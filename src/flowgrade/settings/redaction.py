"""What is known to be secret is taken out of everything that is kept or shown.

``Secret`` makes itself known here, so do variables whose names say that they are secret. The store
and the command line ask ``redact`` before they let a text out. Where nothing is known, or nothing
of it is in a text, that costs a search and no copy.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

HIDDEN = "******"
SHORTEST = 8
"""Characters that a secret needs to be looked for; a shorter one would hide ordinary words."""

_SHORTEST_WORD = 12  # of letters only, such as "password" or "anthropic"
_SHORTEST_NUMBER = 20
_LINE = 16  # of a secret with several lines, each line that long counts by itself
_NAME = re.compile(
    r"KEY(?!RING|BOARD)|TOKEN(?!S|IZ)|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)|COOKIE|\bSIG\b",
    re.IGNORECASE,
)
_POINTER = re.compile(r"_(FILE|DIR|PATH|NAME|URL)$", re.IGNORECASE)  # where it is, not what
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey)\s+(\S+)", re.IGNORECASE)

_known: set[str] = set()
_needles: tuple[str, ...] = ()


def is_secret_name(name: str) -> bool:
    """Whether the name of a variable, header or parameter says that its value is a secret."""
    return _NAME.search(name) is not None


def remember(text: str) -> None:
    """Take ``text`` for a secret from now on, also as JSON, URLs and base64 write it."""
    global _needles  # what is secret is so for the whole process
    text = text.strip()
    if text in _known or not _is_telling(text):
        return
    _known.add(text)
    found = {*_needles, *_forms(text)}
    # The longest first, so that none leaves the rest of another behind.
    _needles = tuple(sorted(found, key=len, reverse=True))


def remember_variables(variables: Mapping[str, str]) -> None:
    """Remember the values of those variables whose names say that they are secret."""
    for name, value in variables.items():
        if "://" in value:
            remember_address(value)
        elif is_secret_name(name) and not _POINTER.search(name) and value[:1] not in ("/", "$"):
            remember(value)


def remember_headers(headers: Mapping[str, str]) -> None:
    """Remember the secrets among the headers of a call."""
    for name, value in headers.items():
        scheme = _SCHEME.fullmatch(value.strip())
        if scheme:
            remember(scheme[1])
            remember(_password(scheme[1]))
        elif is_secret_name(name):
            remember(value)


def remember_address(address: str) -> None:
    """Remember the password and the secret parameters in a URL."""
    try:
        parts = urlsplit(address)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return
    if password:
        remember(password)
    elif user:  # a token may stand where a name is expected
        remember(user)
    for name, value in parse_qsl(parts.query):
        if is_secret_name(name):
            remember(value)


def public_address(address: str) -> str:
    """A URL without user, password and the values of secret parameters."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    query = re.sub(
        r"([^&=]+)=([^&]*)",
        lambda found: f"{found[1]}={HIDDEN}" if is_secret_name(found[1]) else found[0],
        parts.query,
    )
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()


def redact(text: str) -> str:
    """``text`` without anything that is known to be secret."""
    for needle in _needles:
        if needle in text:
            text = text.replace(needle, HIDDEN)
    return text


def redact_all(values: Sequence[object]) -> Sequence[object]:
    """``values`` with their texts redacted; the same object where there is nothing to hide."""
    if not _needles:
        return values
    # One search over all of them: a search in a long text is as quick as memory.
    whole = "\n".join([value for value in values if type(value) is str])
    if not any(needle in whole for needle in _needles):
        return values
    return [redact(value) if isinstance(value, str) else value for value in values]


def _is_telling(text: str) -> bool:
    if text.isdigit():  # it would break the numbers in JSON, which have fewer digits than this
        return len(text) >= _SHORTEST_NUMBER
    return len(text) >= (_SHORTEST_WORD if text.isalpha() else SHORTEST)


def _forms(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines()] if "\n" in text else []
    for part in [text, *(line for line in lines if len(line) >= _LINE)]:
        yield part
        in_json = json.dumps(part, ensure_ascii=False)[1:-1]
        yield from (in_json, json.dumps(in_json)[1:-1], json.dumps(part)[1:-1])
    yield from (quote(text, safe=""), quote(text), quote_plus(text))
    yield from _base64(text.encode())


def _base64(data: bytes) -> Iterator[str]:
    """What is common to all texts in base64 that hold ``data``, at each of its three offsets."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + data).decode().rstrip("=")
        # Characters that also hold bits of what stands around the secret say nothing about it.
        start = (offset * 8 + 5) // 6
        core = text[start : start + (len(data) * 8 - (start * 6 - offset * 8)) // 6]
        if len(core) >= SHORTEST:
            yield core
            yield core.translate({43: "-", 47: "_"})


def _password(token: str) -> str:
    """The password in the value of a Basic header; empty when it is none."""
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
