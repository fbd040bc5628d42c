"""Snapshots of indexes: made, found again, taken over, refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import (
    IndexBusyError,
    IndexConflictError,
    InputError,
    LoadError,
    ModelError,
    NotFoundError,
)
from flowgrade.flows import run_blocking
from flowgrade.records import Failure
from flowgrade.retrieval import (
    Document,
    SnapshotStatus,
    Unread,
    delete_index,
    delete_snapshot,
    difference,
    get_index,
    get_snapshot,
    list_snapshots,
    update_index,
)
from flowgrade.retrieval.repository import lock_name
from flowgrade.testing import StubReply, StubScript, StubServer
from tests.retrieval.building.conftest import MODEL, documents

if TYPE_CHECKING:
    from tests.retrieval.building.conftest import Kit

THREE = ("the cat sleeps", "the dog barks", "a bird sings")


def test_what_was_built_is_found(kit: Kit) -> None:
    built = kit.build(documents(*THREE))
    assert built.fresh
    assert (built.added, built.changed, built.removed) == (3, 0, 0)
    assert built.snapshot.documents == built.snapshot.chunks == built.snapshot.embedded == 3
    assert built.snapshot.model == MODEL
    assert kit.found("barking dogs") == ["1"]


def test_the_same_content_is_the_same_snapshot_and_nothing_is_done(kit: Kit) -> None:
    first = kit.build(documents(*THREE))
    again = kit.build(reversed(documents(*THREE)))
    assert not again.fresh
    assert again.snapshot == first.snapshot


def test_the_digest_does_not_depend_on_the_name_of_the_index(kit: Kit) -> None:
    first = kit.build(documents(*THREE))
    other = kit.build(documents(*THREE), name="other")
    assert other.fresh
    assert other.snapshot.digest == first.snapshot.digest
    assert other.snapshot.embedded == 0


def test_each_setting_that_decides_answers_is_in_the_digest(kit: Kit) -> None:
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"size": 100},
        {"chunker": "tokens"},
        {"language": "none"},
        {"search": {"limit": 3}},
        {"search": {"keyword_weight": 0.5}},
        {"embedding": "none"},
    )
    digests = {
        kit.build(documents(*THREE), rebuild=True, **change).snapshot.digest for change in changes
    }
    assert len(digests) == len(changes)


def test_an_update_embeds_only_what_changed(kit: Kit) -> None:
    kit.build(documents(*THREE))
    new = documents("the cat sleeps", "the dog growls", three="a fish swims")
    built = run_blocking(update_index(kit.indexes.workshop, "kb", new))
    assert (built.added, built.changed, built.removed) == (1, 1, 1)
    assert built.snapshot.embedded == 2
    assert built.snapshot.documents == 3
    assert kit.found("cat") == ["0"]
    assert kit.found("growling") == ["1"]
    assert kit.found("barks sings") == []


def test_an_updated_snapshot_is_the_one_that_a_build_from_nothing_makes(kit: Kit) -> None:
    kit.build(documents(*THREE))
    new = documents("the cat sleeps", "the dog growls")
    updated = kit.build(new)
    whole = kit.build(new, name="whole")
    assert updated.snapshot.digest == whole.snapshot.digest
    assert updated.snapshot.base is not None
    assert whole.snapshot.base is None


def test_going_back_makes_the_earlier_snapshot_current_again(kit: Kit) -> None:
    first = kit.build(documents(*THREE))
    kit.build(documents("one"))
    back = kit.build(documents(*THREE))
    assert not back.fresh
    assert get_index(kit.store, "kb").current == first.snapshot.digest
    assert (back.added, back.changed, back.removed) == (2, 1, 0)


def test_a_reader_keeps_its_snapshot_while_another_is_built(kit: Kit) -> None:
    kit.build(documents(*THREE))
    old = kit.indexes.open("kb")
    seen: list[list[str]] = []

    def slowly() -> Iterator[Document]:
        yield from documents("the dog barks")
        seen.append(kit.found("cat"))  # a new search, in the middle of the build

    kit.build(slowly())
    assert seen == [["0"]]
    assert kit.found("cat") == []
    assert kit.found("cat", old) == ["0"]


def test_a_failed_build_leaves_the_snapshot_before(kit: Kit, stub: StubServer) -> None:
    first = kit.build(documents(*THREE))
    stub.set_script(StubScript(replies=(StubReply(status=400),)))
    with pytest.raises(ModelError):
        kit.build(documents("something new"))
    failed = next(one for one in list_snapshots(kit.store, "kb") if one.status == "failed")
    assert failed.error is not None
    assert failed.error.trace is None
    assert get_index(kit.store, "kb").current == first.snapshot.digest
    assert kit.found("cat") == ["0"]
    stub.set_script(StubScript())
    kit.build(documents("something new"))
    assert {one.status for one in list_snapshots(kit.store, "kb")} == {SnapshotStatus.READY}


def test_what_a_failed_build_left_is_cleared_away_by_the_next(kit: Kit, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=(StubReply(status=400),)))
    kit.build(documents("first"), embedding="none")
    with pytest.raises(ModelError):
        kit.build(documents("something new"), rebuild=True)
    kit.build(documents("second"), embedding="none")
    assert [one.status for one in list_snapshots(kit.store, "kb")] == ["ready", "ready"]


def test_another_model_is_refused_with_the_command_that_makes_it_anew(kit: Kit) -> None:
    kit.build(documents(*THREE))
    with pytest.raises(IndexConflictError, match="openai/stub-embedding") as caught:
        kit.build(documents(*THREE), embedding="openai/stub")
    assert "flowgrade index build kb --embedding openai/stub --rebuild" in str(caught.value)
    built = kit.build(documents(*THREE), embedding="openai/stub", rebuild=True)
    assert built.snapshot.model == "openai/stub"


def test_vectors_of_another_length_are_refused(kit: Kit, stub: StubServer) -> None:
    kit.build(documents(*THREE))
    stub.set_script(StubScript(dimensions=7))
    with pytest.raises(IndexConflictError, match="vectors of 7 numbers") as caught:
        kit.build(documents("something new"))
    assert "flowgrade index prune --model" in str(caught.value)
    assert kit.found("cat") == ["0"]


def test_a_slot_that_falls_back_cannot_embed(kit: Kit) -> None:
    (kit.folder / "flowgrade.yaml").write_text(
        "models:\n  e: {use: openai/stub-embedding, fallback: [openai/stub]}\n", encoding="utf-8"
    )
    kit.indexes = kit.again()
    with pytest.raises(InputError, match="falls back") as caught:
        kit.build(documents(*THREE), embedding="e")
    assert "flowgrade.yaml:2" in str(caught.value)


def test_a_slot_that_is_bound_to_another_model_is_a_conflict(kit: Kit) -> None:
    def bind(model: str) -> None:
        (kit.folder / "flowgrade.yaml").write_text(f"models:\n  e: {model}\n", encoding="utf-8")
        kit.indexes = kit.again()

    bind(MODEL)
    kit.build(documents(*THREE), embedding="e")
    bind("openai/stub")
    with pytest.raises(IndexConflictError, match="was made with"):
        kit.build(documents(*THREE), embedding="e")
    with pytest.raises(IndexConflictError, match="was embedded by openai/stub-embedding"):
        kit.indexes.open("kb").search_blocking("cat")


def test_a_document_that_is_there_twice_is_refused(kit: Kit) -> None:
    with pytest.raises(InputError, match="'0' is there twice"):
        kit.build([*documents("one"), *documents("two")])
    with pytest.raises(NotFoundError):
        get_index(kit.store, "kb")


def test_no_document_at_all_is_refused(kit: Kit) -> None:
    with pytest.raises(InputError, match="There are no documents"):
        kit.build([])


def unread(source: str, *, skipped: bool = False) -> Unread:
    failure = Failure.of(LoadError("It is encrypted."))
    return Unread(source=source, failure=failure, skipped=skipped)


def test_files_that_cannot_be_read_are_kept_with_the_snapshot(kit: Kit) -> None:
    given: list[Document | Unread] = [*documents(*THREE)]
    given += [unread("a.pdf"), unread(".git", skipped=True)]
    built = kit.build(given)
    assert [one.source for one in built.snapshot.unread] == ["a.pdf"]
    stored = get_snapshot(kit.store, "kb")
    assert [one.message for one in stored.unread] == ["It is encrypted."]


def test_when_no_file_can_be_read_nothing_is_built(kit: Kit) -> None:
    with pytest.raises(LoadError, match=r"None of 2 files could be read. a.pdf: It is encrypted."):
        kit.build([unread("a.pdf"), unread("b.pdf")])


def test_two_builds_of_one_index_do_not_meet(kit: Kit) -> None:
    kit.build(documents(*THREE))
    with kit.store.lock(lock_name("kb")) as held:
        assert held
        with pytest.raises(IndexBusyError, match="by another process"):
            kit.build(documents("new"))
        with pytest.raises(IndexBusyError):
            delete_index(kit.indexes.workshop, "kb")


def test_a_build_that_was_cut_off_goes_on_with_what_is_staged(kit: Kit, stub: StubServer) -> None:
    many = [
        Document(id=str(n), text=f"number {n}, {'late' if n >= 2048 else 'early'}")
        for n in range(3000)
    ]
    stub.set_script(StubScript(replies=(StubReply(match="late", status=400),)))
    with pytest.raises(ModelError):
        kit.build(many)
    stub.set_script(StubScript())
    built = kit.build(many)
    assert built.snapshot.chunks == 3000
    assert built.snapshot.embedded == 3000 - 2048
    assert kit.found("2999") == ["2999"]


def test_chunks_that_were_lost_are_made_again(kit: Kit) -> None:
    kit.build(documents(*THREE))
    shutil.rmtree(kit.indexes.workshop.folder)
    kit.indexes = kit.again()
    with pytest.raises(NotFoundError, match="are gone") as caught:
        kit.indexes.open("kb")
    assert "flowgrade index build kb" in str(caught.value)
    assert kit.build(documents(*THREE)).fresh
    assert kit.found("cat") == ["0"]


def test_the_current_snapshot_is_not_deleted_unasked(kit: Kit) -> None:
    first = kit.build(documents(*THREE)).snapshot
    second = kit.build(documents("one")).snapshot
    with pytest.raises(InputError, match="is the current one"):
        delete_snapshot(kit.indexes.workshop, "kb", second.short)
    delete_snapshot(kit.indexes.workshop, "kb", first.short)
    assert [one.digest for one in list_snapshots(kit.store, "kb")] == [second.digest]
    delete_snapshot(kit.indexes.workshop, "kb", second.short, current_too=True)
    with pytest.raises(NotFoundError, match="no snapshot yet"):
        kit.indexes.open("kb")


def test_a_deleted_index_is_gone_and_its_vectors_are_still_known(kit: Kit) -> None:
    kit.build(documents(*THREE))
    delete_index(kit.indexes.workshop, "kb")
    with pytest.raises(NotFoundError, match="no index 'kb'"):
        kit.indexes.open("kb")
    assert kit.build(documents(*THREE)).snapshot.embedded == 0


def test_the_difference_of_two_snapshots_names_documents_and_settings(kit: Kit) -> None:
    old = kit.build(documents(*THREE)).snapshot
    new = kit.build(documents("the cat sleeps", "changed", x="new"), size=99).snapshot
    found = difference(kit.store, old, new)
    assert (found.added, found.changed, found.removed) == (("x",), ("1",), ("2",))
    assert found.settings == {"chunks.size": (256, 99)}


def test_a_digest_is_found_by_its_beginning(kit: Kit) -> None:
    built = kit.build(documents(*THREE)).snapshot
    assert get_snapshot(kit.store, "kb", built.key[:5]).digest == built.digest
    assert get_snapshot(kit.store, "kb", built.digest).digest == built.digest
    with pytest.raises(NotFoundError, match="no snapshot 'ffff0000'"):
        get_snapshot(kit.store, "kb", "ffff0000")


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "x" * 101])
def test_a_name_that_is_none_is_refused(kit: Kit, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name"):
        kit.build(documents(*THREE), name=name)
