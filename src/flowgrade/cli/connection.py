"""``flowgrade connection``: how to reach models and services."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.connection_entry import (
    add_key_of,
    base_entry,
    check_sources,
    entries_of_file,
    with_fields,
)
from flowgrade.cli.connection_view import connection_row, details, summary
from flowgrade.cli.show import duration, fields, json_out, note, table
from flowgrade.errors import FlowgradeError, InputError, NotFoundError, SettingsError
from flowgrade.models import (
    STORE,
    Models,
    Probe,
    RetryPolicy,
    add_key,
    connections_file,
    find_keys,
    forget,
    keep_in_file,
    keep_in_keyring,
    keep_in_store,
    kept_entry,
    new_key,
    probe,
    reseal_connections,
    stored_connections,
)
from flowgrade.records import JsonObject


@click.group()
def connection() -> None:
    """Say how to reach models and services, and try it."""


@connection.command("set")
@click.argument("name", required=False)
@click.option("--kind", help="Provider, such as openai or azure_openai.")
@click.option("--base-url", help="Address that the API's paths start at.")
@click.option("--api-version", help="Version of the API, for Azure.")
@click.option("--organization", help="Sent as OpenAI-Organization.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--api-key-env", metavar="VARIABLE", help="Take the key from this variable at each use."
)
@click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML of connections, ours or prompt flow's, or an .env file of secrets.",
)
@click.option(
    "--to",
    type=click.Choice(["store", "keyring", "file"]),
    default="store",
    show_default=True,
    help="Where it is kept; file is the project's connections.yaml.",
)
def set_(name: str | None, file: Path | None, to: str, **options: Any) -> int:
    """Keep a connection, or change what is kept of it.

    The key is asked for, unseen, where there is a terminal. It is no option, since other users and
    the shell's history see options. With -f every connection of the file is kept, or the one
    called NAME.
    """
    check_sources(name, file, options)
    app = App()
    if file is not None:
        entries = entries_of_file(file, name)
    else:
        assert name is not None
        entries = {name: with_fields(base_entry(app, name, to), options)}
    for each, entry in entries.items():
        entries[each] = add_key_of(each, entry, options, from_file=file is not None)
    for each, entry in entries.items():
        _keep(app, each, entry, to)
        note(f"The connection '{each}' is kept in the {to}.")
        if to != "file" and each in app.models.connections and _file_has(app, each):
            note(f"  {connections_file(app.settings)} has one of that name, which counts first.")
    return 0


@connection.command("list")
@click.option("--all", "show_all", is_flag=True, help="Also those of which nothing is set.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(show_all: bool, as_json: bool) -> None:
    """The connections that are set, where each is from and whether it has a key.

    No key is shown. Others are known by their name alone, such as local servers; see --all.
    """
    app = App()
    known = app.models.connections
    names = [name for name in known if show_all or known.is_set(name)]
    found = [summary(app, name) for name in names]
    if as_json:
        json_out(found)
        return
    if found:
        table(["NAME", "KIND", "FROM", "ADDRESS", "KEY"], [connection_row(one) for one in found])
    else:
        note("No connection is set. Set one: flowgrade connection set NAME")
    if more := len(known) - len(found):
        note(f"{more} more are known, of which nothing is set: flowgrade connection list --all")


@connection.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, as_json: bool) -> None:
    """One connection: each value, for secrets only whether they are set."""
    app = App()
    found = details(app, name)
    if as_json:
        json_out(found)
        return
    fields((key, value if isinstance(value, str) else _said(value)) for key, value in found.items())


@connection.command()
@click.argument("name")
@click.option("--model", help="Call this model, at the price of a few tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def test(name: str, model: str | None, as_json: bool) -> int:
    """Call the endpoint once: for its list of models, or --model for a few tokens.

    Exits with 1 when the call fails.
    """
    found = asyncio.run(_probe(App(), name, model))
    if as_json:
        json_out(found)
    else:
        fields([("connection", name), ("outcome", found.outcome), ("found", found.message)])
        if found.hint:
            fields([("next", found.hint)])
        if found.seconds is not None:
            fields([("time", duration(found.seconds))])
        if found.models:
            more = f" and {len(found.models) - 10:,} more" if len(found.models) > 10 else ""
            fields([("models", ", ".join(found.models[:10]) + more)])
    return 1 if found.outcome == "failed" else 0


@connection.command()
@click.argument("name")
def remove(name: str) -> int:
    """Delete a connection from the store, and its secrets from the keyring."""
    app = App()
    connections = app.models.connections
    if name not in connections.stored:
        raise _not_stored(app, name)
    entry = None
    try:
        entry = kept_entry(app.store, app.settings, name)
    except FlowgradeError as error:
        note(f"Its values cannot be opened any more: {error.message}")
    forget(app.store, name, entry)
    note(f"The connection '{name}' is deleted.")
    others = [source for source in connections.sources(name) if source != STORE]
    if others:
        note(f"  There is still one of that name: {', '.join(others)}.")
    return 0


@connection.command("rotate-key")
def rotate_key() -> int:
    """Seal the connections in the store with a new key.

    With a key file a new key is made and put first. With FLOWGRADE_KEY, first set it to NEW,OLD;
    afterwards OLD is no longer needed.
    """
    app = App()
    keys = find_keys(app.settings)
    if not keys.keys:
        raise SettingsError("There is no key yet.", hint="The first `connection set` makes one.")
    if keys.file is not None:
        # All of them are opened before there is a new key: one that is lost shows first.
        for one in stored_connections(app.store).values():
            one.opened(keys.keys)
        keys = add_key(keys)
    count = reseal_connections(app.store, keys.keys)
    note(f"Sealed anew with the key {keys.keys[0].id}: {count} of the store's connections.")
    if keys.file is not None:
        note(f"  Earlier keys stay in {keys.file}, since stores of other projects may need them.")
    return 0


@connection.command("new-key")
def new_key_() -> None:
    """Print a new random key for FLOWGRADE_KEY. It is kept nowhere."""
    click.echo(new_key().text())


def _keep(app: App, name: str, entry: JsonObject, to: str) -> None:
    if to == "file":
        file = connections_file(app.settings)
        keep_in_file(file, name, entry, known=_file_has(app, name))
        if _has_plain_secret(entry):
            note(f"  The key stands unprotected in {file}: keep that file out of the repository.")
    elif to == "keyring":
        keep_in_keyring(app.store, app.settings, name, entry)
    else:
        keep_in_store(app.store, app.settings, name, entry)


def _file_has(app: App, name: str) -> bool:
    return app.models.connections.in_file(name)


def _has_plain_secret(entry: JsonObject) -> bool:
    values = [entry.get("api_key"), *(entry.get("secrets") or {}).values()]
    return any(value and not str(value).startswith("${") for value in values)


async def _probe(app: App, name: str, model: str | None) -> Probe:
    once = Models(app.settings, store=app.store_if_any, retry=RetryPolicy(retries=0))
    async with once:
        once.connection(name)  # an unknown name is wrong usage, not a failed call
        return await probe(once, name, model=model)


def _not_stored(app: App, name: str) -> FlowgradeError:
    sources = app.models.connections.sources(name)
    if not sources:
        return NotFoundError(
            f"There is no connection '{name}'.", hint="See: flowgrade connection list"
        )
    return InputError(
        f"The connection '{name}' is not in the store; it is from: {', '.join(sources)}.",
        hint="Take it out there.",
    )


def _said(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items()) or "-"
    return ", ".join(map(str, value)) or "-" if isinstance(value, (list, tuple)) else str(value)
