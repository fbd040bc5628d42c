"""Take the place of a model's calls: for those that are collected and sent later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from flowgrade.errors import ModelError, UnsupportedByModelError
from flowgrade.models.complaint import Complaint
from flowgrade.records import JsonObject


class Callee(Protocol):
    """The endpoint of one model, as what takes the place of its calls sees it."""

    @property
    def model(self) -> str:
        """The model's name at the address."""
        ...

    @property
    def identity(self) -> tuple[str, str, str]:
        """Tells endpoints apart: address, model, and a digest of the headers with the key."""
        ...

    @property
    def has_deployment(self) -> bool:
        """Whether the address names the model itself, as Azure's older form does."""
        ...

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        form: Mapping[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
        retried: bool = False,
    ) -> bytes:
        """Ask the API beside the model's own calls; gives the answer's body."""
        ...

    def failure(self, status: int | None, complaint: Complaint) -> ModelError:
        """The error for what the endpoint says of one call of several."""
        ...


Intercept = Callable[[Callee, str, JsonObject], Awaitable[JsonObject]]
"""Gets the endpoint, the path and the payload of a call, and gives its answer."""

_active: ContextVar[Intercept | None] = ContextVar("flowgrade_intercept", default=None)

active_intercept = _active.get
"""What takes the place of the calls that are made here, if anything."""


def refuse_intercepted(what: str) -> None:
    """Raise UnsupportedByModelError where calls are collected and ``what`` cannot be."""
    if _active.get() is not None:
        raise UnsupportedByModelError(
            f"{what} cannot be put into a batch.", hint="Use another engine for this flow."
        )


@contextmanager
def intercepted(intercept: Intercept) -> Iterator[None]:
    """For the block, calls that are not streamed go to ``intercept``."""
    token = _active.set(intercept)
    try:
        yield
    finally:
        _active.reset(token)
