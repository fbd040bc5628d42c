"""The embedded models."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import MissingExtraError, UnknownModelError, UnsupportedByModelError
from flowgrade.models import ChatRequest, EmbeddingRequest, assemble_chat
from flowgrade.models.reader import NO_ANSWER
from flowgrade.models.static_vectors import load_static

if TYPE_CHECKING:
    from tests.models.conftest import Rig

CONTEXT = "The warranty lasts two years. The device weighs 300 grams. It comes in blue."


def ask(question: str) -> ChatRequest:
    return ChatRequest(
        messages=[
            {"role": "system", "content": f"Answer from the context.\n\nContext:\n{CONTEXT}"},
            {"role": "user", "content": question},
        ]
    )


def alike(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def test_the_reader_quotes_its_context_and_says_that_it_does(rig: Rig) -> None:
    model = rig.models().open("embedded/reader")
    response = asyncio.run(model.chat(ask("How long does the warranty last?")))
    assert response.text == "The warranty lasts two years."
    assert response.finish_reason == "stop"
    assert response.raw["flowgrade"]["extractive"] is True
    assert response.raw["flowgrade"]["answered"] is True
    assert 0 < response.raw["flowgrade"]["score"] <= 1
    assert response.usage is not None
    assert (response.usage.input_tokens or 0) > (response.usage.output_tokens or 0) > 0


def test_the_reader_says_when_the_context_does_not_answer(rig: Rig) -> None:
    model = rig.models().open("embedded/reader")
    response = asyncio.run(model.chat(ask("Who founded the city of Rome?")))
    assert response.text == NO_ANSWER
    assert response.raw["flowgrade"]["answered"] is False


def test_the_readers_stream_says_what_its_answer_says(rig: Rig) -> None:
    model = rig.models().open("embedded/reader")
    request = ask("How long does the warranty last, and how much does the device weigh?")

    async def run() -> tuple[str | None, list[str], str | None]:
        whole = await model.chat(request)
        chunks = [chunk async for chunk in model.chat_stream(request)]
        assembled = assemble_chat(chunks)
        assert assembled.usage == whole.usage
        return whole.text, [chunk.text for chunk in chunks if chunk.text], assembled.text

    whole, pieces, assembled = asyncio.run(run())
    assert "".join(pieces) == whole == assembled
    assert len(pieces) == 2


def test_the_reader_takes_messages_of_any_shape(rig: Rig) -> None:
    model = rig.models().open("embedded/reader")
    odd: list[dict[str, Any]] = [{"role": "user"}, {"role": "user", "content": None}]
    assert asyncio.run(model.chat(ChatRequest(messages=odd))).text == NO_ANSWER


def test_the_reader_refuses_to_embed_and_names_what_does(rig: Rig) -> None:
    model = rig.models().open("embedded/reader")
    with pytest.raises(UnsupportedByModelError, match="embedded/static can"):
        asyncio.run(model.embed(EmbeddingRequest(inputs=["a"])))


def test_static_vectors_have_length_one_and_are_near_for_like_texts(rig: Rig) -> None:
    pytest.importorskip("wordllama")
    model = rig.models().open("embedded/static")
    texts = ["The cat sleeps.", "A kitten is asleep.", "Interest rates rose.", ""]
    response = asyncio.run(model.embed(EmbeddingRequest(inputs=texts)))
    cat, kitten, rates, nothing = response.vectors
    assert [math.hypot(*vector) for vector in (cat, kitten, rates)] == pytest.approx([1, 1, 1])
    assert math.hypot(*nothing) == 0
    assert alike(cat, kitten) > alike(cat, rates) + 0.2
    assert response.usage is not None
    assert (response.usage.input_tokens or 0) > 4


def test_static_vectors_do_not_depend_on_the_batch(rig: Rig) -> None:
    pytest.importorskip("wordllama")
    model = rig.models().open("embedded/static")
    texts = [f"Sentence number {number} {'long ' * number}" for number in range(70)]

    async def run() -> tuple[list[float], list[float]]:
        many = await model.embed(EmbeddingRequest(inputs=texts))
        one = await model.embed(EmbeddingRequest(inputs=texts[3:4]))
        return many.vectors[3], one.vectors[0]

    many, one = asyncio.run(run())
    assert many == pytest.approx(one, abs=1e-5)


def test_no_texts_give_no_vectors(rig: Rig) -> None:
    pytest.importorskip("wordllama")
    model = rig.models().open("embedded/static")
    assert asyncio.run(model.embed(EmbeddingRequest(inputs=[]))).vectors == []


def test_loading_static_vectors_leaves_the_root_logger_alone() -> None:
    pytest.importorskip("wordllama")
    code = """
import asyncio, logging, sys
from pathlib import Path
from flowgrade.models import EmbeddingRequest, Models
from flowgrade.settings import Settings
models = Models(Settings(project=Path("nowhere"), home=Path("nowhere"), store=""))
asyncio.run(models.open("embedded/static").embed(EmbeddingRequest(inputs=["a"])))
root = logging.getLogger()
assert (root.handlers, root.level) == ([], logging.WARNING), root.handlers
assert "wordllama" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


def test_static_vectors_without_their_extra_say_what_to_install(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_static.cache_clear()
    monkeypatch.setitem(sys.modules, "wordllama", None)
    model = rig.models().open("embedded/static")
    with pytest.raises(MissingExtraError, match=r"pip install 'flowgrade\[embeddings\]'"):
        asyncio.run(model.embed(EmbeddingRequest(inputs=["a"])))


def test_static_vectors_do_not_chat(rig: Rig) -> None:
    model = rig.models().open("embedded/static")
    with pytest.raises(
        UnsupportedByModelError, match="'embedded/static' lacks what the request needs: chat"
    ):
        asyncio.run(model.chat(ask("Hi")))


def test_an_unknown_embedded_model_has_a_near_name(rig: Rig) -> None:
    with pytest.raises(UnknownModelError, match="Did you mean 'embedded/reader'"):
        rig.models().open("embedded/reeder")
    with pytest.raises(UnknownModelError, match="embedded/reader, embedded/static"):
        rig.models().open("embedded/gpt")
