"""A search gives the best passages, and says what it cannot do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import numpy
import pytest

from flowgrade.errors import InputError
from flowgrade.records import loads
from flowgrade.retrieval import (
    Chunk,
    Condition,
    Filter,
    Found,
    Hit,
    OpenedIndex,
    Searcher,
    SearchResult,
    SearchSettings,
)
from flowgrade.tracing import RecordedSpan, start_trace
from tests.retrieval.memory import CHUNKS, TEXTS, MemoryReader, chunk, embed, searcher


def ask(searcher: Searcher, query: str, **options: Any) -> SearchResult:
    return asyncio.run(searcher.search(query, **options))


def ids(result: SearchResult) -> list[str]:
    return [hit.chunk.id for hit in result.hits]


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("fusion", ["adaptive", "convex", "rrf"])
def test_every_mode_finds_the_passage_that_answers(mode: str, blocks: bool, fusion: str) -> None:
    index = searcher(MemoryReader(blocks=blocks), mode=mode, fusion=fusion)
    result = ask(index, "within how many days may a lamp be sent back?", limit=2)
    assert ids(result)[0] == "returns#0"
    assert len(result.hits) == 2
    assert result.mode == mode
    assert result.documents[0] == "returns"
    assert result.hits[0].text == TEXTS["returns"]
    assert result.hits[0].score >= result.hits[1].score


def test_a_hit_tells_the_score_of_each_side() -> None:
    [hit, *_] = ask(searcher(), "lamp").hits
    assert hit.keyword is not None
    assert hit.keyword > 0
    assert hit.vector is not None
    assert -1 <= hit.vector <= 1
    assert hit.score == pytest.approx(1.0)
    other = ask(searcher(mode="keyword"), "lamp").hits[0]
    assert (other.vector, other.score) == (None, other.keyword)


def test_a_searcher_is_an_opened_index() -> None:
    assert isinstance(searcher(), OpenedIndex)


def test_the_limit_is_that_of_the_settings_unless_the_call_says_another() -> None:
    assert len(ask(searcher(limit=1), "the shop").hits) == 1
    assert len(ask(searcher(limit=1), "the shop", limit=3).hits) == 3
    assert len(ask(searcher(), "the shop", settings=SearchSettings(limit=2)).hits) == 2


@pytest.mark.parametrize(
    "where", [{"name": "hours"}, (Condition("name", "eq", "hours"),), {"length": {"lt": 60}}]
)
def test_a_filter_lets_only_what_passes_be_found(where: Any) -> None:
    found = ask(searcher(), "postage of the shop", where=where)
    assert found.hits
    assert set(found.documents) <= {"hours", "tea"}


@pytest.mark.parametrize("query", ["", "  \n", None])
def test_an_empty_question_is_refused(query: Any) -> None:
    with pytest.raises(InputError, match="question is empty"):
        ask(searcher(), query)


@pytest.mark.parametrize("limit", [0, -1, 1001, True, "5"])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(InputError, match="cannot give"):
        ask(searcher(), "lamp", limit=limit)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "magic"}, "no mode 'magic'"),
        ({"fusion": "sum"}, "no fusion 'sum'"),
        ({"expand": "all"}, "no expand 'all'"),
        ({"keyword_weight": 1.5}, "keyword_weight"),
        ({"diversity": -0.1}, "diversity"),
        ({"candidates": 0}, "candidates"),
        ({"rrf_k": 0}, "rrf_k"),
        ({"limit": 0}, "cannot give"),
        ({"options": {"window": -1}}, "window"),
        ({"rerank": "magic:x"}, "no reranker 'magic'"),
    ],
)
def test_settings_that_no_search_can_use_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ask(searcher(**settings), "lamp")
    with pytest.raises(InputError, match=message):
        ask(searcher(), "lamp", settings=SearchSettings(**settings))


class TestWithoutVectors:
    @pytest.fixture
    def index(self) -> Searcher:
        return Searcher(MemoryReader(), None, SearchSettings(), name="words")

    def test_a_hybrid_search_goes_by_words(self, index: Searcher) -> None:
        result = ask(index, "lamp")
        assert (ids(result), result.mode) == (["returns#0"], "keyword")

    @pytest.mark.parametrize("settings", [{"mode": "vector"}, {"diversity": 0.5}])
    def test_what_needs_them_is_refused(self, index: Searcher, settings: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="'words' has no vectors") as caught:
            ask(index, "lamp", settings=SearchSettings(**settings))
        assert "keyword" in str(caught.value.hint)


def test_texts_are_loaded_for_the_hits_that_are_kept_alone() -> None:
    reader = MemoryReader()
    result = ask(searcher(reader), "the shop sends lamp tea postage", limit=2)
    assert reader.loaded == ids(result)


def test_both_sides_of_a_reader_that_blocks_go_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)  # passes only when both are inside

    class Slow(MemoryReader):
        def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
            together.wait()
            return super().by_words(query, limit, where)

        def by_vector(self, vector: Any, limit: int, where: Filter = ()) -> list[Found]:
            together.wait()
            return super().by_vector(vector, limit, where)

    assert ask(searcher(Slow(blocks=True)), "lamp").hits


def test_nothing_found_is_no_hit_and_no_error() -> None:
    assert ask(searcher(mode="keyword"), "zebra").hits == ()


class TestDiversity:
    def reader(self) -> MemoryReader:
        texts = {"a": "red lamp", "b": "red lamp", "c": "blue vase"}
        vectors = numpy.array([[1, 0], [1, 0], [0.6, 0.8]], dtype=numpy.float32)
        return MemoryReader([chunk(f"{n}#0", t) for n, t in texts.items()], vectors)

    async def _embed(self, texts: Sequence[str]) -> Any:
        return numpy.array([[1, 0]] * len(texts), dtype=numpy.float32)

    def found(self, diversity: float) -> SearchResult:
        settings = SearchSettings(mode="vector", diversity=diversity)
        return ask(Searcher(self.reader(), self._embed, settings), "lamp", limit=2)

    def test_without_it_the_best_come_first(self) -> None:
        assert ids(self.found(0.0)) == ["a#0", "b#0"]

    def test_with_it_a_copy_waits_for_what_differs(self) -> None:
        assert ids(self.found(0.9)) == ["a#0", "c#0"]

    def test_its_scores_never_rise(self) -> None:
        first, second = self.found(0.5).hits
        assert first.score >= second.score


BOOK = "One ant. Two bees. Three cats. Four dogs. Five eels. Six foxes."


def book(size: int = 20, step: int = 10, **more: Any) -> list[Chunk]:
    """Chunks of one document that overlap, as a chunker by tokens makes them."""
    return [
        chunk(f"book#{n}", BOOK[at : at + size], number=n, start=at, end=min(at + size, len(BOOK)),
              document="book", **more)
        for n, at in enumerate(range(0, len(BOOK), step))
    ]  # fmt: skip


class TestExpansion:
    def hits(self, query: str, chunks: list[Chunk], **settings: Any) -> tuple[Hit, ...]:
        index = searcher(MemoryReader(chunks), mode="keyword", **settings)
        return ask(index, query).hits

    def test_a_window_holds_the_neighbours_without_repeating_what_they_share(self) -> None:
        [hit] = self.hits("cats", book(), expand="window", limit=1)
        assert hit.text == BOOK[0:40] == BOOK[: len(hit.text)]
        assert hit.chunk.text in hit.text

    def test_its_size_is_an_option(self) -> None:
        [hit] = self.hits("cats", book(), expand="window", limit=1, options={"window": 9})
        assert hit.text == BOOK
        [hit] = self.hits("cats", book(), expand="window", limit=1, options={"window": 0})
        assert hit.text == hit.chunk.text

    def test_hits_that_overlap_become_one(self) -> None:
        hits = self.hits("ant bees cats dogs eels foxes", book(), expand="window")
        assert [hit.text for hit in hits] == [BOOK]

    def test_chunks_with_a_gap_between_them_are_joined_by_a_line_break(self) -> None:
        [hit] = self.hits("bees", book(8, 10), expand="window", limit=1)
        assert hit.text == f"{BOOK[0:8]}\n{BOOK[10:18]}\n{BOOK[20:28]}"

    def test_a_parent_is_the_section_around_a_hit(self) -> None:
        chunks = [*book(10, 10)]
        sections = [("A",), ("A",), ("B",), ("B",), ("B",), ("A",), ("A",)]
        placed = [
            chunk(c.id, c.text, number=c.number, start=c.start, end=c.end, headings=h)
            for c, h in zip(chunks, sections, strict=True)
        ]
        [hit] = self.hits("dogs", placed, expand="parent", limit=1)
        assert hit.text.replace("\n", "") == BOOK[20:50]

    def test_the_children_of_one_parent_give_its_text_once(self) -> None:
        parent = "The lamp is red. The lamp is hot."
        children = [
            chunk(f"p#{n}", parent, number=n, searched=s)
            for n, s in enumerate(["The lamp is red.", "The lamp is hot."])
        ]
        for expand in ("none", "window", "parent"):
            hits = self.hits("lamp", [*children, *CHUNKS], expand=expand)
            texts = [hit.text for hit in hits]
            assert texts.count(parent) == 1
            assert len(texts) == len(set(texts)) > 1


def spans_of(index: Searcher, query: str, **options: Any) -> list[RecordedSpan]:
    spans: list[RecordedSpan] = []

    async def work() -> None:
        with start_trace("test", sink=spans.extend):
            await index.search(query, **options)

    asyncio.run(work())
    return spans


def test_a_search_is_a_span_with_its_question_and_hits() -> None:
    found = spans_of(searcher(), " lamp ", limit=2, where={"name": {"ne": "tea"}})
    [span] = [span for span in found if span.kind == "retrieval"]
    data = loads(span.data)
    assert span.name == "retrieval shop"
    assert data["inputs"] == {"query": "lamp", "where": [["name", "ne", "tea"]]}
    assert data["outputs"][0]["id"] == "returns#0"
    assert data["outputs"][0]["text"] == TEXTS["returns"]
    assert data["attributes"] == {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.provider.name": "flowgrade",
        "gen_ai.data_source.id": "shop",
        "gen_ai.retrieval.top_k": 2,
        "flowgrade.retrieval.mode": "hybrid",
        "flowgrade.retrieval.snapshot": "abc123",
    }


def test_many_searches_at_once_do_not_mix() -> None:
    index = searcher()

    async def work() -> list[SearchResult]:
        return await asyncio.gather(*(index.search(text) for text in TEXTS.values()))

    found = asyncio.run(work())
    assert [result.documents[0] for result in found] == list(TEXTS)
    assert embed is not None
