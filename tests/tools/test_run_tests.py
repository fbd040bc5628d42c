"""Two rounds of tests become one verdict."""

from __future__ import annotations

import pytest

from tools.run_tests import verdict


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([0, 0], 0),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 5], 1),
        ([1, 0], 1),
        ([0, 1], 1),
        ([5, 1], 1),
        ([3, 1], 3),
        ([0, -9], 1),
        ([2], 2),
    ],
)
def test_both_rounds_must_pass_and_one_must_have_tests(statuses: list[int], expected: int) -> None:
    assert verdict(statuses) == expected
