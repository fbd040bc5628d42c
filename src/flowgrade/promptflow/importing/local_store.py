"""Prompt flow's local store of connections, opened for reading only.

The tables are those that promptflow 1.18.5 makes: ``connection`` has a row for each, with configs
and secrets as JSON. Secrets are Fernet tokens, whose key is in the system's keyring.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flowgrade.errors import InputError, MissingExtraError, Place
from flowgrade.promptflow.importing.connection_types import SECRET, variable_of, yaml_type
from flowgrade.promptflow.importing.report import FoundConnection
from flowgrade.records import JsonObject, loads
from flowgrade.settings import Secret

Open = Callable[[str], Secret | None]
"""Reads an encrypted secret; None where that cannot be done."""

_QUERY = 'SELECT "connectionName", "connectionType", configs, "customConfigs" FROM connection'


def store_file(environment: Mapping[str, str]) -> Path:
    """Where prompt flow keeps its store: ``~/.promptflow``, or PF_HOME_DIRECTORY."""
    named = environment.get("PF_HOME_DIRECTORY")
    home = Path(named).expanduser() if named else Path.home() / ".promptflow"
    return home / "pf.sqlite"


def read_store(file: Path, open_secret: Open) -> dict[str, FoundConnection]:
    """The connections in ``file`` by name; none where there is no such file.

    Raises InputError when it is no store of prompt flow.
    """
    if not file.is_file():
        return {}
    try:
        database = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
        try:
            rows = database.execute(_QUERY).fetchall()
        finally:
            database.close()
        found = [_connection(row, file, open_secret) for row in rows]
    except (sqlite3.Error, ValueError, AttributeError) as error:
        raise InputError(
            f"Prompt flow's store cannot be read: {error}.",
            hint="Leave it out: --no-store.",
            place=Place(str(file)),
        ) from error
    return {connection.name: connection for connection in found}


def keyring_opener() -> Open:
    """Reads secrets with the key that prompt flow put into the system's keyring.

    Raises MissingExtraError without the package ``keyring``, and InputError where the keyring has
    no key or cannot be opened.
    """
    try:
        import keyring  # noqa: PLC0415  optional
        from keyring.errors import KeyringError  # noqa: PLC0415  optional
    except ImportError:
        raise MissingExtraError("keyring", purpose="Reading prompt flow's secrets") from None
    try:
        key = keyring.get_password("promptflow", "encryption_key")
    except (KeyringError, OSError, RuntimeError) as error:
        raise _no_key(
            f"The system's keyring cannot be opened: {str(error).rstrip('.')}."
        ) from error
    if not key:
        raise _no_key("The system's keyring has no key of prompt flow.")
    return _fernet(key)


def sealed(_: str) -> Secret | None:
    """Reads no secret."""
    return None


def _fernet(key: str) -> Open:
    from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415  20 ms, only here

    try:
        cipher = Fernet(key.encode())
    except ValueError:
        raise _no_key("Prompt flow's key in the system's keyring is damaged.") from None

    def read(token: str) -> Secret | None:
        try:
            return Secret(cipher.decrypt(token.encode()).decode())
        except (InvalidToken, ValueError):
            return None  # made with another key

    return read


def _no_key(message: str) -> InputError:
    return InputError(
        message,
        hint="Leave --secrets and --dotenv out: the import lists which secrets must be given.",
    )


def _connection(row: tuple[str, str, str, str], file: Path, open_secret: Open) -> FoundConnection:
    name, type_name, configs, custom = row
    fields = {k: v for k, v in _mapping(configs).items() if v is not None}
    secrets: dict[str, Secret | None] = {}
    if SECRET in fields:
        secrets[SECRET] = _opened(fields.pop(SECRET), open_secret)
    own: JsonObject = {}
    for key, entry in _mapping(custom).items():
        if entry.get("configValueType") == "Secret":
            secrets[key] = _opened(entry.get("value"), open_secret)
        else:
            own[key] = entry.get("value")
    return FoundConnection(
        name=name,
        type=yaml_type(type_name),
        source=str(file),
        fields=fields,
        configs=own,
        secrets=secrets,
        variables={key: variable_of(name, key) for key in secrets},
    )


def _opened(token: Any, open_secret: Open) -> Secret | None:
    return open_secret(token) if isinstance(token, str) and token else None


def _mapping(text: str) -> JsonObject:
    found = loads(text or "{}")
    if not isinstance(found, dict):
        raise ValueError("a connection is no JSON object")
    return found
