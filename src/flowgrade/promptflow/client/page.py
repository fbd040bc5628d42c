"""Runs side by side as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any

from flowgrade.promptflow.client.run import Run
from flowgrade.records import dumps_any
from flowgrade.runs import RunRow, get_run, run_rows
from flowgrade.store import Store

_ROWS = 1000


def runs_page(store: Store, names: Sequence[str]) -> str:
    """The page; what models and users wrote is shown as text, whatever it holds."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  30 ms, only for the page

    runs = [Run.of(get_run(store, name)) for name in names]
    found = [{row.row: row for row in islice(run_rows(store, name), _ROWS)} for name in names]
    numbers = sorted(set().union(*found))[:_ROWS]
    source = files("flowgrade.promptflow.client").joinpath("pages/runs.html.jinja")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        runs=runs,
        facts=_facts(store, names, runs),
        rows=[_row(number, found) for number in numbers],
        left_off=any(len(rows) == _ROWS for rows in found),
    )


def _facts(store: Store, names: Sequence[str], runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    metrics = [get_run(store, name).metrics for name in names]
    measures = [run.properties["system_metrics"] for run in runs]
    facts = {
        "Name": [str(run.name) for run in runs],
        "Status": [run.status for run in runs],
        "Flow": [str(run.properties["flow_name"]) for run in runs],
        "Variant": [run.variant or "" for run in runs],
        "Rows completed": [str(one["__pf__.lines.completed"]) for one in measures],
        "Rows failed": [str(one["__pf__.lines.failed"]) for one in measures],
        "Seconds": [f"{one['duration']:.1f}" for one in measures],
        "Tokens": [f"{one['total_tokens']:,}" for one in measures],
    }
    for metric in dict.fromkeys(name for one in metrics for name in one):
        facts[metric] = [str(one.get(metric, "")) for one in metrics]
    return list(facts.items())


def _row(number: int, found: Sequence[Mapping[int, RunRow]]) -> dict[str, Any]:
    here = [rows.get(number) for rows in found]
    first = next(row for row in here if row is not None)
    return {
        "number": number,
        "inputs": _lines(first.inputs),
        "cells": [_cell(row) for row in here],
    }


def _cell(row: RunRow | None) -> dict[str, Any]:
    if row is None:
        return {"failed": False, "text": ""}
    if row.error is not None:
        return {"failed": True, "text": f"{row.error.type}: {row.error.message}"}
    return {"failed": False, "text": _lines(row.outputs or {})}


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else dumps_any(value)}"
        for name, value in values.items()
    )
