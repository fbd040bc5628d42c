"""An index as a tool that an agent may call."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from flowgrade.records import JsonObject
from flowgrade.retrieval.passages import passage_rows
from flowgrade.retrieval.result import Searches

SearchTool = Callable[..., Awaitable[list[JsonObject]]]
_NO_NAME = re.compile(r"\W+", re.ASCII)


def index_tool(
    index: Searches,
    *,
    name: str = "search",
    about: str = "the documents",
    limit: int = 5,
) -> SearchTool:
    """A typed function that searches ``index``: give it to an agent among its tools.

    ``about`` says what the documents are, so that a model knows when to call it.
    """

    async def search(query: str, limit: int = limit) -> list[JsonObject]:
        found = await index.search(query, limit=max(1, min(limit, 20)))
        return passage_rows(found.hits)

    search.__name__ = search.__qualname__ = _NO_NAME.sub("_", name).strip("_") or "search"
    search.__doc__ = (
        f"Search {about} and get the passages that answer best.\n\n"
        "Args:\n"
        "    query: What to look for, as a question or in key words.\n"
        "    limit: How many passages, at most 20.\n"
    )
    return search
