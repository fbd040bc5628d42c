"""Read the settings from the environment and the project."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import SettingsError
from flowgrade.settings.declared import read_indexes
from flowgrade.settings.dotenv import parse_dotenv
from flowgrade.settings.files import named_path, read_settings_file
from flowgrade.settings.project_file import PROJECT_FILE, read_project_file
from flowgrade.settings.redaction import remember_variables
from flowgrade.settings.settings import Settings
from flowgrade.settings.slots import read_slots

STATE_FOLDER = ".flowgrade"

_PATHS = {
    "FLOWGRADE_STORE",
    "FLOWGRADE_HOME",
    "FLOWGRADE_CONNECTIONS",
    "FLOWGRADE_KEY_FILE",
    "FLOWGRADE_SECRETS_DIR",
}
# Without this such a value would name a new file, password and all.
_ALMOST_POSTGRES = re.compile(r"(^|/)postgres(ql)?:|(^|/|\s)(host|dbname|password)\s*=")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def read_settings(
    environ: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> Settings:
    """Read the settings for the project around ``folder`` (default: the current folder).

    Raises SettingsError when a variable has a value that cannot be used.
    """
    own = os.environ if environ is None else environ
    project = find_project(folder or Path.cwd(), home=_home(own))
    file = _dotenv(project)
    environment = {**file, **{k: v for k, v in own.items() if v or k not in file}}
    remember_variables(environment)
    own_file = read_project_file(project / PROJECT_FILE)
    chosen = environment.get("FLOWGRADE_ENVIRONMENT") or None
    return Settings(
        name=own_file.text("name") or project.name,
        project=project,
        home=_home(environment),
        store=_store(environment.get("FLOWGRADE_STORE"), own_file.text("store"), project),
        connections=_connections(environment, own_file.text("connections"), project),
        environment_name=chosen,
        models=read_slots(own_file, chosen),
        indexes=read_indexes(own_file),
        debug=_flag("FLOWGRADE_DEBUG", environment.get("FLOWGRADE_DEBUG", "")),
        environment=environment,
        dotenv=frozenset(name for name in file if not own.get(name)),
    )


def find_project(folder: Path, *, home: Path | None = None) -> Path:
    """The nearest folder at or above ``folder`` that is a project; ``folder`` if none is.

    The user-wide state folder is not a project's: the home folder is no project because of it.
    """
    start = folder.resolve()
    # Also where FLOWGRADE_HOME names another one: the usual one may be left from before.
    users = {place.resolve() for place in (home, _usual_home()) if place is not None}
    for candidate in (start, *start.parents):
        state = candidate / STATE_FOLDER
        if (candidate / PROJECT_FILE).is_file() or (
            state.is_dir() and state.resolve() not in users
        ):
            return candidate
    return start


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("FLOWGRADE_HOME")
    if named:
        return named_path("FLOWGRADE_HOME", named)
    home = _usual_home()
    if home is None:
        raise SettingsError(
            "This user has no home folder.",
            hint="Set FLOWGRADE_HOME to a folder for user-wide state.",
        )
    return home


def _usual_home() -> Path | None:
    try:
        return Path.home() / STATE_FOLDER
    except RuntimeError:
        return None


def _dotenv(project: Path) -> dict[str, str]:
    """The variables of the project's ``.env``; their paths count from the project's folder."""
    file = project / ".env"
    if not file.is_file():
        return {}
    found = parse_dotenv(read_settings_file(file), file=str(file))
    for name in _PATHS.intersection(found):
        if found[name] and "://" not in found[name]:
            found[name] = str(project / named_path(name, found[name]))
    return found


def _connections(environment: Mapping[str, str], own: str | None, project: Path) -> Path | None:
    named = environment.get("FLOWGRADE_CONNECTIONS")
    if named:
        return named_path("FLOWGRADE_CONNECTIONS", named)
    return project / named_path("connections", own) if own else None


def _store(given: str | None, own: str | None, project: Path) -> str:
    if not given and own:
        given = own if "://" in own else str(project / named_path("store", own))
    value = given
    if not value:
        return f"sqlite:///{project / STATE_FOLDER / 'store.db'}"
    if value.startswith(("postgresql://", "postgres://", "sqlite:///")):
        return value
    if "://" in value:
        scheme = value.split("://", 1)[0]
        raise SettingsError(
            f"The store is a database of the kind '{scheme}', which is not supported.",
            hint="Use postgresql://user@host/database or the path of a SQLite file.",
        )
    if _ALMOST_POSTGRES.search(value):
        raise SettingsError(
            "The store is neither the path of a file nor the address of a database.",
            hint="Write a PostgreSQL store as postgresql://user@host/database.",
        )
    return f"sqlite:///{named_path('FLOWGRADE_STORE', value).resolve()}"


def _flag(name: str, value: str) -> bool:
    text = value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SettingsError(f"{name} is '{value}'.", hint="Use 1 or 0.")
