"""An answer that was kept back is a failure, never an empty answer."""

from __future__ import annotations

from flowgrade.errors import ContentFilterError
from flowgrade.records import Json, JsonObject

FILTERED = "content_filter"
_LIMIT = 300  # characters of a refusal that a message repeats
_HINT = "Rephrase the request, or have the filter of the deployment changed."


def check_answered(finish_reason: Json, message: JsonObject, filters: Json = None) -> None:
    """Raise ContentFilterError when an answer without text was filtered or refused.

    ``filters`` are Azure's ``content_filter_results``: the message names what they found.
    """
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        raise ContentFilterError(
            f"The model refused to answer: {' '.join(refusal.split())[:_LIMIT]}",
            hint="Rephrase the request, or ask another model.",
        )
    if finish_reason == FILTERED:
        found = ", ".join(_filtered(filters))
        raise ContentFilterError(
            "The endpoint's content filter kept the whole answer back"
            + (f" (found: {found})." if found else "."),
            hint=_HINT,
        )


def _filtered(filters: Json) -> list[str]:
    if not isinstance(filters, dict):
        return []
    return [
        f"{name}, severity {result['severity']}" if result.get("severity") else name
        for name, result in filters.items()
        if isinstance(result, dict) and result.get("filtered")
    ]
