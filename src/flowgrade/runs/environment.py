"""Environment variables of a run: what is stored with it, and how they come back on resume."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flowgrade.errors import InputError
from flowgrade.settings import is_secret_name


def storable(environment: Mapping[str, str]) -> dict[str, str | None]:
    """The variables as they may be stored: one whose name says that it is a secret has no value.

    A value that only refers to a connection, ``${connection.key}``, is no secret.
    """
    return {
        name: None if is_secret_name(name) and not value.startswith("${") else value
        for name, value in environment.items()
    }


def restored(
    stored: Mapping[str, str | None],
    given: Mapping[str, str],
    look_up: Callable[[str], str | None],
) -> dict[str, str]:
    """The variables for going on with a run; ``given`` comes first, then what was stored.

    A value that was not stored is looked up in the surroundings; raises InputError when it is
    not there either.
    """
    values: dict[str, str] = {}
    for name, value in {**stored, **given}.items():
        found = look_up(name) if value is None else value
        if found is None:
            raise InputError(
                f"The run had the environment variable {name}, whose value is not stored.",
                hint=f"Give it again: --env {name}=VALUE, or set it.",
            )
        values[name] = found
    return values
