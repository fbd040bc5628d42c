"""What an endpoint says when it refuses or fails, whatever shape it says it in."""

from __future__ import annotations

import html
import re

import orjson

from flowgrade.records import Json, Record

_LIMIT = 500  # characters of an endpoint's own words that a message repeats


class Complaint(Record):
    """An endpoint's words about an error and the codes it gives them."""

    message: str
    codes: frozenset[str] = frozenset()
    """Code, type and inner code, in lower case."""
    status: int | None = None
    """A status that stands in the body instead of the response's first line."""


def read_complaint(body: bytes) -> Complaint:
    """The complaint in the body of a refusal, at most 500 characters of it.

    Beyond the shapes of ``find_complaint``: ``{"message": …}``, ``{"detail": …}``, HTML, text.
    """
    try:
        raw = orjson.loads(body)
    except ValueError:
        return Complaint(message=_short(_plain(body.decode("utf-8", "replace"))))
    found = find_complaint(raw)
    if found is None and isinstance(raw, dict) and (raw.get("message") or raw.get("detail")):
        found = _of(raw)
    return found or Complaint(message=_short(str(raw)))


def find_complaint(raw: Json) -> Complaint | None:
    """The complaint that JSON with the status 200 may hold, or None.

    Shapes: ``{"error": {"message", "code", "type"}}``, ``{"error": "…"}`` and ``{"object":
    "error", "message": …}``.
    """
    if not isinstance(raw, dict):
        return None
    error = raw.get("error")
    if isinstance(error, dict):
        return _of(error)
    if error:
        return Complaint(message=_short(str(error)), codes=_codes(raw))
    if raw.get("object") == "error":
        return _of(raw)
    return None


def _of(error: dict[str, Json]) -> Complaint:
    message = error.get("message") or error.get("detail") or error
    code = str(error.get("code"))
    status = int(code) if code.isascii() and code.isdigit() else None
    text = message if isinstance(message, str) else orjson.dumps(message, default=str).decode()
    return Complaint(
        message=_short(text),
        codes=_codes(error),
        status=status if status is not None and 400 <= status < 600 else None,
    )


def _codes(error: dict[str, Json]) -> frozenset[str]:
    inner = error.get("innererror") or error.get("inner_error")
    found = [error.get("code"), error.get("type")]
    if isinstance(inner, dict):
        found.append(inner.get("code"))
    return frozenset(value.lower() for value in found if isinstance(value, str))


def _plain(text: str) -> str:
    if "<html" not in text[:1000].lower() and "<!doctype" not in text[:1000].lower():
        return text
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
    body = title[1] if title else re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text[:20_000])
    return html.unescape(body)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"
