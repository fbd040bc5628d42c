"""Texts become vectors: each once, of one length, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy
import pytest

from flowgrade.errors import ModelError
from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.retrieval import Embedder, cached_models, forget_vectors
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer
from tests.retrieval.building.conftest import MODEL

if TYPE_CHECKING:
    from tests.retrieval.building.conftest import Kit


def embedder(kit: Kit, model: str = MODEL) -> Embedder:
    return Embedder(kit.indexes.workshop.models, model, store=kit.store)


def test_a_vector_has_length_one_and_the_place_of_its_text(kit: Kit) -> None:
    texts = ["one", "two", "one"]
    found = run_blocking(embedder(kit).embed(texts))
    assert found.shape == (3, 64)
    assert found.dtype == numpy.float32
    assert numpy.allclose(numpy.linalg.norm(found, axis=1), 1)
    assert (found[0] == found[2]).all()
    assert not (found[0] == found[1]).all()


def test_no_text_is_embedded_twice(kit: Kit) -> None:
    first, second = embedder(kit), embedder(kit)
    before = run_blocking(first.embed(["one", "two", "one"]))
    after = run_blocking(second.embed(["two", "three"]))
    assert (first.embedded, second.embedded) == (2, 1)
    assert (before[1] == after[0]).all()


def test_another_model_does_not_get_these_vectors(kit: Kit) -> None:
    run_blocking(embedder(kit).embed(["one"]))
    other = embedder(kit, "openai/stub")
    run_blocking(other.embed(["one"]))
    assert other.embedded == 1


def test_parameters_of_a_slot_are_a_part_of_the_model(kit: Kit) -> None:
    (kit.folder / "flowgrade.yaml").write_text(
        f"models:\n  small: {{use: {MODEL}, parameters: {{dimensions: 8}}}}\n", encoding="utf-8"
    )
    settings = read_settings(kit.environment, folder=kit.folder)
    models = Models(settings)
    small = Embedder(models, "small", store=kit.store)
    assert small.name == f'{MODEL} {{"dimensions":8}}'
    run_blocking(models.aclose())


def test_tokens_are_summed_and_calls_without_a_price_counted(kit: Kit) -> None:
    made = embedder(kit)
    run_blocking(made.embed([f"text {n}" for n in range(300)]))
    assert made.embedded == 300
    assert made.tokens == 600
    assert (made.cost, made.unpriced) == (None, 3)


def test_what_was_embedded_before_an_error_is_remembered(kit: Kit, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=(StubReply(match="late", status=400),)))
    made = embedder(kit)
    run_blocking(made.embed(["early"]))
    with pytest.raises(ModelError):
        run_blocking(made.embed(["late"]))
    assert [one.texts for one in cached_models(kit.store)] == [1]


def test_questions_are_not_remembered(kit: Kit) -> None:
    found = run_blocking(embedder(kit).questions(["what?"]))
    assert found.shape == (1, 64)
    assert cached_models(kit.store) == []


def test_the_length_is_known_without_a_call_once_something_was_embedded(
    kit: Kit, stub: StubServer
) -> None:
    run_blocking(embedder(kit).embed(["one"]))
    stub.set_script(StubScript(replies=(StubReply(status=400),)))
    assert run_blocking(embedder(kit).dimensions()) == 64


def test_vectors_that_are_no_numbers_are_refused(kit: Kit, stub: StubServer) -> None:
    stub.set_script(StubScript(embedding=[float("1e300"), 1.0]))
    with pytest.raises(ModelError, match="no numbers"):
        run_blocking(embedder(kit).embed(["one"]))


def test_the_oldest_vectors_are_forgotten_first(kit: Kit) -> None:
    for text in ("one", "two", "three"):
        run_blocking(embedder(kit).embed([text]))
    assert forget_vectors(kit.store, size=2 * 64 * 4) == 1
    again = embedder(kit)
    run_blocking(again.embed(["two", "three"]))
    assert again.embedded == 0
    run_blocking(again.embed(["one"]))
    assert again.embedded == 1


def test_only_the_vectors_of_one_model_are_forgotten(kit: Kit) -> None:
    run_blocking(embedder(kit).embed(["one"]))
    run_blocking(embedder(kit, "openai/stub").embed(["one", "two"]))
    assert forget_vectors(kit.store, model="openai/stub") == 2
    assert [one.model for one in cached_models(kit.store)] == [MODEL]
