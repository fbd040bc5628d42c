"""How many calls an endpoint gets at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from flowgrade.errors import ModelServerError, RateLimitError
from flowgrade.models import ChatRequest, Clock, RetryPolicy
from flowgrade.models.throttle import Throttle

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def refused(*, retry_after: float | None = None) -> RateLimitError:
    return RateLimitError("slow", status=429, retry_after=retry_after)


def busy(calls: int) -> Throttle:
    """A throttle with so many calls under way."""
    throttle = Throttle(Clock(monotonic=lambda: 0.0), 120)
    throttle.in_flight = calls
    return throttle


def test_nothing_is_held_back_until_the_endpoint_complains() -> None:
    throttle = busy(1000)
    throttle.succeeded()
    assert throttle.is_open
    assert throttle.in_flight == 999


def test_a_refusal_halves_the_calls_once_for_all_that_were_under_way() -> None:
    throttle = busy(16)
    for _ in range(5):
        throttle.failed(refused(), 0)
    assert throttle.limit == 8
    throttle.in_flight = 8
    throttle.failed(refused(), 1)
    assert throttle.limit == 4
    assert not throttle.is_open


def test_overload_slows_down_and_other_failures_do_not() -> None:
    throttle = busy(16)
    throttle.failed(ModelServerError("broken", status=500), 0)
    assert throttle.is_open
    throttle.failed(ModelServerError("overloaded", status=503), 0)
    assert not throttle.is_open


def test_success_adds_one_for_each_round_and_opens_in_the_end() -> None:
    throttle = busy(8)
    throttle.failed(refused(), 0)
    assert throttle.limit == 4
    for _ in range(4):
        throttle.in_flight += 1
        throttle.succeeded()
    assert throttle.limit == pytest.approx(5, abs=0.2)
    for _ in range(500):
        throttle.in_flight += 1
        throttle.succeeded()
    assert throttle.is_open


def test_the_limit_never_falls_below_one() -> None:
    throttle = busy(1)
    for epoch in range(5):
        throttle.in_flight = 1
        throttle.failed(refused(), epoch)
    assert throttle.limit == 1


def test_no_more_calls_than_the_limit_run_at_once_and_all_get_their_turn() -> None:
    throttle = busy(8)
    throttle.failed(refused(), 0)
    throttle.in_flight = 0
    peaks: list[int] = []

    async def call() -> None:
        await throttle.acquire()
        peaks.append(throttle.in_flight)
        await asyncio.sleep(0)
        throttle.release()

    async def run() -> None:
        await asyncio.gather(*(call() for _ in range(50)))

    asyncio.run(run())
    assert len(peaks) == 50
    assert max(peaks) == 4
    assert throttle.in_flight == 0


def test_a_cancelled_wait_gives_its_place_to_the_next() -> None:
    throttle = busy(2)
    throttle.failed(refused(), 0)  # one place, and one call still holds it

    async def run() -> None:
        first = asyncio.create_task(throttle.acquire())
        second = asyncio.create_task(throttle.acquire())
        await asyncio.sleep(0)
        throttle.release()  # hands the place to the first
        first.cancel()
        await asyncio.wait_for(second, 1)

    asyncio.run(run())
    assert throttle.in_flight == 1


def test_a_pause_that_the_endpoint_asks_for_holds_all_calls(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.error(429, headers={"Retry-After": "30"}))
    rig.fraction = 0.0
    model = rig.open()

    async def run() -> None:
        await model.chat(REQUEST)
        await model.chat(REQUEST)

    asyncio.run(run())
    assert sum(rig.sleeps) == 30


def test_a_stream_that_is_closed_early_gives_its_place_back(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.error(429), kit.chat("Few places."), *[kit.stream("a", then="hang")] * 5)
    model = rig.open()

    async def run() -> None:
        await model.chat(REQUEST)
        for _ in range(5):
            stream = model.chat_stream(REQUEST)
            await asyncio.wait_for(anext(stream), 2)
            await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(model.chat(REQUEST), 2)

    asyncio.run(run())


def test_a_batch_that_is_throttled_gets_through(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(*[kit.error(429)] * 12)
    model = rig.open(retry=RetryPolicy(retries=20))

    async def run() -> list[str | None]:
        responses = await asyncio.gather(*(model.chat(REQUEST) for _ in range(40)))
        return [response.text for response in responses]

    assert asyncio.run(run()) == ["Hello."] * 40
    assert len(server.requests) == 52
