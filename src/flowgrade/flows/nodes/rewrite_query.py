"""The rewrite_query node: the last question of a conversation as one that stands alone."""

from __future__ import annotations

from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.retrieving import check_inputs, prepared, question_in
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.retrieval import transformed

_INPUTS = ("history", "subject")


class RewriteQueryNode:
    """Makes steps that rewrite a question; one without history stays as it is, without a call."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Check what the definition spells out."""
        check_inputs(node, needed=("question", "model"), known=_INPUTS)
        models = workshop.models
        literals = literals_of(node)

        async def rewrite(arguments: Arguments) -> str:
            question, history = question_in(arguments), arguments.get("history")
            if not history:
                return question
            found = await transformed(
                "rewrite",
                models.open(question_in(arguments, "model")),
                question,
                history=list(history),
                subject=str(arguments.get("subject") or ""),
            )
            return found[0]

        return Step(
            node=node,
            acall=rewrite,
            prepare=lambda: prepared(literals, None, models),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = RewriteQueryNode()
