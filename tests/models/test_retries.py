"""When a call is made again, and after how long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import ModelError, ModelServerError, RateLimitError
from flowgrade.models import ChatRequest, Clock, RetryPolicy
from flowgrade.models.retry import read_retry_after

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_call_is_made_again_after_a_passing_failure(
    rig: Rig, server: Server, kit: Kit, status: int
) -> None:
    server.will(kit.error(status), kit.chat("At last."))
    assert asyncio.run(rig.open().chat(REQUEST)).text == "At last."
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize(
    ("status", "fields"),
    [(400, {}), (401, {}), (403, {}), (404, {}), (422, {}), (429, {"code": "insufficient_quota"})],
)
def test_a_call_is_not_made_again_after_a_lasting_failure(
    rig: Rig, server: Server, kit: Kit, status: int, fields: dict[str, Any]
) -> None:
    server.will(kit.error(status, **fields))
    with pytest.raises(ModelError):
        asyncio.run(rig.open().chat(REQUEST))
    assert len(server.requests) == 1
    assert rig.sleeps == []


def test_delays_double_up_to_the_cap_and_end_after_five_retries(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.otherwise = kit.error(500, "broken")
    model = rig.open(retry=RetryPolicy(first=1, cap=5))
    with pytest.raises(ModelServerError, match=r"broken \(5 retries\)"):
        asyncio.run(model.chat(REQUEST))
    assert rig.sleeps == [1, 2, 4, 5, 5]
    assert len(server.requests) == 6


def test_the_delay_is_anywhere_between_nothing_and_its_bound(
    rig: Rig, server: Server, kit: Kit
) -> None:
    rig.fraction = 0.25
    server.will(kit.error(500), kit.error(500))
    asyncio.run(rig.open().chat(REQUEST))
    assert rig.sleeps == [0.25, 0.5]


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"Retry-After": "7.0"},
        {"retry-after-ms": "7000"},
        {"retry-after-ms": "7000", "Retry-After": "9"},
        {"Retry-After": "Tue, 14 Nov 2023 22:13:27 GMT"},
        {
            "Retry-After": "Fri, 05 Jan 2024 00:00:07 GMT",
            "Date": "Fri, 05 Jan 2024 00:00:00 GMT",
        },
    ],
)
def test_the_wait_is_never_shorter_than_asked(
    rig: Rig, server: Server, kit: Kit, headers: dict[str, str]
) -> None:
    rig.fraction = 0.0
    server.will(kit.error(429, headers=headers))
    asyncio.run(rig.open().chat(REQUEST))
    assert rig.sleeps[0] == 7.0


def test_a_wait_that_is_too_long_ends_the_call_at_once(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitError, match="asks to wait 3600 s") as caught:
        asyncio.run(rig.open().chat(REQUEST))
    assert caught.value.retry_after == 3600
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "Tue, 99 Nov 2023", "1e999"])
def test_a_wait_that_cannot_be_understood_is_none(text: str) -> None:
    assert read_retry_after({"Retry-After": text}, NOW) is None


def test_a_date_in_the_past_asks_for_no_wait() -> None:
    assert read_retry_after({"Retry-After": "Tue, 14 Nov 2023 22:00:00 GMT"}, NOW) == 0


def test_a_connection_that_is_cut_is_tried_again(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.Reply(then="cut", body=b"abc"), kit.Reply(then="cut", pieces=[b"{"]))
    assert asyncio.run(rig.open().chat(REQUEST)).text == "Hello."
    assert len(server.requests) == 3


@given(
    attempt=st.integers(0, 10_000),
    asked=st.floats(0, 120),
    fraction=st.floats(0, 1),
    cap=st.floats(0.1, 600),
)
def test_every_delay_lies_within_its_bounds(
    attempt: int, asked: float, fraction: float, cap: float
) -> None:
    policy = RetryPolicy(retries=20_000, cap=cap)
    error = RateLimitError("slow", retry_after=asked)
    clock = Clock(uniform=lambda low, high: low + (high - low) * fraction)
    delay = policy.delay(error, attempt, clock)
    assert delay is not None
    assert asked <= delay <= asked + min(cap, 2.0 ** min(attempt, 30))
