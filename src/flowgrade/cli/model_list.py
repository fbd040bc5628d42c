"""Models of the catalog as lines: found by words and filters, shown as a row or in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from flowgrade.errors import FlowgradeError
from flowgrade.models import (
    CAPABILITIES,
    DEPLOYMENTS,
    CatalogModel,
    LocalServer,
    Models,
    Price,
    Rates,
)
from flowgrade.records import JsonObject, Record, replace

UNKNOWN = "unknown"
_TYPES = ("chat", "embeddings", "completion")
_SHORT = ("tools", "json_schema", "images", "files", "audio", "reasoning", "caching")
_WORDS = {
    "input": "input",
    "cached_input": "cached input",
    "cache_write": "written to the cache",
    "cache_write_1h": "written for an hour",
    "output": "output",
    "reasoning": "reasoning",
    "audio_input": "sound in",
    "audio_output": "sound out",
}


class Filter(Record):
    """Which models are wanted."""

    words: tuple[str, ...] = ()
    provider: str | None = None
    capabilities: tuple[str, ...] = ()
    max_price: float | None = None
    configured: bool = False


class Line(Record):
    """A model and whether it can be called from here."""

    model: CatalogModel
    title: str
    """Of its provider."""
    connections: tuple[str, ...] = ()
    """The connections by which it can be called from here."""
    missing: str | None = None
    """What it takes to call it, where there is none."""

    @classmethod
    def of(cls, models: Models, model: CatalogModel) -> Line:
        """The line of one model."""
        return next(iter(_lines(models, [model])))

    @classmethod
    def served(cls, models: Models, server: LocalServer, name: str) -> Line:
        """The line of a model that a server of this machine serves."""
        connection = models.connection(server.connection)
        full = f"{server.connection}/{name}"
        known = models.catalog.of(connection, name) or CatalogModel(name=full)
        provider = models.catalog.provider_for(connection)
        return cls(
            model=replace(known, name=full, deployment="local"),
            title=provider.title if provider is not None else server.connection,
            connections=(server.connection,),
        )

    @property
    def _callable(self) -> str:
        """The name that it can be called by."""
        provider, _, name = self.model.name.partition("/")
        own = provider in self.connections or not self.connections
        return f"{provider if own else self.connections[0]}/{name}"

    @property
    def _plain(self) -> bool:
        return self._callable == self.model.name

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        model = self.model
        rates = _rates(model)
        able = [one for one in (*_TYPES, *_SHORT) if one in model.has]
        return (
            "*" if self.connections else "",
            model.name + ("" if self._plain else f" (as {self._callable})"),
            tokens(model.context),
            dollars(model.price, rates.input),
            dollars(model.price, rates.output) if "embeddings" not in model.has else "-",
            model.deployment or UNKNOWN,
            (model.retires or "-") + ("!" if retired(model) else ""),
            " ".join(able) or UNKNOWN,
        )

    def fields(self) -> Iterator[tuple[str, str]]:
        """Everything, for people."""
        model = self.model
        yield "model", model.name
        yield "provider", self.title
        yield "ready", f"yes, as {self._callable}" if self.connections else f"no: {self.missing}"
        if model.aliases:
            yield "aliases", ", ".join(model.aliases)
        yield "context", _counted(model.context)
        yield "max output", _counted(model.max_output)
        where = model.deployment
        yield "deployment", f"{where} ({DEPLOYMENTS[where]})" if where else UNKNOWN
        yield "retires", f"{model.retires or UNKNOWN}{' (gone)' if retired(model) else ''}"
        for word, names in (("can", model.has), ("cannot", model.lacks), ("unknown", _open(model))):
            yield word, ", ".join(one for one in CAPABILITIES if one in names) or "-"
        yield from _price_fields(model)
        if model.own:
            yield "from", "models.yaml"

    def as_json(self) -> JsonObject:
        """The model as the command line prints it with ``--json``."""
        model = self.model
        return {
            "model": model.name,
            "provider": self.title,
            "connections": list(self.connections),
            "missing": self.missing,
            "aliases": list(model.aliases),
            "context": model.context,
            "max_output": model.max_output,
            "deployment": model.deployment,
            "retires": model.retires,
            "has": [one for one in CAPABILITIES if one in model.has],
            "lacks": [one for one in CAPABILITIES if one in model.lacks],
            "price": model.price,
            "own": model.own,
        }


def listed(models: Models) -> list[Line]:
    """The whole catalog."""
    return list(_lines(models, models.catalog.models()))


def matching(lines: Iterable[Line], wanted: Filter) -> list[Line]:
    """Those of ``lines`` that are wanted."""
    return [line for line in lines if _matches(line, wanted)]


def retired(model: CatalogModel) -> bool:
    """Whether the day from which it may be gone has come."""
    return model.retires is not None and model.retires <= datetime.now(UTC).date().isoformat()


def tokens(count: int | None) -> str:
    """A number of tokens, short."""
    if count is None:
        return UNKNOWN
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1000:.0f}k" if count >= 1000 else str(count)


def dollars(price: Price | None, rate: float | None) -> str:
    """A price of a million tokens."""
    if price is None or rate is None:
        return UNKNOWN
    if rate == 0:
        return "free"
    whole, point, rest = f"{rate:.6f}".rstrip("0").partition(".")
    text = f"{whole}{point}{rest:0<2}"
    return f"${text}" if price.currency == "USD" else f"{text} {price.currency}"


def _lines(models: Models, wanted: Iterable[CatalogModel]) -> Iterator[Line]:
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for model in wanted:
        name = model.provider
        if name not in found:
            found[name] = _leading_to(models, model)
        connections, missing = found[name]
        provider = models.catalog.providers.get(name)
        yield Line(
            model=model,
            title=provider.title if provider is not None else name,
            connections=connections,
            missing=None if connections else missing,
        )


def _leading_to(models: Models, model: CatalogModel) -> tuple[tuple[str, ...], str]:
    """The connections that lead to the provider of a model, and what the first of others lacks."""
    named = model.name.partition("/")[2]
    reasons, able = [], []
    for connection in models.connections.usable():
        leads_to = models.catalog.provider_for(connection)
        own = connection.name == model.provider
        if own or (leads_to is not None and model.provider in (leads_to.name, leads_to.also)):
            try:
                models.open(named, connection=connection)
            except FlowgradeError as error:
                reasons.append(f"{error.message} {error.hint or ''}".strip())
            else:
                able.append(connection.name)
    reasons.append("No connection leads there. Add one to connections.yaml.")
    return tuple(able), reasons[0]


def _matches(line: Line, wanted: Filter) -> bool:
    model = line.model
    text = " ".join([model.name, line.title, model.deployment or "", *model.aliases, *model.has])
    rate = _rates(model).input
    return (
        all(word.lower() in text.lower() for word in wanted.words)
        and (wanted.provider is None or _is_of(line, wanted.provider.lower()))
        and model.has.issuperset(wanted.capabilities)
        and (wanted.max_price is None or (rate is not None and rate <= wanted.max_price))
        and (bool(line.connections) or not wanted.configured)
    )


def _is_of(line: Line, provider: str) -> bool:
    return provider in (line.model.provider.lower(), line.title.lower())


def _rates(model: CatalogModel) -> Rates:
    return model.price.rates if model.price is not None else Rates()


def _open(model: CatalogModel) -> frozenset[str]:
    return frozenset(CAPABILITIES) - model.has - model.lacks


def _counted(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,} tokens"


def _price_fields(model: CatalogModel) -> Iterator[tuple[str, str]]:
    price = model.price
    if price is None:
        yield "price", UNKNOWN
        return
    yield "price", f"a million tokens, {price.date}"
    for kind, word in _WORDS.items():
        rate = getattr(price.rates, kind)
        if rate is not None:
            yield "", f"{word}: {dollars(price, rate)}{_longer(price, kind)}"
    if price.batch_discount is not None:
        yield "", f"in a batch: {price.batch_discount:.0%} less"
    via = f", read through {price.via}" if price.via else ""
    yield "source", f"{price.source}{via}"


def _longer(price: Price, kind: str) -> str:
    rate = getattr(price.long_rates, kind) if price.long_rates is not None else None
    if rate is None:
        return ""
    return f" ({dollars(price, rate)} where the input is over {price.above:,} tokens)"
