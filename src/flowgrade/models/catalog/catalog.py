"""Catalog: finds what is known of a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

from flowgrade.errors import NotFoundError, SettingsError
from flowgrade.models.catalog.entry import (
    CatalogModel,
    CatalogProvider,
    model_of,
    provider_of,
)
from flowgrade.models.connection import Connection
from flowgrade.records import JsonObject, replace
from flowgrade.settings import SettingsFile

# gpt-4o-2024-08-06, claude-sonnet-4-5-20250929, claude-sonnet-4-5@20250929
_DATED = re.compile(r"[-@](?:20\d\d-\d\d-\d\d|20\d{6})$")


class Catalog:
    """The models that are known: those shipped, under those of the user's files."""

    def __init__(self, shipped: JsonObject, own: tuple[SettingsFile, ...] = ()) -> None:
        self._shipped = shipped["models"]
        self._own = own
        self._built: dict[str, CatalogModel | None] = {}
        self._providers = {n: provider_of(n, raw) for n, raw in shipped["providers"].items()}
        self._connections: dict[str, str] = {}
        for file in own:
            self._take(file)

    def _take(self, file: SettingsFile) -> None:
        for name, raw in (file.values.get("providers") or {}).items():
            self._providers[name] = provider_of(name, raw or {})
        for name, provider in (file.values.get("connections") or {}).items():
            if provider not in self._providers:
                near = get_close_matches(provider, self._providers, n=1)
                known = ", ".join(self._providers)
                raise SettingsError(
                    f"There is no provider '{provider}'.",
                    hint=f"Did you mean '{near[0]}'?" if near else f"Known: {known}.",
                    place=file.place("connections", name),
                )
            self._connections[name] = provider

    @property
    def providers(self) -> Mapping[str, CatalogProvider]:
        """The providers by name."""
        return self._providers

    def models(self) -> Iterator[CatalogModel]:
        """Every model, by provider and then as the files have them."""
        own = [name for file in self._own for name in file.values.get("models") or {}]
        names = dict.fromkeys([*self._shipped, *own])
        for name in sorted(names, key=lambda name: name.partition("/")[0]):
            found = self._named(name)
            if found is not None:
                yield found

    def get(self, name: str) -> CatalogModel:
        """The model of that full name, alias or dated name; raises NotFoundError."""
        provider, _, model = name.partition("/")
        found = self.find(provider, model) if model else None
        if found is None:
            names = [entry.name for entry in self.models()]
            near = get_close_matches(name, names, n=1) or [
                other for other in names if other.endswith(f"/{name}")
            ]
            raise NotFoundError(
                f"The catalog has no model '{name}'.",
                hint=f"Did you mean '{near[0]}'?"
                if near
                else "Look for it: flowgrade models list WORD. Add it to models.yaml.",
            )
        return found

    def provider_for(self, connection: Connection) -> CatalogProvider | None:
        """The provider that a connection leads to, or None where that cannot be told.

        It goes by what ``models.yaml`` says, the host, or, without an address, the kind. A gateway
        or a proxy at an address of its own may charge anything: it leads to no provider.
        """
        named = self._connections.get(connection.name)
        if named is not None:
            return self._providers[named]
        host = urlsplit(connection.base_url or "").hostname or ""
        for provider in self._providers.values():
            if provider.local:
                if provider.name == connection.name and _is_here(host):
                    return provider
            elif connection.kind in provider.kinds and (
                any(_ends(host, end) for end in provider.hosts)
                if connection.base_url
                else provider.name == connection.kind
            ):
                return provider
        return None

    def of(self, connection: Connection, model: str) -> CatalogModel | None:
        """What is known of ``model`` at ``connection``, or None."""
        own = self._named(f"{connection.name}/{model}")
        if own is not None and own.own:
            return own
        provider = self.provider_for(connection)
        if provider is None:
            return None
        found = self.find(provider.name, model)
        if found is None and provider.price is not None:
            return CatalogModel(name=f"{provider.name}/{model}", price=provider.price)
        return found

    def find(self, provider: str, model: str) -> CatalogModel | None:
        """A provider's model by its name, an alias, or either with a date or tag behind it."""
        for variant in _variants(model):
            name = f"{provider}/{variant}"
            found = self._named(name) or self._named(self._aliased.get(name, ""))
            if found is not None:
                return found
        known = self._providers.get(provider)
        return self.find(known.also, model) if known is not None and known.also else None

    @cached_property
    def _aliased(self) -> dict[str, str]:
        """Full names by aliases of the same provider."""
        raws = [self._shipped, *(file.values.get("models") or {} for file in self._own)]
        return {
            f"{name.partition('/')[0]}/{alias}": name
            for models in raws
            for name, raw in models.items()
            for alias in (raw or {}).get("aliases") or ()
        }

    def _named(self, name: str) -> CatalogModel | None:
        if name not in self._built:
            self._built[name] = self._build(name, ())
        return self._built[name]

    def _build(self, name: str, trail: tuple[str, ...]) -> CatalogModel | None:
        found: CatalogModel | None = None
        if name in self._shipped:
            found = self._priced(model_of(name, self._shipped[name]))
        for file in self._own:
            raw = (file.values.get("models") or {}).get(name)
            if raw is not None:
                found = self._own_model(name, raw, file, found, trail)
        return found

    def _own_model(
        self,
        name: str,
        raw: JsonObject,
        file: SettingsFile,
        known: CatalogModel | None,
        trail: tuple[str, ...],
    ) -> CatalogModel:
        base, said = known, {key for key, value in raw.items() if value is not None}
        if raw.get("like"):
            base = self._like(name, raw["like"], file, trail)
        stated = model_of(name, raw, own=True)
        if base is None:
            return self._priced(stated)
        kept = {key: getattr(stated, key) for key in said - {"like"}}
        if kept.keys() & {"has", "lacks"}:  # what is said of one is taken from the other
            has = base.has | stated.has - stated.lacks
            kept |= {"has": has - stated.lacks, "lacks": base.lacks - stated.has | stated.lacks}
        aliases = kept.pop("aliases", () if raw.get("like") else base.aliases)
        return replace(base, name=name, aliases=aliases, own=True, **kept)

    def _like(
        self, name: str, other: str, file: SettingsFile, trail: tuple[str, ...]
    ) -> CatalogModel:
        place = file.place("models", name, "like")
        if other == name or other in trail:
            raise SettingsError(f"'{name}' is like itself.", place=place)
        found = self._build(other, (*trail, name)) or self.find(*_split(other))
        if found is None:
            near = get_close_matches(other, self._shipped, n=1)
            raise SettingsError(
                f"'{name}' is like '{other}', which the catalog does not have.",
                hint=f"Did you mean '{near[0]}'?" if near else "See: flowgrade models list",
                place=place,
            )
        return found

    def _priced(self, model: CatalogModel) -> CatalogModel:
        provider = self._providers.get(model.provider)
        if model.price is None and provider is not None and provider.price is not None:
            return replace(model, price=provider.price)
        return model


def _split(name: str) -> tuple[str, str]:
    provider, _, model = name.partition("/")
    return provider, model


def _variants(model: str) -> Iterator[str]:
    yield model
    plain = _DATED.sub("", model)
    if plain != model:
        yield plain
    if ":" in model:  # Ollama's tags
        yield model.partition(":")[0]


def _ends(host: str, end: str) -> bool:
    return host == end or host.endswith(f".{end}")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
