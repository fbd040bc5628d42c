"""What ``models.yaml`` and the catalog's own files may hold."""

from __future__ import annotations

from flowgrade.models.catalog.entry import CAPABILITIES, DEPLOYMENTS
from flowgrade.records import JsonObject
from flowgrade.settings.shapes import (
    Fields,
    Flag,
    Items,
    Named,
    Number,
    Text,
    day,
    json_schema,
)

_CAPABILITY = Text(choices=tuple(CAPABILITIES))
_RATES = {
    "input": Number("Input tokens."),
    "cached_input": Number("Input tokens that the endpoint's cache holds."),
    "cache_write": Number("Input tokens that are written to the cache."),
    "cache_write_1h": Number("Those kept there for an hour."),
    "output": Number("Output tokens."),
    "reasoning": Number("Reasoning tokens; as output if absent."),
    "audio_input": Number("Input tokens that are sound."),
    "audio_output": Number("Output tokens that are sound."),
}
_LONG = Fields(
    {
        "above": Number("Input tokens of a call above which these prices hold.", whole=True),
        **_RATES,
    },
    "Prices of calls with a long input, for all of their tokens.",
    needs=("above",),
    what="field of a price",
)
PRICE = Fields(
    {
        **_RATES,
        "batch_discount": Number("The share that a batch is cheaper by, as 0.5.", most=1),
        "long_context": _LONG,
        "currency": Text(
            "USD if absent. Calls in other currencies have no cost in a trace.",
            pattern="[A-Z]{3}",
            form="a code such as USD",
        ),
        "date": day("The day on which the price was looked up."),
        "source": Text("Where: a page, a contract."),
        "via": Text("What the source was read through."),
    },
    "Prices of a million tokens. A kind that is not given is not known.",
    needs=("date", "source"),
    what="field of a price",
)
MODEL = Fields(
    {
        "like": Text("A model of the catalog, by its full name, that this one is the same as."),
        "aliases": Items(Text(), "Other names of it at the same provider."),
        "context": Number("Tokens that a call may hold.", least=1, whole=True),
        "max_output": Number("Tokens that an answer may have.", least=1, whole=True),
        "deployment": Text("Where it runs.", choices=tuple(DEPLOYMENTS)),
        "retires": day("The day from which it may be gone."),
        "has": Items(_CAPABILITY, "What it is able to do."),
        "lacks": Items(_CAPABILITY, "What it is not able to do: asking for that is refused."),
        "price": PRICE,
    },
    what="field of a model",
)
PROVIDER = Fields(
    {
        "title": Text("Its name for people."),
        "kinds": Items(Text(), "Kinds of connections that may lead to it."),
        "hosts": Items(Text(), "Hosts that it answers at, or ends of their names."),
        "also": Text("Another provider whose models it serves too."),
        "local": Flag("A server of one's own."),
        "price": PRICE,
    },
    what="field of a provider",
)
CATALOG = Fields(
    {
        "models": Named(
            MODEL,
            "Models by connection/model or provider/model.",
            pattern=r"[^/\s]+/\S+",
            form="of the form connection/model",
        ),
        "connections": Named(
            Text(), "Which provider of the catalog a connection leads to, by the connection's name."
        ),
        "providers": Named(PROVIDER, "Providers, and how their connections are told."),
    },
    what="part of a catalog",
)
"""What such a file may hold."""


def models_schema() -> JsonObject:
    """The JSON Schema of ``models.yaml``."""
    return json_schema(CATALOG, title="models.yaml")
