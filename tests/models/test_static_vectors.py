"""Static vectors are those of wordllama, whatever the text."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowgrade.models import static_vectors as module
from flowgrade.models.static_vectors import Vectors, load_static

wordllama = pytest.importorskip("wordllama")

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = st.text(
    st.one_of(st.sampled_from(" \n\t\u2581aZ9.,-é日🙂"), st.characters(codec="utf-8")), max_size=40
)


@pytest.fixture(scope="module")
def original() -> "Iterator[Any]":
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    folder = Path(wordllama.__file__).parent
    yield wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    root.handlers[:], root.level = handlers, level


@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
@example(texts=["two  spaces", " before", "after ", "   ", "", "<s> special </s> <unk>"])
@example(
    texts=[
        "the oil crisis of 1973 began\nin October",
        "ring\u2581ring",
        "a\u2581 b \u2581",
        "x" * 500,
    ]
)
@settings(deadline=None, max_examples=200)
def test_vectors_and_tokens_are_those_of_wordllama(texts: list[str], original: Any) -> None:
    expected = original.embed(texts)
    lengths = numpy.linalg.norm(expected, axis=1, keepdims=True)
    expected = expected / numpy.where(lengths > 0, lengths, 1)
    vectors, tokens = load_static().embed(texts)
    assert vectors == pytest.approx(expected, abs=1e-6)
    counts = [sum(each.attention_mask) for each in original.tokenize(texts)]
    assert tokens == sum(counts)
    assert list(map(load_static().count, texts)) == counts


def test_words_that_are_forgotten_are_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(wordllama.__file__).parent
    model = module.StaticVectors(folder)
    texts = [f"word{n} and other{n} words" for n in range(30)]
    expected, _ = model.embed(texts)
    monkeypatch.setattr(module, "_REMEMBERED", 5)
    small = module.StaticVectors(folder)
    assert numpy.array_equal(small.embed(texts)[0], expected)


def test_a_text_longer_than_what_is_fetched_at_once_has_the_mean_of_all() -> None:
    short, _ = load_static().embed(["alpha beta gamma"])
    long, tokens = load_static().embed([" ".join(["alpha beta gamma"] * 3000)])
    assert tokens > 8192
    assert long == pytest.approx(short, abs=1e-5)


def test_vectors_behave_as_lists_and_as_a_matrix() -> None:
    matrix = numpy.array([[1, 2], [3, 4]], numpy.float32)
    vectors = Vectors(matrix)
    assert vectors == [[1.0, 2.0], [3.0, 4.0]]
    assert vectors != [[1.0, 2.0]]
    assert (len(vectors), vectors[1], vectors[:1]) == (2, [3.0, 4.0], [[1.0, 2.0]])
    assert type(vectors[0][0]) is float
    assert numpy.shares_memory(numpy.asarray(vectors), matrix)
    assert numpy.asarray(vectors, numpy.float64).dtype == numpy.float64
    copy = numpy.array(vectors)
    copy[0, 0] = 9
    assert matrix[0, 0] == 1
