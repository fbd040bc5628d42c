"""Whether a call that failed is made again, and what is said of that."""

from __future__ import annotations

import logging

from flowgrade.errors import ModelError
from flowgrade.models.transport import Transport
from flowgrade.tracing import current_span

_log = logging.getLogger("flowgrade.models")


def delay_of(error: ModelError, retries: int, transport: Transport, model: str) -> float:
    """Seconds to wait before the next attempt; raises ``error`` when there is none.

    The span that is open learns how often the call was tried again, and the error if in vain.
    """
    policy = transport.retry
    delay = policy.delay(error, retries, transport.clock)
    if delay is None:
        if error.retryable and (error.retry_after or 0.0) > policy.max_retry_after:
            error.hint = f"The endpoint asks to wait {error.retry_after:g} s: try again then."
        if retries:
            error.message += f" ({retries} {'retry' if retries == 1 else 'retries'})"
        raise error
    active = current_span()
    if active is not None:
        active.attributes["flowgrade.retries"] = retries + 1
    _log.info(
        "%s: retry %d of %d in %.1f s: %s",
        *(model, retries + 1, policy.retries, delay, error.message),
    )
    return delay
