"""A script under way keeps its limits and its shares."""

from __future__ import annotations

from collections import Counter
from random import Random
from statistics import median

import pytest

from flowgrade.testing import StubScript
from flowgrade.testing.stub.delay import drawing
from flowgrade.testing.stub.play import Mishap, Play


def test_the_rate_limit_holds_for_every_second() -> None:
    play = Play(StubScript(rate_limit=2))
    assert [play.wait_for_rate(now) for now in (0.0, 0.75)] == [None, None]
    assert play.wait_for_rate(0.875) == pytest.approx(0.125)
    assert play.wait_for_rate(1.0) is None
    assert play.wait_for_rate(1.5) == pytest.approx(0.25)


def test_a_limit_below_one_a_second_lets_one_through_in_its_time() -> None:
    play = Play(StubScript(rate_limit=0.25))
    assert play.wait_for_rate(0.0) is None
    assert play.wait_for_rate(1.0) == pytest.approx(3.0)
    assert play.wait_for_rate(4.0) is None


def test_mishaps_come_in_their_shares() -> None:
    play = Play(StubScript(error_rate=0.1, drop_rate=0.2, truncate_rate=0.3, garbage_rate=0.2))
    drawn = Counter(play.mishap() for _ in range(10_000))
    shares = {
        Mishap.ERROR: 0.1,
        Mishap.DROP: 0.2,
        Mishap.TRUNCATE: 0.3,
        Mishap.GARBAGE: 0.2,
        None: 0.2,
    }
    for mishap, share in shares.items():
        assert drawn[mishap] / 10_000 == pytest.approx(share, abs=0.02)


def test_each_body_fails_its_own_first_calls() -> None:
    play = Play(StubScript(fail_first=2))
    failures = [play.fails_first(body) for body in (b"a", b"b", b"a", b"a", b"b", b"b")]
    assert failures == [True, True, True, False, True, False]


def test_delays_follow_their_distributions() -> None:
    lognormal = drawing({"lognormal": {"median": 0.2, "sigma": 0.5}}, Random(1))
    assert median(lognormal() for _ in range(4000)) == pytest.approx(0.2, rel=0.05)
    uniform = drawing({"uniform": [0.1, 0.3]}, Random(1))
    values = [uniform() for _ in range(4000)]
    assert 0.1 <= min(values) < 0.11 < 0.29 < max(values) <= 0.3
    assert drawing(0.5, Random(1))() == 0.5
