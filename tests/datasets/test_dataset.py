"""Datasets have an identity by content, whatever they are read from."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

from flowgrade.datasets import Dataset, open_dataset, rows_dataset
from flowgrade.errors import DatasetError, MissingExtraError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows(dataset: Dataset) -> list[dict[str, Any]]:
    return [row for _, row in dataset.rows()]


def test_the_ref_is_the_stem_and_the_digest_of_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, "questions.jsonl", '{"a": 1}\n')
    ref = open_dataset(path).ref
    assert (ref.kind, ref.name) == ("dataset", "questions")
    assert ref.digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_dataset(str(path)).ref == open_dataset(path, limit=1).ref == ref


def test_a_limit_bounds_rows_and_count(tmp_path: Path) -> None:
    path = write(tmp_path, "d.jsonl", '{"a": 1}\n{"a": 2}\nbad\n')
    dataset = open_dataset(path, limit=2)
    assert (rows(dataset), dataset.count()) == ([{"a": 1}, {"a": 2}], 2)
    assert rows(open_dataset(path, limit=0)) == []
    assert open_dataset(path, limit=9).count() == 3
    with pytest.raises(DatasetError, match="not possible"):
        open_dataset(path, limit=-1)


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("\n \n\t\n", "only blank lines")])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    for name in ("d.jsonl", "d.csv", "d.json"):
        path = write(tmp_path, name, text)
        with pytest.raises(DatasetError, match=message) as caught:
            open_dataset(path)
        assert caught.value.place is not None
        assert caught.value.place.file == str(path)


def test_an_empty_array_holds_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no rows"):
        rows(open_dataset(write(tmp_path, "d.json", "[]")))


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    write(tmp_path, "questions.jsonl", "{}")
    with pytest.raises(DatasetError, match=r"no file .*question\.jsonl") as caught:
        open_dataset(tmp_path / "question.jsonl")
    assert "questions.jsonl" in (caught.value.hint or "")
    assert caught.value.exit_code == 2
    with pytest.raises(DatasetError) as caught:
        open_dataset(tmp_path / "absent" / "x.jsonl")
    assert "no folder" in (caught.value.hint or "")


def test_a_folder_is_every_data_file_below_it_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.csv", "n\n3\n")
    write(tmp_path, "a.jsonl", '{"n": 1}\n{"n": 2}\n')
    write(tmp_path, "c/d.json", '[{"n": 4}]')
    write(tmp_path, "README.md", "no data")
    write(tmp_path, ".hidden.jsonl", "no data")
    dataset = open_dataset(tmp_path)
    assert list(dataset.rows()) == [
        (0, {"n": 1}),
        (1, {"n": 2}),
        (2, {"n": "3"}),
        (3, {"n": 4}),
    ]
    assert (dataset.count(), dataset.format, dataset.ref.name) == (4, "folder", tmp_path.name)
    before = dataset.ref.digest
    write(tmp_path, "c/d.json", '[{"n": 5}]')
    assert open_dataset(tmp_path).ref.digest != before


def test_a_folder_without_data_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "README.md", "no data")
    with pytest.raises(DatasetError, match="holds no data"):
        open_dataset(tmp_path)


def test_rows_in_memory_have_the_same_interface() -> None:
    given: list[dict[str, Any]] = [{"a": 1}, {"a": 2, "b": None}]
    dataset = rows_dataset(given, name="mine")
    assert list(dataset.rows()) == [(0, {"a": 1}), (1, {"a": 2, "b": None})]
    assert (dataset.count(), dataset.columns(), dataset.path) == (2, ("a", "b"), None)
    assert dataset.ref.name == "mine"
    assert dataset.ref == rows_dataset(given, name="mine").ref
    assert dataset.ref != rows_dataset(given[:1], name="mine").ref


def test_a_change_to_a_row_that_was_read_does_not_reach_the_dataset() -> None:
    dataset = rows_dataset([{"a": 1}])
    rows(dataset)[0]["a"] = 2
    assert rows(dataset) == [{"a": 1}]


def test_rows_that_are_not_json_are_an_error() -> None:
    with pytest.raises(DatasetError, match="not JSON"):
        rows_dataset([{"a": object()}])
    with pytest.raises(DatasetError, match="no rows"):
        rows(rows_dataset([]))


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d.parquet"
    table = {"n": list(range(3000)), "s": ["x", None, "z"] * 1000}
    parquet.write_table(arrow.table(table), path)
    dataset = open_dataset(path)
    found = rows(dataset)
    assert (dataset.count(), len(found), dataset.columns()) == (3000, 3000, ("n", "s"))
    assert found[1] == {"n": 1, "s": None}
    assert found[2999] == {"n": 2999, "s": "z"}


def test_a_file_that_is_not_parquet_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DatasetError, match="not Parquet"):
        rows(open_dataset(write(tmp_path, "d.parquet", "text")))


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"flowgrade\[parquet\]"):
        rows(open_dataset(write(tmp_path, "d.parquet", "text")))
