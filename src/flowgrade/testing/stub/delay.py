"""How long the stub waits: fixed seconds or a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeAlias

from flowgrade.testing.stub.script_error import Check, at_least

Delay: TypeAlias = float | Mapping[str, Any]
"""Seconds; or ``{"lognormal": {"median": seconds, "sigma": x}}``; or ``{"uniform": [a, b]}``."""

Draw: TypeAlias = Callable[[], float]


def drawing(delay: Delay, rng: Random) -> Draw:
    """A function that gives the next delay in seconds, drawn from ``rng``.

    A log-normal delay has the logarithm normally distributed around log(median) with standard
    deviation ``sigma``.
    """
    if not isinstance(delay, Mapping):
        return lambda: delay
    if "uniform" in delay:
        low, high = delay["uniform"]
        return lambda: rng.uniform(low, high)
    spec = delay["lognormal"]
    mu, sigma = math.log(spec["median"]), spec["sigma"]
    return lambda: rng.lognormvariate(mu, sigma)


def is_delay(value: object) -> bool:
    """Whether ``value`` can be drawn from."""
    if not isinstance(value, Mapping):
        return _seconds(value)
    match dict(value):
        case {"uniform": [low, high], **rest}:
            return not rest and _seconds(low) and at_least(low)(high)
        case {"lognormal": {"median": median, "sigma": sigma, **more}, **rest}:
            return not rest and not more and _seconds(median) and median > 0 and _seconds(sigma)
        case _:
            return False


_seconds = at_least(0)

DELAY = Check(
    is_delay,
    "seconds, {lognormal: {median: seconds, sigma: x}} or {uniform: [least, most]}",
)
