"""The agentic_retrieve node: lets a model plan searches until they are enough."""

from __future__ import annotations

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
from flowgrade.records import JsonObject
from flowgrade.retrieval import agentic_search

_INPUTS = ("snapshot", "limit", "where", "rounds")


class AgenticRetrieveNode:
    """Makes steps that search in rounds: plan, search, check, search again."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Check what the definition spells out."""
        check_inputs(node, needed=("index", "question", "model"), known=(*_INPUTS, *SETTINGS))
        check_literals(node, check_search)
        index, models = IndexOfNode(workshop), workshop.models
        literals = literals_of(node)

        async def search(arguments: Arguments) -> JsonObject:
            opened = index.opened(arguments)
            result = await agentic_search(
                opened,
                question_in(arguments),
                model=models.open(question_in(arguments, "model")),
                rounds=arguments.get("rounds") or 3,
                limit=arguments.get("limit"),
                where=arguments.get("where"),
                settings=settings_of(opened, arguments),
            )
            return {
                **found(opened, result.result),
                "trail": result.trail(),
                "stopped": result.stopped,
            }

        return Step(
            node=node,
            acall=search,
            prepare=lambda: prepared(literals, index, models),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = AgenticRetrieveNode()
