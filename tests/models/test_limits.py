"""What a connection's limits let through, and what endpoints say is left of theirs."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import InputError, RateLimitError, SettingsError
from flowgrade.models import ChatRequest, Clock, ConnectionLimits, RetryPolicy
from flowgrade.models.allowance import seconds_to_hold
from flowgrade.models.connection_file import read_connections
from flowgrade.models.gate import Gate, guess_tokens
from flowgrade.models.limits import read_limits
from flowgrade.models.throttle import Throttle
from flowgrade.models.window import MINUTE, Window
from flowgrade.records import Usage
from flowgrade.settings import Secret, Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


class Moments:
    """A clock that jumps to the next moment at which somebody wants to wake."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, turn))
        await turn

    def run(self, work: Callable[[], Awaitable[object]]) -> None:
        async def drive() -> None:
            task = asyncio.ensure_future(work())
            while not task.done():
                for _ in range(20):
                    await asyncio.sleep(0)
                while self._sleepers and self._sleepers[0][2].done():
                    heapq.heappop(self._sleepers)
                if self._sleepers and not task.done():
                    self.now, _, turn = heapq.heappop(self._sleepers)
                    turn.set_result(None)
            await task

        asyncio.run(drive())


def most_in_a_window(spent: list[tuple[float, int]], seconds: float = MINUTE) -> int:
    """The largest sum of what was spent in any half-open stretch."""
    starts = [at for at, _ in spent]
    return max(
        (sum(a for at, a in spent if start <= at < start + seconds) for start in starts), default=0
    )


@given(
    limit=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 40), st.integers(1, 50)), max_size=60),
)
def test_no_minute_has_more_than_the_limit(limit: int, steps: list[tuple[float, int]]) -> None:
    window = Window(limit)
    now = 0.0
    spent: list[tuple[float, int]] = []
    for pause, wanted in steps:
        amount = min(wanted, limit)
        now += pause
        wait = window.wait(amount, now)
        if wait > 0:
            assert most_in_a_window([*spent, (now, amount)]) > limit, "it waited without need"
            # A hair later, since the sum of two floats may fall short of the moment meant.
            now = now + wait + 1e-6
            assert window.wait(amount, now) == 0
        window.take(amount, now)
        spent.append((now, amount))
    assert most_in_a_window(spent) <= limit


def test_a_call_above_the_whole_limit_gets_through_alone() -> None:
    window = Window(100)
    assert window.wait(500, 0.0) == 0
    window.take(500, 0.0)
    assert window.wait(1, 1.0) == 59
    assert window.wait(500, 60.0) == 0


def test_what_a_call_really_took_counts_from_then_on() -> None:
    window = Window(100)
    first = window.take(90, 0.0)
    assert window.wait(50, 1.0) > 0
    assert window.correct(first, 30)
    assert window.wait(50, 1.0) == 0
    assert not window.correct(first, 80)
    assert window.wait(50, 1.0) > 0
    assert window.wait(50, 61.0) == 0
    window.correct(first, 10)  # long out of sight
    window.take(100, 61.0)
    assert window.wait(1, 62.0) > 0


@given(
    requests=st.none() | st.integers(1, 20),
    tokens=st.none() | st.integers(10, 200),
    concurrency=st.none() | st.integers(1, 4),
    calls=st.lists(st.tuples(st.integers(1, 150), st.floats(0.1, 90)), min_size=1, max_size=25),
)
def test_calls_pass_in_order_and_within_every_limit(
    requests: int | None,
    tokens: int | None,
    concurrency: int | None,
    calls: list[tuple[int, float]],
) -> None:
    moments = Moments()
    limits = ConnectionLimits(
        requests_per_minute=requests, tokens_per_minute=tokens, concurrency=concurrency
    )
    gate = Gate(limits, moments.clock())
    begun: list[tuple[int, float, int]] = []
    now = most = 0

    async def call(number: int, size: int, seconds: float) -> None:
        nonlocal now, most
        size = min(size, tokens or size)
        turn = await gate.enter(size)
        begun.append((number, moments.now, size))
        now += 1
        most = max(most, now)
        await moments.sleep(seconds)
        now -= 1
        gate.leave(turn)

    async def all_calls() -> None:
        await asyncio.gather(*(call(n, *values) for n, values in enumerate(calls)))

    moments.run(all_calls)
    assert [number for number, _, _ in begun] == list(range(len(calls)))
    assert most <= (concurrency or most)
    if requests:
        assert most_in_a_window([(at, 1) for _, at, _ in begun]) <= requests
    if tokens:
        assert most_in_a_window([(at, size) for _, at, size in begun]) <= tokens


def test_a_call_that_took_less_than_guessed_lets_the_next_one_in_earlier() -> None:
    moments = Moments()
    gate = Gate(ConnectionLimits(tokens_per_minute=100), moments.clock())
    began: list[float] = []

    async def call(really: int) -> None:
        turn = await gate.enter(100)
        began.append(moments.now)
        await moments.sleep(2.0)
        gate.leave(turn, Usage(input_tokens=really))

    async def both() -> None:
        await asyncio.gather(call(0), call(0))

    moments.run(both)
    assert began == [0.0, 2.0]


def test_who_gives_up_waiting_holds_nobody_up() -> None:
    moments = Moments()
    gate = Gate(ConnectionLimits(concurrency=1), moments.clock())

    async def work() -> None:
        first = await gate.enter(1)
        second = asyncio.ensure_future(gate.enter(1))
        third = asyncio.ensure_future(gate.enter(1))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        gate.leave(first)
        gate.leave(await third)

    moments.run(work)


def test_several_event_loops_share_one_gate() -> None:
    gate = Gate(ConnectionLimits(concurrency=2), Clock())
    now = most = 0

    async def call() -> None:
        nonlocal now, most
        turn = await gate.enter(1)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        gate.leave(turn)

    async def some() -> None:
        await asyncio.gather(*(call() for _ in range(20)))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(lambda: asyncio.run(some())) for _ in range(4)]:
            done.result(60)
    assert 0 < most <= 2


@given(whole=st.integers(1, 500), count=st.integers(1, 20))
def test_the_parts_of_all_workers_are_the_whole(whole: int, count: int) -> None:
    limits = ConnectionLimits(requests_per_minute=whole, concurrency=whole)
    count = min(count, limits.parts or count)
    parts = [limits.part(index, count) for index in range(count)]
    assert sum(part.concurrency or 0 for part in parts) == whole
    assert all(part.requests_per_minute for part in parts)


def test_tokens_are_guessed_from_the_request_and_the_longest_answer() -> None:
    assert guess_tokens(400, {"max_tokens": 50}) == 150
    assert guess_tokens(400, {"max_completion_tokens": 10, "max_tokens": 50}) == 110
    assert guess_tokens(0, {}) == 257


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"request_per_minute": 1}, "Did you mean 'requests_per_minute'?"),
        ({"concurrency": 0}, "from 1 on"),
        ({"tokens_per_minute": "10k"}, "from 1 on"),
        ({"concurrency": True}, "from 1 on"),
    ],
)
def test_what_is_no_limit_is_refused(written: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_limits(written)
    assert said in str(caught.value)


def test_a_connection_has_its_limits_from_the_file(tmp_path: Path) -> None:
    settings = Settings(project=tmp_path, home=tmp_path, store="")
    text = "a:\n  limits: {requests_per_minute: 60, concurrency: null}\nb: {base_url: http://x}\n"
    found = read_connections(text, file="c.yaml", settings=settings, known={})
    assert found["a"].limits == ConnectionLimits(requests_per_minute=60)
    assert found["b"].limits is None
    with pytest.raises(SettingsError, match="The connection 'a': There is no limit 'rpm'"):
        read_connections("a: {limits: {rpm: 1}}", file="c.yaml", settings=settings, known={})


def test_calls_of_a_model_wait_for_the_limit(rig: Rig, server: Server) -> None:
    model = rig.open(limits=ConnectionLimits(requests_per_minute=2))

    async def run() -> None:
        for _ in range(5):
            await model.chat(REQUEST)

    asyncio.run(run())
    assert len(server.requests) == 5
    assert sum(rig.sleeps) == pytest.approx(120)


def test_retries_count_as_requests_and_failures_give_their_place_back(
    rig: Rig, server: Server, kit: Kit
) -> None:
    rig.fraction = 0.0
    server.will(kit.error(500), kit.stream("a", "b"))
    model = rig.open(limits=ConnectionLimits(requests_per_minute=3, concurrency=1))

    async def run() -> None:
        async for _ in model.chat_stream(REQUEST):
            pass
        await model.chat(REQUEST)
        await model.chat(REQUEST)

    asyncio.run(run())
    assert len(server.requests) == 4
    assert sum(rig.sleeps) == pytest.approx(60)


def test_an_endpoint_that_has_nothing_left_is_not_called_until_it_has(
    rig: Rig, server: Server, kit: Kit
) -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m0s",
    }
    told = kit.chat("Hello.")
    told.headers = headers
    server.will(told)
    model = rig.open()

    async def run() -> None:
        await model.chat(REQUEST)
        await model.chat(REQUEST)
        await model.chat(REQUEST)

    asyncio.run(run())
    assert sum(rig.sleeps) == pytest.approx(1.0)  # sixty come back in a minute, so one in a second


NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"x-ratelimit-remaining-requests": "1"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0"}, 0.0),  # it does not say until when
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0.0),
        ({"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "5"}, 0.0),
        (
            {
                "x-ratelimit-limit-tokens": "1000",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "60s",
            },
            6.0,
        ),
        (
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2023-11-14T22:14:10Z",
            },
            1.0,
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
            },
            0.0,
        ),
    ],
)
def test_what_is_left_is_read_from_the_headers(headers: dict[str, str], seconds: float) -> None:
    assert seconds_to_hold(headers, tokens=100, now=NOW) == pytest.approx(seconds)


def test_concurrency_does_not_grow_while_answers_are_far_slower_than_they_were() -> None:
    throttle = Throttle(Clock(monotonic=lambda: 0.0), 120)
    for _ in range(50):
        throttle.took(0.5)
    throttle.in_flight = 8
    throttle.failed(RateLimitError("slow", status=429), 0)
    assert throttle.limit == 4
    for _ in range(100):
        throttle.took(5.0)
        throttle.in_flight += 1
        throttle.succeeded()
    assert throttle.limit < 6
    for _ in range(200):
        throttle.took(0.5)
        throttle.in_flight += 1
        throttle.succeeded()
    assert throttle.is_open


def test_keys_of_one_endpoint_are_throttled_apart(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(429, headers={"Retry-After": "30"}))
    models = rig.models(retry=RetryPolicy(retries=0))
    first = models.open("stub", connection=rig.connection())
    other = models.open("stub", connection=rig.connection(name="b", api_key=Secret("sk-other")))

    async def run() -> None:
        with pytest.raises(RateLimitError):
            await first.chat(REQUEST)
        await other.chat(REQUEST)
        assert rig.sleeps == []
        await first.chat(REQUEST)
        assert rig.sleeps == [30]

    asyncio.run(run())
