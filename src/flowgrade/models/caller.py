"""Caller: what a model makes its calls with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from flowgrade.records import JsonObject


class Caller(Protocol):
    """JSON calls to one model at one address; an Endpoint is one."""

    async def post(self, path: str, payload: JsonObject) -> JsonObject:
        """Post ``payload`` to ``path``; gives the answer's JSON. Raises a ModelError."""
        ...

    async def get(self, path: str) -> JsonObject:
        """Get the JSON at ``path``. Raises a ModelError."""
        ...

    def stream(
        self,
        path: str,
        payload: JsonObject,
        *,
        is_finished: Callable[[], bool] | None = None,
    ) -> AsyncGenerator[JsonObject]:
        """Post ``payload`` and yield the JSON events of the answer.

        An answer that ends without saying so is broken off, unless ``is_finished`` says that its
        events did.
        """
        ...
