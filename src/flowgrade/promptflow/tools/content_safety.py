"""Azure AI Content Safety: is a text harmful?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from flowgrade.promptflow.connections import AzureContentSafetyConnection
from flowgrade.promptflow.exceptions import (
    AzureContentSafetyInputValueError,
    AzureContentSafetySystemError,
)
from flowgrade.promptflow.tools.service import asked, post_json


class TextCategorySensitivity(str, Enum):  # noqa: UP042  flows compare it as prompt flow defines it
    """How little harm of a category is enough to reject a text."""

    DISABLE = "disable"
    LOW_SENSITIVITY = "low_sensitivity"
    MEDIUM_SENSITIVITY = "medium_sensitivity"
    HIGH_SENSITIVITY = "high_sensitivity"


_MEDIUM = TextCategorySensitivity.MEDIUM_SENSITIVITY
_REJECTED_FROM = {
    TextCategorySensitivity.LOW_SENSITIVITY: 6,
    TextCategorySensitivity.MEDIUM_SENSITIVITY: 4,
    TextCategorySensitivity.HIGH_SENSITIVITY: 2,
}
"""The severity, 0 to 6, from which a text is rejected."""


def analyze_text(
    connection: AzureContentSafetyConnection,
    text: str,
    hate_category: TextCategorySensitivity = _MEDIUM,
    sexual_category: TextCategorySensitivity = _MEDIUM,
    self_harm_category: TextCategorySensitivity = _MEDIUM,
    violence_category: TextCategorySensitivity = _MEDIUM,
) -> dict[str, Any]:
    """``suggested_action``, Accept or Reject, and the same by category."""
    wanted = {
        "Hate": _sensitivity(hate_category),
        "SelfHarm": _sensitivity(self_harm_category),
        "Sexual": _sensitivity(sexual_category),
        "Violence": _sensitivity(violence_category),
    }
    found = _severities(connection, text)
    actions = {
        category: _action(category, found, _REJECTED_FROM.get(sensitivity))
        for category, sensitivity in wanted.items()
    }
    return {
        "suggested_action": "Reject" if "Reject" in actions.values() else "Accept",
        "action_by_category": actions,
    }


def _severities(connection: AzureContentSafetyConnection, text: str) -> Mapping[str, Any]:
    endpoint = str(connection.get("endpoint") or "").rstrip("/")
    if not endpoint:
        raise AzureContentSafetyInputValueError(
            f"The connection '{connection.name}' has no endpoint."
        )
    version = connection.get("api_version")
    answer = asked(
        post_json(
            f"{endpoint}/contentsafety/text:analyze?api-version={version}",
            {"text": text, "blocklistNames": []},
            {"Ocp-Apim-Subscription-Key": str(connection.api_key or "")},
        ),
        user_error=AzureContentSafetyInputValueError,
        system_error=AzureContentSafetySystemError,
    )
    analysis = answer.get("categoriesAnalysis") if isinstance(answer, Mapping) else None
    return {str(item.get("category")): item.get("severity") for item in analysis or ()}


def _action(category: str, found: Mapping[str, Any], rejected_from: int | None) -> str:
    severity = found.get(category)
    if not isinstance(severity, int):
        raise AzureContentSafetySystemError(
            f"The service's answer says nothing of the category {category}."
        )
    return "Reject" if rejected_from is not None and severity >= rejected_from else "Accept"


def _sensitivity(given: TextCategorySensitivity | str) -> TextCategorySensitivity:
    try:
        return TextCategorySensitivity(given)
    except ValueError:
        known = ", ".join(member.value for member in TextCategorySensitivity)
        raise AzureContentSafetyInputValueError(
            f"There is no sensitivity '{given}'. There are: {known}."
        ) from None
