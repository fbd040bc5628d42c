"""Which models a slot of ``flowgrade.yaml`` leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flowgrade.errors import Place
from flowgrade.records import Json
from flowgrade.settings import ModelSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One model of a slot."""

    model: str
    connection: str | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    place: Place | None = None


def targets(slot: ModelSlot, slots: Mapping[str, ModelSlot]) -> tuple[Target, ...]:
    """The models of ``slot`` in the order in which they are asked, each once.

    A slot that it uses or falls back to stands for its own models. ``parameters`` of the slot hold
    for all of them: they go before those of a slot that it uses, and after those of a slot that it
    falls back to.
    """
    found = [*_used(slot, slots), *_fallbacks(slot, slots)]
    once = {(target.connection, target.model): target for target in reversed(found)}
    return tuple(target for target in found if once[target.connection, target.model] is target)


def _used(slot: ModelSlot, slots: Mapping[str, ModelSlot]) -> Iterator[Target]:
    inner = slots.get(slot.use) if slot.connection is None else None
    if inner is None:
        yield Target(
            model=slot.use,
            connection=slot.connection,
            parameters=slot.parameters,
            place=slot.place,
        )
        return
    for target in targets(inner, slots):
        yield _with(target, {**target.parameters, **slot.parameters})


def _fallbacks(slot: ModelSlot, slots: Mapping[str, ModelSlot]) -> Iterator[Target]:
    for name in slot.fallback:
        inner = slots.get(name)
        if inner is None:
            yield Target(model=name, parameters=slot.parameters, place=slot.place)
            continue
        for target in targets(inner, slots):
            yield _with(target, {**slot.parameters, **target.parameters})


def _with(target: Target, parameters: Mapping[str, Json]) -> Target:
    return Target(
        model=target.model,
        connection=target.connection,
        parameters=parameters,
        place=target.place,
    )
