"""A conformance kit for rerankers: what every one of them has to do.

Subclass ``RerankerConformance`` in a test module, fill in its methods, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flowgrade.errors import InputError
from flowgrade.models import Models
from flowgrade.retrieval import Reranker
from flowgrade.settings import read_settings

_QUESTION = "When does the shop open in the morning?"
_PASSAGES = (
    "A lamp may be sent back within thirty days of its arrival.",
    "The shop opens at nine in the morning and closes at six.",
    "Green tea is brewed at eighty degrees.",
)


class RerankerConformance:
    """The tests that a reranker has to pass; a subclass says which one and how it is opened."""

    def reranker(self) -> Reranker:
        """The reranker, as its entry point names it."""
        raise NotImplementedError

    def argument(self) -> str:
        """What stands behind the colon in ``rerank``."""
        raise NotImplementedError

    def wrong_argument(self) -> str:
        """One that it cannot use; the empty one if not overridden."""
        return ""

    def models(self) -> Models:
        """The models it may open; those of an empty environment if not overridden."""
        return Models(read_settings({}, folder=Path(tempfile.gettempdir())))

    def test_it_has_the_members_of_a_reranker(self) -> None:
        assert isinstance(self.reranker(), Reranker)

    def test_it_scores_each_passage_in_their_order(self) -> None:
        scores = self._scores(_PASSAGES)
        assert len(scores) == len(_PASSAGES)
        assert all(math.isfinite(score) for score in scores)

    def test_the_passage_that_answers_has_the_best_score(self) -> None:
        scores = self._scores(_PASSAGES)
        assert max(scores) == scores[1]
        assert scores[1] > min(scores)

    def test_one_passage_is_enough(self) -> None:
        assert len(self._scores(_PASSAGES[:1])) == 1

    def test_it_bears_an_empty_passage_and_a_long_one(self) -> None:
        assert len(self._scores(["", "word " * 20_000, _PASSAGES[1]])) == 3

    def test_it_gives_the_same_twice(self) -> None:
        assert self._scores(_PASSAGES) == self._scores(_PASSAGES)

    def test_an_argument_that_it_cannot_use_is_refused(self) -> None:
        try:
            self.reranker().open(self.wrong_argument(), self.models())
        except InputError:
            return
        raise AssertionError("an argument that cannot be used was accepted")

    def _scores(self, passages: Sequence[str]) -> list[float]:
        async def work() -> list[float]:
            async with self.models() as models:
                rerank = self.reranker().open(self.argument(), models)
                return [float(score) for score in await rerank(_QUESTION, list(passages))]

        return asyncio.run(work())
