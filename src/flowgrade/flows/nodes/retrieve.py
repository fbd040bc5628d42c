"""The retrieve node: finds passages of an index for a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.errors import InputError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.retrieving import (
    SETTINGS,
    IndexOfNode,
    check_inputs,
    check_literals,
    check_search,
    found,
    prepared,
    question_in,
    settings_of,
)
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.models import Models
from flowgrade.records import JsonObject
from flowgrade.retrieval import ask_index, check_transform, open_reranker, read_filter

_INPUTS = ("snapshot", "limit", "where", "transform", "model", "history")


class RetrieveNode:
    """Makes steps that search an index."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Check what the definition spells out."""
        check_inputs(node, needed=("index", "question"), known=(*_INPUTS, *SETTINGS))
        check_literals(node, check_search, _check)
        if "transform" in node.inputs and "model" not in node.inputs:
            check_literals(node, _refuse_without_model)
        call = _Call(workshop)
        literals = literals_of(node)
        return Step(
            node=node,
            acall=call.search,
            prepare=lambda: call.prepare(literals),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = RetrieveNode()


class _Call:
    def __init__(self, workshop: Workshop) -> None:
        self._index = IndexOfNode(workshop)
        self._models: Models = workshop.models

    def prepare(self, literals: Arguments) -> None:
        """Find out what would fail every row: an index, a model or a reranker that is not there."""
        prepared(literals, self._index, self._models)
        if literals.get("rerank") not in (None, "none"):
            open_reranker(str(literals["rerank"]), self._models)

    async def search(self, arguments: Arguments) -> JsonObject:
        index = self._index.opened(arguments)
        question = question_in(arguments)
        given: dict[str, Any] = {
            "limit": arguments.get("limit"),
            "where": arguments.get("where"),
        }
        settings = settings_of(index, arguments)
        if settings is not None:
            given["settings"] = settings
        transform = arguments.get("transform")
        if transform in (None, "none"):
            return found(index, await index.search(question, **given))
        model = arguments.get("model")
        if not isinstance(model, str):
            _refuse_without_model(arguments)
        result = await ask_index(
            index,
            question,
            transform=str(transform),
            model=self._models.open(str(model)),
            history=arguments.get("history") or (),
            **given,
        )
        return found(index, result)


def _check(literals: Mapping[str, Any]) -> None:
    if literals.get("transform") not in (None, "none"):
        check_transform(str(literals["transform"]))
    if "where" in literals:
        if not isinstance(literals["where"], Mapping):
            raise InputError("The filter 'where' is no mapping.", hint="Write {key: value}.")
        read_filter(literals["where"])


def _refuse_without_model(arguments: Mapping[str, Any]) -> None:
    if arguments.get("transform") != "none":
        raise InputError("A query transform needs a model.", hint="Add model to the node's inputs.")
