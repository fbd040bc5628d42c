"""What an endpoint says is left of its limits, in the headers of each answer.

OpenAI, Azure OpenAI and many that speak its protocol: ``x-ratelimit-{limit,remaining,reset}-
{requests,tokens}``, the reset as a duration such as ``6m0s``. Anthropic:
``anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}``, the reset as a time of RFC 3339.
Both say by it when all would be there again; it comes back evenly until then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_OPENAI = "x-ratelimit-{part}-{kind}"
_ANTHROPIC = "anthropic-ratelimit-{kind}-{part}"
_DURATION = re.compile(r"([0-9.]+)(ms|[smhd])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def seconds_to_hold(headers: Mapping[str, str], *, tokens: int, now: float) -> float:
    """Seconds until there is room again for a call of about so many tokens; mostly 0."""
    if "x-ratelimit-remaining-requests" in headers or "x-ratelimit-remaining-tokens" in headers:
        form = _OPENAI
    elif "anthropic-ratelimit-requests-remaining" in headers:
        form = _ANTHROPIC
    else:
        return 0.0
    return max(
        _hold(headers, form, "requests", 1, now), _hold(headers, form, "tokens", tokens, now)
    )


def _hold(headers: Mapping[str, str], form: str, kind: str, wanted: int, now: float) -> float:
    remaining = _number(headers.get(form.format(part="remaining", kind=kind)))
    if remaining is None or remaining >= wanted:
        return 0.0
    reset = _reset(headers.get(form.format(part="reset", kind=kind)), now)
    if reset is None:
        return 0.0
    limit = _number(headers.get(form.format(part="limit", kind=kind)))
    if limit is None or limit <= remaining:
        return reset
    return reset * min(1.0, (wanted - remaining) / (limit - remaining))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _reset(text: str | None, now: float) -> float | None:
    """Seconds until a limit is reset: a number, a duration or a moment."""
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    parts = _DURATION.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return sum((_number(number) or 0.0) * _SECONDS[unit] for number, unit in parts)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, aware.timestamp() - now)
