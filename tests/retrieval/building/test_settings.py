"""Indexes as flowgrade.yaml and options write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import InputError, NotFoundError, SettingsError
from flowgrade.flows import run_blocking
from flowgrade.retrieval import IndexSettings, SearchSettings, settings_of, values_of
from tests.retrieval.building.conftest import MODEL, documents

if TYPE_CHECKING:
    from tests.retrieval.building.conftest import Kit

EVERY: dict[str, Any] = {
    "chunker": "sentences",
    "size": 100,
    "overlap": 0,
    "chunk_options": {"window": 2},
    "embedding": "none",
    "store": "qdrant",
    "connection": "q",
    "store_options": {"m": 16},
    "language": "none",
    "search": {"mode": "keyword", "limit": 3, "rerank": "llm:reader"},
}


def test_what_is_written_comes_back_from_the_settings() -> None:
    assert values_of(settings_of(EVERY)) == EVERY
    assert values_of(IndexSettings()) == {}
    assert settings_of({}) == IndexSettings()


def test_what_is_not_named_stays_as_it_was() -> None:
    before = settings_of(EVERY)
    after = settings_of({"size": 5, "search": {"rerank": "none"}}, before)
    assert after.chunks.size == 5
    assert after.chunks.options == {"window": 2}
    assert after.search == SearchSettings(mode="keyword", limit=3)


def declare(kit: Kit, text: str) -> None:
    (kit.folder / "flowgrade.yaml").write_text(text, encoding="utf-8")
    kit.indexes.close()
    kit.indexes = kit.again()


def test_a_declared_index_is_built_from_its_source(kit: Kit) -> None:
    (kit.folder / "docs").mkdir()
    (kit.folder / "docs" / "a.md").write_text("# Cats\n\nCats sleep.", encoding="utf-8")
    declare(
        kit,
        f"indexes:\n  kb:\n    source: docs\n    size: 64\n    embedding: {MODEL}\n"
        "    search: {limit: 2}\n",
    )
    assert kit.indexes.names() == ["kb"]
    with pytest.raises(NotFoundError, match="not built yet") as caught:
        kit.indexes.open("kb")
    assert "flowgrade index build kb" in str(caught.value)
    built = run_blocking(kit.indexes.build("kb"))
    assert built.snapshot.settings.chunks.size == 64
    assert built.snapshot.settings.search.limit == 2
    assert kit.found("sleeping") == ["a.md"]


def test_a_changed_file_is_all_that_an_update_takes_in(kit: Kit) -> None:
    (kit.folder / "docs").mkdir()
    for name in ("a", "b"):
        (kit.folder / "docs" / f"{name}.md").write_text(f"Text {name}.", encoding="utf-8")
    run_blocking(kit.indexes.build("kb", kit.folder / "docs", settings={"embedding": MODEL}))
    (kit.folder / "docs" / "b.md").write_text("Another one.", encoding="utf-8")
    (kit.folder / "docs" / "c.md").write_text("A new one.", encoding="utf-8")
    built = run_blocking(kit.indexes.update("kb"))
    assert (built.added, built.changed, built.removed) == (1, 1, 0)
    assert built.snapshot.embedded == 2


def test_rows_with_ids_stay_as_they_are_where_one_is_put_before_them(kit: Kit) -> None:
    file = kit.folder / "a.jsonl"
    rows = '{"id": "a", "text": "one"}\n{"id": "b", "text": "two"}\n'
    file.write_text(rows, encoding="utf-8")
    run_blocking(kit.indexes.build("kb", file, settings={"embedding": MODEL}))
    file.write_text('{"id": "c", "text": "three"}\n' + rows, encoding="utf-8")
    built = run_blocking(kit.indexes.update("kb"))
    assert (built.added, built.changed, built.removed) == (1, 0, 0)


def test_a_source_that_vanished_leaves_the_index_as_it_is(kit: Kit) -> None:
    file = kit.folder / "a.md"
    file.write_text("Cats sleep.", encoding="utf-8")
    run_blocking(kit.indexes.build("kb", file, settings={"embedding": MODEL}))
    file.unlink()
    with pytest.raises(NotFoundError, match=r"a\.md"):
        run_blocking(kit.indexes.update("kb"))
    assert kit.found("cats") == ["a.md"]


def test_an_index_without_a_source_must_be_given_one(kit: Kit) -> None:
    with pytest.raises(InputError, match="not said what to index"):
        run_blocking(kit.indexes.build("kb"))
    kit.build(documents("a"))
    with pytest.raises(InputError, match="not said what to index"):
        run_blocking(kit.indexes.update("kb"))


def test_an_unknown_index_gets_the_nearest_name(kit: Kit) -> None:
    kit.build(documents("a"), name="handbook")
    with pytest.raises(NotFoundError, match="no index 'hanbook'") as caught:
        kit.indexes.open("hanbook")
    assert "Did you mean 'handbook'?" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("size: much", "'indexes.kb.size' must be a number"),
        ("size: 0", "must be from 1 to"),
        ("sze: 3", "There is no setting of an index 'sze'"),
        ("search: {mode: fast}", "'indexes.kb.search.mode' cannot be 'fast'"),
        ("search: {lmit: 3}", "no setting of the search 'lmit'"),
        ("load: {suffix: [.md]}", "no setting of loading 'suffix'"),
        ("source: {a: b}", "must be a text"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_line(kit: Kit, line: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as caught:
        declare(kit, f"name: test\nindexes:\n  kb:\n    language: english\n    {line}\n")
    assert "flowgrade.yaml:5" in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"sise": 3}, {"size": "3"}, {"search": {"mode": "x"}}, {"overlap": -1}]
)
def test_settings_that_the_file_could_not_hold_are_refused(
    kit: Kit, settings: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="setting"):
        kit.build(documents("a"), **settings)


def test_an_unknown_chunker_or_store_is_refused(kit: Kit) -> None:
    with pytest.raises(NotFoundError, match="structre"):
        kit.build(documents("a"), chunker="structre")
    with pytest.raises(NotFoundError, match="sqlit"):
        kit.build(documents("a"), store="sqlit")
