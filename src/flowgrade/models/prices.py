"""From tokens to money.

A cost is what the model's maker charges for the tokens of a call. Taxes, discounts of a contract,
and tools that the endpoint itself offers, such as a web search, are not in it.
"""

from __future__ import annotations

from flowgrade.models.catalog.catalog import Catalog
from flowgrade.models.catalog.entry import CatalogModel, Price, Rates
from flowgrade.records import Json, JsonObject, Usage

_MILLION = 1_000_000
_AS_ALWAYS = frozenset({None, "default", "auto", "standard"})
_AS_BATCH = frozenset({"batch", "flex"})


def bill(price: Price, usage: Usage, *, batch: bool = False) -> float | None:
    """What ``usage`` costs, in the price's currency; None when that is not known.

    The cost is the sum over the kinds of tokens of count · price / 1,000,000. Cached, written and
    sound tokens are parts of the input, reasoning and sound tokens of the output; each is charged
    at its own price and the rest at that of its whole. A count that is missing, or a price that is
    missing for a kind that was used, makes the whole unknown. With an input longer than
    ``price.above`` all tokens cost ``price.long_rates``. A batch is cheaper by ``batch_discount``.
    """
    rates = price.rates
    if price.above is not None and (usage.input_tokens or 0) > price.above:
        rates = price.long_rates or rates
    inputs, outputs = _inputs(rates, usage), _outputs(rates, usage)
    if inputs is None or outputs is None or (batch and price.batch_discount is None):
        return None
    share = 1.0 - (price.batch_discount or 0.0) if batch else 1.0
    return (inputs + outputs) * share / _MILLION


def _inputs(rates: Rates, usage: Usage) -> float | None:
    rest = usage.input_tokens
    if rest is None:
        return None if rates.input else 0.0
    total = 0.0
    hour = usage.cache_write_1h_tokens or 0
    for count, rate in (
        (usage.cached_tokens or 0, rates.cached_input),
        ((usage.cache_write_tokens or 0) - hour, rates.cache_write),
        (hour, rates.cache_write_1h),
        (usage.audio_input_tokens or 0, rates.audio_input),
    ):
        if count > 0:
            if rate is None:
                # Where everything is free, so are its parts.
                rate = 0.0 if rates.input == 0 else None
            if rate is None:
                return None
            rest -= count
            total += count * rate
    return _with_rest(total, rest, rates.input)


def _outputs(rates: Rates, usage: Usage) -> float | None:
    rest = usage.output_tokens
    if rest is None:
        return None if rates.output else 0.0
    total = 0.0
    reasoning = usage.reasoning_tokens or 0
    if reasoning > 0 and rates.reasoning is not None:
        rest -= reasoning
        total += reasoning * rates.reasoning
    sound = usage.audio_output_tokens or 0
    if sound > 0:
        if rates.audio_output is None and rates.output != 0:
            return None
        rest -= sound
        total += sound * (rates.audio_output or 0.0)
    return _with_rest(total, rest, rates.output)


def _with_rest(total: float, rest: int, rate: float | None) -> float | None:
    if rest < 0:  # the endpoint's counts contradict each other
        return None
    if rest == 0:
        return total
    return None if rate is None else total + rest * rate


class Tariff:
    """The prices of one open model, found once and then at hand for each call.

    An endpoint says which model answered, often with a date: its price counts before that of the
    name that was asked for, as with a deployment. What the user's ``models.yaml`` says of the name
    itself counts before both.
    """

    __slots__ = ("_catalog", "_default", "_fixed", "_found", "_provider")

    def __init__(self, catalog: Catalog, known: CatalogModel | None, provider: str | None) -> None:
        self._catalog = catalog
        self._provider = provider
        self._default = known
        self._fixed = known is not None and known.own
        self._found: dict[str | None, CatalogModel | None] = {None: known}

    def cost(
        self, usage: Usage, answered: str | None, tier: Json, attributes: JsonObject
    ) -> float | None:
        """US dollars for one call, or None; says in ``attributes`` which price that is by."""
        try:
            found = self._found[answered]
        except KeyError:
            found = self._look_up(answered)
        if found is None or found.price is None or found.price.currency != "USD":
            return None
        if tier not in _AS_ALWAYS and tier not in _AS_BATCH:
            return None  # such as a priority, whose prices are others
        cost = bill(found.price, usage, batch=tier in _AS_BATCH)
        if cost is not None:
            attributes["flowgrade.price.model"] = found.name
            attributes["flowgrade.price.date"] = found.price.date
        return cost

    def _look_up(self, answered: str | None) -> CatalogModel | None:
        found = None
        if not self._fixed and self._provider is not None and answered:
            found = self._catalog.find(self._provider, answered)
        if len(self._found) < _ANSWERS:
            self._found[answered] = found or self._default
        return found or self._default


_ANSWERS = 64  # names that are remembered; an endpoint that invents more is looked up each time
