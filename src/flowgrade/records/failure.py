"""Failure: an error as it is kept."""

from __future__ import annotations

import traceback

from flowgrade.errors import FlowgradeError, NodeError
from flowgrade.records.record import Record

_FRAMES = 40


class Failure(Record):
    """Class, message and trace of an error, as stored with the row or span it ended."""

    type: str
    """Name of the exception's class; of the cause's class when a node failed."""
    message: str
    node: str | None = None
    place: str | None = None
    """Where in the user's files, as ``file:line:column``."""
    hint: str | None = None
    retryable: bool = False
    trace: str | None = None
    """The stack trace as text, at most 40 frames."""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The record of ``error``."""
        cause = error.cause if isinstance(error, NodeError) else error
        own = cause if isinstance(cause, FlowgradeError) else None
        return cls(
            type=type(cause).__name__,
            message=own.message if own else _message(cause),
            node=error.node if isinstance(error, NodeError) else None,
            place=str(own.place) if own and own.place else None,
            hint=own.hint if own else None,
            retryable=own.retryable if own else False,
            trace="".join(traceback.format_exception(cause, limit=-_FRAMES)),
        )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a stranger's exception may fail in any way
        return f"<{type(error).__name__} without a message>"
