"""Prompt flow's index lookup and rerank tools on an index of the project."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import FlowgradeError, InputError
from flowgrade.promptflow.tools.rerank import SCORE, rerank
from tests.promptflow.conftest import Made
from tests.promptflow.service import node
from tests.retrieval.memory import TEXTS, open_shop

LOOKUP = "promptflow_vectordb.tool.common_index_lookup.search"
OLD = "promptflow_vectordb.tool.vector_index_lookup.VectorIndexLookup.search"
RERANK = "promptflow_vectordb.tool.rerank.rerank"


class Shop(App):
    """A project whose one index is in memory."""

    open_index = staticmethod(open_shop)  # type: ignore[assignment]


@pytest.fixture
def ask(load: Made, app: App) -> Any:
    app.__class__ = Shop

    def ask(tool: str, inputs: str, **values: Any) -> Any:
        return load({"flow.dag.yaml": node(tool, inputs)})(**values)["out"]

    return ask


@pytest.mark.parametrize(
    "content",
    [
        "shop",
        "'{index: {kind: flowgrade, index: shop}}'",
        "{index: {kind: flowgrade, index: shop}}",
    ],
)
def test_a_lookup_gives_entities(ask: Any, content: str) -> None:
    inputs = f'mlindex_content: {content}, queries: "${{inputs.q}}", top_k: 2, query_type: Keyword'
    first, *others = ask(LOOKUP, inputs, q="the shop opens at nine")
    assert set(first) == {"text", "vector", "score", "metadata", "original_entity"}
    assert first["text"] == TEXTS["hours"]
    assert first["metadata"]["source"] == {"filename": "hours", "title": "Hours"}
    assert first["metadata"]["name"] == "hours"
    assert first["original_entity"]["id"] == "hours#0"
    assert len(others) == 1


def test_several_questions_get_a_list_each(ask: Any) -> None:
    found = ask(LOOKUP, 'mlindex_content: shop, queries: ["green tea", "lamp"], top_k: 1')
    assert [[one["original_entity"]["document"] for one in group] for group in found] == [
        ["tea"],
        ["returns"],
    ]


@pytest.mark.parametrize(
    "kind", ["Vector", "Semantic", "Hybrid (vector + keyword)", "Hybrid + semantic"]
)
def test_every_query_type_of_prompt_flow_is_known(ask: Any, kind: str) -> None:
    inputs = f"mlindex_content: shop, queries: green tea brewed, query_type: '{kind}'"
    assert ask(LOOKUP, inputs)[0]["original_entity"]["document"] == "tea"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("mlindex_content: '{index: {kind: acs, index: docs}}'", "kind 'acs'"),
        ("mlindex_content: '{embeddings: {}}'", "of no kind"),
        ("mlindex_content: '{index: {kind: flowgrade}}'", "names no index"),
        ("mlindex_content: '- 1'", "no index 'x'|describes no index|no index '- 1'"),
        ("mlindex_content: '{index: ['", "no YAML"),
        ("mlindex_content: museum", "no index 'museum'"),
        ("mlindex_content: shop, query_type: Magic", "query_type 'Magic'"),
    ],
)
def test_what_cannot_be_looked_up_is_told(ask: Any, inputs: str, message: str) -> None:
    with pytest.raises(FlowgradeError, match=message):
        ask(LOOKUP, f"{inputs}, queries: tea")


def test_the_tool_before_it_searches_by_vectors(ask: Any) -> None:
    found = ask(OLD, "path: shop, query: green tea brewed, top_k: 1")
    assert [one["original_entity"]["document"] for one in found] == ["tea"]


GROUPS: list[list[dict[str, Any]]] = [
    [
        {"text": "Green tea is hot.", "score": 9.0, "metadata": {"page": 1}},
        {"text": "The shop sells lamps.", "score": 1.0},
    ],
    [
        {"text": "The shop sells lamps.", "score": 0.9, "metadata": {"page": 2}},
        {"text": "Parcels are sent.", "score": 0.1},
    ],
]


def test_bm25_puts_the_words_of_the_question_first() -> None:
    found = rerank("shop lamps", "BM25", GROUPS, 2)
    assert [one["text"] for one in found] == ["The shop sells lamps.", "Green tea is hot."]
    assert found[0]["additional_fields"][SCORE] > 0 == found[1]["additional_fields"][SCORE]


def test_fusion_adds_up_the_scaled_scores_of_the_groups() -> None:
    found = rerank("any", {"ranking_function": "Scaled Score Fusion"}, GROUPS, 3)
    scores = {one["text"]: one["additional_fields"][SCORE] for one in found}
    assert scores == {
        "Green tea is hot.": 1.0,
        "The shop sells lamps.": 1.0,
        "Parcels are sent.": 0,
    }


def test_one_list_of_entities_is_one_group() -> None:
    found = rerank("tea", "BM25", GROUPS[0])
    assert found[0]["metadata"] == {"page": 1}
    assert rerank("tea", "BM25", []) == []


@pytest.mark.parametrize(
    ("ranker", "groups", "message"),
    [("Cohere", GROUPS, "no ranker 'Cohere'"), ("BM25", ["text"], "no lists of entities")],
)
def test_what_cannot_be_reranked_is_told(ranker: str, groups: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rerank("q", ranker, groups)


def test_rerank_is_a_tool_of_flows(ask: Any) -> None:
    rows = "[[{text: lamp, score: 1}], [{text: tea, score: 2}]]"
    found = ask(RERANK, f"query: tea, ranker_parameters: BM25, result_groups: {rows}, top_k: 1")
    assert [one["text"] for one in found] == ["tea"]
