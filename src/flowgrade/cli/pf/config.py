"""``pf config``: prompt flow's settings, as far as they have a meaning here."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs
from flowgrade.errors import InputError

_HOLDS = {
    "telemetry.enabled": "false",
    "connection.provider": "local",
    "trace.destination": "local",
}
"""What always holds: nothing is reported to anybody; connections and traces are the project's."""


def set_(given: Namespace) -> None:
    """Check each setting; raises InputError for one that would have to differ."""
    if given.path and not Path(given.path).is_dir():
        raise InputError(f"There is no folder {given.path}.", hint="Leave --path out.")
    for key, value in pairs(given.values, "KEY=VALUE").items():
        if key not in _HOLDS:
            raise InputError(
                f"Flowgrade has no setting '{key}'.",
                hint=f"It knows {', '.join(_HOLDS)}; its own settings are in flowgrade.yaml.",
            )
        if value.lower() != _HOLDS[key]:
            raise InputError(
                f"{key} is always '{_HOLDS[key]}' here and cannot be '{value}'.",
                hint="Leave it out.",
            )
        note(f"{key} is {value}.")


def show(given: Namespace) -> None:
    """Print what holds."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in _HOLDS.items():
        group, _, name = key.partition(".")
        found.setdefault(group, {})[name] = False if value == "false" else value
    print_json(found)
