"""The rerank node: puts passages into a better order."""

from __future__ import annotations

from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.retrieving import check_inputs, packed, passages_in, question_in
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.records import JsonObject
from flowgrade.retrieval import Found, open_reranker, reranked

_INPUTS = ("limit",)


class RerankNode:
    """Makes steps that rerank passages, wherever they come from."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Check what the definition spells out."""
        check_inputs(node, needed=("question", "passages", "rerank"), known=_INPUTS)
        models = workshop.models
        literals = literals_of(node)

        async def rerank(arguments: Arguments) -> JsonObject:
            rows = passages_in(arguments["passages"], node.name)
            named = question_in(arguments, "rerank")
            ranked = [Found(str(n), float(row.get("score") or 0)) for n, row in enumerate(rows)]
            scored = await reranked(
                open_reranker(named, models),
                named,
                question_in(arguments),
                ranked,
                [_shown(row) for row in rows],
            )
            best = scored[: arguments.get("limit")]
            return packed([{**rows[int(one.id)], "score": round(one.score, 6)} for one in best])

        def prepare() -> None:
            if "rerank" in literals:
                open_reranker(str(literals["rerank"]), models)

        return Step(
            node=node,
            acall=rerank,
            prepare=prepare,
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = RerankNode()


def _shown(row: JsonObject) -> str:
    above = [row.get("title"), *(row.get("headings") or ())]
    return "\n".join([*dict.fromkeys(str(part) for part in above if part), str(row["text"])])
