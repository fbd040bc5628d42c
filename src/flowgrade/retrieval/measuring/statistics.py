"""Intervals of means and of paired differences, for values between 0 and 1.

Values may come in groups that belong together, such as the questions about one document. Then the
groups are what is drawn and what changes its sign: five questions about one paragraph tell less
than five about five.

Sources: Efron, Better Bootstrap Confidence Intervals (1987) for the bootstrap with bias correction
and acceleration (BCa); Field and Welsh, Bootstrapping Clustered Data (2007) for drawing groups;
Wilson (1927) for shares; Phipson and Smyth (2010) for p of random permutations, which is never 0;
Schuirmann (1987) for equivalence by two one-sided tests; Holm (1979) for several tests.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy

from flowgrade.records import JsonObject, Record

if TYPE_CHECKING:
    Numbers = numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]]

CONFIDENCE = 0.95
FEWEST = 10
"""Groups (of one question each, where none share a document) below which nothing is said."""

MARGIN = 0.02
"""How far apart two means may be that are called equivalent."""

_DRAWS = 2_000
_FLIPS = 9_999
_EXACT = 12  # groups up to which all 2^n changes of sign are tried
_CELLS = 2_000_000  # numbers that one step holds at once: 16 MB

Verdict = Literal["improved", "degraded", "equivalent", "inconclusive", "too_few"]


class Estimate(NamedTuple):
    """A mean with its interval."""

    mean: float
    low: float
    high: float
    n: int
    """Values; with groups there may be fewer that are independent."""

    def as_json(self) -> JsonObject:
        """Mean, interval and n, as commands give them."""
        return {
            "mean": round(self.mean, 6),
            "interval": [round(self.low, 6), round(self.high, 6)],
            "n": self.n,
        }


class PairedDifference(Record):
    """A paired difference of means with its interval, and what follows from it."""

    n: int
    difference: float
    """The second minus the first; above 0 the second is better."""
    interval: tuple[float, float]
    p: float
    """That the two are alike, by the sign-flip test."""
    verdict: Verdict

    def as_json(self) -> JsonObject:
        """The difference as commands give it."""
        return {
            "n": self.n,
            "difference": round(self.difference, 6),
            "interval": [round(self.interval[0], 6), round(self.interval[1], 6)],
            "p": round(self.p, 6),
            "verdict": self.verdict,
        }


def estimate(
    values: Sequence[float], groups: Sequence[Hashable] | None = None, *, seed: int = 0
) -> Estimate:
    """The mean of ``values``, each between 0 and 1, with its interval of 95 %.

    Wilson's for single zeros and ones, BCa bootstrap for others. Where all values are equal the
    interval holds what so many equal values cannot rule out. ``values`` has at least one.
    """
    sums, counts = _grouped(values, groups)
    mean = math.fsum(values) / len(values)
    if _constant(sums, counts):
        low, high = _unseen(mean, len(sums), 0.0, 1.0, CONFIDENCE)
    elif len(sums) == len(values) and set(values) <= {0.0, 1.0}:
        low, high = _wilson(mean, len(values))
    else:
        ((low, high),) = _bca(sums, counts, (CONFIDENCE,), seed)
    return Estimate(mean, max(0.0, min(low, mean)), min(1.0, max(high, mean)), len(values))


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    *,
    margin: float = MARGIN,
    seed: int = 0,
) -> PairedDifference:
    """How much better ``second`` is than ``first`` on the same questions, in the same order.

    ``improved`` and ``degraded``: the interval of 95 % excludes 0. ``equivalent``: that of 90 %
    lies within ``margin`` of 0. ``too_few``: fewer than 10 groups.
    """
    changes = [b - a for a, b in zip(first, second, strict=True)]
    sums, counts = _grouped(changes, groups)
    mean = math.fsum(changes) / len(changes) if changes else 0.0
    interval, narrow = (-1.0, 1.0), (-1.0, 1.0)
    p = 1.0
    if changes and _constant(sums, counts):
        interval = _unseen(mean, len(sums), -1.0, 1.0, CONFIDENCE)
        narrow = _unseen(mean, len(sums), -1.0, 1.0, 2 * CONFIDENCE - 1)
        p = _sign_flip(sums, seed)
    elif changes:
        interval, narrow = _bca(sums, counts, (CONFIDENCE, 2 * CONFIDENCE - 1), seed)
        p = _sign_flip(sums, seed)
    return PairedDifference(
        n=len(changes),
        difference=mean,
        interval=interval,
        p=p,
        verdict=_verdict(len(sums), interval, narrow, margin),
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Each p made to hold for all of them together, by Holm's step-down procedure."""
    found, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, ps[index] * (len(ps) - rank)))
        found[index] = highest
    return found


def _verdict(
    groups: int, interval: tuple[float, float], narrow: tuple[float, float], margin: float
) -> Verdict:
    if groups < FEWEST:
        return "too_few"
    if interval[0] > 0:
        return "improved"
    if interval[1] < 0:
        return "degraded"
    if -margin < narrow[0] and narrow[1] < margin:
        return "equivalent"
    return "inconclusive"


def _grouped(values: Sequence[float], groups: Sequence[Hashable] | None) -> tuple[Numbers, Numbers]:
    """The sum and the number of values in each group."""
    if groups is None:
        return numpy.asarray(values, dtype=float), numpy.ones(len(values))
    places: dict[Hashable, int] = {}
    codes = [places.setdefault(group, len(places)) for group in groups]
    sums = numpy.zeros(len(places))
    numpy.add.at(sums, codes, values)
    counts = numpy.zeros(len(places))
    numpy.add.at(counts, codes, 1.0)
    return sums, counts


def _constant(sums: Numbers, counts: Numbers) -> bool:
    means = sums / counts
    return float(means.max() - means.min()) < 1e-12


def _unseen(
    mean: float, n: int, lowest: float, highest: float, confidence: float
) -> tuple[float, float]:
    """Of n equal values: a part of this size would not have been met with probability 1 - c.

    For n ones it is the bound of Clopper and Pearson.
    """
    part = 1 - ((1 - confidence) / 2) ** (1 / n)
    return mean + part * (lowest - mean), mean + part * (highest - mean)


def _wilson(share: float, n: int) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def _bca(
    sums: Numbers, counts: Numbers, confidences: Sequence[float], seed: int
) -> list[tuple[float, float]]:
    means = numpy.sort(_drawn(sums, counts, seed))
    mean = sums.sum() / counts.sum()
    below = float((means < mean).mean() + (means == mean).mean() / 2)
    normal = NormalDist()
    bias = normal.inv_cdf(min(max(below, 1 / _DRAWS), 1 - 1 / _DRAWS))
    skew = _acceleration(sums, counts)

    def bound(share: float) -> float:
        z = bias + normal.inv_cdf(share)
        return float(numpy.quantile(means, normal.cdf(bias + z / max(1 - skew * z, 1e-9))))

    return [(bound((1 - share) / 2), bound((1 + share) / 2)) for share in confidences]


def _acceleration(sums: Numbers, counts: Numbers) -> float:
    left = (sums.sum() - sums) / (counts.sum() - counts)
    apart = left.mean() - left
    scale = float((apart**2).sum()) ** 1.5
    return float((apart**3).sum()) / (6 * scale) if scale else 0.0


def _drawn(sums: Numbers, counts: Numbers, seed: int) -> Numbers:
    """Means of as many groups, drawn with replacement, again and again."""
    random = numpy.random.default_rng(seed)
    n = len(sums)
    found = []
    for rows in _batches(_DRAWS, n):
        drawn = random.integers(0, n, size=(rows, n))
        found.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return numpy.concatenate(found)


def _sign_flip(sums: Numbers, seed: int) -> float:
    """Two-sided p of the sum when each group's sign is by chance."""
    n, seen = len(sums), abs(float(sums.sum())) - 1e-9
    if n <= _EXACT:
        signs = (numpy.arange(2**n)[:, None] >> numpy.arange(n)) % 2 * 2 - 1
        return float((numpy.abs(signs @ sums) >= seen).mean())
    random = numpy.random.default_rng(seed)
    extreme = 0
    for rows in _batches(_FLIPS, n):
        signs = random.integers(0, 2, size=(rows, n), dtype=numpy.int8) * 2 - 1
        extreme += int((numpy.abs(signs @ sums) >= seen).sum())
    return (extreme + 1) / (_FLIPS + 1)


def _batches(rows: int, columns: int) -> list[int]:
    size = max(1, min(rows, _CELLS // max(1, columns)))
    return [min(size, rows - start) for start in range(0, rows, size)]
