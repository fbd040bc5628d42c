"""Keyword search gives the scores of BM25, worked out here a second time and plainly."""

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowgrade.retrieval.stores import postings as postings_module
from flowgrade.retrieval.stores import sqlite_publish
from flowgrade.retrieval.stores.postings import K1, B
from flowgrade.retrieval.stores.sqlite import STORE
from flowgrade.retrieval.stores.words import Words
from tests.retrieval.stores.sqlite_index import build, chunk, place, search_ids

WORDS = ["oil", "crisis", "embargo", "price", "war", "shock", "the", "barrel"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=9)


def plain_scores(texts: list[str], query: str) -> list[float]:
    """Robertson and Zaragoza 2009, with the inverse document frequency that Lucene has."""
    words = Words("english")
    counts = [Counter(words.terms(text)) for text in texts]
    mean = max(sum(c.total() for c in counts) / len(texts), 1.0) if texts else 1.0
    scores = []
    for count in counts:
        score = 0.0
        for term in words.asked(query):
            having = sum(term in other for other in counts)
            rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            times = count[term]
            score += rarity * times / (times + K1 * (1 - B + B * count.total() / mean))
        scores.append(score)
    return scores


def assert_found(folder: Path, texts: list[str], query: str, snapshot: str = "a1") -> None:
    reader = STORE.reader(place(folder, snapshot))
    expected = [(s, n) for n, s in enumerate(plain_scores(texts, query)) if s > 0]
    found = {hit.id: hit.score for hit in reader.by_words(query, 100)}
    assert found == {f"d{n}#0": pytest.approx(s, rel=1e-5) for s, n in expected}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    best = [hit.score for hit in reader.by_words(query, 3)]
    assert best == sorted(found.values(), reverse=True)[:3]
    reader.close()


@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_scores_are_those_of_bm25(
    texts: list[str], query: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("index")
    build(place(folder), {f"d{n}": [chunk(f"d{n}", text)] for n, text in enumerate(texts)})
    assert_found(folder, texts, query)


@given(
    texts=TEXTS,
    changes=st.dictionaries(st.integers(0, 8), st.sampled_from(["war oil", "new words", ""])),
    small=st.booleans(),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_an_update_scores_as_a_build_of_the_same_documents(
    texts: list[str],
    changes: dict[int, str],
    small: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("index")
    after = [changes.get(n, text) for n, text in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patch:
        if small:  # many blocks, as a large index has
            patch.setattr(postings_module, "_SLICE", 3)
            patch.setattr(sqlite_publish, "_TOGETHER", 5)
        build(place(folder), {f"d{n}": [chunk(f"d{n}", text)] for n, text in enumerate(texts)})
        build(
            place(folder, "b2"),
            {f"d{n}": [chunk(f"d{n}", t)] for n, t in enumerate(after) if n in changes},
            base="a1",
            keep=[f"d{n}" for n in range(len(texts)) if n not in changes],
        )
    for query in ("war oil", "new", "the crisis the price"):
        assert_found(folder, after, query, "b2")


def test_words_are_found_without_case_diacritics_and_endings(tmp_path: Path) -> None:
    build(
        place(tmp_path),
        {
            "cafe": [chunk("cafe", "Cafés in Zürich")],
            "run": [chunk("run", "Runners were running")],
            "japan": [chunk("japan", "東京は日本の首都です")],
        },
    )
    reader = STORE.reader(place(tmp_path))
    assert search_ids(reader, "CAFE zurich") == ["cafe#0"]
    assert search_ids(reader, "run") == ["run#0"]
    assert search_ids(reader, "日本") == ["japan#0"]
    assert search_ids(reader, "?! …") == []
    reader.close()


def test_a_document_with_the_same_word_very_often_does_not_overflow(tmp_path: Path) -> None:
    build(place(tmp_path), {"a": [chunk("a", "oil " * 70_000)], "b": [chunk("b", "oil")]})
    reader = STORE.reader(place(tmp_path))
    assert len(search_ids(reader, "oil")) == 2
    reader.close()


def test_the_words_of_asking_are_left_out_unless_there_are_no_others(tmp_path: Path) -> None:
    build(place(tmp_path), {"a": [chunk("a", "who is who")], "b": [chunk("b", "oil of whales")]})
    reader = STORE.reader(place(tmp_path))
    assert search_ids(reader, "Who made the oil?") == ["b#0"]
    assert search_ids(reader, "who is it?") == ["a#0"]
    reader.close()
