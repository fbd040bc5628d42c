"""From tokens to money."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models import Catalog, ChatRequest, Models, Price, Rates, bill, read_usage
from flowgrade.models.catalog.load import shipped_catalog
from flowgrade.records import Usage, fields_of
from flowgrade.settings import Settings
from flowgrade.tracing import RecordedSpan, start_trace
from flowgrade.tracing.recorder import ActiveTrace
from tests.models.bills import BILLS

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

CATALOG = Catalog(shipped_catalog())
LINES = [line.split() for line in BILLS.strip().splitlines()]
REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
# input 1, cached 0.1, written 1.25, written for an hour 2, output 10, sound 20 and 40
RATES = Rates(
    input=1,
    cached_input=0.1,
    cache_write=1.25,
    cache_write_1h=2,
    output=10,
    audio_input=20,
    audio_output=40,
)


def price(rates: Rates = RATES, **more: Any) -> Price:
    return Price(rates=rates, date="2026-11-27", source="a test", **more)


def openai_usage(cached: int, written: int, output: int, reasoning: int) -> dict[str, Any]:
    """As OpenAI and those who speak its protocol give it."""
    return {
        "prompt_tokens": 10_000,
        "completion_tokens": output,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def anthropic_usage(cached: int, written: int, output: int) -> dict[str, Any]:
    return {
        "input_tokens": 10_000 - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "output_tokens": output,
    }


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_a_bill_is_what_was_worked_out_by_hand(line: list[str]) -> None:
    name, *counts, dollars = line
    cached, written, output, reasoning = map(int, counts)
    raw = (
        anthropic_usage(cached, written, output)
        if name.startswith("anthropic/")
        else openai_usage(cached, written, output, reasoning)
    )
    usage, found = read_usage(raw), CATALOG.get(name).price
    assert usage is not None
    assert found is not None
    assert bill(found, usage) == pytest.approx(float(dollars), rel=1e-12)


def test_every_model_with_a_price_of_its_own_has_a_worked_out_bill() -> None:
    priced = {name for name, raw in shipped_catalog()["models"].items() if raw.get("price")}
    assert {line[0] for line in LINES} == priced


@pytest.mark.parametrize(
    ("usage", "millionths"),
    [
        (Usage(input_tokens=100, output_tokens=10), 100 + 100),
        (Usage(input_tokens=100, output_tokens=10, cached_tokens=40), 60 + 4 + 100),
        (Usage(input_tokens=100, output_tokens=0, cache_write_tokens=40), 60 + 50),
        (
            Usage(
                input_tokens=100,
                output_tokens=0,
                cache_write_tokens=40,
                cache_write_1h_tokens=10,
            ),
            60 + 30 * 1.25 + 10 * 2,
        ),
        (Usage(input_tokens=100, output_tokens=10, reasoning_tokens=9), 100 + 100),
        (
            Usage(input_tokens=100, output_tokens=10, audio_input_tokens=30, audio_output_tokens=4),
            70 + 600 + 60 + 160,
        ),
        (Usage(input_tokens=0, output_tokens=0), 0),
    ],
)
def test_each_kind_of_token_is_charged_once(usage: Usage, millionths: float) -> None:
    assert bill(price(), usage) == pytest.approx(millionths / 1e6)


def test_reasoning_may_have_a_price_of_its_own() -> None:
    rates = Rates(input=1, output=10, reasoning=2)
    usage = Usage(input_tokens=100, output_tokens=10, reasoning_tokens=6)
    assert bill(price(rates), usage) == pytest.approx((100 + 40 + 12) / 1e6)


def test_a_batch_is_cheaper_by_its_discount_and_unknown_without_one() -> None:
    usage = Usage(input_tokens=100, output_tokens=10)
    assert bill(price(batch_discount=0.5), usage, batch=True) == pytest.approx(100 / 1e6)
    assert bill(price(), usage, batch=True) is None


def test_a_long_input_makes_all_tokens_dearer() -> None:
    found = price(above=1000, long_rates=Rates(input=2, cached_input=0.2, output=15))
    assert bill(found, Usage(input_tokens=1000, output_tokens=10)) == pytest.approx(1100 / 1e6)
    longer = Usage(input_tokens=1001, output_tokens=10, cached_tokens=500)
    assert bill(found, longer) == pytest.approx((501 * 2 + 500 * 0.2 + 150) / 1e6)


@pytest.mark.parametrize(
    ("rates", "usage"),
    [
        (Rates(output=1), Usage(input_tokens=1, output_tokens=1)),
        (Rates(input=1), Usage(input_tokens=1, output_tokens=1)),
        (Rates(input=1, output=1), Usage(input_tokens=5, output_tokens=1, cached_tokens=2)),
        (Rates(input=1, output=1), Usage(input_tokens=5, output_tokens=1, cache_write_tokens=2)),
        (
            Rates(input=1, output=1, cache_write=1),
            Usage(input_tokens=5, output_tokens=1, cache_write_tokens=2, cache_write_1h_tokens=2),
        ),
        (Rates(input=1, output=1), Usage(input_tokens=5, output_tokens=1, audio_input_tokens=2)),
        (Rates(input=1, output=1), Usage(input_tokens=5, output_tokens=2, audio_output_tokens=2)),
        (Rates(input=1, output=1), Usage(input_tokens=5)),
        (Rates(input=1, output=1), Usage(output_tokens=5)),
        (Rates(input=1, output=1, cached_input=1), Usage(input_tokens=1, cached_tokens=2)),
        (RATES, Usage(input_tokens=1, output_tokens=0, cached_tokens=2)),
    ],
)
def test_what_is_not_known_makes_the_cost_unknown(rates: Rates, usage: Usage) -> None:
    assert bill(price(rates), usage) is None


def test_an_embedding_needs_no_count_and_no_price_of_output() -> None:
    assert bill(price(Rates(input=2)), Usage(input_tokens=5)) == pytest.approx(10 / 1e6)


def test_where_everything_is_free_so_are_its_parts() -> None:
    free = price(Rates(input=0, output=0))
    usage = Usage(input_tokens=9, output_tokens=5, cached_tokens=3, audio_output_tokens=2)
    assert bill(free, usage) == 0
    assert bill(free, Usage()) == 0


counts = st.none() | st.integers(0, 10_000)


@given(st.builds(Usage, **dict.fromkeys(fields_of(Usage), counts)))
def test_a_bill_is_never_negative(usage: Usage) -> None:
    found = bill(price(), usage)
    assert found is None or found >= 0


# --- in traces


def spend(models: Models, name: str, *, streamed: bool) -> tuple[ActiveTrace, dict[str, Any]]:
    """The trace of one call, and what its span kept."""
    spans: list[RecordedSpan] = []

    async def work() -> ActiveTrace:
        with start_trace("root", sink=spans.extend) as root:
            model = models.open(name)
            if streamed:
                _ = [chunk async for chunk in model.chat_stream(REQUEST)]
            else:
                await model.chat(REQUEST)
        assert root.trace is not None
        return root.trace

    return asyncio.run(work()), orjson.loads(spans[0].data)


def models(folder: Path, server: Server, more: str = "connections: {openai: openai}\n") -> Models:
    (folder / "models.yaml").write_text(more, encoding="utf-8")
    environment = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"}
    return Models(Settings(project=folder, home=folder, store="", environment=environment))


USAGE = openai_usage(4_000, 0, 1_500, 500)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_has_its_cost_with_the_price_it_is_by(
    tmp_path: Path, server: Server, kit: Kit, streamed: bool
) -> None:
    if streamed:
        reply = kit.stream("Hello")
        assert reply.pieces is not None
        event = {"choices": [], "usage": USAGE, "model": "gpt-4o-mini-2024-07-18"}
        reply.pieces[-2] = b"data: " + orjson.dumps(event) + b"\n\n"
        server.will(reply)
    else:
        server.will(kit.chat("Hello", usage=USAGE, model="gpt-4o-mini-2024-07-18"))
    trace, kept = spend(models(tmp_path, server), "openai/gpt-4o-mini", streamed=streamed)
    assert kept["cost"] == pytest.approx(0.0021)
    assert trace.cost == pytest.approx(0.0021)
    assert trace.unpriced == 0
    assert kept["attributes"]["flowgrade.price.model"] == "openai/gpt-4o-mini"
    assert kept["attributes"]["flowgrade.price.date"] == "2026-11-27"


def test_the_model_that_answered_decides_the_price(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.chat("Hello", usage=USAGE, model="gpt-4o-2024-08-06"))
    _, kept = spend(models(tmp_path, server), "openai/gpt-4o-mini", streamed=False)
    assert kept["attributes"]["flowgrade.price.model"] == "openai/gpt-4o"


def test_a_price_of_the_user_counts_before_the_model_that_answered(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.chat("Hello", usage=USAGE, model="gpt-4o-2024-08-06"))
    own = """
connections: {openai: openai}
models:
  openai/mine:
    price: {input: 1, cached_input: 1, output: 1, date: 2026-01-01, source: our contract}
"""
    trace, _ = spend(models(tmp_path, server, own), "openai/mine", streamed=False)
    assert trace.cost == pytest.approx(11_500 / 1e6)


@pytest.mark.parametrize(
    ("more", "cost"),
    [
        ({"service_tier": "default"}, 0.0021),
        ({"service_tier": "flex"}, 0.00105),
        ({"service_tier": "priority"}, None),
        ({"usage": None}, None),
        ({"usage": {"prompt_tokens": 5}}, None),
    ],
)
def test_the_service_tier_decides_too(
    tmp_path: Path, server: Server, kit: Kit, more: dict[str, Any], cost: float | None
) -> None:
    server.will(kit.chat("Hello", **{"usage": USAGE, "model": "gpt-4o-mini", **more}))
    trace, _ = spend(models(tmp_path, server), "openai/gpt-4o-mini", streamed=False)
    assert trace.cost == (None if cost is None else pytest.approx(cost))
    assert trace.unpriced == (1 if cost is None else 0)


def test_another_currency_is_no_cost_in_dollars(tmp_path: Path, server: Server) -> None:
    own = """
models:
  openai/mine: {price: {input: 1, output: 1, currency: EUR, date: 2026-01-01, source: us}}
"""
    trace, _ = spend(models(tmp_path, server, own), "openai/mine", streamed=False)
    assert (trace.cost, trace.unpriced) == (None, 1)


def test_a_gateway_of_ones_own_has_unknown_prices(rig: Rig) -> None:
    opened = rig.models().open("gpt-4o-mini", connection=rig.connection(name="openai"))
    spans: list[RecordedSpan] = []

    async def work() -> None:
        with start_trace("root", sink=spans.extend):
            await opened.chat(REQUEST)

    asyncio.run(work())
    assert "cost" not in orjson.loads(spans[0].data)


def test_a_call_that_failed_is_not_counted_as_unpriced(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.error(400))
    opened = models(tmp_path, server).open("openai/gpt-4o-mini")

    async def work() -> ActiveTrace:
        root = start_trace("root", sink=lambda spans: None)
        with root, pytest.raises(Exception, match="refused"):
            await opened.chat(REQUEST)
        assert root.trace is not None
        return root.trace

    trace = asyncio.run(work())
    assert (trace.cost, trace.unpriced) == (None, 0)


def test_the_embedded_models_cost_nothing(tmp_path: Path, server: Server) -> None:
    trace, _ = spend(models(tmp_path, server), "embedded/reader", streamed=False)
    assert (trace.cost, trace.unpriced) == (0, 0)
