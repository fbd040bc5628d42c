"""Which models a slot of ``flowgrade.yaml`` leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowgrade.errors import Place
from flowgrade.records import Json, Record, field, replace
from flowgrade.settings import ModelSlot


class Target(Record):
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
    return _targets(slot, slots, {})


def _targets(
    slot: ModelSlot, slots: Mapping[str, ModelSlot], found: dict[str, tuple[Target, ...]]
) -> tuple[Target, ...]:
    # Each slot once: where many lead to each other there are more ways than could be walked.
    if slot.name not in found:
        every = [*_used(slot, slots, found), *_fallbacks(slot, slots, found)]
        once: dict[tuple[str | None, str], Target] = {}
        for target in every:
            once.setdefault((target.connection, target.model), target)
        found[slot.name] = tuple(once.values())
    return found[slot.name]


def _used(
    slot: ModelSlot, slots: Mapping[str, ModelSlot], found: dict[str, tuple[Target, ...]]
) -> Iterator[Target]:
    inner = slots.get(slot.use) if slot.connection is None else None
    if inner is None:
        yield Target(
            model=slot.use,
            connection=slot.connection,
            parameters=slot.parameters,
            place=slot.place,
        )
        return
    for target in _targets(inner, slots, found):
        yield replace(target, parameters={**target.parameters, **slot.parameters})


def _fallbacks(
    slot: ModelSlot, slots: Mapping[str, ModelSlot], found: dict[str, tuple[Target, ...]]
) -> Iterator[Target]:
    for name in slot.fallback:
        inner = slots.get(name)
        if inner is None:
            yield Target(model=name, parameters=slot.parameters, place=slot.place)
            continue
        for target in _targets(inner, slots, found):
            yield replace(target, parameters={**slot.parameters, **target.parameters})
