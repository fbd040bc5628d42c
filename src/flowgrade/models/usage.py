"""Read what endpoints say about tokens, whatever dialect they say it in."""

from __future__ import annotations

from flowgrade.records import Json, Usage


def read_usage(raw: Json) -> Usage | None:
    """The usage in ``raw``, or None when it holds no count that can be understood.

    Knows OpenAI's names (``prompt_tokens`` …) and Anthropic's (``input_tokens`` …), whose input
    leaves out what the cache read and wrote; both are added, as OpenTelemetry counts.
    """
    if not isinstance(raw, dict):
        return None
    inputs = _first(raw, "prompt_tokens", "input_tokens")
    cached = _detail(raw, "prompt_tokens_details", "input_tokens_details", "cached_tokens")
    read = _count(raw.get("cache_read_input_tokens"))
    written = _count(raw.get("cache_creation_input_tokens"))
    if read is not None or written is not None:
        inputs = (inputs or 0) + (read or 0) + (written or 0)
        cached = read
    usage = Usage(
        input_tokens=inputs,
        output_tokens=_first(raw, "completion_tokens", "output_tokens"),
        cached_tokens=cached,
        reasoning_tokens=_reasoning(raw),
    )
    return None if usage == _NOTHING else usage


_NOTHING = Usage()


def _first(raw: dict[str, Json], *names: str) -> int | None:
    for name in names:
        count = _count(raw.get(name))
        if count is not None:
            return count
    return None


def _detail(raw: dict[str, Json], first: str, second: str, name: str) -> int | None:
    details = raw.get(first) or raw.get(second)
    return _count(details.get(name)) if isinstance(details, dict) else None


def _reasoning(raw: dict[str, Json]) -> int | None:
    names = ("completion_tokens_details", "output_tokens_details")
    found = _detail(raw, *names, "reasoning_tokens")
    return _detail(raw, *names, "thinking_tokens") if found is None else found


def _count(value: Json) -> int | None:
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, float) and value.is_integer() and value >= 0:
        return int(value)
    # Not str.isdigit: it accepts digits such as ² that int refuses.
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        return int(value)
    return None
