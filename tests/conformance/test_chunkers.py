"""The built-in chunkers pass the kit that strangers' chunkers are tested with."""

from __future__ import annotations

from flowgrade.plugins import plugins
from flowgrade.retrieval import CHUNKERS, Chunker, ChunkSettings, open_chunker
from flowgrade.testing.chunkers import ChunkerConformance


class _BuiltIn(ChunkerConformance):
    name = ""

    def chunker(self) -> Chunker:
        return open_chunker(self.settings())

    def settings(self) -> ChunkSettings:
        return ChunkSettings(chunker=self.name, size=20, overlap=5)


class TestStructure(_BuiltIn):
    name = "structure"


class TestTokens(_BuiltIn):
    name = "tokens"


class TestSentences(_BuiltIn):
    name = "sentences"


class TestParents(_BuiltIn):
    name = "parents"


def test_every_built_in_chunker_is_run_through_the_kit() -> None:
    tested = {kit.name for kit in _BuiltIn.__subclasses__()}
    assert {p.name for p in plugins(CHUNKERS) if p.distribution == "flowgrade"} == tested
