"""Errors of litellm as ours, with cause and next step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowgrade.errors import (
    ContentFilterError,
    ContextLengthError,
    FlowgradeError,
    InputError,
    ModelError,
    ModelTimeoutError,
    ModelUnreachableError,
    QuotaError,
    UnknownModelError,
    UnsupportedByModelError,
)
from flowgrade.models.clock import Clock
from flowgrade.models.complaint import Complaint, read_complaint
from flowgrade.models.connection import Connection
from flowgrade.models.refusal import advice, classify
from flowgrade.models.retry import read_retry_after
from flowgrade.models.scrub import scrub

_BY_NAME: dict[str, type[ModelError]] = {
    "ContextWindowExceededError": ContextLengthError,
    "ContentPolicyViolationError": ContentFilterError,
    "UnsupportedParamsError": UnsupportedByModelError,
    "PaymentRequiredError": QuotaError,
    "Timeout": ModelTimeoutError,
    "APIConnectionError": ModelUnreachableError,
}
_OWN_WORDS = re.compile(
    r"^(?:litellm\.)?(?:\w+Error|Timeout):\s*|^\w+Exception - |\s*Received Model Group=.*"
    r"|\s*Traceback \(most recent call last\).*",
    re.DOTALL,
)
_NO_CONNECTION = frozenset({"APIConnectionError", "ClientConnectorError", "ConnectError"})
_NO_PROVIDER = "LLM Provider NOT provided"
_NO_MODULE = re.compile(r"No module named '([\w.]+)'|\bpip install ([\w-]+)")
_PACKAGES = {"google.auth": "google-auth", "google": "google-auth", "botocore": "boto3"}
_UNSUPPORTED = "Leave the parameter out, or use a model that has it."


def explain(error: Exception, *, model: str, connection: Connection, clock: Clock) -> Exception:
    """The error for what litellm raised; no message of it holds a key."""
    if isinstance(error, FlowgradeError):
        return error
    text = _text(error, connection)
    missing = _missing(error)
    if missing:
        return InputError(
            f"'{model}' needs a library that is not installed: {missing}.",
            hint=f"Install it: pip install {_PACKAGES.get(missing, missing)}",
        )
    if _NO_PROVIDER in text:
        return UnknownModelError(
            f"litellm knows no provider for '{model}'.",
            hint="Write the provider's name of docs.litellm.ai/docs/providers before the model.",
        )
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return ModelError(
            f"litellm failed before it called '{model}': {type(error).__name__}: {text}",
            hint=f"Check the fields of the connection '{connection.name}' and the request.",
        )
    codes = frozenset({str(getattr(error, "code", "")).lower()})
    kind = _BY_NAME.get(type(error).__name__)
    if kind is None and _never_arrived(error):
        kind = ModelUnreachableError
    kind = kind or classify(status, Complaint(message=text, codes=codes))
    summary = (kind.__doc__ or kind.__name__).splitlines()[0].rstrip(".")
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None)
    return kind(
        f"{summary} ({status} from {model}): {text}",
        hint=_UNSUPPORTED if kind is UnsupportedByModelError else _advice(kind, model, connection),
        status=status,
        retry_after=None if headers is None else read_retry_after(headers, clock.now()),
    )


def _missing(error: BaseException) -> str | None:
    """The library whose absence is behind ``error``, if that is its cause."""
    for one in _chain(error):
        found = _NO_MODULE.search(str(one)) if _names_module(one) else None
        if found:
            return found[1] or found[2]
    return None


def _never_arrived(error: BaseException) -> bool:
    """Whether no connection was behind ``error``, which may call itself a server's."""
    return any(type(one).__name__ in _NO_CONNECTION for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(20):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _names_module(error: BaseException) -> bool:
    return isinstance(error, ImportError) or "No module named" in str(error)


def _advice(kind: type[ModelError], model: str, connection: Connection) -> str:
    return advice(kind, model=model, key_place=connection.key_place, url_place=connection.url_place)


def _text(error: Exception, connection: Connection) -> str:
    words = str(getattr(error, "message", "") or error) or type(error).__name__
    for _ in range(3):  # it wraps its errors into each other and repeats their names
        words = _OWN_WORDS.sub("", words)
    secrets = [secret.reveal() for secret in connection.secrets.values()]
    secrets += [*connection.headers.values()]
    secrets += [connection.api_key.reveal()] if connection.api_key else []
    return scrub(read_complaint(words.encode()).message, secrets)
