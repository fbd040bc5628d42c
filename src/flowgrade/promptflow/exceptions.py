"""Prompt flow's exceptions, for code that catches or raises them."""

from __future__ import annotations

from typing import Any

from flowgrade.errors import FlowgradeError


class PromptflowException(FlowgradeError):
    """A prompt flow project failed."""

    def __init__(
        self,
        message: str = "",
        message_format: str = "",
        target: Any = None,
        *,
        hint: str | None = None,
        **parameters: Any,
    ) -> None:
        self.target = target
        self.module = parameters.pop("module", None)
        parameters.pop("error", None)
        self.message_format = message_format
        self.message_parameters = parameters
        super().__init__(message or _formatted(message_format, parameters) or None, hint=hint)


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


class WrappedOpenAIError(LLMError):
    """The model's endpoint refused a call."""


class SerpAPIUserError(UserErrorException):
    """SerpAPI refused a search."""


class SerpAPISystemError(SystemErrorException):
    """SerpAPI gave no answer."""


class AzureContentSafetyInputValueError(UserErrorException):
    """Azure AI Content Safety refused a text."""


class AzureContentSafetySystemError(SystemErrorException):
    """Azure AI Content Safety gave no answer."""


class OpenModelLLMUserError(UserErrorException):
    """A call of an open model is wrong."""


class OpenModelLLMKeyValidationError(OpenModelLLMUserError):
    """The connection of an open model lacks a value."""


class OpenModelLLMOnlineEndpointError(UserErrorException):
    """The endpoint of an open model refused a call."""


class OpenModelLLMSystemError(SystemErrorException):
    """The endpoint of an open model gave no answer."""


def _formatted(message: str, parameters: dict[str, Any]) -> str:
    try:
        return message.format(**parameters)
    except (KeyError, IndexError, ValueError):
        return message
