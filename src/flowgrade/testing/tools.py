"""A conformance kit for sources of tools: what every one of them has to do.

Subclass ``ToolSourceConformance`` in a test module, fill in its methods, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows import AgentTool, ToolContext, ToolSet, ToolSource, open_workshop
from flowgrade.models import Models
from flowgrade.records import Json, JsonObject, dumps_any
from flowgrade.settings import read_settings

_PLACE = Place("flow.dag.yaml", 7)


class ToolSourceConformance:
    """The tests that a source of tools has to pass; a subclass says which and how it is used."""

    def source(self) -> ToolSource:
        """The source, as its entry point names it."""
        raise NotImplementedError

    def definition(self) -> Json:
        """What stands in a flow behind the source's name; it has to give at least one tool."""
        raise NotImplementedError

    def call(self) -> tuple[str, JsonObject]:
        """Name of a tool and arguments with which it works."""
        raise NotImplementedError

    def files(self) -> dict[str, str]:
        """Files of the flow's folder."""
        return {}

    def models(self) -> Models:
        """The connections it may use; those of an empty environment if not overridden."""
        return Models(read_settings({}, folder=Path(tempfile.gettempdir())))

    def test_it_has_the_members_of_a_source(self) -> None:
        assert isinstance(self.source(), ToolSource)

    def test_it_opens_a_set_of_tools_without_calling_anybody(self) -> None:
        tools = self._open(self.definition())
        assert isinstance(tools, ToolSet)
        tools.check(self.models())

    def test_its_tools_are_such_that_a_model_can_call_them(self) -> None:
        found = asyncio.run(self._tools())
        assert found
        assert len({tool.name for tool in found}) == len(found)
        for tool in found:
            tool.validator.check_schema()
            assert tool.parameters.get("type") == "object"
            assert tool.description

    def test_a_tool_works_and_gives_what_a_model_can_be_told(self) -> None:
        name, arguments = self.call()

        async def work() -> object:
            tool = next(tool for tool in await self._tools() if tool.name == name)
            assert tool.validator.complaints(arguments) == []
            return await tool.call(arguments)

        assert dumps_any(asyncio.run(work()))

    def test_it_gives_the_same_tools_twice(self) -> None:
        first, second = (asyncio.run(self._tools()) for _ in range(2))
        assert [tool.definition for tool in first] == [tool.definition for tool in second]

    def test_a_definition_that_is_wrong_is_refused_with_its_place(self) -> None:
        try:
            self._open(["not", "a", "definition"])
        except FlowDefinitionError as error:
            assert error.place == _PLACE  # noqa: PT017  this kit does not depend on pytest
        else:
            raise AssertionError("a definition that is a list was accepted")

    async def _tools(self) -> list[AgentTool]:
        tools = self._open(self.definition())
        return list(await tools.tools(ToolContext(models=self.models())))

    def _open(self, definition: Json) -> ToolSet:
        folder = Path(tempfile.mkdtemp(prefix="flowgrade-"))
        for name, text in self.files().items():
            (folder / name).write_text(text, encoding="utf-8")
        workshop = open_workshop(folder, self.models())
        return self.source().open(definition, workshop, _PLACE)
