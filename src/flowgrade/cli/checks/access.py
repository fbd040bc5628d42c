"""Connections, the key that seals them, and the system keyring."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator

from flowgrade.app import App
from flowgrade.cli.checks.check import Check, Status
from flowgrade.errors import FlowgradeError
from flowgrade.models import (
    Connection,
    Models,
    Probe,
    RetryPolicy,
    find_keys,
    key_origin,
    keyring_state,
    probe,
)
from flowgrade.settings import Settings

_OUTCOMES: dict[str, Status] = {"ok": "ok", "unsure": "warn", "failed": "fail"}


def access_checks(app: App, *, live: bool) -> Iterator[Check]:
    """What reaches models: configured well, and with ``live`` whether it works."""
    yield _key(app.settings)
    yield _keyring()
    try:
        names = list(app.models.connections)
    except FlowgradeError as error:
        yield Check(check="connections", status="fail", found=str(error).splitlines()[0])
        return
    yield from _connections(app, names, live=live)


def _connections(app: App, names: list[str], *, live: bool) -> Iterator[Check]:
    ready: list[str] = []
    some = False
    for name in names:
        try:
            found = app.models.connection(name)
            if not _is_configured(found, app.settings):
                continue
            some = True
            if not app.models.serves(found):
                yield _for_code(found)
                continue
            app.models.open("openai/any", connection=name)  # without a call
        except FlowgradeError as error:
            some = True
            yield _failed(name, error)
            continue
        ready.append(name)
        if not live:
            yield _configured(found, app.settings)
    if live and ready:
        yield from (_live(found) for found in asyncio.run(_probes(app, ready)))
    if not some:
        yield Check(
            check="connections",
            status="ok",
            found="none; the embedded models need none",
            next="flowgrade connection set NAME",
        )


async def _probes(app: App, names: list[str]) -> list[Probe]:
    once = Models(app.settings, store=app.store_if_any, retry=RetryPolicy(retries=0))
    async with once:
        return list(await asyncio.gather(*(probe(once, name) for name in names)))


def _live(found: Probe) -> Check:
    seconds = f" ({found.seconds:.1f} s)" if found.seconds is not None else ""
    return Check(
        check=f"connection {found.connection}",
        status=_OUTCOMES[found.outcome],
        found=f"{found.message}{seconds}",
        next=found.hint,
    )


def _is_configured(found: Connection, settings: Settings) -> bool:
    """Whether somebody set it up, rather than that it is known to everybody."""
    if found.source not in ("environment", "built in"):
        return True
    url_given = found.url_setting is not None and settings.variable(found.url_setting) is not None
    return bool(found.api_key) or bool(found.secrets) or url_given


def _configured(found: Connection, settings: Settings) -> Check:
    key = key_origin(found, settings)
    where = found.public_url or "no address"
    return Check(
        check=f"connection {found.name}",
        status="ok",
        found=f"{found.kind}, {where}, {f'key from {key}' if key else 'no key'} (not called)",
        next=f"flowgrade connection test {found.name}",
    )


def _for_code(found: Connection) -> Check:
    values = ", ".join([*found.configs, *found.secrets]) or "nothing"
    return Check(
        check=f"connection {found.name}",
        status="ok",
        found=f"{found.kind}, for the code of flows; it has {values}",
    )


def _failed(name: str, error: FlowgradeError) -> Check:
    return Check(check=f"connection {name}", status="fail", found=error.message, next=error.hint)


def _key(settings: Settings) -> Check:
    try:
        keys = find_keys(settings)
    except FlowgradeError as error:
        return Check(check="key", status="fail", found=error.message, next=error.hint)
    if keys.file is None:
        return Check(check="key", status="ok", found="FLOWGRADE_KEY seals the store's connections")
    shared = not settings.store.startswith("sqlite:")
    if shared:
        return Check(
            check="key",
            status="warn",
            found="none for the connections in a store that a team shares",
            next="Set FLOWGRADE_KEY. Make one with: flowgrade connection new-key",
        )
    if not keys.keys:
        return Check(check="key", status="ok", found=f"none yet; it will be in {keys.file}")
    mode = stat.S_IMODE(keys.file.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        return Check(
            check="key",
            status="warn",
            found=f"{keys.file} may be read by others (mode {mode:o})",
            next=f"chmod 600 {keys.file}",
        )
    return Check(check="key", status="ok", found=str(keys.file))


def _keyring() -> Check:
    usable, what = keyring_state()
    if usable:
        return Check(check="keyring", status="ok", found=what)
    return Check(check="keyring", status="ok", found=f"not used: {what.rstrip('.')}")
