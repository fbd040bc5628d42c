"""Keep a connection: in the store, in the system keyring, or in a file."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError, Place
from flowgrade.models.address import check_address
from flowgrade.models.connection import Connection
from flowgrade.models.provider import PROVIDERS
from flowgrade.models.repository import delete_connection, save_connection, stored_connections
from flowgrade.models.sealing_keys import find_keys, need_keys
from flowgrade.models.system_keyring import remove_keyring_value, set_keyring_value
from flowgrade.plugins import plugins
from flowgrade.records import JsonObject
from flowgrade.settings import Settings
from flowgrade.store import Store

_NAME = re.compile(r"\w[\w-]{0,99}")
_REFERENCE = re.compile(r"\$\{(?:env|keyring):[^}]+\}")
_IN_KEYRING = re.compile(r"\$\{keyring:([^}]+)\}")


def check_connection_name(name: str) -> None:
    """Raise InputError for a name that ``connection/model`` or ``${name.key}`` could not say."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be the name of a connection.",
            hint="Use letters, digits, - and _ only.",
        )
    if name == "embedded":
        raise InputError(
            "The connection 'embedded' is part of Flowgrade.", hint="Use another name."
        )


def keep_in_store(store: Store, settings: Settings, name: str, entry: JsonObject) -> None:
    """Seal ``entry``, the fields as in connections.yaml, and store it under ``name``."""
    _check(name, entry)
    keys = need_keys(settings, shared=store.dialect != "sqlite")
    save_connection(store, name, entry, keys.keys[0])


def keep_in_keyring(store: Store, settings: Settings, name: str, entry: JsonObject) -> None:
    """Put what is secret into the keyring, and the rest, which refers to it, into the store."""
    _check(name, entry)
    need_keys(settings, shared=store.dialect != "sqlite")  # what would fail, before a change
    place = f"{settings.name}/{name}"

    def moved(value: Any, entry_name: str) -> Any:
        if not isinstance(value, str) or not value or _REFERENCE.fullmatch(value):
            return value
        set_keyring_value(entry_name, value)
        return f"${{keyring:{entry_name}}}"

    kept = dict(entry)
    if kept.get("api_key"):
        kept["api_key"] = moved(kept["api_key"], place)
    if kept.get("secrets"):
        kept["secrets"] = {k: moved(v, f"{place}.{k}") for k, v in kept["secrets"].items()}
    keep_in_store(store, settings, name, kept)


def keep_in_file(file: Path, name: str, entry: JsonObject, *, known: bool) -> None:
    """Append the connection to ``file``; a new file is readable for this user only.

    Raises InputError where the file has one of that name: it is a person's, comments and all.
    """
    import yaml  # noqa: PLC0415  slow to load

    _check(name, entry)
    if known:
        raise InputError(
            f"The file has a connection '{name}' already.",
            hint="Change it there.",
            place=Place(str(file)),
        )
    text = yaml.safe_dump({name: entry}, sort_keys=False, allow_unicode=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a+", encoding="utf-8") as opened:
        opened.seek(0)
        before = opened.read()
        if before.strip():
            # A document of its own fits behind whatever form the others have.
            text = f"{'' if before.endswith(chr(10)) else chr(10)}---\n{text}"
        opened.write(text)


def kept_entry(store: Store, settings: Settings, name: str) -> JsonObject | None:
    """The fields of a connection in the store; None when it has none of that name.

    Raises ConnectionSealedError without its key.
    """
    found = stored_connections(store).get(name)
    return None if found is None else found.opened(find_keys(settings).keys)


def forget(store: Store, name: str, entry: JsonObject | None) -> bool:
    """Delete a connection from the store and, where ``entry`` says so, from the keyring."""
    values = [(entry or {}).get("api_key"), *((entry or {}).get("secrets") or {}).values()]
    for value in values:
        if isinstance(value, str) and (found := _IN_KEYRING.fullmatch(value)):
            remove_keyring_value(found[1])
    return delete_connection(store, name)


def _check(name: str, entry: JsonObject) -> None:
    check_connection_name(name)
    _check_kind(str(entry.get("kind") or "openai"))
    address = entry.get("base_url")
    if isinstance(address, str) and address and "${" not in address:
        setting = f"base_url of the connection '{name}'"
        check_address(address, Connection(name=name, url_setting=setting))


def _check_kind(kind: str) -> None:
    """Raise InputError for what is nearly a provider; any other kind is for code of flows."""
    kinds = [plugin.name for plugin in plugins(PROVIDERS)]
    near = get_close_matches(kind.lower(), kinds, n=1, cutoff=0.8)
    if kind not in kinds and near:
        raise InputError(
            f"No provider serves connections of the kind '{kind}'.",
            hint=f"Did you mean '{near[0]}'?",
        )
