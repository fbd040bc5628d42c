"""Which calls are refused, and with what error."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import formatdate

from flowgrade.testing.stub.call import Call
from flowgrade.testing.stub.paths import Endpoint, Route
from flowgrade.testing.stub.play import Play
from flowgrade.testing.stub.refusal import StubRefusal, content_filter_refusal
from flowgrade.testing.stub.script import StubReply, StubScript

_KEYS = ("api-key", "x-api-key")
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_NO_SAMPLING = "2026-10-21"  # the version of Anthropic's protocol that dropped them


def check_access(script: StubScript, headers: Mapping[str, str], *, route: Route) -> None:
    """Raise StubRefusal (401) when the script requires a key and another or none is given."""
    if script.require_key is None:
        return
    kind, _, token = headers.get("Authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else None
    if script.require_key not in (given, *(headers.get(name) for name in _KEYS)):
        has_key = bool(given) or any(name in headers for name in _KEYS)
        message = None if has_key else _missing_key(route)
        raise StubRefusal(401, message, code=None if has_key else "missing_api_key")


def check_protocol(headers: Mapping[str, str], call: Call) -> None:
    """Raise StubRefusal (400) for a call that its version of Anthropic's protocol does not take."""
    if call.route.endpoint is not Endpoint.MESSAGES:
        return
    version = headers.get("anthropic-version")
    if version is None:
        raise StubRefusal(400, "anthropic-version: header is required")
    removed = sorted(_SAMPLING & call.body.keys())
    if removed and version >= _NO_SAMPLING:
        raise StubRefusal(400, f"{removed[0]}: Extra inputs are not permitted")


def check_model(script: StubScript, model: str) -> None:
    """Raise StubRefusal (404) for a model that the script does not know."""
    if script.known_models is not None and model not in script.known_models:
        raise StubRefusal(
            404,
            f"The stub knows no model '{model}'.",
            code="model_not_found",
            param="model",
        )


def check_prompt(play: Play, call: Call) -> None:
    """Raise StubRefusal (400) for a prompt that is filtered or too long."""
    pattern = play.filter
    if pattern is not None and any(pattern.search(text) for text in call.texts):
        raise content_filter_refusal()
    most = play.script.context_length
    if most is not None and call.prompt_tokens > most:
        raise StubRefusal(
            400,
            f"The prompt is too long: {call.prompt_tokens} tokens > {most} maximum.",
            code="context_length_exceeded",
            param="messages",
        )


def check_rate(play: Play, now: float) -> None:
    """Raise StubRefusal (429) when the call is one too many for the rate limit."""
    wait = play.wait_for_rate(now)
    if wait is None:
        return
    script = play.script
    if script.retry_after is not None:
        raise StubRefusal(429, headers=retry_headers(script.retry_after, script))
    # Whole seconds as the header's standard has it, and the exact wait as Azure adds it.
    headers = retry_headers(math.ceil(wait), script)
    if script.retry_after_form == "seconds":
        headers["retry-after-ms"] = str(math.ceil(wait * 1000))
    raise StubRefusal(429, headers=headers)


def scripted_failure(script: StubScript) -> StubRefusal:
    """The error that ``error_rate`` and ``fail_first`` give."""
    return StubRefusal(script.error_status, headers=retry_headers(script.retry_after, script))


def reply_failure(reply: StubReply, script: StubScript) -> StubRefusal:
    """The error that a reply with a status gives."""
    after = reply.retry_after if reply.retry_after is not None else script.retry_after
    message, more = (reply.error, None) if isinstance(reply.error, str) else (None, reply.error)
    return StubRefusal(
        reply.status or 500, message, headers=retry_headers(after, script), more=more
    )


def retry_headers(seconds: float | None, script: StubScript) -> dict[str, str]:
    """The Retry-After header, as seconds (fractions too) or as a date; none for None."""
    if seconds is None:
        return {}
    if script.retry_after_form == "date":
        return {"Retry-After": formatdate(math.ceil(time.time() + seconds), usegmt=True)}
    return {"Retry-After": f"{seconds:g}"}


def _missing_key(route: Route) -> str:
    header = "api-key" if route.azure else "Authorization: Bearer"
    if route.endpoint is Endpoint.MESSAGES:
        header = "x-api-key"
    return f"The call has no API key: send it in the header {header}."
