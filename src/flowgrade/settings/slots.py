"""Slots: names that flows use for models, bound in ``flowgrade.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from flowgrade.errors import Place, SettingsError
from flowgrade.records import Json, JsonObject, Record, field
from flowgrade.settings.files import SettingsFile


class ModelSlot(Record):
    """A name for a model, and what answers to it."""

    name: str
    use: str
    """``connection/model``, another slot, or with ``connection`` the name at its endpoint."""
    connection: str | None = None
    fallback: tuple[str, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
    place: Place | None = None


def read_slots(file: SettingsFile, environment: str | None) -> dict[str, ModelSlot]:
    """The slots of the project, those of ``environment`` over those that always hold.

    Raises SettingsError with file and line for an environment that is not there, and, in any
    environment, for a slot that leads to itself or to a name that is no model.
    """
    base = _slots(file, ("models",), file.values.get("models"))
    _check(base)
    found: dict[str | None, dict[str, ModelSlot]] = {None: base}
    for name, part in (file.values.get("environments") or {}).items():
        own = _slots(file, ("environments", name, "models"), (part or {}).get("models"))
        found[name] = base | own
        _check(found[name])
    if environment not in found:
        raise _unknown_environment(
            str(environment), [name for name in found if name is not None], file
        )
    return found[environment]


def _slots(file: SettingsFile, path: tuple[str, ...], written: Json) -> dict[str, ModelSlot]:
    return {
        name: _slot(name, value, file.place(*path, name)) for name, value in (written or {}).items()
    }


def _slot(name: str, value: Json, place: Place) -> ModelSlot:
    fields: JsonObject = {"use": value} if isinstance(value, str) else value
    return ModelSlot(
        name=name,
        use=fields["use"],
        connection=fields.get("connection"),
        fallback=tuple(fields.get("fallback") or ()),
        parameters=fields.get("parameters") or {},
        place=place,
    )


def _check(slots: Mapping[str, ModelSlot]) -> None:
    for slot in slots.values():
        for name in _named(slot):
            if "/" not in name and name not in slots:
                raise _unknown_slot(name, slot, slots)
    done: set[str] = set()
    for slot in slots.values():
        _check_circle(slot, slots, (), done)


def _named(slot: ModelSlot) -> tuple[str, ...]:
    """The names in a slot that may be slots."""
    return slot.fallback if slot.connection else (slot.use, *slot.fallback)


def _check_circle(
    slot: ModelSlot, slots: Mapping[str, ModelSlot], trail: tuple[str, ...], done: set[str]
) -> None:
    if slot.name in trail:
        circle = " → ".join((*trail[trail.index(slot.name) :], slot.name))
        raise SettingsError(
            f"The slot '{slot.name}' leads back to itself: {circle}.",
            hint="Bind one of them to a model, such as openai/gpt-4o-mini.",
            place=slot.place,
        )
    if slot.name not in done:
        for name in _named(slot):
            if name in slots:
                _check_circle(slots[name], slots, (*trail, slot.name), done)
        done.add(slot.name)


def _unknown_slot(name: str, slot: ModelSlot, slots: Mapping[str, ModelSlot]) -> SettingsError:
    near = get_close_matches(name, [other for other in slots if other != slot.name], n=1)
    meant = f"Did you mean '{near[0]}'? " if near else ""
    return SettingsError(
        f"The slot '{slot.name}' is bound to '{name}', and there is no slot of that name.",
        hint=f"{meant}Write a model with its connection, such as openai/{name}.",
        place=slot.place,
    )


def _unknown_environment(name: str, known: list[str], file: SettingsFile) -> SettingsError:
    near = get_close_matches(name, known, n=1)
    listed = f"There are: {', '.join(known)}." if known else "Add it to flowgrade.yaml."
    place = file.place("environments") if "environments" in file.values else None
    return SettingsError(
        f"FLOWGRADE_ENVIRONMENT is '{name}', and flowgrade.yaml has no environment of that name.",
        hint=f"Did you mean '{near[0]}'?" if near else listed,
        place=place,
    )
