"""What some flows import from prompt flow's private modules."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowgradeError
from flowgrade.promptflow.contracts import AssistantDefinition

logger = logging.getLogger("flowgrade.promptflow")


def get_logger(name: str) -> logging.Logger:
    """The logger of that name."""
    return logging.getLogger(name)


def load_yaml(source: str | Path | Any) -> Any:
    """The content of a YAML file."""
    from flowgrade.records.yaml import parse_yaml  # noqa: PLC0415  YAML takes 15 ms

    if hasattr(source, "read"):
        return parse_yaml(source.read(), file=str(getattr(source, "name", "")))
    return parse_yaml(Path(source).read_text(encoding="utf-8"), file=str(source))


class Status(StrEnum):
    """Where a row or node stands."""

    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    BYPASSED = "Bypassed"
    CANCELED = "Canceled"


class OperationContext(dict[str, Any]):
    """A mapping that lives as long as the process."""

    _instance: OperationContext | None = None

    @classmethod
    def get_instance(cls) -> OperationContext:
        """The one of this process."""
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def get_user_agent(self) -> str:
        """What calls say of the program they come from."""
        return "flowgrade"

    def append_user_agent(self, user_agent: str) -> None:
        """Accepted for prompt flow's sake."""


class ExceptionPresenter:
    """An exception as a mapping."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @classmethod
    def create(cls, error: BaseException) -> ExceptionPresenter:
        """For ``error``."""
        return cls(error)

    def to_dict(self, include_debug_info: bool = False) -> dict[str, Any]:
        """Message, class and code; with the stack trace when asked."""
        found: dict[str, Any] = {
            "message": str(self._error),
            "messageFormat": "",
            "messageParameters": {},
            "referenceCode": "Tool",
            "code": "UserError",
            "innerError": {"code": type(self._error).__name__, "innerError": None},
        }
        if include_debug_info:
            found["debugInfo"] = {
                "type": type(self._error).__name__,
                "message": str(self._error),
                "stackTrace": "".join(traceback.format_exception(self._error)),
            }
        return found


class ErrorResponse:
    """The body of an error answer."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        self._error = dict(error)

    @classmethod
    def from_exception(cls, error: BaseException, **options: Any) -> ErrorResponse:
        """For ``error``."""
        return cls(ExceptionPresenter(error).to_dict(**options))

    @classmethod
    def from_error_dict(cls, error: Mapping[str, Any]) -> ErrorResponse:
        """From an error that is a mapping already."""
        return cls(error)

    @property
    def message(self) -> str:
        """The error's message."""
        return str(self._error.get("message", ""))

    @property
    def error_code_hierarchy(self) -> str:
        """The codes from the outermost to the innermost."""
        codes, error = [], dict(self._error)
        while error:
            codes.append(str(error.get("code")))
            error = dict(error.get("innerError") or {})
        return "/".join(codes)

    def to_dict(self) -> dict[str, Any]:
        """The body."""
        return {"error": self._error}

    def to_simplified_dict(self) -> dict[str, Any]:
        """The body with code and message only."""
        return {"error": {"code": self._error.get("code"), "message": self.message}}


class AssistantToolInvoker:
    """Calls the Python tools of an assistant's definition."""

    def __init__(self, definition: AssistantDefinition, tools: Mapping[str, Any]) -> None:
        self._definition = definition
        self._tools = tools

    def invoke_tool(self, func_name: str, kwargs: Mapping[str, Any] | str) -> Any:
        """Call one by name."""
        arguments = json.loads(kwargs) if isinstance(kwargs, str) else dict(kwargs)
        if func_name not in self._tools:
            raise FlowgradeError(f"The assistant has no tool '{func_name}'.")
        return self._tools[func_name](**arguments)

    def to_openai_tools(self) -> list[dict[str, Any]]:
        """The tools in the shape of OpenAI's API."""
        return [tool for tool in self._definition.tools if tool.get("type") != "python"]


class PromptFlowCallbackHandler:
    """LangChain's callbacks; use OpenTelemetry's instrumentation of LangChain instead."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        logger.warning(
            "PromptFlowCallbackHandler records nothing: calls made through LangChain are not "
            "steps of the trace. Install openinference-instrumentation-langchain."
        )
