"""Prompt flow's exceptions, for code that catches or raises them."""

from __future__ import annotations

from typing import Any

from flowgrade.errors import FlowgradeError


class PromptflowException(FlowgradeError):
    """A prompt flow project failed."""

    def __init__(
        self, message: str = "", message_format: str = "", target: Any = None, **parameters: Any
    ) -> None:
        self.target = target
        self.module = parameters.pop("module", None)
        parameters.pop("error", None)
        self.message_format = message_format
        self.message_parameters = parameters
        super().__init__(message or _formatted(message_format, parameters) or None)


class UserErrorException(PromptflowException):
    """The user's code or input is at fault."""


class SystemErrorException(PromptflowException):
    """The system is at fault."""


class ValidationException(UserErrorException):
    """A definition is not valid."""


class ErrorTarget:
    """Where an error comes from, in prompt flow's words."""

    EXECUTOR = "Executor"
    BATCH = "Batch"
    TOOL = "Tool"
    CONTROL_PLANE_SDK = "ControlPlaneSDK"
    UNKNOWN = "Unknown"


class InvalidRunStatusError(UserErrorException):
    """The run is not in a state for that."""


class ChatAPIInvalidRole(UserErrorException):
    """A chat template's first text has no role."""


class LLMError(UserErrorException):
    """A model call failed."""


def _formatted(message: str, parameters: dict[str, Any]) -> str:
    try:
        return message.format(**parameters)
    except (KeyError, IndexError, ValueError):
        return message
