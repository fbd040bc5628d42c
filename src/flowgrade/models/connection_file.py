"""Read connections from YAML, in our own shape and in prompt flow's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from flowgrade.errors import InputError, Place, SettingsError
from flowgrade.models.borrowing import borrowed
from flowgrade.models.connection import AuthMode, Connection, Timeouts
from flowgrade.models.limits import ConnectionLimits, read_limits
from flowgrade.models.promptflow_connection import is_promptflow, promptflow_entry
from flowgrade.models.system_keyring import keyring_value
from flowgrade.records import Json, JsonObject, fields_of, replace
from flowgrade.records.yaml import parse_yaml
from flowgrade.settings import Secret, Settings

_FIELDS = frozenset(
    {
        "api_key",
        "api_version",
        "auth_mode",
        "base_url",
        "configs",
        "headers",
        "kind",
        "limits",
        "organization",
        "parameters",
        "secrets",
        "timeouts",
    }
)
_TEXTS = ("api_key", "api_version", "auth_mode", "base_url", "kind", "organization")
_MAPPINGS = ("configs", "headers", "limits", "parameters", "secrets", "timeouts")
_LIMITS = frozenset(fields_of(Timeouts))
_VARIABLE = re.compile(r"\$\{env:([^}]+)\}")
_KEYRING = re.compile(r"\$\{keyring:([^}]+)\}")
_PLACEHOLDERS = frozenset({"", "<no-change>", "<user-input>"})
_SEPARATOR = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)


def read_connections(
    text: str, *, file: str, settings: Settings, known: Mapping[str, Connection]
) -> dict[str, Connection]:
    """The connections in ``text``, by name.

    ``${env:NAME}`` in a value stands for a variable, ``${other.api_key}`` for a value of another
    connection of the file. A key that is missing or a placeholder is looked for in
    ``<NAME>_API_KEY`` of the environment. ``known`` fills in what is left open.
    """
    entries = read_entries(text, file)
    return {
        name: make_connection(name, borrowed(name, entries, file), file, settings, known.get(name))
        for name in entries
    }


def read_entries(text: str, file: str) -> dict[str, JsonObject]:
    """The fields of each connection in ``text`` by its name, in our own shape and unresolved."""
    found: dict[str, JsonObject] = {}
    for name, entry in _entries(text, file):
        if name in found:
            raise SettingsError(f"The connection '{name}' is there twice.", place=Place(file))
        _check(name, entry, file)
        found[name] = entry
    return found


def _entries(text: str, file: str) -> list[tuple[str, JsonObject]]:
    entries: list[tuple[str, JsonObject]] = []
    for document in _documents(text, file):
        if isinstance(document, list):
            entries += [_named(item, file) for item in document]
        elif is_promptflow(document):
            entries.append(_named(document, file))
        elif isinstance(document, dict):
            entries += [(str(name), _mapping(name, item, file)) for name, item in document.items()]
        else:
            raise SettingsError(
                "This file holds no connections.",
                hint="Write a mapping of names to fields, such as my-server: {base_url: …}.",
                place=Place(file),
            )
    return entries


def _documents(text: str, file: str) -> list[Json]:
    found: list[Json] = []
    start = 0
    for end in [match.start() for match in _SEPARATOR.finditer(text)] + [len(text)]:
        # The lines before are kept empty, so that places in messages stay right.
        document = "\n" * text.count("\n", 0, start) + text[start:end]
        value = parse_yaml(document, file=file)
        if value is not None:
            found.append(value)
        start = end
    return found


def _named(item: Json, file: str) -> tuple[str, JsonObject]:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise SettingsError("A connection without a name.", place=Place(file))
    own = {key: value for key, value in item.items() if key != "name"}
    return item["name"], promptflow_entry(item) if is_promptflow(item) else own


def _mapping(name: Json, item: Json, file: str) -> JsonObject:
    if not isinstance(item, dict):
        raise SettingsError(
            f"The connection '{name}' is not a mapping of fields.", place=Place(file)
        )
    return promptflow_entry({"name": name, **item}) if is_promptflow(item) else item


def make_connection(
    name: str, entry: JsonObject, file: str, settings: Settings, known: Connection | None
) -> Connection:
    """The connection that ``entry`` describes; ``file`` says where the entry is from."""
    if known is None or entry.get("kind", known.kind) != known.kind:
        known = Connection(name=name)
    unset: list[str] = []
    hidden = {"api_key", "limits", "secrets", "timeouts"}
    values: JsonObject = {
        field: resolved
        for field, value in entry.items()
        if field not in hidden and (resolved := _resolve(value, settings, unset)) not in (None, "")
    }
    if "headers" in values:
        values["headers"] = {key: str(value) for key, value in values["headers"].items()}
    if "auth_mode" in values:
        values["auth_mode"] = _auth_mode(values["auth_mode"], name, file)
    if "base_url" in values:
        values["url_setting"] = f"base_url of the connection '{name}' in {file}"
    key, place = _key(name, entry.get("api_key"), settings)
    if key is not None or known.key_setting is None:
        values |= {"api_key": key, "key_setting": place}
    limits = entry.get("timeouts") or {}
    if "limits" in entry:
        values["limits"] = _limits(entry["limits"] or {}, name, file)
    return replace(
        known,
        **values,
        secrets=_secrets(entry.get("secrets") or {}, settings),
        timeouts=replace(
            known.timeouts, **{k: _seconds(v, k, name, file) for k, v in limits.items()}
        ),
        unset=tuple(unset),
        source=file,
    )


def _check(name: str, entry: JsonObject, file: str) -> None:
    for field, value in entry.items():
        if field not in _FIELDS:
            near = get_close_matches(str(field), _FIELDS, n=1)
            raise SettingsError(
                f"The connection '{name}' has an unknown field '{field}'.",
                hint=f"Did you mean '{near[0]}'?"
                if near
                else f"Known: {', '.join(_TEXTS)}, {', '.join(_MAPPINGS)}.",
                place=Place(file),
            )
        wanted = dict if field in _MAPPINGS else str
        if value is not None and not isinstance(value, wanted):
            kind = "a mapping" if wanted is dict else "a text; put it in quotes"
            raise SettingsError(
                f"The field '{field}' of the connection '{name}' is not {kind}.",
                place=Place(file),
            )
        if field not in {"api_key", "secrets"} and _KEYRING.search(str(value)):
            raise SettingsError(
                f"The field '{field}' of the connection '{name}' refers to the keyring.",
                hint="Only api_key and what is in secrets can be in it.",
                place=Place(file),
            )


def _resolve(value: Json, settings: Settings, unset: list[str]) -> Json:
    if isinstance(value, dict):
        return {key: _resolve(part, settings, unset) for key, part in value.items()}
    if isinstance(value, list):
        return [_resolve(part, settings, unset) for part in value]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        found = settings.variable(match[1].strip())
        if found is None:
            unset.append(match[1].strip())
        return found or ""

    return _VARIABLE.sub(variable, value)


def _key(name: str, written: str | None, settings: Settings) -> tuple[Secret | None, str]:
    """The key and where a person sets it."""
    if kept := _KEYRING.fullmatch((written or "").strip()):
        return _from_keyring(kept[1]), f"the entry '{kept[1]}' of the system keyring"
    named = _VARIABLE.search(written or "")
    text = str(_resolve(written or "", settings, [])).strip()
    if text not in _PLACEHOLDERS and text.strip("*"):
        return Secret(text), named[1].strip() if named else f"api_key of the connection '{name}'"
    variable = named[1].strip() if named else re.sub(r"\W", "_", name).upper() + "_API_KEY"
    text = (settings.variable(variable) or "").strip()
    return (Secret(text) if text else None), variable


def _auth_mode(value: Json, name: str, file: str) -> AuthMode:
    try:
        return AuthMode(value)
    except ValueError:
        raise SettingsError(
            f"The auth_mode of the connection '{name}' is {value!r}, which is unknown.",
            hint=f"Known: {', '.join(AuthMode)}.",
            place=Place(file),
        ) from None


def _secrets(written: JsonObject, settings: Settings) -> dict[str, Secret]:
    found = {}
    for name, value in written.items():
        kept = _KEYRING.fullmatch(value.strip()) if isinstance(value, str) else None
        found[name] = _from_keyring(kept[1]) if kept else Secret(str(_resolve(value, settings, [])))
    return found


def _from_keyring(name: str) -> Secret:
    # Only when it is needed: a keyring may be locked and ask a person.
    return Secret.later(lambda: keyring_value(name))


def _limits(written: JsonObject, name: str, file: str) -> ConnectionLimits | None:
    try:
        return read_limits(written)
    except InputError as error:
        message = f"The connection '{name}': {error.message}"
        raise SettingsError(message, hint=error.hint, place=Place(file)) from error


def _seconds(value: Json, limit: str, name: str, file: str) -> float | None:
    if limit in _LIMITS and value is None:
        return None
    if limit in _LIMITS and isinstance(value, int | float) and value > 0:
        return float(value)
    raise SettingsError(
        f"The timeout '{limit}' of the connection '{name}' cannot be used.",
        hint="Set seconds above 0, or null for no limit, for any of: "
        f"{', '.join(sorted(_LIMITS))}.",
        place=Place(file),
    )
