"""Turn an endpoint's complaint into the error that names its cause and the next step."""

from __future__ import annotations

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ModelBusyError,
    ModelError,
    ModelNotFoundError,
    ModelResponseError,
    ModelServerError,
    ModelTimeoutError,
    QuotaError,
    RateLimitError,
    UnsupportedByModelError,
)
from flowgrade.models.complaint import Complaint

_BY_CODE: dict[str, type[ModelError]] = {
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
    "responsibleaipolicyviolation": ContentFilterError,
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,
    "model_not_found": ModelNotFoundError,
    "deploymentnotfound": ModelNotFoundError,
    "unknown_model": ModelNotFoundError,
    "insufficient_quota": QuotaError,
    "billing_hard_limit_reached": QuotaError,
    "billing_not_active": QuotaError,
    "billing_error": QuotaError,
    "invalid_api_key": AuthenticationError,
    "authentication_error": AuthenticationError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "request_too_large": ContextLengthError,
    "server_error": ModelServerError,
}
_BY_STATUS: dict[int, type[ModelError]] = {
    401: AuthenticationError,
    402: QuotaError,
    403: AuthenticationError,
    404: ModelNotFoundError,
    408: ModelTimeoutError,
    409: ModelBusyError,
    429: RateLimitError,
}
_TOO_LONG = (
    "maximum context length",
    "context window",
    "context size",
    "prompt is too long",
    "exceed context limit",
)
_NO_CREDIT = "credit balance is too low"  # Anthropic says it with a 400


def classify(status: int | None, complaint: Complaint) -> type[ModelError]:
    """The class of error for a status and a complaint; ``status`` is None within a stream."""
    if status == 501:
        return UnsupportedByModelError
    if status is not None and status >= 500:
        return ModelServerError  # whatever it says, the fault is on its side
    for code in sorted(complaint.codes):
        if code in _BY_CODE:
            return _BY_CODE[code]
    status = status if status is not None else complaint.status
    if status is None:
        return ModelServerError
    if status in {400, 413, 422} and any(words in complaint.message.lower() for words in _TOO_LONG):
        return ContextLengthError
    if status == 400 and _NO_CREDIT in complaint.message.lower():
        return QuotaError
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return BadRequestError
    return ModelServerError if status >= 500 else ModelResponseError


def is_about_path(status: int, complaint: Complaint, *, is_page: bool) -> bool:
    """Whether a refusal says that its path is not that of an API, as web sites do.

    ``is_page`` says that it is HTML. A 404 may mean the model as well, and then names it.
    """
    if status in {405, 501} and is_page:
        return True
    text = complaint.message.lower()
    is_about_model = complaint.codes & _BY_CODE.keys() or "model" in text or "deployment" in text
    return status == 404 and not is_about_model


def advice(error: type[ModelError], *, model: str, key_place: str, url_place: str) -> str:
    """The next step after an error of this class."""
    steps: dict[type[ModelError], str] = {
        AuthenticationError: f"Check {key_place}: it may be mistyped, expired, without the right "
        "to use this model, or of another endpoint.",
        ModelNotFoundError: f"Check that '{model}' is a model or deployment of this endpoint, and "
        f"that {url_place} is the path its API starts at (often it ends in /v1).",
        ContextLengthError: "Send less text: shorten the prompt, the history or the documents, "
        "or use a model with a longer context.",
        ContentFilterError: "Rephrase the request, or have the filter of the deployment changed.",
        BadRequestError: "Change the request's parameters to what the model accepts.",
        QuotaError: "Check the plan and the billing of the account that the key belongs to.",
        RateLimitError: "Run fewer calls at once, or ask for a higher limit.",
        UnsupportedByModelError: f"Use a model or server that can, or one that is started to; "
        f"'{model}' here cannot.",
        ModelServerError: "Try again later; if it stays, look at the endpoint's own log.",
        ModelBusyError: "Try again later.",
        ModelTimeoutError: "Try again later, or send a smaller request.",
        ModelResponseError: f"Check that {url_place} is right.",
    }
    return steps.get(error, "Try again later.")
