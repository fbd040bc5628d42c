"""Environment variables of a run: what is stored with it, and how they come back on resume."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flowgrade.errors import InputError
from flowgrade.settings import is_secret_name


@contextmanager
def with_variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, and put them back after the block."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
