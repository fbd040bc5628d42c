"""Entry points, loaded lazily: a plugin costs nothing until it is used."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TypeVar, cast

from flowgrade.errors import FlowgradeError, NotFoundError, PluginError
from flowgrade.plugins.installed import EntryPoint, entry_points
from flowgrade.records import Record

T = TypeVar("T")


class Plugin(Record):
    """A plugin that is installed, whether or not it can be loaded."""

    group: str
    name: str
    target: str
    """Where it is: ``module:attribute``."""
    distribution: str
    """The installed distribution it comes from."""


def plugins(group: str) -> tuple[Plugin, ...]:
    """The plugins of a group, sorted by name, without importing any."""
    return tuple(
        Plugin(
            group=group,
            name=point.name,
            target=point.value,
            distribution=point.distribution,
        )
        for _, points in sorted(_points(group).items())
        for point in points
    )


def load_plugin(group: str, name: str, protocol: type[T]) -> T:
    """Import the plugin ``name`` of ``group`` and check it against its ``protocol``.

    ``protocol`` must be a runtime-checkable Protocol. Raises NotFoundError for an unknown name
    and PluginError when several packages offer the name, the plugin cannot be imported or does
    not have the protocol's members.
    """
    points = _points(group).get(name)
    if points is None:
        raise _unknown(group, name)
    if len(points) > 1:
        packages = " and ".join(point.distribution for point in points)
        raise PluginError(
            f"The plugin '{name}' of the group {group} comes from {packages}.",
            hint="Uninstall all of them but one.",
        )
    return cast(T, _load(points[0], protocol))


@cache
def _points(group: str) -> dict[str, list[EntryPoint]]:
    # Which of two packages comes first depends on the path, so neither of them may win.
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group):
        same = found.setdefault(point.name, [])
        if point.value not in {known.value for known in same}:
            same.append(point)
    return found


def _unknown(group: str, name: str) -> NotFoundError:
    known = sorted(_points(group))
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Installed: {', '.join(known) or 'none'}."
    return NotFoundError(f"There is no plugin '{name}' in the group {group}.", hint=hint)


def _load(point: EntryPoint, protocol: type[object]) -> object:
    try:
        found = point.load()
    except FlowgradeError:
        raise  # it says what is wrong, such as an extra that is missing
    except Exception as error:  # a plugin's import may fail in any way
        raise PluginError(
            f"The plugin '{point.name}' ({point.value}) cannot be imported: "
            f"{type(error).__name__}: {error}",
            hint=f"Reinstall or uninstall the package it comes from: {point.distribution}",
        ) from error
    if not isinstance(found, protocol):
        raise PluginError(
            f"The plugin '{point.name}' ({point.value}) is not a {protocol.__name__}.",
            hint=f"It must have the members of the protocol {protocol.__name__}.",
        )
    return found
