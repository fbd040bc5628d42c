"""Which columns of the data become which inputs of the flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from flowgrade.datasets import (
    DATA,
    RUN_INPUTS,
    RUN_OUTPUTS,
    ColumnMapping,
    Dataset,
    JoinedDataset,
)
from flowgrade.errors import MappingError
from flowgrade.flows import Flow

Values = dict[str, Any]


def column_reader(
    flow: Flow, dataset: Dataset, mapping: Mapping[str, Any] | None
) -> Callable[[Values], Values]:
    """A function from a row of the data to the flow's inputs.

    ``mapping`` says where inputs come from; an input it leaves out is the column of its own name
    where there is one. A flow that declares no inputs gets every column. Raises MappingError,
    before anything runs, when the data lacks a column that the flow needs.
    """
    if isinstance(dataset, JoinedDataset):
        return _joined_reader(flow, dataset, mapping or {})
    declared = [spec.name for spec in flow.inputs]
    if not declared and not mapping:
        return dict if flow.body.takes_more else _nothing
    explicit = mapping or {}
    _check_targets(explicit, declared, flow)
    columns = dataset.columns()
    _check_required(flow, dataset, explicit, columns)
    own = tuple(name for name in declared if name not in explicit)
    if not explicit:
        return lambda row: {name: row[name] for name in own if name in row}
    if not _binds(explicit):
        constants = dict(explicit)
        return lambda row: {**constants, **{name: row[name] for name in own if name in row}}
    chosen = ColumnMapping.parse(explicit)
    chosen.check(columns)

    def read(row: Values) -> Values:
        values = {name: row[name] for name in own if name in row}
        values.update(chosen.apply(row, strict=False))
        return values

    return read


def _joined_reader(
    flow: Flow, dataset: JoinedDataset, explicit: Mapping[str, Any]
) -> Callable[[Values], Values]:
    """The same over rows that have parts: an input without a mapping is a column of the data."""
    declared = [spec.name for spec in flow.inputs]
    _check_targets(explicit, declared, flow)
    columns = dataset.columns_of(DATA)
    outputs = dataset.columns_of(RUN_OUTPUTS)
    _check_joined(flow, explicit, columns, outputs)
    names = declared if declared or explicit else list(columns)
    own = tuple(name for name in names if name not in explicit)
    chosen = None
    if _binds(explicit):
        chosen = ColumnMapping.parse(explicit)
        chosen.check(columns, dataset.columns_of(RUN_INPUTS), outputs)

    def read(row: Values) -> Values:
        data = row[DATA]
        values = {name: data[name] for name in own if name in data}
        if chosen is None:
            values.update(explicit)
        else:
            values.update(chosen.apply(data, row[RUN_INPUTS], row[RUN_OUTPUTS], strict=False))
        return values

    return read


def _binds(explicit: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and value.startswith("${") for value in explicit.values())


def _check_joined(
    flow: Flow, explicit: Mapping[str, Any], columns: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    for name in flow.required:
        if name not in explicit and name not in columns:
            near = get_close_matches(name, outputs, n=1, cutoff=0.4) or list(outputs[:1])
            raise MappingError(
                f"Nothing says where the input '{name}' of the flow '{flow.name}' comes from.",
                hint=f"Say it: --map {name}='${{run.outputs.{near[0] if near else name}}}'",
            )


def _nothing(row: Values) -> Values:
    return {}


def _check_targets(explicit: Mapping[str, Any], declared: list[str], flow: Flow) -> None:
    for name, value in explicit.items():
        if isinstance(value, str) and value.startswith("${") and not value.endswith("}"):
            raise MappingError(
                f"The mapping of '{name}' begins with '${{' and does not end with '}}'.",
                hint=f"Write it as {name}='${{data.COLUMN}}'.",
            )
        if declared and name not in declared:
            near = get_close_matches(name, declared, n=1)
            there = f"It has: {', '.join(declared)}."
            raise MappingError(
                f"The mapping fills '{name}', which is no input of the flow '{flow.name}'.",
                hint=f"Did you mean '{near[0]}'?" if near else there,
            )


def _check_required(
    flow: Flow, dataset: Dataset, explicit: Mapping[str, Any], columns: tuple[str, ...]
) -> None:
    for name in flow.required:
        if name in explicit or name in columns:
            continue
        near = get_close_matches(name, columns, n=1, cutoff=0.4) or list(columns[:1])
        raise MappingError(
            f"The data {dataset.ref.name} has no column '{name}', which the flow '{flow.name}' "
            f"needs (columns: {', '.join(columns) or 'none'}).",
            hint=f"Say where it comes from: --map {name}='${{data.{near[0] if near else name}}}'",
        )
