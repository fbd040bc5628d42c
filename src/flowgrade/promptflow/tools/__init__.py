"""Prompt flow's built-in package tools, for flows that name them without the package."""

from __future__ import annotations

from typing import Any

_HERE = "flowgrade.promptflow"
_RETRIEVAL = (
    "Flowgrade stands in for the tools that look an index up by a question, not for those that "
    "take a vector or a service's own index. Build an index of the documents and use a node of the "
    "type retrieve, or install promptflow and promptflow-vectordb, whose tool is then used."
)


def list_tools() -> dict[str, dict[str, Any]]:
    """Each tool's id with the module, class and function that stand in for it.

    What has no stand-in says what to do instead.
    """
    return {
        "promptflow.tools.embedding.embedding": _at("llm", "embedding"),
        "promptflow.tools.llm.llm": _at("tools.chat", "llm"),
        "promptflow.tools.llm_vision.llm_vision": _at("tools.chat", "llm_vision"),
        "promptflow.tools.aoai_gpt4v.AzureOpenAI.chat": _at("tools.chat", "chat", "AzureVision"),
        "promptflow.tools.openai_gpt4v.OpenAI.chat": _at("tools.chat", "chat", "OpenAIVision"),
        "promptflow.tools.open_model_llm.OpenModelLLM.call": _at(
            "tools.open_model", "call", "OpenModelLLM"
        ),
        "promptflow.tools.serpapi.SerpAPI.search": _at("tools.serpapi", "search", "SerpAPI"),
        "promptflow.tools.azure_content_safety.analyze_text": {
            **_at("tools.content_safety", "analyze_text"),
            "deprecated_tools": ["content_safety_text.tools.content_safety_text_tool.analyze_text"],
        },
        "promptflow_vectordb.tool.common_index_lookup.search": _at("tools.index_lookup", "search"),
        "promptflow_vectordb.tool.vector_index_lookup.VectorIndexLookup.search": _at(
            "tools.index_lookup", "search", "VectorIndexLookup"
        ),
        "promptflow_vectordb.tool.rerank.rerank": _at("tools.rerank", "rerank"),
        "promptflow_vectordb.*": {"absent": _RETRIEVAL},
    }


def _at(module: str, function: str, owner: str | None = None) -> dict[str, Any]:
    where = {"module": f"{_HERE}.{module}", "function": function}
    return where if owner is None else {**where, "class_name": owner}
