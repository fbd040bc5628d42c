"""What the catalog knows of one model, one price, one provider."""

from __future__ import annotations

from flowgrade.records import JsonObject, Record, fields_of

CAPABILITIES = {
    "chat": "continues a conversation",
    "completion": "continues a text",
    "embeddings": "turns texts into vectors",
    "streaming": "answers piece by piece",
    "tools": "calls tools",
    "parallel_tools": "calls several tools at once",
    "json_schema": "answers by a JSON schema",
    "images": "reads images",
    "files": "reads files such as PDF",
    "audio": "hears sound",
    "logprobs": "gives the log-probabilities of tokens",
    "seed": "takes a seed",
    "reasoning": "reasons before it answers",
    "caching": "keeps the beginning of prompts in a cache",
}
"""What a model may be able to do."""

DEPLOYMENTS = {
    "hosted": "its maker's own API",
    "serverless": "a cloud's API, paid by the token",
    "managed": "a machine in a cloud, paid by the hour",
    "local": "this machine or one of yours",
}
"""Where a model runs."""


class Rates(Record):
    """Prices of a million tokens of each kind; None where it is not known or not sold."""

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    output: float | None = None
    reasoning: float | None = None
    """None: as other output."""
    audio_input: float | None = None
    audio_output: float | None = None


class Price(Record):
    """What a model costs, since when it is known and where from."""

    rates: Rates
    date: str
    source: str
    via: str | None = None
    """What the source was read through."""
    currency: str = "USD"
    batch_discount: float | None = None
    """The share that a batch is cheaper by, 0 to 1; None where it is not known."""
    above: int | None = None
    """Input tokens of one call above which ``long_rates`` hold, for all of its tokens."""
    long_rates: Rates | None = None


class CatalogModel(Record):
    """What is known of a model. What is neither in ``has`` nor in ``lacks`` is not known."""

    name: str
    """``provider/model``."""
    aliases: tuple[str, ...] = ()
    context: int | None = None
    """Tokens that a call may hold."""
    max_output: int | None = None
    deployment: str | None = None
    retires: str | None = None
    """The day from which it may be gone, as ``2027-01-31``."""
    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    price: Price | None = None
    own: bool = False
    """Whether a ``models.yaml`` of the user says it."""

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self.name.partition("/")[0]


class CatalogProvider(Record):
    """A provider of models, and how its connections are told."""

    name: str
    title: str
    kinds: frozenset[str] = frozenset()
    """Kinds of connections that may lead to it."""
    hosts: tuple[str, ...] = ()
    """Hosts that it answers at, or ends of their names."""
    also: str | None = None
    """Another provider whose models it serves too."""
    local: bool = False
    """A server of one's own: known by the connection's name and an address on this machine."""
    price: Price | None = None
    """Of models that have none of their own."""


_KINDS = frozenset(fields_of(Rates))


def price_of(raw: JsonObject) -> Price:
    """The price in the shape of the YAML."""
    rest = dict(raw)
    longer = rest.pop("long_context", None)
    rates = Rates(**{kind: rest.pop(kind) for kind in _KINDS & rest.keys()})
    above = longer["above"] if longer else None
    dearer = {key: value for key, value in (longer or {}).items() if key != "above"}
    return Price(rates=rates, above=above, long_rates=Rates(**dearer) if longer else None, **rest)


def model_of(name: str, raw: JsonObject, *, own: bool = False) -> CatalogModel:
    """The model in the shape of the YAML."""
    return CatalogModel(
        name=name,
        aliases=tuple(raw.get("aliases") or ()),
        context=raw.get("context"),
        max_output=raw.get("max_output"),
        deployment=raw.get("deployment"),
        retires=raw.get("retires"),
        has=frozenset(raw.get("has") or ()),
        lacks=frozenset(raw.get("lacks") or ()),
        price=price_of(raw["price"]) if raw.get("price") else None,
        own=own,
    )


def provider_of(name: str, raw: JsonObject) -> CatalogProvider:
    """The provider in the shape of the YAML."""
    return CatalogProvider(
        name=name,
        title=raw.get("title") or name,
        kinds=frozenset(raw.get("kinds") or ()),
        hosts=tuple(raw.get("hosts") or ()),
        also=raw.get("also"),
        local=bool(raw.get("local")),
        price=price_of(raw["price"]) if raw.get("price") else None,
    )
