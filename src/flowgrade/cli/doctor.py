"""``flowgrade doctor``: what is wrong here, or would be."""

from __future__ import annotations

from collections.abc import Iterator

import click

from flowgrade.app import App
from flowgrade.cli.checks.access import access_checks
from flowgrade.cli.checks.check import Check
from flowgrade.cli.checks.extras import extra_checks
from flowgrade.cli.checks.machine import machine_checks
from flowgrade.cli.checks.place import place_checks
from flowgrade.cli.show import json_out, note
from flowgrade.errors import FlowgradeError
from flowgrade.settings import read_settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--live", is_flag=True, help="Call each connection once; some charge for calls.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(live: bool, as_json: bool) -> int:
    """Look at Python, the store, the clock, ports, connections and extras.

    Each line says what was found and, where there is something to do, the next step. Nothing is
    changed. Exits with 1 when something fails.
    """
    found = []
    for check in _checks(live=live):
        found.append(check)
        if not as_json:
            _print(check)
    if as_json:
        json_out(found)
    failed = sum(check.status == "fail" for check in found)
    warned = sum(check.status == "warn" for check in found)
    note(f"{failed} failed, {warned} to look at, {len(found) - failed - warned} fine.")
    return 1 if failed else 0


def _checks(*, live: bool) -> Iterator[Check]:
    yield from machine_checks()
    try:
        app = App(read_settings())
    except FlowgradeError as error:
        place = f"{error.place}: " if error.place else ""
        found = f"{place}{error.message}"
        yield Check(check="settings", status="fail", found=found, next=error.hint)
    else:
        yield from place_checks(app.settings)
        yield from access_checks(app, live=live)
    yield from extra_checks()


def _print(check: Check) -> None:
    status = click.style(f"{check.status:<5}", fg=_COLOURS[check.status])
    click.echo(f"{status} {check.check:<22} {check.found}")
    if check.next:
        click.echo(click.style(f"{'':<5} {'':<22} → {check.next}", dim=True))
