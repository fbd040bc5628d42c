"""What the node types that search have in common: their inputs, their index, their passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from threading import Lock
from typing import Any

from flowgrade.errors import FlowDefinitionError, FlowInputError, InputError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.options import check_options, refuse
from flowgrade.flows.step import Arguments, Workshop, literals_of
from flowgrade.records import JsonObject, replace
from flowgrade.retrieval import (
    Hit,
    OpenedIndex,
    OpenIndex,
    SearchResult,
    SearchSettings,
    check_settings,
    no_indexes,
    numbered_context,
    passage_rows,
)

SETTINGS = (
    *("mode", "candidates", "fusion", "keyword_weight", "rrf_k", "diversity", "expand", "rerank"),
    *("window", "rerank_candidates"),
)
"""Inputs that stand in for the index's own search settings."""
_OPTIONS = ("window", "rerank_candidates")


class IndexOfNode:
    """The index that a node searches: opened once for each name, for all rows."""

    def __init__(self, workshop: Workshop) -> None:
        self._open: OpenIndex = workshop.indexes or no_indexes
        self._opened: dict[tuple[str, str | None], OpenedIndex] = {}
        self._lock = Lock()

    def opened(self, arguments: Arguments) -> OpenedIndex:
        """The index that the arguments name. Raises NotFoundError."""
        name, snapshot = arguments["index"], arguments.get("snapshot")
        if not isinstance(name, str):
            raise FlowInputError(f"The index is named by {name!r}, which is no text.")
        key = name, None if snapshot is None else str(snapshot)
        with self._lock:
            if key not in self._opened:
                self._opened[key] = self._open(name, snapshot=key[1])
            return self._opened[key]


def check_inputs(node: NodeSpec, *, needed: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a source, fields, inputs that the type does not have, and inputs that are missing."""
    check_options(node, ())
    if node.path or node.tool:
        refuse(node, "source", "has a source, and needs none", "Remove its source.")
    if node.connection is not None:
        refuse(node, "connection", "has a connection", "Name models as CONNECTION/MODEL instead.")
    every = (*needed, *known)
    for name in node.inputs:
        if name not in every:
            near = get_close_matches(name, every, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"It takes: {', '.join(every)}."
            refuse(node, f"inputs.{name}", f"has no input '{name}'", hint)
    given = {n for n, b in node.inputs.items() if not b.is_literal} | literals_of(node).keys()
    for name in needed:
        if name not in given:
            refuse(node, "inputs", f"has no '{name}'", f"Add {name} to the node's inputs.")


def check_literals(node: NodeSpec, *checks: Any) -> None:
    """Try ``checks`` on the literal inputs; what they raise gets the node's place."""
    literals = literals_of(node)
    for check in checks:
        try:
            check(literals)
        except InputError as error:
            raise FlowDefinitionError(
                f"Node '{node.name}': {error.message}",
                hint=error.hint,
                place=node.place_of("inputs"),
            ) from error


def check_search(literals: Mapping[str, Any]) -> None:
    """Raise InputError for literal search settings that cannot be used."""
    check_settings(with_settings(SearchSettings(), literals))


def settings_of(index: OpenedIndex, arguments: Arguments) -> SearchSettings | None:
    """The index's settings with the arguments in their place; None when there are none."""
    if not any(arguments.get(name) is not None for name in SETTINGS):
        return None
    return with_settings(index.searching, arguments)


def with_settings(base: SearchSettings, arguments: Mapping[str, Any]) -> SearchSettings:
    """``base`` changed by those arguments that are search settings."""
    given = {name: arguments[name] for name in SETTINGS if arguments.get(name) is not None}
    options = {name: given.pop(name) for name in _OPTIONS if name in given}
    if given.get("rerank") == "none":
        given["rerank"] = None
    return replace(base, **given, options={**base.options, **options})


def found(index: OpenedIndex, result: SearchResult) -> JsonObject:
    """What a node that searches gives back."""
    rows = passage_rows(result.hits)
    return {
        **packed(rows),
        "queries": list(result.queries or (result.query,)),
        "index": index.name,
        "snapshot": index.snapshot,
    }


def packed(rows: list[JsonObject]) -> JsonObject:
    """Passages with their text for a prompt, and the documents that they come from."""
    documents = dict.fromkeys(str(row["document"]) for row in rows if row.get("document"))
    return {"passages": rows, "text": numbered_context(rows), "documents": list(documents)}


def passages_in(value: object, node: str) -> list[JsonObject]:
    """The passages that an input holds: a list of texts or rows, or what a node gave."""
    if isinstance(value, Mapping) and isinstance(value.get("passages"), (list, tuple)):
        value = value["passages"]
    if not isinstance(value, (list, tuple)):
        raise FlowInputError(
            f"The passages of '{node}' are {type(value).__name__}, and must be a list.",
            hint="Give it ${retrieve.output} or ${retrieve.output.passages}.",
        )
    return [_row(one, node) for one in value]


def _row(one: object, node: str) -> JsonObject:
    if isinstance(one, Hit):
        return one.as_json()
    if isinstance(one, str):
        return {"text": one}
    if isinstance(one, Mapping) and isinstance(one.get("text"), str):
        return dict(one)
    raise FlowInputError(
        f"A passage of '{node}' has no text.", hint="A passage is a text, or a mapping with text."
    )


def question_in(arguments: Arguments, name: str = "question") -> str:
    """The text of an input that must be one."""
    value = arguments.get(name)
    if not isinstance(value, str):
        kind = "null" if value is None else type(value).__name__
        raise FlowInputError(f"The input '{name}' must be a text and is {kind}.")
    return value


def prepared(literals: Mapping[str, Any], index: IndexOfNode | None, models: Any) -> None:
    """Open, before the first row, what the literals name."""
    if index is not None and "index" in literals:
        index.opened(dict(literals))
    if "model" in literals:
        models.open(str(literals["model"]))
