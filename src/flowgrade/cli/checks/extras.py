"""The optional parts: installed, or what they would add."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from flowgrade.cli.checks.check import Check

EXTRAS = {
    "ann": ("usearch", "approximate search in indexes of very many chunks"),
    "azure": ("azure.identity", "sign in to Azure by Microsoft Entra ID"),
    "azure_search": ("azure.search.documents", "indexes in Azure AI Search"),
    "documents": ("pypdf", "documents from PDF, Word, PowerPoint and HTML"),
    "embeddings": ("wordllama", "the embedded model that embeds, embedded/static"),
    "keyring": ("keyring", "keys in the keyring of the operating system"),
    "lancedb": ("lancedb", "indexes in LanceDB"),
    "litellm": ("litellm", "a hundred other providers of models"),
    "mcp": ("mcp", "tools by the Model Context Protocol"),
    "opensearch": ("opensearchpy", "indexes in OpenSearch"),
    "parquet": ("pyarrow", "datasets and exports in Parquet"),
    "pf": ("pandas", "DataFrames of prompt flow's client"),
    "postgres": ("psycopg", "a PostgreSQL store for a team"),
    "qdrant": ("qdrant_client", "indexes in Qdrant"),
    "ray": ("ray", "runs over many machines"),
    "rerank": ("onnxruntime", "cross-encoders that rerank on this machine"),
}
"""Each extra of the package: the module to look for, and what it adds."""


def extra_checks() -> Iterator[Check]:
    """One check for each extra; none of them is needed."""
    for extra, (module, adds) in EXTRAS.items():
        if _is_there(module):
            yield Check(check=f"extra {extra}", status="ok", found=f"installed: {adds}")
        else:
            yield Check(
                check=f"extra {extra}",
                status="ok",
                found=f"not installed; would add: {adds}",
                next=f"pip install 'flowgrade[{extra}]'",
            )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False
