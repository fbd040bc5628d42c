"""What flows and tools need of an index: that it opens by its name and answers questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from flowgrade.errors import InputError
from flowgrade.records import Json
from flowgrade.retrieval.result import Searches, SearchResult
from flowgrade.retrieval.settings import SearchSettings


@runtime_checkable
class OpenedIndex(Searches, Protocol):
    """A snapshot of an index that is open."""

    @property
    def name(self) -> str:
        """Of the index."""
        ...

    @property
    def snapshot(self) -> str:
        """The digest that names the snapshot."""
        ...

    @property
    def searching(self) -> SearchSettings:
        """How it answers a question that says nothing of it."""
        ...

    async def search(
        self,
        query: str,
        *,
        limit: int | None = None,
        where: Mapping[str, Json] | None = None,
        settings: SearchSettings | None = None,
    ) -> SearchResult:
        """The best passages for ``query``; ``settings`` stand in for ``searching``."""
        ...


class OpenIndex(Protocol):
    """Opens an index by its name."""

    def __call__(self, name: str, *, snapshot: str | None = None) -> OpenedIndex:
        """The index; its current snapshot when none is named. Raises NotFoundError."""
        ...


def no_indexes(name: str, *, snapshot: str | None = None) -> OpenedIndex:
    """Stands where no project is open that could have indexes."""
    raise InputError(
        f"The index '{name}' cannot be opened: no project is open here.",
        hint="Load the flow with flowgrade.load_flow or a command.",
    )
