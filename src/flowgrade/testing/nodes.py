"""A conformance kit for node types: what every one of them has to do.

Subclass ``NodeTypeConformance`` in a test module, fill in its methods, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
import inspect
import tempfile
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows import Binding, NodeSpec, NodeType, Step, open_workshop
from flowgrade.models import Models
from flowgrade.records import dumps_any
from flowgrade.retrieval import OpenIndex
from flowgrade.settings import read_settings

_PLACE = Place("flow.dag.yaml", 7)


class NodeTypeConformance:
    """The tests that a node type has to pass; a subclass says which one and how it is used."""

    def node_type(self) -> NodeType:
        """The node type, as its entry point names it."""
        raise NotImplementedError

    def type_name(self) -> str:
        """The name of its entry point."""
        raise NotImplementedError

    def files(self) -> dict[str, str]:
        """Files of a flow's folder; the node's source is the first. None for a type without one."""
        raise NotImplementedError

    def inputs(self) -> dict[str, Any]:
        """Literal inputs with which the node works."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Fields of the node that only its type has; none if not overridden."""
        return {}

    def source(self) -> tuple[str, str | None]:
        """Type of the node's source and its package tool, where it is more than a file."""
        return "code", None

    def models(self) -> Models:
        """The models it may open; those of an empty environment if not overridden."""
        return Models(read_settings({}, folder=Path(tempfile.gettempdir())))

    def indexes(self) -> OpenIndex | None:
        """Opens the indexes that it may search; None, as if not overridden, where it needs none."""
        return None

    def test_it_has_the_members_of_a_node_type(self) -> None:
        assert isinstance(self.node_type(), NodeType)

    def test_its_step_does_its_work_in_one_way(self) -> None:
        step = self._compile()
        assert isinstance(step, Step)
        assert (step.call is None) != (step.acall is None)

    def test_literals_are_ready_to_be_given(self) -> None:
        assert set(self._compile().literals) <= set(self.inputs())

    def test_references_are_the_inputs_that_are_not_literal(self) -> None:
        name = next(iter(self.inputs()))
        step = self._compile({name: Binding(input="question", text="${inputs.question}")})
        assert name in dict(step.references)
        assert name not in step.literals

    def test_it_works_with_its_literals_and_gives_what_can_be_traced(self) -> None:
        found = asyncio.run(self._work(self._compile()))
        assert dumps_any(found)

    def test_it_gives_the_same_twice(self) -> None:
        step = self._compile()
        first, second = (asyncio.run(self._work(step)) for _ in range(2))
        assert dumps_any(first) == dumps_any(second)

    def test_a_missing_source_is_refused_with_its_place(self) -> None:
        try:
            self._compile(path="not-there.txt")
        except FlowDefinitionError as error:
            assert error.place == _PLACE  # noqa: PT017  this kit does not depend on pytest
        else:
            raise AssertionError("a source that is not there was accepted")

    async def _work(self, step: Step) -> Any:
        if step.call is not None:
            found = step.call(dict(step.literals))
        else:
            assert step.acall is not None
            found = await step.acall(dict(step.literals))
        return "".join(map(str, found)) if inspect.isgenerator(found) else found

    def _compile(self, more: dict[str, Binding] | None = None, *, path: str | None = None) -> Step:
        folder = Path(tempfile.mkdtemp(prefix="flowgrade-"))
        for name, text in self.files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        node = NodeSpec(
            name="node",
            type=self.type_name(),
            path=path or next(iter(self.files()), None),
            inputs={**{n: Binding(literal=v) for n, v in self.inputs().items()}, **(more or {})},
            options=self.options(),
            source_type=self.source()[0],
            tool=self.source()[1],
            place=_PLACE,
        )
        workshop = open_workshop(folder, self.models(), indexes=self.indexes())
        return self.node_type().compile(node, workshop)
