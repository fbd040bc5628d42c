"""What ``flowgrade connection set`` is given, as the fields of a connection."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.show import note
from flowgrade.errors import ConnectionSealedError, InputError, NotFoundError, UsageError
from flowgrade.models import check_connection_name, kept_entry, read_connection_entries
from flowgrade.records import JsonObject
from flowgrade.settings import parse_dotenv, read_settings_file, remember

_FIELDS = ("kind", "base_url", "api_version", "organization")
_PLACEHOLDERS = ("", "<no-change>", "<user-input>")


def check_sources(name: str | None, file: Path | None, options: Mapping[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    if name is None and file is None:
        raise UsageError(
            "Which connection?", hint="Give its NAME, or a file of connections with -f FILE."
        )
    if name is not None and file is None:
        check_connection_name(name)
    if file is not None and any(options[field] for field in _FIELDS):
        raise UsageError(
            "With -f the fields come from the file.", hint="Leave the other options out."
        )
    if options["api_key_stdin"] and options["api_key_env"]:
        raise UsageError("There are two places for the key.", hint="Give one of them.")


def entries_of_file(file: Path, name: str | None) -> dict[str, JsonObject]:
    """The connections of ``file`` by name; an ``.env`` file is one, called ``name``."""
    text = read_settings_file(file)
    if file.suffix == ".env" or file.name.startswith(".env"):
        if name is None:
            raise UsageError("An .env file has no name for its connection.", hint="Give a NAME.")
        secrets = parse_dotenv(text, file=str(file))
        for value in secrets.values():
            remember(value)
        return {name: {"kind": "custom", "secrets": secrets}}
    found = read_connection_entries(text, str(file))
    if name is None:
        return found
    if name not in found:
        raise NotFoundError(
            f"{file} has no connection '{name}'.", hint=f"It has: {', '.join(found) or 'none'}."
        )
    return {name: found[name]}


def base_entry(app: App, name: str, to: str) -> JsonObject:
    """What the store has of the connection so far; {} for a new one."""
    if to == "file":
        return {}
    try:
        return kept_entry(app.store, app.settings, name) or {}
    except ConnectionSealedError as error:
        note(f"What was kept is replaced: {error.message}")
        return {}


def with_fields(entry: JsonObject, options: Mapping[str, Any]) -> JsonObject:
    """``entry`` with the fields that options give."""
    return {**entry, **{field: options[field] for field in _FIELDS if options[field]}}


def add_key_of(
    name: str, entry: JsonObject, options: Mapping[str, Any], *, from_file: bool
) -> JsonObject:
    """``entry`` with its key: from a variable, standard input, or a person who types it unseen."""
    if options["api_key_env"]:
        return {**entry, "api_key": f"${{env:{options['api_key_env']}}}"}
    if options["api_key_stdin"]:
        key = sys.stdin.read().strip()
        if not key:
            raise InputError(
                "Standard input has no key.",
                hint="For example: flowgrade connection set NAME --api-key-stdin < key.txt",
            )
    elif _wants_key(entry, from_file=from_file) and sys.stdin.isatty():
        key = _typed(name, entry)
    else:
        return entry
    if not key:
        return entry
    remember(key)
    # What prompt flow's form says twice is for code that reads the secrets.
    secrets = entry.get("secrets") or {}
    more = {"secrets": {**secrets, "api_key": key}} if "api_key" in secrets else {}
    return {**entry, "api_key": key, **more}


def _wants_key(entry: JsonObject, *, from_file: bool) -> bool:
    written = str(entry.get("api_key") or "").strip()
    if from_file:  # a file that says nothing of a key means none
        return "api_key" in entry and (written in _PLACEHOLDERS or not written.strip("*"))
    no_key = entry.get("kind") in ("custom", "embedded") or entry.get("auth_mode") == "entra"
    return not no_key


def _typed(name: str, entry: JsonObject) -> str:
    so_far = "keeps the present one" if entry.get("api_key") else "for none"
    found: str = click.prompt(
        f"Key of '{name}' (Enter {so_far})",
        default="",
        show_default=False,
        hide_input=True,
        err=True,
    )
    return found.strip()
