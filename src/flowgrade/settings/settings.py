"""The table of settings and the frozen record made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowgrade.errors import SettingsError
from flowgrade.settings.slots import ModelSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable that Flowgrade reads."""

    name: str
    help: str
    default: str | None = None


VARIABLES = (
    Variable(
        name="FLOWGRADE_STORE",
        default="the project's .flowgrade/store.db",
        help="Database: postgresql://… or the path of a SQLite file.",
    ),
    Variable(
        name="FLOWGRADE_HOME",
        default="~/.flowgrade",
        help="Folder of user-wide state.",
    ),
    Variable(
        name="FLOWGRADE_CONNECTIONS",
        help="YAML file of connections, for machines without any other place for them.",
    ),
    Variable(
        name="FLOWGRADE_ENVIRONMENT",
        help="The environment of flowgrade.yaml whose slots hold.",
    ),
    Variable(
        name="FLOWGRADE_DEBUG",
        default="0",
        help="1 shows stack traces.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the surroundings say, read once."""

    project: Path
    """The folder with ``flowgrade.yaml`` or ``.flowgrade``, else the current one."""
    home: Path
    store: str = field(repr=False)
    """``sqlite:///path`` or ``postgresql://…``; a password may stand in it."""
    name: str = ""
    """The project's name."""
    connections: Path | None = None
    environment_name: str | None = None
    """The chosen environment of ``flowgrade.yaml``."""
    models: Mapping[str, ModelSlot] = field(default_factory=dict)
    """Slots: names that flows use for models."""
    debug: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The process environment over the project's ``.env``; secrets may stand in it."""

    def variable(self, name: str) -> str | None:
        """The value of an environment variable; empty counts as unset.

        ``NAME_FILE`` may name a file that holds it, as container secrets do. Raises SettingsError
        when that file cannot be read.
        """
        value = self.environment.get(name)
        if value:
            return value
        file = self.environment.get(f"{name}_FILE")
        if not file:
            return None
        try:
            return Path(file).expanduser().read_text(encoding="utf-8-sig").strip() or None
        except (OSError, ValueError, RuntimeError) as error:
            # Without the path: somebody may have put the secret itself in its place.
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SettingsError(
                f"{name}_FILE names a file that cannot be read: {reason}.",
                hint=f"Set {name}_FILE to the path of a file with the value, or set {name}.",
            ) from None
