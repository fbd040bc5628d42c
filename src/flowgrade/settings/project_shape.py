"""What ``flowgrade.yaml`` may hold.

To add a key, add its shape to ``PROJECT`` and read its value in ``read.py``: the check of the
file, its JSON Schema and the test that the key is documented follow from that.
"""

from __future__ import annotations

from flowgrade.records import JsonObject
from flowgrade.settings.shapes import (
    Anything,
    Fields,
    Flag,
    Items,
    Named,
    Number,
    OneOrMany,
    Short,
    Text,
    json_schema,
)

_NAME = {"pattern": r"[A-Za-z0-9][A-Za-z0-9._-]*", "form": "a name of letters, digits and . _ -"}

_MODEL = Text("A model as connection/model, or another slot.")
SLOT = Short(
    _MODEL,
    Fields(
        {
            "use": Text("The model as connection/model, or another slot."),
            "connection": Text("The connection of 'use', which is then the name at its endpoint."),
            "fallback": Items(_MODEL, "Models or slots that answer when the one before fails."),
            "parameters": Anything("Defaults of the parameters of calls."),
        },
        "What the slot is bound to.",
        needs=("use",),
        what="field of a slot",
    ),
)
_SLOTS = Named(SLOT, "Slots: names that flows use for models.", **_NAME)

SEARCH = Fields(
    {
        "mode": Text("What is searched by.", choices=("hybrid", "keyword", "vector")),
        "limit": Number("Hits that a search gives.", least=1, most=1000, whole=True),
        "candidates": Number(
            "Chunks of each side that a hybrid search fuses.", least=1, most=10_000, whole=True
        ),
        "fusion": Text(
            "How a hybrid search joins both sides.", choices=("adaptive", "convex", "rrf")
        ),
        "keyword_weight": Number("Share of the keyword side.", most=1),
        "rrf_k": Number(
            "The constant of reciprocal rank fusion.", least=1, most=10_000, whole=True
        ),
        "diversity": Number("0 takes the best; up to 1 prefers hits that differ.", most=1),
        "expand": Text(
            "What a hit is widened to before it is given.", choices=("none", "window", "parent")
        ),
        "rerank": Text("A reranker: llm:<model>, or a plugin's name; none for no one."),
        "options": Anything("Of the reranker, the expansion and whatever else a plugin reads."),
    },
    "How questions are answered.",
    what="setting of the search",
)


def _count(help: str) -> Number:
    return Number(help, least=1, whole=True)


LOAD = Fields(
    {
        "text_column": Text("Column of a table that is the text; all of them without one."),
        "id_column": Text("Column of a table, or key of a JSON line, that names the document."),
        "title_column": Text("Column of a table that is the title."),
        "whole_tables": Flag("A table is one document instead of one for each row."),
        "suffixes": Items(Text(), "File name endings to read, such as .md; all without it."),
        "formats": Named(Text(), "Loaders of further endings, such as .py: text."),
        "allow_private": Flag("A site may be at an address that is not public."),
        "allow_hosts": Items(Text(), "Hosts besides the sitemap's own that pages may be at."),
        "limits": Fields(
            {
                "file_bytes": _count("Of a file as it lies on the disk."),
                "text_characters": _count("Of one document's text."),
                "unpacked_bytes": _count("Of all parts of a compressed document."),
                "total_bytes": _count("Of all files of an archive or site."),
                "files": _count("Of a folder, an archive, a repository or a site."),
                "seconds": Number("To copy a repository, or to read a whole site."),
                "page_seconds": Number("To read one page of a site."),
            },
            "How much the sources may bring.",
            what="limit",
        ),
    },
    "How the sources are read.",
    what="setting of loading",
)
INDEX = Fields(
    {
        "source": OneOrMany(
            Text(), "Files, folders or addresses of the documents; paths count from the project."
        ),
        "load": LOAD,
        "chunker": Text("structure, sentences, tokens, parents, or a plugin's name."),
        "size": Number("Tokens that a chunk has at most.", least=1, most=1_000_000, whole=True),
        "overlap": Number("Tokens that a chunk repeats of the one before.", whole=True),
        "chunk_options": Anything("Of the chunker alone."),
        "embedding": Text("The embedding model or its slot; none makes it keywords alone."),
        "store": Text(
            "sqlite, postgres, lancedb, qdrant, azure_search, opensearch, or a plugin's name."
        ),
        "connection": Text("The connection of a store that is a service."),
        "store_options": Anything("Of the store alone."),
        "language": Text("For stemming and stop words; none takes words as they stand."),
        "search": SEARCH,
    },
    "An index.",
    what="setting of an index",
)

PROJECT = Fields(
    {
        "name": Text("The project's name; the folder's if absent."),
        "store": Text("Like FLOWGRADE_STORE; a path counts from the project's folder."),
        "connections": Text("Like FLOWGRADE_CONNECTIONS; a path counts from the project's folder."),
        "models": _SLOTS,
        "indexes": Named(INDEX, "Indexes, by name: what `flowgrade index build` makes.", **_NAME),
        "environments": Named(
            Fields({"models": _SLOTS}, what="setting of an environment"),
            "By name, what is otherwise where FLOWGRADE_ENVIRONMENT or --environment names it.",
            **_NAME,
        ),
    },
)
"""What the file may hold."""

KEYS = PROJECT.keys
"""Every key of the file, with its shape."""


def project_schema() -> JsonObject:
    """The JSON Schema of ``flowgrade.yaml``."""
    return json_schema(PROJECT, title="flowgrade.yaml")
