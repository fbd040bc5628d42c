"""Read the settings from the environment and the project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import SettingsError
from flowgrade.settings.dotenv import parse_dotenv
from flowgrade.settings.project_file import read_project_file
from flowgrade.settings.settings import Settings

PROJECT_FILE = "flowgrade.yaml"
STATE_FOLDER = ".flowgrade"

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
    environment = {**_dotenv(project), **own}
    own_file = read_project_file(project / PROJECT_FILE)
    return Settings(
        name=own_file.get("name") or project.name,
        project=project,
        home=_home(environment),
        store=_store(environment.get("FLOWGRADE_STORE"), own_file.get("store"), project),
        connections=_connections(environment, own_file.get("connections"), project),
        debug=_flag("FLOWGRADE_DEBUG", environment.get("FLOWGRADE_DEBUG", "")),
        environment=environment,
    )


def find_project(folder: Path, *, home: Path | None = None) -> Path:
    """The nearest folder at or above ``folder`` that is a project; ``folder`` if none is.

    The user-wide state folder is not a project's: the home folder is no project because of it.
    """
    start = folder.resolve()
    for candidate in (start, *start.parents):
        state = candidate / STATE_FOLDER
        if (candidate / PROJECT_FILE).is_file() or (state.is_dir() and state != home):
            return candidate
    return start


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("FLOWGRADE_HOME")
    return Path(named).expanduser() if named else Path.home() / STATE_FOLDER


def _dotenv(project: Path) -> dict[str, str]:
    file = project / ".env"
    if not file.is_file():
        return {}
    return parse_dotenv(file.read_text(encoding="utf-8-sig"), file=str(file))


def _connections(environment: Mapping[str, str], own: str | None, project: Path) -> Path | None:
    named = environment.get("FLOWGRADE_CONNECTIONS")
    if named:
        return Path(named).expanduser()
    return project / Path(own).expanduser() if own else None


def _store(given: str | None, own: str | None, project: Path) -> str:
    if not given and own:
        given = own if "://" in own else str(project / Path(own).expanduser())
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
    return f"sqlite:///{Path(value).expanduser().resolve()}"


def _flag(name: str, value: str) -> bool:
    text = value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SettingsError(f"{name} is '{value}'.", hint="Use 1 or 0.")
