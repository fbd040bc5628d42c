"""A conformance kit for index stores: what every place for chunks has to do.

Subclass ``IndexStoreConformance`` in a test module, fill in ``store`` and ``place``, and pytest
runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import numpy

from flowgrade.errors import FlowgradeError, NotFoundError
from flowgrade.retrieval import (
    Chunk,
    IndexStore,
    SnapshotReader,
    StorePlace,
    read_filter,
)
from flowgrade.testing.index_samples import (
    DIMENSIONS,
    FILTERS,
    ODD,
    QUERIES,
    SENTENCES,
    add_all,
    chunk_of,
    clustered,
    is_falling,
    library,
    nearest,
    passes,
    same_ids,
    share,
    unit,
    vectors_of,
)

if TYPE_CHECKING:
    from flowgrade.retrieval import Matrix


class IndexStoreConformance:
    """The tests that an index store has to pass; a subclass says which and where."""

    recall = 1.0
    """The least share of the true nearest chunks that a search by vector finds among 2,000."""

    def store(self) -> IndexStore:
        """The store, as its entry point names it."""
        raise NotImplementedError

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        """A place; within one test those of equal names are the same, in another test empty."""
        raise NotImplementedError

    def test_it_has_the_members_of_a_store(self) -> None:
        assert isinstance(self.store(), IndexStore)

    def test_what_was_put_in_is_found_by_words(self) -> None:
        with self._published() as (reader, _, _):
            found = reader.by_words("glaciers", 5)
            assert [hit.id for hit in found] == ["d4#0"]

    def test_any_word_of_the_query_finds_and_the_best_is_first(self) -> None:
        with self._published() as (reader, _, _):
            found = reader.by_words("tea kettle", 5)
            assert found[0].id == "d3#0"
            assert {hit.id for hit in found} == {"d0#0", "d1#0", "d3#0"}
            assert is_falling(found)

    def test_case_does_not_matter_to_words(self) -> None:
        with self._published() as (reader, _, _):
            assert reader.by_words("VIENNA", 3) == reader.by_words("vienna", 3) != []

    def test_title_and_headings_are_searched_too(self) -> None:
        chunks = [
            chunk_of("a", 0, "Nothing of note.", title="Zebra"),
            chunk_of("b", 0, "Nothing else.", headings=("Animals", "Giraffe")),
        ]
        with self._filled({"a": chunks[:1], "b": chunks[1:]}) as reader:
            assert [hit.id for hit in reader.by_words("zebra", 3)] == ["a#0"]
            assert [hit.id for hit in reader.by_words("giraffe", 3)] == ["b#0"]

    def test_what_is_searched_may_differ_from_what_is_shown(self) -> None:
        chunk = chunk_of("a", 0, "The parent speaks of whales.", searched="A child of dolphins.")
        with self._filled({"a": [chunk]}) as reader:
            assert [hit.id for hit in reader.by_words("dolphins", 3)] == ["a#0"]
            assert reader.by_words("whales", 3) == []

    def test_words_that_nothing_has_find_nothing(self) -> None:
        with self._published() as (reader, _, _):
            assert reader.by_words("xylophone", 5) == []

    def test_no_query_breaks_the_search_by_words(self) -> None:
        with self._published() as (reader, _, _):
            for query in (*QUERIES, *ODD):
                assert len(reader.by_words(query, 3)) <= 3

    def test_vectors_are_searched_in_the_order_of_their_cosine(self) -> None:
        with self._published() as (reader, chunks, vectors):
            for seed in range(5):
                query = vectors_of(1, seed=100 + seed)[0]
                expected = [chunks[place].id for place in nearest(vectors, query, 10)]
                found = reader.by_vector(query, 10)
                assert len(found) == min(10, len(chunks))
                assert is_falling(found)
                assert share(found, expected) >= self.recall
                if self.recall == 1.0:
                    assert [hit.id for hit in found] == expected

    def test_the_score_of_a_vector_is_its_cosine(self) -> None:
        with self._published() as (reader, chunks, vectors):
            query = vectors[3]
            (best,) = reader.by_vector(query, 1)
            assert best.id == chunks[3].id
            assert abs(best.score - 1.0) < 1e-3
            found = {hit.id: hit.score for hit in reader.by_vector(query, len(chunks))}
            for chunk, vector in zip(chunks, vectors, strict=True):
                if chunk.id in found:
                    assert abs(found[chunk.id] - float(vector @ query)) < 1e-3

    def test_many_vectors_are_found_again(self) -> None:
        count = 2_000
        vectors = clustered(count)
        documents = {
            f"m{number}": [chunk_of(f"m{number}", part, f"part {part}") for part in range(20)]
            for number in range(count // 20)
        }
        with self._filled(documents, vectors) as reader:
            assert len(reader) == count
            ids = [chunk.id for chunks in documents.values() for chunk in chunks]
            shares = []
            for place in range(0, count, 100):
                query = unit(vectors[place] + 0.05 * vectors_of(1, seed=place))[0]
                expected = [ids[near] for near in nearest(vectors, query, 10)]
                shares.append(share(reader.by_vector(query, 10), expected))
            assert sum(shares) / len(shares) >= self.recall

    def test_filters_let_pass_what_holds(self) -> None:
        with self._published() as (reader, chunks, vectors):
            for written in FILTERS:
                where = read_filter(written)
                passing = {chunk.id for chunk in chunks if passes(chunk, where)}
                by_vector = reader.by_vector(vectors[0], len(chunks), where)
                assert {hit.id for hit in by_vector} == passing, written
                by_words = reader.by_words("water tea", len(chunks), where)
                everyone = {hit.id for hit in reader.by_words("water tea", len(chunks))}
                assert {hit.id for hit in by_words} == passing & everyone, written

    def test_a_filter_is_applied_before_the_limit(self) -> None:
        documents = {
            f"d{n}": [chunk_of(f"d{n}", 0, "tea " * 5, metadata={"n": n})] for n in range(60)
        }
        with self._filled(documents, vectors_of(60)) as reader:
            where = read_filter({"n": {"gte": 57}})
            query = vectors_of(60)[0]
            passing = {"d57#0", "d58#0", "d59#0"}
            assert {hit.id for hit in reader.by_vector(query, 3, where)} == passing
            assert {hit.id for hit in reader.by_words("tea", 2, where)} < passing

    def test_no_more_than_the_limit_is_given(self) -> None:
        with self._published() as (reader, _, vectors):
            for limit in (1, 2):
                assert len(reader.by_words("tea water", limit)) == limit
                assert len(reader.by_vector(vectors[0], limit)) == limit

    def test_chunks_come_back_as_they_were_and_in_the_order_asked_for(self) -> None:
        with self._published() as (reader, chunks, _):
            assert len(reader) == len(chunks)
            asked = [*chunks[::-1], chunks[2]]
            assert reader.chunks([chunk.id for chunk in asked]) == asked
            assert reader.chunks([]) == []

    def test_a_chunk_that_is_not_there_is_an_error(self) -> None:
        with self._published() as (reader, chunks, _):
            for method in (reader.chunks, reader.vectors):
                with _raises(NotFoundError):
                    method([chunks[0].id, "nowhere#0"])

    def test_vectors_come_back_with_length_1(self) -> None:
        with self._published() as (reader, chunks, vectors):
            found = reader.vectors([chunk.id for chunk in chunks[::-1]])
            assert found.shape == vectors.shape
            assert numpy.allclose(found, vectors[::-1], atol=1e-3)
            assert numpy.allclose(numpy.linalg.norm(found, axis=1), 1.0, atol=1e-3)

    def test_a_document_has_its_chunks_in_order(self) -> None:
        chunks = [chunk_of("long", number, f"part {number}") for number in range(25)]
        with self._filled({"long": chunks, "other": [chunk_of("other", 0, "part")]}) as reader:
            assert reader.of_document("long") == chunks
            assert reader.of_document("nowhere") == []

    def test_any_text_may_stand_in_ids_and_texts(self) -> None:
        documents = {
            odd: [chunk_of(odd, 0, f"tea {odd}", title=odd, metadata={odd: odd})] for odd in ODD
        }
        with self._filled(documents, vectors_of(len(ODD))) as reader:
            assert len(reader.by_words("tea", 50)) == len(ODD)
            for odd, (chunk,) in documents.items():
                assert reader.of_document(odd) == [chunk]
                assert reader.chunks([chunk.id]) == [chunk]
                for where in (read_filter({odd: odd}), read_filter({"$document": odd})):
                    assert [hit.id for hit in reader.by_words("tea", 50, where)] == [chunk.id]

    def test_an_empty_snapshot_can_be_searched(self) -> None:
        with self._filled({}) as reader:
            assert len(reader) == 0
            assert reader.by_words("tea", 5) == []
            assert reader.by_vector(vectors_of(1)[0], 5) == []
            assert reader.of_document("d") == []

    def test_an_index_may_have_no_vectors(self) -> None:
        with self._filled({"d": [chunk_of("d", 0, "tea")]}, dimensions=None) as reader:
            assert [hit.id for hit in reader.by_words("tea", 5)] == ["d#0"]

    def test_nothing_is_there_before_it_is_published(self) -> None:
        place = self.place("index", "aa" * 32, DIMENSIONS)
        with _raises(NotFoundError):
            self.store().reader(place)
        with closing(self.store().writer(place)) as writer:
            add_all(writer, *library())
            with _raises(NotFoundError):
                self.store().reader(place)
            writer.publish()
            with closing(self.store().reader(place)) as reader:
                assert len(reader) == len(SENTENCES)

    def test_what_is_staged_is_there_for_the_next_writer(self) -> None:
        place = self.place("index", "aa" * 32, DIMENSIONS)
        chunks, vectors = library()
        with closing(self.store().writer(place)) as writer:
            assert writer.staged() == frozenset()
            add_all(writer, chunks[:3], vectors[:3])
        with closing(self.store().writer(place)) as writer:
            assert writer.staged() == {"d0", "d1", "d2"}
            add_all(writer, chunks[3:], vectors[3:])
            writer.publish()
        with closing(self.store().reader(place)) as reader:
            assert reader.chunks([chunk.id for chunk in chunks]) == chunks

    def test_adding_a_document_again_replaces_it(self) -> None:
        place = self.place("index", "aa" * 32, DIMENSIONS)
        vectors = vectors_of(4)
        before = [chunk_of("d", number, f"walrus {number}") for number in range(3)]
        after = [chunk_of("d", 0, "penguin")]
        with closing(self.store().writer(place)) as writer:
            writer.add("d", before, vectors[:3])
            writer.add("d", after, vectors[3:])
            writer.publish()
        with closing(self.store().reader(place)) as reader:
            assert len(reader) == 1
            assert reader.of_document("d") == after
            assert reader.by_words("walrus", 5) == []
            assert numpy.allclose(reader.vectors(["d#0"]), vectors[3:], atol=1e-3)

    def test_documents_are_taken_over_from_the_base(self) -> None:
        chunks, vectors = library()
        first, second = (self.place("index", name * 32, DIMENSIONS) for name in ("aa", "bb"))
        self._publish(first, chunks, vectors)
        new = chunk_of("new", 0, "A walrus drinks tea.")
        with closing(self.store().writer(second, base=first.snapshot)) as writer:
            writer.keep(["d0", "d3"])
            writer.keep([])
            assert writer.staged() == {"d0", "d3"}
            writer.add("new", [new], vectors[5:6])
            writer.publish()
        kept = [chunks[0], chunks[3], new]
        with closing(self.store().reader(second)) as reader:
            ids = [chunk.id for chunk in kept]
            assert len(reader) == 3
            assert reader.chunks(ids) == kept
            assert numpy.allclose(reader.vectors(ids), vectors[[0, 3, 5]], atol=1e-3)
            assert {hit.id for hit in reader.by_words("tea", 9)} == set(ids)
            assert {hit.id for hit in reader.by_vector(vectors[0], 9)} == set(ids)
        with closing(self.store().reader(first)) as reader:
            assert len(reader) == len(chunks)

    def test_two_snapshots_stand_side_by_side(self) -> None:
        chunks, vectors = library()
        places = [
            self.place("one", "aa" * 32, DIMENSIONS),
            self.place("one", "bb" * 32, DIMENSIONS),
            self.place("two", "aa" * 32, DIMENSIONS),
        ]
        for number, place in enumerate(places):
            self._publish(place, chunks[: number + 1], vectors[: number + 1])
        readers = [self.store().reader(place) for place in places]
        try:
            assert [len(reader) for reader in readers] == [1, 2, 3]
            assert [len(reader.by_words("tea beans", 9)) for reader in readers] == [1, 2, 3]
            assert [len(r.by_vector(vectors[0], 9)) for r in readers] == [1, 2, 3]
        finally:
            for reader in readers:
                reader.close()

    def test_a_published_snapshot_never_changes(self) -> None:
        chunks, vectors = library()
        place = self.place("index", "aa" * 32, DIMENSIONS)
        self._publish(place, chunks[:2], vectors[:2])
        with suppress(FlowgradeError), closing(self.store().writer(place)) as writer:
            add_all(writer, chunks[2:], vectors[2:])
            writer.publish()
        with closing(self.store().reader(place)) as reader:
            assert len(reader) == 2
            assert reader.by_words("glaciers", 3) == []

    def test_a_deleted_snapshot_is_gone_and_the_others_stay(self) -> None:
        chunks, vectors = library()
        first, second = (self.place("index", name * 32, DIMENSIONS) for name in ("aa", "bb"))
        for place in (first, second):
            self._publish(place, chunks, vectors)
        self.store().delete(first)
        self.store().delete(first)
        self.store().delete(self.place("never", "cc" * 32, None))
        with _raises(NotFoundError):
            self.store().reader(first)
        with closing(self.store().reader(second)) as reader:
            assert len(reader) == len(chunks)

    def test_what_was_staged_can_be_deleted(self) -> None:
        place = self.place("index", "aa" * 32, DIMENSIONS)
        with closing(self.store().writer(place)) as writer:
            add_all(writer, *library())
        self.store().delete(place)
        with closing(self.store().writer(place)) as writer:
            assert writer.staged() == frozenset()

    def test_many_threads_search_at_once(self) -> None:
        with self._published() as (reader, chunks, vectors):
            words = reader.by_words("tea water", 4)
            near = reader.by_vector(vectors[2], 4)

            def look(number: int) -> bool:
                if number % 3 == 0:
                    return same_ids(reader.by_words("tea water", 4), words)
                if number % 3 == 1:
                    return same_ids(reader.by_vector(vectors[2], 4), near)
                return reader.chunks([chunks[5].id]) == [chunks[5]]

            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(look, range(60)))

    def test_it_says_whether_it_blocks(self) -> None:
        with self._published() as (reader, _, _):
            assert reader.blocks in (True, False)

    @contextmanager
    def _published(self) -> Iterator[tuple[SnapshotReader, list[Chunk], Matrix]]:
        chunks, vectors = library()
        place = self.place("library", "ab" * 32, DIMENSIONS)
        self._publish(place, chunks, vectors)
        with closing(self.store().reader(place)) as reader:
            yield reader, chunks, vectors

    @contextmanager
    def _filled(
        self,
        documents: dict[str, list[Chunk]],
        vectors: Matrix | None = None,
        *,
        dimensions: int | None = DIMENSIONS,
    ) -> Iterator[SnapshotReader]:
        place = self.place("filled", "cd" * 32, dimensions)
        if vectors is None and dimensions is not None:
            vectors = vectors_of(sum(map(len, documents.values())))
        with closing(self.store().writer(place)) as writer:
            start = 0
            for document, chunks in documents.items():
                end = start + len(chunks)
                writer.add(document, chunks, None if vectors is None else vectors[start:end])
                start = end
            writer.publish()
        with closing(self.store().reader(place)) as reader:
            yield reader

    def _publish(self, place: StorePlace, chunks: Sequence[Chunk], vectors: Matrix) -> None:
        with closing(self.store().writer(place)) as writer:
            add_all(writer, chunks, vectors)
            writer.publish()


@contextmanager
def _raises(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was to be raised")
