"""Large indexes are searched by a graph, whose hits have exact scores."""

import sys
from pathlib import Path

import numpy
import pytest

from flowgrade.errors import InputError, MissingExtraError
from flowgrade.records import Json, replace
from flowgrade.retrieval.filters import read_filter
from flowgrade.retrieval.stores.ann import has_usearch
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.sqlite import STORE
from tests.retrieval.stores.sqlite_index import build, chunk, place


def large(folder: Path, snapshot: str = "a1", **options: Json) -> StorePlace:
    return replace(place(folder, snapshot, 16), options=options or {"ann_above": 100})


def clustered(count: int, seed: int) -> numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]]:
    random = numpy.random.default_rng(7)
    centres = random.standard_normal((20, 16))
    random = numpy.random.default_rng(seed)
    near = centres[random.integers(0, 20, count)]
    return (near + 0.5 * random.standard_normal((count, 16))).astype("float32")


def test_the_graph_finds_what_exact_search_finds_also_after_an_update(tmp_path: Path) -> None:
    pytest.importorskip("usearch")
    first, second = clustered(600, 1), clustered(100, 2)
    build(
        large(tmp_path),
        {f"d{n}": [chunk(f"d{n}", "x", metadata={"n": n})] for n in range(600)},
        {f"d{n}": first[n : n + 1] for n in range(600)},
    )
    build(
        large(tmp_path, "b2"),
        {f"d{n}": [chunk(f"d{n}", "x", metadata={"n": n})] for n in range(100)},
        {f"d{n}": second[n : n + 1] for n in range(100)},
        base="a1",
        keep=[f"d{n}" for n in range(100, 600)],
    )
    everything = read_filter({"n": {"gte": 0}})  # with a filter the search is exact
    for snapshot in ("a1", "b2"):
        assert (tmp_path / "facts" / f"{snapshot}.sqlite" / "graph.usearch").exists()
        reader = STORE.reader(large(tmp_path, snapshot))
        hits = wanted = 0
        for query in clustered(30, 3):
            exact = dict(reader.by_vector(query, 10, everything))
            found = dict(reader.by_vector(query, 10))
            assert all(found[name] == pytest.approx(exact[name]) for name in found if name in exact)
            hits += len(found.keys() & exact.keys())
            wanted += len(exact)
        assert hits / wanted >= 0.98
        reader.close()


def test_a_small_index_has_no_graph(tmp_path: Path) -> None:
    build(large(tmp_path), {"a": [chunk("a", "x")]}, {"a": clustered(1, 1)})
    assert not (tmp_path / "facts" / "a1.sqlite" / "graph.usearch").exists()


def test_asking_for_a_graph_without_usearch_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)
    has_usearch.cache_clear()
    try:
        with pytest.raises(MissingExtraError, match=r"pip install 'flowgrade\[ann\]'"):
            STORE.writer(large(tmp_path))
        STORE.writer(place(tmp_path, dimensions=16)).close()
    finally:
        has_usearch.cache_clear()


@pytest.mark.parametrize("options", [{"ann": True}, {"ann_above": "many"}, {"ann_above": True}])
def test_options_that_mean_nothing_are_refused(tmp_path: Path, options: dict[str, Json]) -> None:
    with pytest.raises(InputError, match="ann_above"):
        STORE.writer(large(tmp_path, **options))
