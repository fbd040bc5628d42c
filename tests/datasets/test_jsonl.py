"""JSON lines and JSON files, and what can be wrong with them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.datasets import Dataset, open_dataset
from flowgrade.errors import DatasetError


def write(folder: Path, content: str | bytes, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(dataset: Dataset) -> list[dict[str, Any]]:
    found = list(dataset.rows())
    assert [index for index, _ in found] == list(range(len(found)))
    return [row for _, row in found]


def error_of(path: Path) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        rows(open_dataset(path))
    assert caught.value.exit_code == 2
    return caught.value


def test_a_line_is_a_row_and_reading_twice_gives_the_same(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, '{"a": 1}\n{"a": null, "b": [1.5]}'))
    assert rows(dataset) == rows(dataset) == [{"a": 1}, {"a": None, "b": [1.5]}]
    assert (dataset.count(), dataset.format, dataset.columns()) == (2, "jsonl", ("a", "b"))


def test_blank_lines_are_no_rows_and_shift_no_index(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, '\n{"a": 1}\n\n  \t\r\n{"a": 2}\r\n\n'))
    assert list(dataset.rows()) == [(0, {"a": 1}), (1, {"a": 2})]
    assert dataset.count() == 2


def test_a_byte_order_mark_is_not_part_of_the_data(tmp_path: Path) -> None:
    assert rows(open_dataset(write(tmp_path, '\ufeff{"a": 1}\n'))) == [{"a": 1}]


def test_a_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b'{"a": 1}\n{"a": 2}\n'), "x.jsonl.gz")
    dataset = open_dataset(path)
    assert (rows(dataset), dataset.count(), dataset.ref.name) == ([{"a": 1}, {"a": 2}], 2, "x")
    assert "not a gzipped file" in error_of(write(tmp_path, "{}", "y.jsonl.gz")).message.lower()


@pytest.mark.parametrize("name", ["data.ndjson", "data.txt", "data"])
def test_ndjson_and_unknown_suffixes_are_read_as_json_lines(tmp_path: Path, name: str) -> None:
    assert rows(open_dataset(write(tmp_path, '{"a": 1}\n', name))) == [{"a": 1}]


@pytest.mark.parametrize(
    "content",
    ['[{"a": 1}, {"a": 2}]', '\n [\n {"a": 1},\n {"a": 2}\n]\n', '{"a": 1}\n\n{"a": 2}\n'],
)
def test_a_json_file_holds_an_array_or_an_object_a_line(tmp_path: Path, content: str) -> None:
    dataset = open_dataset(write(tmp_path, content, "data.json"))
    assert rows(dataset) == [{"a": 1}, {"a": 2}]
    assert (dataset.count(), dataset.format) == (2, "json")


def test_a_json_file_with_one_object_over_several_lines_is_one_row(tmp_path: Path) -> None:
    assert rows(open_dataset(write(tmp_path, '{\n "a": 1\n}\n', "data.json"))) == [{"a": 1}]


def test_a_row_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    text = "x" * 10_000_000
    assert rows(open_dataset(write(tmp_path, json.dumps({"t": text})))) == [{"t": text}]


@pytest.mark.parametrize(
    ("content", "message", "line", "column"),
    [
        ('{"a": 1}\n{"a": }\n', "not JSON", 2, 7),
        ('{"a": 1}\n\n{"a": 1\n', "not JSON", 3, None),
        ('{"a": 1}\n[1]\n', "is an array, not an object", 2, None),
        ('"text"\n', "is a string, not an object", 1, None),
        ("7\n", "is a number, not an object", 1, None),
        ("null\n", "is null, not an object", 1, None),
        ('{"a": NaN}\n', "NaN is not JSON", 1, 7),
        ('{"a": 1, "b": -Infinity}\n', "Infinity is not JSON", 1, None),
        ('{"a": Infinity}\n', "Infinity is not JSON", 1, 7),
        ('{"ä": "ö", "x": nope}\n', "not JSON", 1, 17),
    ],
)
def test_a_bad_line_is_an_error_with_its_place(
    tmp_path: Path, content: str, message: str, line: int, column: int | None
) -> None:
    path = write(tmp_path, content)
    error = error_of(path)
    assert message in error.message
    assert error.place is not None
    assert (error.place.file, error.place.line) == (str(path), line)
    if column is not None:
        assert abs((error.place.column or 0) - column) <= 1


def test_good_rows_before_a_bad_one_are_given_first(tmp_path: Path) -> None:
    stream = open_dataset(write(tmp_path, '{"a": 1}\nbad\n')).rows()
    assert next(stream) == (0, {"a": 1})
    with pytest.raises(DatasetError):
        next(stream)


def test_hints_fit_the_mistake(tmp_path: Path) -> None:
    assert "double quotes" in (error_of(write(tmp_path, "{'a': 1}\n")).hint or "")
    assert ".csv" in (error_of(write(tmp_path, "a,b\n1,2\n")).hint or "")
    assert "null" in (error_of(write(tmp_path, '{"a": NaN}\n')).hint or "")
    assert ".json" in (error_of(write(tmp_path, '[{"a": 1}]\n')).hint or "")


def test_errors_in_an_array_have_their_place(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, '[\n {"a": 1},\n {"a": }\n]', "data.json"))
    assert error.place is not None
    assert error.place.line == 3
    assert "Item 2" in error_of(write(tmp_path, '[{"a": 1}, 3]', "data.json")).message


def test_latin_1_is_named_by_line_and_offset_with_a_remedy(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, '{"a": 1}\n{"a": "abc\xe9"}\n'.encode("latin1")))
    assert "byte 0xe9 at offset 19" in error.message
    assert error.place is not None
    assert error.place.line == 2
    assert "iconv -f latin1 -t utf-8" in (error.hint or "")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DatasetError, match=f"{encoding.upper()}, not UTF-8") as caught:
        open_dataset(write(tmp_path, '{"a": 1}\n'.encode(encoding)))
    assert f"iconv -f {encoding}" in (caught.value.hint or "")


JSON_ROWS = st.dictionaries(
    st.text(),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text()),
)


@given(st.lists(JSON_ROWS, min_size=1), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_rows_written_are_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    written: list[dict[str, Any]],
    end: str,
    ascii_only: bool,
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + end for row in written)
    path = tmp_path_factory.mktemp("d") / "data.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    dataset = open_dataset(path)
    assert rows(dataset) == written
    assert dataset.count() == len(written)
