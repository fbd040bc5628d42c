"""When to call again, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from flowgrade.errors import ModelError
from flowgrade.models.clock import Clock
from flowgrade.records import Record


class RetryPolicy(Record):
    """Exponential backoff with full jitter.

    The delay before retry ``n`` (from 0) is uniform between 0 and ``min(cap, first * 2**n)``
    seconds, after the time that the endpoint asks for. Source: M. Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015 ("full jitter").
    """

    retries: int = 5
    first: float = 1.0
    cap: float = 60.0
    max_retry_after: float = 120.0
    """An endpoint that asks for a longer wait is not called again: the call fails at once."""

    def delay(self, error: ModelError, attempt: int, clock: Clock) -> float | None:
        """Seconds to wait before calling again after ``attempt`` retries; None to give up."""
        if attempt >= self.retries or not error.retryable:
            return None
        asked = error.retry_after or 0.0
        if asked > self.max_retry_after:
            return None
        # Beyond 2**30 the cap decides anyway, and a float would overflow.
        return asked + clock.uniform(0.0, min(self.cap, self.first * 2.0 ** min(attempt, 30)))


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a response asks to wait, or None.

    ``retry-after-ms`` is in milliseconds; ``Retry-After`` is in seconds or a date (RFC 9110,
    section 10.2.3), measured from the response's own ``Date`` so that a wrong clock does no harm.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("Retry-After")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    until = _date(text)
    if until is None:
        return None
    sent = _date(headers.get("Date"))
    return max(0.0, until - (now if sent is None else sent))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _date(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
