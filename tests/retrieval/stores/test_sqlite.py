"""The embedded store: what it finds, keeps, replaces and refuses."""

import threading
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowgrade.errors import (
    NotFoundError,
    StoreBusyError,
    StoreConflictError,
)
from flowgrade.records import Json
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import holds, read_filter
from flowgrade.retrieval.stores.index_store import IndexStore
from flowgrade.retrieval.stores.sqlite import STORE
from tests.retrieval.stores.sqlite_index import (
    build,
    build_three,
    chunk,
    place,
    search_ids,
    vectors,
)

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from(["a", "b", "ab"]), st.lists(st.sampled_from(["a", 1, True]), max_size=2),
)  # fmt: skip
FILTERS = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne", "contains"]), VALUES),
    st.tuples(st.sampled_from(["in", "nin"]), st.lists(VALUES, max_size=3)),
    st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), st.sampled_from([0, 1.0, "a", "b"])),
    st.tuples(st.just("exists"), st.booleans()),
)


def test_the_store_is_an_index_store() -> None:
    assert isinstance(STORE, IndexStore)


def test_vectors_are_found_in_the_order_of_their_cosines(tmp_path: Path) -> None:
    matrix = vectors(200)
    chunks = [chunk("d", f"text {n}", n) for n in range(200)]
    build(place(tmp_path, dimensions=8), {"d": chunks}, {"d": matrix})
    unit = matrix / numpy.linalg.norm(matrix, axis=1, keepdims=True)
    reader = STORE.reader(place(tmp_path))
    for query in vectors(5, seed=1):
        similar = unit @ (query / numpy.linalg.norm(query))
        expected = numpy.argsort(-similar)[:7]
        found = reader.by_vector(query, 7)
        assert [hit.id for hit in found] == [f"d#{n}" for n in expected]
        assert [hit.score for hit in found] == pytest.approx(similar[expected].tolist(), abs=1e-6)
    assert reader.vectors(["d#5", "d#2"]) == pytest.approx(unit[[5, 2]], abs=1e-6)
    reader.close()


@given(
    metadata=st.lists(
        st.dictionaries(st.sampled_from(["k", "m"]), VALUES), min_size=1, max_size=12
    ),
    written=st.dictionaries(st.sampled_from(["k", "m"]), FILTERS, max_size=2),
)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_filters_let_pass_what_holds(
    metadata: list[dict[str, Json]],
    written: dict[str, tuple[str, Json]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("index")
    where = read_filter({key: {test: value} for key, (test, value) in written.items()})
    build(
        place(folder, dimensions=8),
        {f"d{n}": [chunk(f"d{n}", "oil", metadata=each)] for n, each in enumerate(metadata)},
        {f"d{n}": vectors(1, n) for n in range(len(metadata))},
    )
    expected = {
        f"d{n}#0"
        for n, each in enumerate(metadata)
        if all(holds(c, each.get(c.key), present=c.key in each) for c in where)
    }
    reader = STORE.reader(place(folder))
    assert {hit.id for hit in reader.by_words("oil", 50, where)} == expected
    assert {hit.id for hit in reader.by_vector(vectors(1)[0], 50, where)} == expected
    reader.close()


def test_filters_know_the_fields_of_chunks(tmp_path: Path) -> None:
    pages = [chunk("d", "oil", n, page=n or None) for n in range(3)]
    build(place(tmp_path), {"d": pages, "e": [chunk("e", "oil")]})
    reader = STORE.reader(place(tmp_path))
    found = reader.by_words("oil", 9, read_filter({"$page": {"gte": 2}}))
    assert [hit.id for hit in found] == ["d#2"]
    found = reader.by_words("oil", 9, read_filter({"$page": {"exists": False}}))
    assert {hit.id for hit in found} == {"d#0", "e#0"}
    found = reader.by_words("oil", 9, read_filter({"$document": "e"}))
    assert [hit.id for hit in found] == ["e#0"]
    reader.close()


def test_the_best_of_a_filter_are_found_behind_many_better_that_it_refuses(tmp_path: Path) -> None:
    chunks = [chunk("d", "oil " * (50 - n), n) for n in range(50)]
    last = chunk("rare", "oil and much else", metadata={"rare": True})
    build(
        place(tmp_path, dimensions=8),
        {"d": chunks, "rare": [last]},
        {"d": numpy.ones((50, 8)), "rare": -numpy.ones((1, 8))},
    )
    reader = STORE.reader(place(tmp_path))
    where = read_filter({"rare": True})
    assert [hit.id for hit in reader.by_words("oil", 2, where)] == ["rare#0"]
    assert [hit.id for hit in reader.by_vector(numpy.ones(8, numpy.float32), 2, where)] == [
        "rare#0"
    ]
    reader.close()


def test_a_chunk_comes_back_as_it_was(tmp_path: Path) -> None:
    whole = Chunk(
        id="ä/b.md#0", document="ä/b.md", number=0, text="Straße\n\x00 'x'", start=3, end=17,
        title="T", source="https://example.com/ä", headings=("A", "B"), page=4,
        metadata={"n": None, "deep": {"list": [1, 2.5, "ü"]}}, searched="only this",
    )  # fmt: skip
    build(place(tmp_path), {"ä/b.md": [whole], "none": []})
    reader = STORE.reader(place(tmp_path))
    assert reader.chunks(["ä/b.md#0"]) == [whole]
    assert reader.of_document("ä/b.md") == [whole]
    assert reader.of_document("none") == reader.of_document("never there") == []
    assert search_ids(reader, "only") == ["ä/b.md#0"]
    assert search_ids(reader, "Straße") == []
    with pytest.raises(NotFoundError, match="x#9"):
        reader.chunks(["ä/b.md#0", "x#9"])
    reader.close()


def test_chunks_come_in_the_order_asked_for(tmp_path: Path) -> None:
    build(place(tmp_path), {"d": [chunk("d", f"t{n}", n) for n in range(900)]})
    reader = STORE.reader(place(tmp_path))
    wanted = [f"d#{n}" for n in range(899, -1, -1)] + ["d#5"]
    assert [one.id for one in reader.chunks(wanted)] == wanted
    reader.close()


def test_an_update_keeps_chunks_and_vectors_and_drops_the_rest(tmp_path: Path) -> None:
    names = [f"d{n}" for n in range(9)]
    matrices = {name: vectors(n % 3, n) for n, name in enumerate(names)}
    chunks = {
        name: [chunk(name, f"word{n} part{k}", k) for k in range(n % 3)]
        for n, name in enumerate(names)
    }
    build(place(tmp_path, dimensions=8), chunks, matrices)
    kept = [name for name in names if name not in ("d1", "d5", "d8")]
    build(
        place(tmp_path, "b2", 8),
        {"d5": [chunk("d5", "fresh")]},
        {"d5": vectors(1, 50)},
        base="a1",
        keep=kept[::-1],
    )
    old, new = STORE.reader(place(tmp_path)), STORE.reader(place(tmp_path, "b2"))
    assert len(old) == 9
    assert len(new) == 9 - 1 - 2 - 2 + 1
    for name in kept:
        assert new.of_document(name) == chunks[name]
        ids = [one.id for one in chunks[name]]
        assert numpy.array_equal(new.vectors(ids), old.vectors(ids))
    assert new.of_document("d1") == new.of_document("d8") == []
    assert search_ids(new, "fresh") == ["d5#0"]
    assert search_ids(new, "word5 word8") == []
    assert search_ids(old, "word5", 1) == ["d5#0"]
    old.close()
    new.close()


def test_the_base_may_be_deleted_after_the_update(tmp_path: Path) -> None:
    build_three(tmp_path)
    build(place(tmp_path, "b2", 8), {}, base="a1", keep=["two", "one"])
    STORE.delete(place(tmp_path))
    with pytest.raises(NotFoundError, match="flowgrade index build facts"):
        STORE.reader(place(tmp_path))
    reader = STORE.reader(place(tmp_path, "b2"))
    assert set(search_ids(reader, "text")) == {"one#0", "two#0"}
    reader.close()


def test_deleting_twice_is_no_error_and_leaves_nothing(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, "b2"))
    writer.add("x", [chunk("x", "x")], None)
    writer.close()
    for snapshot in ("a1", "b2", "a1"):
        STORE.delete(place(tmp_path, snapshot))
    assert list(tmp_path.iterdir()) == []


def test_a_reader_goes_on_while_its_snapshot_is_deleted(tmp_path: Path) -> None:
    build_three(tmp_path)
    reader = STORE.reader(place(tmp_path))
    assert search_ids(reader, "two") == ["two#0"]
    STORE.delete(place(tmp_path))
    assert search_ids(reader, "three") == ["three#0"]
    assert reader.chunks(["one#0"])[0].text == "one text"
    reader.close()


def test_adding_a_document_again_replaces_it(tmp_path: Path) -> None:
    writer = STORE.writer(place(tmp_path))
    writer.add("d", [chunk("d", "old words", n) for n in range(3)], None)
    writer.add("d", [chunk("d", "new words")], None)
    writer.publish()
    writer.close()
    reader = STORE.reader(place(tmp_path))
    assert len(reader) == 1
    assert search_ids(reader, "old") == []
    assert search_ids(reader, "new") == ["d#0"]
    reader.close()


def test_an_index_without_documents_answers_nothing(tmp_path: Path) -> None:
    build(place(tmp_path, dimensions=8), {})
    reader = STORE.reader(place(tmp_path))
    assert len(reader) == 0
    assert reader.by_words("oil", 5) == []
    assert reader.by_vector(numpy.ones(8, numpy.float32), 5, read_filter({"a": 1})) == []
    reader.close()


def test_a_build_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    build_three(tmp_path)
    first = STORE.writer(place(tmp_path, "b2", 8), base="a1")
    first.keep(["two"])
    first.add("new", [chunk("new", "new text")], vectors(1))
    first.close()
    again = STORE.writer(place(tmp_path, "b2", 8), base="a1")
    assert again.staged() == {"two", "new"}
    again.add("newer", [chunk("newer", "newer text")], vectors(1))
    again.publish()
    again.close()
    reader = STORE.reader(place(tmp_path, "b2"))
    assert set(search_ids(reader, "text")) == {"two#0", "new#0", "newer#0"}
    reader.close()


def test_what_was_kept_of_another_base_is_forgotten(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, "b2", 8), base="a1")
    writer.keep(["two"])
    writer.add("new", [chunk("new", "new text")], vectors(1))
    writer.close()
    again = STORE.writer(place(tmp_path, "b2", 8))
    assert again.staged() == {"new"}
    again.close()


def test_a_published_snapshot_never_changes(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, dimensions=8))
    assert writer.staged() == {"one", "two", "three"}
    with pytest.raises(StoreConflictError):
        writer.add("four", [chunk("four", "four")], vectors(1))
    writer.publish()
    writer.close()


def test_only_one_process_builds_a_snapshot(tmp_path: Path) -> None:
    writer = STORE.writer(place(tmp_path))
    with pytest.raises(StoreBusyError):
        STORE.writer(place(tmp_path))
    writer.close()
    STORE.writer(place(tmp_path)).close()


def test_readers_see_nothing_of_a_build_and_are_not_held_up(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, "b2", 8), base="a1")
    writer.add("new", [chunk("new", "text")], vectors(1))
    with pytest.raises(NotFoundError):
        STORE.reader(place(tmp_path, "b2"))
    reader = STORE.reader(place(tmp_path))
    assert len(search_ids(reader, "text")) == 3
    writer.publish()
    assert len(search_ids(reader, "text")) == 3
    reader.close()
    writer.close()


def test_many_threads_search_at_once(tmp_path: Path) -> None:
    names = [f"d{n}" for n in range(200)]
    build(place(tmp_path), {n: [chunk(n, f"{n} oil", metadata={"n": n})] for n in names})
    reader = STORE.reader(place(tmp_path))
    wrong: list[str] = []

    def ask(part: list[str]) -> None:
        for name in part:
            found = reader.by_words(name, 1, read_filter({"n": {"ne": "none"}}))
            if reader.chunks([found[0].id])[0].document != name:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(names[n::8],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    reader.close()
