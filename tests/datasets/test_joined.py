"""The rows of an earlier run beside those of data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flowgrade.datasets import Dataset, JoinedDataset, joined_dataset, rows_dataset
from flowgrade.errors import DatasetError
from flowgrade.records import Ref

RUN = Ref(kind="dataset", name="first", digest="sha256:" + "0" * 64)
ROWS = [(0, {"q": "a"}, {"x": 1}), (2, {"q": "c"}, {"x": 3}), (5, {"q": "f"}, {"x": 6})]


def run_rows() -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    return iter(ROWS)


def joined(data: Dataset | None, limit: int | None = None) -> JoinedDataset:
    return joined_dataset(data, RUN, run_rows, limit)


def test_a_run_alone_keeps_the_numbers_of_its_rows() -> None:
    found = list(joined(None).rows())
    assert [number for number, _ in found] == [0, 2, 5]
    assert found[1][1] == {"data": {}, "run.inputs": {"q": "c"}, "run.outputs": {"x": 3}}
    assert joined(None).count() == 3


def test_rows_of_data_go_with_the_run_by_their_position() -> None:
    data = rows_dataset([{"t": at} for at in range(4)])
    found = list(joined(data).rows())
    assert [(number, row["data"], row["run.outputs"]) for number, row in found] == [
        (0, {"t": 0}, {"x": 1}),
        (2, {"t": 2}, {"x": 3}),
    ]
    assert joined(data).count() == 2
    assert joined(data).columns_of("data") == ("t",)


def test_a_column_line_number_says_which_row_is_meant() -> None:
    data = rows_dataset([{"t": "f", "line_number": 5}, {"t": "g", "line_number": "6"}])
    assert [number for number, _ in joined(data).rows()] == [5]


@pytest.mark.parametrize("second", [1, 0, "x", None])
def test_line_numbers_that_do_not_ascend_are_refused(second: object) -> None:
    data = rows_dataset([{"line_number": 1}, {"line_number": second}, {"line_number": 9}])
    with pytest.raises(DatasetError, match="Row 1 has the line_number"):
        list(joined(data).rows())


def test_nothing_in_common_is_an_error_that_names_the_run() -> None:
    data = rows_dataset([{"line_number": 9}])
    with pytest.raises(DatasetError, match="'first' has no completed row that the data has too"):
        list(joined(data).rows())


def test_the_limit_counts_joined_rows() -> None:
    assert [number for number, _ in joined(None, 2).rows()] == [0, 2]
    assert joined(None, 2).count() == 2


def test_the_ref_is_of_the_data_and_of_what_the_run_gave() -> None:
    one = joined(rows_dataset([{"t": 0}])).ref
    other = joined(rows_dataset([{"t": 1}])).ref
    assert one.name == "rows+first"
    assert one != other
    assert joined(None).ref == RUN
