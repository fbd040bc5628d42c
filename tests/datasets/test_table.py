"""CSV and TSV: every value a string."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.datasets import open_dataset
from flowgrade.errors import DatasetError, Place


def write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in open_dataset(path).rows()]


def error_of(path: Path) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        rows(path)
    return caught.value


def test_every_value_is_a_string_and_an_empty_cell_is_empty(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,c\n1,,NA\ntrue,1.50,null\n")
    assert rows(path) == [{"a": "1", "b": "", "c": "NA"}, {"a": "true", "b": "1.50", "c": "null"}]
    dataset = open_dataset(path)
    assert (dataset.count(), dataset.columns(), dataset.format) == (2, ("a", "b", "c"), "csv")


def test_tabs_separate_in_tsv(tmp_path: Path) -> None:
    assert rows(write(tmp_path, 'a\tb\n1,2\t"x\ty"\n', "d.tsv")) == [{"a": "1,2", "b": "x\ty"}]


def test_quoted_fields_may_hold_line_ends_quotes_and_commas(tmp_path: Path) -> None:
    path = write(tmp_path, 'q,a\r\n"one\r\ntwo, ""three""",x\r\n')
    assert rows(path) == [{"q": 'one\r\ntwo, "three"', "a": "x"}]
    assert open_dataset(path).count() == 1


def test_blank_lines_are_passed_over_and_short_rows_filled(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "\na,b\n\n1\n\n2,3\n")) == [
        {"a": "1", "b": ""},
        {"a": "2", "b": "3"},
    ]


def test_a_byte_order_mark_and_gzip_are_understood(tmp_path: Path) -> None:
    packed = gzip.compress("\ufeffa,b\n1,2\n".encode())
    assert rows(write(tmp_path, packed, "d.csv.gz")) == [{"a": "1", "b": "2"}]


def test_a_field_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    text = "x" * 10_000_000
    assert rows(write(tmp_path, f"a\n{text}\n")) == [{"a": text}]


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("a,,c\n1,2,3\n", "column without a name", 1),
        ("a,b,a\n1,2,3\n", "names the column 'a' twice", 1),
        ('a,b\n"x\ny",2\n1,2,3\n', "has 3 fields, the header 2", 4),
        ('a,b\n"x"y,2\n', "not CSV", 2),
        ('a,b\n1,2\n"open,3\n4,5\n', "not CSV", 4),
    ],
)
def test_what_is_wrong_is_said_with_the_line(
    tmp_path: Path, content: str, message: str, line: int
) -> None:
    path = write(tmp_path, content)
    error = error_of(path)
    assert message in error.message
    assert error.place == Place(str(path), line)


def test_a_header_alone_holds_no_rows(tmp_path: Path) -> None:
    assert "no rows" in error_of(write(tmp_path, "a,b\n")).message


def test_latin_1_is_named_by_line_and_offset(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, "a,b\n1,2\nabc\xe9,3\n".encode("latin1")))
    assert "byte 0xe9 at offset 11" in error.message
    assert error.place is not None
    assert error.place.line == 3


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NAMES = st.lists(CELLS.filter(lambda name: bool(name.strip())), min_size=1, unique=True)


@given(NAMES, st.data(), st.sampled_from([("csv", ","), ("tsv", "\t")]))
def test_rows_written_are_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    data: st.DataObject,
    kind: tuple[str, str],
) -> None:
    cells = st.lists(CELLS, min_size=len(names), max_size=len(names))
    written = data.draw(st.lists(cells, min_size=1, max_size=5))
    path = tmp_path_factory.mktemp("d") / f"data.{kind[0]}"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=kind[1], quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows(written)
    assert rows(path) == [dict(zip(names, row, strict=True)) for row in written]
    assert open_dataset(path).count() == len(written)
