"""A cross-encoder on this machine: an ONNX model in a folder, with its tokenizer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade.errors import InputError, MissingExtraError
from flowgrade.retrieval.rerankers.reranker import Rerank, needed

if TYPE_CHECKING:
    from flowgrade.models import Models

_LONGEST = 512
"""Tokens of question and passage together, which such models are trained with."""


class CrossEncoderReranker:
    """``cross-encoder:<folder>``: ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``.

    That is how exported sentence-transformers and BGE rerankers lie on the disk. Nothing is
    fetched from anywhere.
    """

    def open(self, argument: str, models: Models | None) -> Rerank:
        """Check that the folder has what it takes; it is loaded at the first call."""
        folder = Path(needed(argument, "The cross-encoder's folder", "cross-encoder:models/minilm"))
        files = (folder / "model.onnx", folder / "onnx" / "model.onnx")
        model = next((file for file in files if file.is_file()), None)
        tokenizer = folder / "tokenizer.json"
        if model is None or not tokenizer.is_file():
            lacking = "model.onnx" if model is None else "tokenizer.json"
            raise InputError(
                f"The folder {folder} of the cross-encoder has no {lacking}.",
                hint="Export the model to ONNX into it, with its tokenizer.",
            )
        _libraries()
        return _Encoder(model, tokenizer).scores


RERANKER = CrossEncoderReranker()


class _Encoder:
    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._files = model, tokenizer

    async def scores(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        return await asyncio.to_thread(self._scores, query, passages)

    def _scores(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        import numpy  # noqa: PLC0415  only who reranks pays for it

        session, tokenizer = _loaded(*self._files)
        encoded = tokenizer.encode_batch([(query, passage) for passage in passages])
        given = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        names = {one.name for one in session.get_inputs()}
        feed = {n: numpy.array(v, dtype=numpy.int64) for n, v in given.items() if n in names}
        logits = session.run(None, feed)[0].reshape(len(passages), -1)
        # One output is the score; of two classes the second says that it is relevant.
        return [float(score) for score in logits[:, -1]]


def _libraries() -> tuple[Any, Any]:
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415  optional dependency
        import tokenizers  # noqa: PLC0415  optional dependency
    except ImportError:
        raise MissingExtraError("rerank", purpose="A cross-encoder") from None
    return onnxruntime, tokenizers


@lru_cache(maxsize=4)
def _loaded(model: Path, file: Path) -> tuple[Any, Any]:
    onnxruntime, tokenizers = _libraries()
    tokenizer = tokenizers.Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(_LONGEST, strategy="only_second")
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return session, tokenizer
