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
    details = _part(raw, "prompt_tokens_details", "input_tokens_details")
    cached = _count(details.get("cached_tokens"))
    written = _first(details, "cache_write_tokens", "cache_creation_tokens")
    if "cache_read_input_tokens" in raw or "cache_creation_input_tokens" in raw:
        read = _count(raw.get("cache_read_input_tokens"))
        wrote = _count(raw.get("cache_creation_input_tokens"))
        # A translator between the two dialects gives both, with all of it in the prompt already.
        if inputs is not None and "prompt_tokens" not in raw:
            inputs += (read or 0) + (wrote or 0)
        cached = read if cached is None else cached
        written = wrote if written is None else written
    answers = _part(raw, "completion_tokens_details", "output_tokens_details")
    usage = Usage(
        input_tokens=inputs,
        output_tokens=_first(raw, "completion_tokens", "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=_count(_part(raw, "cache_creation").get("ephemeral_1h_input_tokens")),
        audio_input_tokens=_count(details.get("audio_tokens")),
        audio_output_tokens=_count(answers.get("audio_tokens")),
        reasoning_tokens=_first(answers, "reasoning_tokens", "thinking_tokens"),
    )
    return None if usage == _NOTHING else usage


_NOTHING = Usage()
_MOST = 10**12


def _first(raw: dict[str, Json], *names: str) -> int | None:
    for name in names:
        count = _count(raw.get(name))
        if count is not None:
            return count
    return None


def _part(raw: dict[str, Json], *names: str) -> dict[str, Json]:
    for name in names:
        found = raw.get(name)
        if isinstance(found, dict):
            return found
    return _EMPTY


_EMPTY: dict[str, Json] = {}


def _count(value: Json) -> int | None:
    # Not str.isdigit alone: it accepts digits such as ² that int refuses.
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        value = float(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # A count beyond any real one is a mistake, which no sum should hold.
    return value if type(value) is int and 0 <= value <= _MOST else None
