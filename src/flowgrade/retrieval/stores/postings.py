"""Postings: which chunks have a term, and what BM25 gives each of them for it.

Measured against SQLite's full text in docs/why/retrieval.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy

from flowgrade.retrieval.stores.arrays import Array, load, plain, reserve, save
from flowgrade.retrieval.stores.best import best

K1 = 1.2
B = 0.75

_SLICE = 4_000_000  # postings that are worked on at once: some 100 MB
_MOST = numpy.iinfo(numpy.uint16).max


class Block(NamedTuple):
    """Postings of some chunks, by term and then by row."""

    terms: Array
    """The terms that occur, ascending."""
    sizes: Array
    """How many postings each of them has."""
    rows: Array
    counts: Array


class Postings:
    """The postings of one snapshot, as its files have them."""

    NAMES = ("starts.npy", "rows.npy", "counts.npy", "impacts.npy", "lengths.npy", "words.txt")

    def __init__(self, folder: Path) -> None:
        self.starts = numpy.load(folder / "starts.npy")
        self.rows = plain(load(folder / "rows.npy"))
        self.counts = plain(load(folder / "counts.npy"))
        self.impacts = plain(load(folder / "impacts.npy"))
        self.lengths = numpy.load(folder / "lengths.npy")
        text = (folder / "words.txt").read_text(encoding="utf-8")
        self.words = text.split("\n") if text else []
        self._numbers = dict(zip(self.words, range(len(self.words)), strict=True))

    def scores(self, terms: Sequence[str]) -> Array:
        """The BM25 score of every chunk for a query of these terms."""
        found = numpy.zeros(len(self.lengths), numpy.float32)
        for term, times in Counter(terms).items():
            number = self._numbers.get(term)
            if number is None:
                continue
            start, end = self.starts[number], self.starts[number + 1]
            impacts = self.impacts[start:end]
            found[self.rows[start:end]] += impacts if times == 1 else impacts * times
        return found

    def search(
        self, terms: Sequence[str], limit: int, passing: Array | None
    ) -> tuple[Array, Array]:
        """Rows and scores of the best chunks that have one of the terms; ``passing`` is a mask."""
        scores = self.scores(terms)
        if passing is not None:
            scores *= passing
        return best(scores, limit, above=0.0)

    def ceiling(self, terms: Sequence[str]) -> float:
        """The sum of the terms' weights, to which the score of a chunk with all of them tends.

        A term that no chunk has weighs most of all: it is what nothing covers.
        """
        numbers = [self._numbers.get(term) for term in terms]
        sizes = [0 if n is None else self.starts[n + 1] - self.starts[n] for n in numbers]
        return float(_rarity(numpy.array(sizes, numpy.int64), len(self.lengths)).sum())

    def kept(self, places: Array) -> Iterator[Block]:
        """What stays of these postings when row ``r`` becomes ``places[r]``, or goes if that
        is -1."""
        first = 0
        while first < len(self.words):
            last = int(numpy.searchsorted(self.starts, self.starts[first] + _SLICE))
            last = min(max(last, first + 1), len(self.words))
            yield self._kept(first, last, places)
            first = last

    def _kept(self, first: int, last: int, places: Array) -> Block:
        start, end = self.starts[first], self.starts[last]
        rows = places[self.rows[start:end]]
        stays = rows >= 0
        before = numpy.concatenate(([0], numpy.cumsum(stays)))
        bounds = before[self.starts[first : last + 1] - start]
        sizes = numpy.diff(bounds)
        there = numpy.flatnonzero(sizes)
        return Block(there + first, sizes[there], rows[stays], self.counts[start:end][stays])


def block_of(terms: Array, lengths: Array, first: int) -> Block:
    """The postings of chunks from row ``first`` on: ``terms`` one chunk after the other."""
    count = max(len(lengths), 1)
    rows = numpy.repeat(numpy.arange(len(lengths)), lengths)
    keys = terms.astype(numpy.int64) * count + rows
    keys.sort()
    # Equal neighbours are one posting; their number is how often the chunk has the term.
    new = numpy.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    starts = numpy.flatnonzero(new)
    times = numpy.diff(numpy.append(starts, len(keys)))
    distinct = keys[starts]
    of_term = distinct // count
    rows = (distinct - of_term * count + first).astype(numpy.int32)
    present, sizes = numpy.unique(of_term, return_counts=True)
    return Block(present, sizes, rows, numpy.minimum(times, _MOST).astype(numpy.uint16))


class PostingsBuilder:
    """Joins blocks, each with higher rows than those before it of the same terms."""

    def __init__(self, spill: Path) -> None:
        self._spill = spill
        self._parts: list[tuple[Array, Array]] = []

    def add(self, block: Block) -> None:
        """Put a block's postings aside on the disk."""
        number = len(self._parts)
        save(self._spill / f"{number}.rows.npy", block.rows)
        save(self._spill / f"{number}.counts.npy", block.counts)
        self._parts.append((block.terms, block.sizes))

    def write(self, folder: Path, words: Sequence[str], lengths: Array) -> None:
        """Write the files of ``Postings``."""
        totals = numpy.zeros(len(words), numpy.int64)
        for terms, sizes in self._parts:
            totals[terms] += sizes
        starts = numpy.concatenate(([0], numpy.cumsum(totals)))
        self._join(folder, starts)
        used = numpy.flatnonzero(totals)
        _weigh(folder, starts, totals, lengths)
        save(folder / "lengths.npy", lengths.astype(numpy.int32))
        # A word without postings takes no room among them, so it can simply be left out.
        save(folder / "starts.npy", numpy.append(starts[used], starts[-1:]))
        text = "\n".join([words[number] for number in used.tolist()])
        (folder / "words.txt").write_text(text, encoding="utf-8", newline="\n")

    def _join(self, folder: Path, starts: Array) -> None:
        total = int(starts[-1])
        rows = reserve(folder / "rows.npy", (total,), numpy.int32)
        counts = reserve(folder / "counts.npy", (total,), numpy.uint16)
        cursor = starts[:-1].copy()
        for number, (terms, sizes) in enumerate(self._parts):
            ahead = cursor[terms] - (numpy.cumsum(sizes) - sizes)
            places = numpy.repeat(ahead, sizes) + numpy.arange(int(sizes.sum()))
            rows[places] = numpy.load(self._spill / f"{number}.rows.npy")
            counts[places] = numpy.load(self._spill / f"{number}.counts.npy")
            cursor[terms] += sizes


def _weigh(folder: Path, starts: Array, totals: Array, lengths: Array) -> None:
    rows = load(folder / "rows.npy")
    counts = load(folder / "counts.npy")
    impacts = reserve(folder / "impacts.npy", (len(rows),), numpy.float32)
    rarity = _rarity(totals, len(lengths))
    norms = _norms(lengths)
    for first in range(0, len(rows), _SLICE):
        last = min(first + _SLICE, len(rows))
        begin = numpy.searchsorted(starts, first, side="right") - 1
        end = numpy.searchsorted(starts, last, side="left")
        inside = numpy.diff(numpy.clip(starts[begin : end + 1], first, last))
        times = counts[first:last].astype(numpy.float32)
        norm = norms[rows[first:last]]
        impacts[first:last] = numpy.repeat(rarity[begin:end], inside) * (times / (times + norm))


def _rarity(totals: Array, chunks: int) -> Array:
    """A term's weight: ln(1 + (N - n + 0.5) / (n + 0.5)), never negative."""
    return numpy.log1p((chunks - totals + 0.5) / (totals + 0.5)).astype(numpy.float32)


def _norms(lengths: Array) -> Array:
    """What a count is set against: k1 · (1 - b + b · length / mean length)."""
    mean = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    return (K1 * (1 - B + B * lengths / mean)).astype(numpy.float32)
