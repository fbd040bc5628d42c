"""The table of settings and the frozen record made from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import SettingsError
from flowgrade.records import Record, field
from flowgrade.settings.declared import DeclaredIndex
from flowgrade.settings.redaction import is_secret_name, remember
from flowgrade.settings.secret_files import secret_file
from flowgrade.settings.slots import ModelSlot


class Variable(Record):
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
        name="FLOWGRADE_KEY",
        help="Key that seals the connections in the store: 32 bytes in base64.",
    ),
    Variable(
        name="FLOWGRADE_SECRETS_DIR",
        default="/run/secrets",
        help="Folder of secret files, each named like the variable that it holds.",
    ),
    Variable(
        name="FLOWGRADE_DEBUG",
        default="0",
        help="1 shows stack traces.",
    ),
)


class Settings(Record, hide=("store", "environment")):
    """What the surroundings say, read once."""

    project: Path
    """The folder with ``flowgrade.yaml`` or ``.flowgrade``, else the current one."""
    home: Path
    store: str
    """``sqlite:///path`` or ``postgresql://…``; a password may stand in it."""
    name: str = ""
    """The project's name."""
    connections: Path | None = None
    environment_name: str | None = None
    """The chosen environment of ``flowgrade.yaml``."""
    models: Mapping[str, ModelSlot] = field(default_factory=dict)
    """Slots: names that flows use for models."""
    indexes: Mapping[str, DeclaredIndex] = field(default_factory=dict)
    """The indexes that ``flowgrade.yaml`` declares."""
    debug: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    """The process environment over the project's ``.env``; secrets may stand in it."""
    dotenv: frozenset[str] = frozenset()
    """Names of the variables whose value is that of ``.env``."""

    def variable(self, name: str) -> str | None:
        """The value of an environment variable; empty counts as unset.

        ``NAME_FILE`` may name a file that holds it, as container secrets do; else a file of that
        name may be in the folder of secrets. Raises SettingsError when a file cannot be read.
        """
        value = self.environment.get(name)
        if value:
            return value
        named = self.environment.get(f"{name}_FILE")
        file = Path(named) if named else secret_file(name, self.environment)
        if file is None:
            return None
        try:
            text = file.expanduser().read_text(encoding="utf-8-sig").strip()
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise _unreadable(name, None if named else file, str(reason)) from None
        if is_secret_name(name):
            remember(text)
        return text or None

    def origin(self, name: str) -> str | None:
        """Where ``variable`` finds its value, in words; None where it finds none."""
        if self.environment.get(name):
            return ".env" if name in self.dotenv else "environment"
        if self.environment.get(f"{name}_FILE"):
            return f"{name}_FILE"
        file = secret_file(name, self.environment)
        return None if file is None else str(file)


def _unreadable(name: str, file: Path | None, reason: str) -> SettingsError:
    if file is not None:
        return SettingsError(
            f"The secret file {file} cannot be read: {reason}.",
            hint=f"Make it readable for this user, or set {name}.",
        )
    # Without the path: somebody may have put the secret itself in its place.
    return SettingsError(
        f"{name}_FILE names a file that cannot be read: {reason}.",
        hint=f"Set {name}_FILE to the path of a file with the value, or set {name}.",
    )
