"""The cite node: checks the citations of an answer against its passages."""

from __future__ import annotations

from functools import partial

from flowgrade.errors import FlowInputError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.retrieving import check_inputs, passages_in, prepared, question_in
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.records import JsonObject
from flowgrade.retrieval import (
    THRESHOLD,
    check_citations,
    check_citations_by_meaning,
    unit_vectors,
)

_INPUTS = ("threshold", "model")


class CiteNode:
    """Makes steps that check citations, by words or with an embedding model."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Check what the definition spells out."""
        check_inputs(node, needed=("answer", "passages"), known=_INPUTS)
        models = workshop.models
        literals = literals_of(node)

        async def check(arguments: Arguments) -> JsonObject:
            answer = question_in(arguments, "answer")
            rows = passages_in(arguments["passages"], node.name)
            threshold = _threshold(arguments)
            if arguments.get("model") is None:
                return check_citations(answer, rows, threshold=threshold).as_json()
            model = models.open(question_in(arguments, "model"))
            embed = partial(unit_vectors, model)
            found = await check_citations_by_meaning(answer, rows, embed, threshold=threshold)
            return found.as_json()

        return Step(
            node=node,
            acall=check,
            prepare=lambda: prepared(literals, None, models),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = CiteNode()


def _threshold(arguments: Arguments) -> float:
    found = arguments.get("threshold", THRESHOLD)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 1:
        raise FlowInputError(f"The threshold is {found!r}.", hint="It is a number from 0 to 1.")
    return float(found)
