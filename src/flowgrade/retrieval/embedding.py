"""Embedder: turns texts into vectors, each text once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flowgrade.errors import IndexConflictError, ModelResponseError, SettingsError
from flowgrade.models import EmbeddingRequest, Models
from flowgrade.retrieval.vectors import (
    keep_vectors,
    known_dimensions,
    known_vectors,
    text_digest,
)
from flowgrade.store import Store
from flowgrade.tracing import ActiveSpan, start_trace

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

BATCH = 128
"""Texts of one call."""
AT_ONCE = 8
"""Calls under way at once, at most; the models' throttle may allow fewer."""

_PROBE = "How long are the vectors?"


class Embedder:
    """One embedding model, with a memory in the store; counts what it spent.

    Without a ``store`` every text is sent. Raises SettingsError for a slot that falls back to
    other models, whose vectors would not compare.
    """

    def __init__(
        self,
        models: Models,
        name: str,
        *,
        store: Store | None = None,
        dimensions: int | None = None,
        done: Callable[[int], None] | None = None,
    ) -> None:
        names = models.full_names(name)
        if len(names) > 1:
            slot = models.settings.models.get(name)
            raise SettingsError(
                f"The slot '{name}' falls back to other models, so it cannot embed: vectors of "
                "different models do not compare.",
                hint="Name a slot without 'fallback', or a model.",
                place=slot.place if slot is not None else None,
            )
        self.name = names[0]
        """The model with its connection, whatever slot named it."""
        self._model = models.open(name)
        self._store = store
        self._dimensions = dimensions
        self._done = done
        self.embedded = 0
        self.tokens: int | None = None
        self.cost: float | None = None
        self.unpriced = 0

    def expect(self, dimensions: int | None) -> None:
        """Refuse vectors of any other length."""
        self._dimensions = dimensions

    async def dimensions(self) -> int:
        """How long its vectors are; asks the model where nobody did before."""
        if self._dimensions is None and self._store is not None:
            self._dimensions = known_dimensions(self._store, self.name)
        if self._dimensions is None:
            await self._counted([_PROBE])
        assert self._dimensions is not None
        return self._dimensions

    async def questions(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, which are not remembered."""
        return await self._call(list(texts))

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """A vector of length 1 for each text, a row each; those of known texts are looked up.

        Raises a ModelError when a call fails for good, and IndexConflictError when the model's
        vectors have another length than before. What was embedded up to then is remembered.
        """
        import numpy  # noqa: PLC0415  60 ms, only where vectors are

        digests = [text_digest(text) for text in texts]
        store = self._store
        known = known_vectors(store, self.name, list(dict.fromkeys(digests))) if store else {}
        missing = {
            digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known
        }
        fresh = list(missing)
        parts = [fresh[start : start + BATCH] for start in range(0, len(fresh), BATCH)]
        room = asyncio.Semaphore(AT_ONCE)

        async def embed_part(part: list[str]) -> None:
            async with room:
                rows = await self._counted([missing[digest] for digest in part])
            found = dict(zip(part, rows, strict=True))
            known.update(found)
            if store is not None:
                keep_vectors(store, self.name, found)
            self.embedded += len(part)
            if self._done is not None:
                self._done(len(part))

        await _all(embed_part(part) for part in parts)
        if not digests:
            return numpy.zeros((0, self._dimensions or 0), dtype=numpy.float32)
        return numpy.stack([known[digest] for digest in digests])

    async def _counted(self, texts: list[str]) -> Matrix:
        trace = start_trace("embed", sink=_forget)
        try:
            with trace:
                return await self._call(texts)
        finally:
            self._count(trace)

    async def _call(self, texts: list[str]) -> Matrix:
        import numpy  # noqa: PLC0415  as above

        response = await self._model.embed(EmbeddingRequest(inputs=texts))
        if len(response.vectors) != len(texts):
            raise ModelResponseError(
                f"{self.name} gave {len(response.vectors)} vectors for {len(texts)} texts.",
                hint="Is it a model for embedding?",
            )
        self._check({len(vector) for vector in response.vectors})
        vectors: Matrix = numpy.asarray(response.vectors, dtype=numpy.float32)
        if not numpy.isfinite(vectors).all():
            raise ModelResponseError(f"{self.name} gave vectors that are no numbers.")
        lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= numpy.where(lengths > 0, lengths, 1)
        return vectors

    def _check(self, lengths: set[int]) -> None:
        if len(lengths) > 1:
            raise ModelResponseError(f"{self.name} gave vectors of different lengths.")
        length = next(iter(lengths), 0)
        if self._dimensions is None:
            self._dimensions = length
        if length != self._dimensions:
            raise IndexConflictError(
                f"{self.name} gives vectors of {length} numbers, and gave {self._dimensions} "
                "before: another model answers to that name.",
                hint="Forget its vectors, then build anew: "
                f"flowgrade index prune --model '{self.name}', and flowgrade index build NAME "
                "--rebuild",
            )

    def _count(self, root: ActiveSpan) -> None:
        trace = root.trace
        if trace is None:
            return
        if trace.usage is not None and trace.usage.input_tokens is not None:
            self.tokens = (self.tokens or 0) + trace.usage.input_tokens
        if trace.cost is not None:
            self.cost = (self.cost or 0.0) + trace.cost
        self.unpriced += trace.unpriced


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it side by side; the first error ends the rest and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _forget(spans: object) -> None:
    pass
