"""Index lookup: prompt flow's tools that ask an index, answered by an index of the project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from flowgrade.errors import InputError
from flowgrade.promptflow.host import blocking, host
from flowgrade.records import JsonObject, replace
from flowgrade.retrieval import Hit, OpenedIndex, SearchResult

_OWN = "flowgrade"
_HINT = (
    "Build an index of the documents with 'flowgrade index build' and name it: "
    "mlindex_content: NAME, or {index: {kind: flowgrade, index: NAME}}."
)


def search(
    mlindex_content: str,
    queries: str | list[str],
    query_type: str = "Hybrid (vector + keyword)",
    top_k: int = 3,
) -> Any:
    """The entities that answer a question; of several questions, a list for each.

    ``mlindex_content`` names an index of the project, or is a YAML mapping whose ``index`` has the
    kind ``flowgrade``. A semantic query type is a hybrid search; the index's own settings say
    whether it is reranked.
    """
    index = _opened(mlindex_content)
    asked = [queries] if isinstance(queries, str) else list(queries)
    settings = replace(index.searching, mode=_mode(query_type, index))

    async def work() -> list[SearchResult]:
        return await asyncio.gather(
            *(index.search(one, limit=int(top_k), settings=settings) for one in asked)
        )

    found = [[entity(hit) for hit in result.hits] for result in blocking(work())]
    return found[0] if isinstance(queries, str) else found


class VectorIndexLookup:
    """``promptflow_vectordb.tool.vector_index_lookup.VectorIndexLookup``, before index lookup."""

    def __init__(self, path: str) -> None:
        self.path = path

    def search(self, query: str, top_k: int = 3) -> Any:
        """The entities that answer a question, by vectors alone; see ``search``."""
        return search(self.path, query, "Vector", top_k)


def entity(hit: Hit) -> JsonObject:
    """A hit in the shape of prompt flow's entities; the vector stays in the index."""
    chunk = hit.chunk
    source = {"filename": chunk.source or chunk.document, "title": chunk.title}
    metadata = {**chunk.metadata, "source": source, "page": chunk.page}
    return {
        "text": hit.text,
        "vector": None,
        "score": hit.score,
        "metadata": metadata,
        "original_entity": hit.as_json(),
    }


def _opened(content: str | Mapping[str, Any]) -> OpenedIndex:
    described = _described(content)
    if isinstance(described, str):
        return host().open_index(described)
    index = described.get("index")
    kind = index.get("kind") if isinstance(index, Mapping) else None
    if not isinstance(index, Mapping) or kind != _OWN:
        what = f"of the kind '{kind}'" if kind else "of no kind that is known"
        raise InputError(f"The tool's mlindex_content describes an index {what}.", hint=_HINT)
    if not index.get("index"):
        raise InputError("The tool's mlindex_content names no index.", hint=_HINT)
    snapshot = index.get("snapshot")
    return host().open_index(str(index["index"]), snapshot=str(snapshot) if snapshot else None)


def _described(content: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
    if isinstance(content, str) and content.strip() and not any(c in content for c in ":\n{"):
        return content.strip()
    if isinstance(content, str):
        import yaml  # noqa: PLC0415  a flow that looks nothing up does not pay for it

        try:
            content = yaml.safe_load(content)
        except yaml.YAMLError:
            raise InputError("The tool's mlindex_content is no YAML.", hint=_HINT) from None
    if not isinstance(content, Mapping):
        raise InputError("The tool's mlindex_content describes no index.", hint=_HINT)
    return content


def _mode(query_type: str, index: OpenedIndex) -> Any:
    wanted = str(query_type).casefold()
    if "hybrid" in wanted or "semantic" in wanted:
        return "hybrid"
    for mode in ("keyword", "vector"):
        if mode in wanted:
            return mode
    raise InputError(
        f"The index '{index.name}' knows no query_type '{query_type}'.",
        hint="There are: Keyword, Vector, Semantic, Hybrid (vector + keyword), Hybrid + semantic.",
    )
