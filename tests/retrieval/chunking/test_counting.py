"""Tokens are counted exactly where that is possible without the network."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from flowgrade.retrieval.chunking.counting import token_counter

wordllama = pytest.importorskip("wordllama")
TOKENIZER = Path(wordllama.__file__).parent / "tokenizers" / "l2_supercat_tokenizer_config.json"


def test_the_embedded_model_is_counted_with_its_own_tokenizer() -> None:
    from tokenizers import Tokenizer

    counter = token_counter("embedded/static")
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    assert (counter.name, counter.exact) == ("tokenizers:wordllama", True)
    for text in (
        "",
        "hello world",
        " led  by spaces ",
        "a b\nc d\n\n  e",
        "tab\tand\u00a0others",
        "日本語 text",
        "marks </s> of the <unk> tokenizer",
        "\u00a0\u2581b \u2581 c",
        "x" * 5000,
        "word " * 2000,
    ):
        assert counter(text) == len(tokenizer.encode(text, add_special_tokens=False).ids)


def test_a_model_without_a_tokenizer_here_is_estimated(tmp_path: Path) -> None:
    environment = {"TIKTOKEN_CACHE_DIR": str(tmp_path), "HF_HOME": str(tmp_path)}
    for model in ("openai/gpt-4o", "openai/none", "local/organisation/model", "x", "", None):
        counter = token_counter(model, environment)
        assert (counter.name, counter.exact) == ("characters/4", False)
        assert [counter(""), counter("abc"), counter("abcdefgh")] == [0, 1, 2]


def test_a_vocabulary_that_is_not_the_expected_one_is_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("tiktoken")
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    kept = tmp_path / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    kept.write_bytes(b"changed")  # tiktoken itself would delete it and ask the network
    counter = token_counter("openai/gpt-4o", {"TIKTOKEN_CACHE_DIR": str(tmp_path)})
    assert not counter.exact
    assert kept.read_bytes() == b"changed"


def test_a_file_that_hugging_face_keeps_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "models--maker--small"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc", encoding="utf-8")
    (folder / "snapshots" / "abc").mkdir(parents=True)
    shutil.copy(TOKENIZER, folder / "snapshots" / "abc" / "tokenizer.json")
    counter = token_counter("local/maker/small", {"HF_HOME": str(tmp_path)})
    assert (counter.name, counter.exact) == ("tokenizers:maker/small", True)
    assert counter("hello world") == 2


def test_a_broken_tokenizer_file_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "models--maker--small"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc", encoding="utf-8")
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "snapshots" / "abc" / "tokenizer.json").write_text("{", encoding="utf-8")
    assert not token_counter("local/maker/small", {"HF_HOME": str(tmp_path)}).exact
