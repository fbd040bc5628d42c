"""Every error that Flowgrade raises on purpose, under one root.

An error's docstring is its default message. A message names the cause; ``hint`` names the next
step; ``place`` says where in the user's files to look. ``exit_code`` is what the command line
exits with: 2 for wrong usage or input, 1 for work that failed.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a user's file; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a stranger's exception may fail when it is shown
        return "it cannot be shown"


class FlowgradeError(Exception):
    """Flowgrade could not do what was asked."""

    exit_code = 1
    retryable = False

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, place: Place | None = None
    ) -> None:
        self.message = message or inspect.getdoc(type(self)) or type(self).__name__
        self.hint = hint
        self.place = place
        super().__init__(self.message)

    def __str__(self) -> str:
        """The whole message: place, cause and next step."""
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n  {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt by calling their class, whose parameters differ from ``args``.
        return _rebuilt, (type(self), self.args), self.__dict__


def _rebuilt(kind: type[FlowgradeError], arguments: tuple[Any, ...]) -> FlowgradeError:
    return kind.__new__(kind, *arguments)


class UsageError(FlowgradeError):
    """The command or call cannot be understood."""

    exit_code = 2


class InputError(FlowgradeError):
    """The input cannot be used."""

    exit_code = 2


class SettingsError(InputError):
    """A setting has a value that cannot be used."""


class MissingExtraError(FlowgradeError):
    """An optional part of Flowgrade is not installed."""

    exit_code = 2

    def __init__(self, extra: str, *, purpose: str) -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs an optional part that is not installed.",
            hint=f"Install it: pip install 'flowgrade[{extra}]'",
        )


class PluginError(FlowgradeError):
    """A plugin cannot be loaded."""

    exit_code = 2


class NotFoundError(InputError):
    """There is nothing of that name."""


# --- store


class StoreError(FlowgradeError):
    """The store cannot be read or written."""


class StoreFullError(StoreError):
    """The disk that holds the store is full."""


class StoreBusyError(StoreError):
    """Another process holds the store."""

    retryable = True


class StoreConflictError(StoreError):
    """A row with this key is there already."""


class RunBusyError(StoreError):
    """The run is being executed by another process."""

    exit_code = 2


class IndexBusyError(StoreError):
    """The index is being built by another process."""

    exit_code = 2


# --- files and definitions


class DatasetError(InputError):
    """The data file cannot be read."""


class LoadError(InputError):
    """A document cannot be loaded: it is broken, encrypted, too large or of no known format."""


class IndexConflictError(InputError):
    """An index was made with another model, dimension or store than what is asked of it now."""


class MappingError(InputError):
    """A column mapping does not fit the data or the flow."""


class FlowDefinitionError(InputError):
    """The flow's definition is not usable."""


class ExportError(InputError):
    """The flow has something that its export cannot do in the same way."""


class TemplateError(InputError):
    """A template cannot be parsed or rendered."""


class TemplateSecurityError(TemplateError):
    """A template tried something that templates may not do."""


# --- while a flow runs


class FlowInputError(InputError):
    """An input of the flow is missing or has the wrong type."""


class NodeError(FlowgradeError):
    """A node of the flow failed; ``outer/inner`` is a node of a flow inside that flow."""

    node: str
    cause: BaseException

    def __init__(self, node: str, cause: BaseException) -> None:
        if type(cause) is NodeError:
            node += cause.node if cause.node.startswith("[") else f"/{cause.node}"
            cause = cause.cause
        self.node = node
        self.cause = cause
        hint = cause.hint if isinstance(cause, FlowgradeError) else None
        text = cause.message if isinstance(cause, FlowgradeError) else _text_of(cause)
        place = cause.place if isinstance(cause, FlowgradeError) else None
        message = f"Node '{node}' failed: {type(cause).__name__}: {text}"
        super().__init__(message, hint=hint, place=place)


class ConditionError(FlowgradeError):
    """A condition cannot be decided: its values do not fit it."""


class LoopBoundError(FlowgradeError):
    """A loop reached its bound before its condition held."""


class RowTimeoutError(FlowgradeError):
    """A row took longer than the run allows."""

    retryable = True


class FlowOutputError(FlowgradeError):
    """An output of the flow cannot be resolved or is not JSON."""


class ToolError(FlowgradeError):
    """A tool could not do what a model asked of it."""


class HttpError(ToolError):
    """An HTTP call of a tool failed."""


class AgentLimitError(FlowgradeError):
    """An agent reached a limit before it had an answer."""

    def __init__(self, message: str | None = None, *, limit: str, result: Any) -> None:
        self.limit = limit
        self.result = result
        """The ``AgentResult`` up to there, without an answer."""
        super().__init__(
            message,
            hint=f"See in the trace what it did. Raise limits.{limit}, give it fewer or clearer "
            "tools, or set on_limit to 'return' to go on without an answer.",
        )


# --- runs


class EngineError(FlowgradeError):
    """The engine cannot go on with the run."""


class WorkerDiedError(FlowgradeError):
    """The workers that did the row died."""

    retryable = True


# --- models


class ModelError(FlowgradeError):
    """A model call failed."""

    status: int | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(message, hint=hint)


class UnknownModelError(ModelError):
    """No such model is known."""

    exit_code = 2


class ConnectionNotFoundError(ModelError):
    """No such connection is known."""

    exit_code = 2


class ConnectionSealedError(ModelError):
    """A connection in the store cannot be opened."""

    exit_code = 2


class KeyringError(ModelError):
    """The system keyring cannot be used."""

    exit_code = 2


class MissingKeyError(ModelError):
    """The connection has no API key."""

    exit_code = 2


class UnsupportedByModelError(ModelError):
    """The model cannot do what is asked of it."""

    exit_code = 2


class AuthenticationError(ModelError):
    """The endpoint refused the key."""


class ModelNotFoundError(ModelError):
    """The endpoint does not know the model."""


class BadRequestError(ModelError):
    """The endpoint refused the request."""


class ContextLengthError(BadRequestError):
    """The request is longer than the model's context."""


class ContentFilterError(BadRequestError):
    """The endpoint's content filter refused the request."""


class QuotaError(ModelError):
    """The account behind the key has no quota left."""


class RateLimitError(ModelError):
    """The endpoint asks for fewer calls."""

    retryable = True


class ModelBusyError(ModelError):
    """The endpoint is busy with something that the call conflicts with."""

    retryable = True


class ModelServerError(ModelError):
    """The endpoint failed."""

    retryable = True


class ModelTimeoutError(ModelError):
    """The endpoint did not answer in time."""

    retryable = True


class ModelUnreachableError(ModelError):
    """The endpoint cannot be reached."""

    retryable = True


class BatchError(ModelError):
    """A batch of calls came to no result for this one."""

    retryable = True


class ModelResponseError(ModelError):
    """The endpoint's answer cannot be understood."""


class EmptyAnswerError(ModelResponseError):
    """The model answered with nothing."""


class InvalidJsonError(ModelResponseError):
    """The model's answer is not the JSON that was asked for."""
