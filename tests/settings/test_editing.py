"""Changing values in YAML that people wrote."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flowgrade.errors import SettingsError
from flowgrade.settings.editing import edit_yaml_file, edited_yaml

KB = ("indexes", "kb")

CASES = {
    "a value is replaced where it stands": (
        "indexes:\n  kb:\n    size: 256  # tokens\n    source: docs\n",
        {"size": 128},
        "indexes:\n  kb:\n    size: 128  # tokens\n    source: docs\n",
    ),
    "a key is added behind the last one": (
        "indexes:\n  kb:\n    source: docs  # ours\n\n# the end\nname: x\n",
        {"size": 128},
        "indexes:\n  kb:\n    source: docs  # ours\n    size: 128\n\n# the end\nname: x\n",
    ),
    "a mapping that is not there is made": (
        "indexes:\n  kb:\n    source: docs\n",
        {"search": {"mode": "keyword"}},
        "indexes:\n  kb:\n    source: docs\n    search:\n      mode: keyword\n",
    ),
    "a mapping that is there is gone into": (
        "indexes:\n  kb:\n    search:\n      limit: 5\n    source: docs\n",
        {"search": {"mode": "keyword"}},
        "indexes:\n  kb:\n    search:\n      limit: 5\n      mode: keyword\n    source: docs\n",
    ),
    "a mapping in braces stays in braces": (
        "indexes: {kb: {source: docs, search: {limit: 5}}}  # short\n",
        {"size": 9, "search": {"limit": 6, "mode": "vector"}},
        "indexes: {kb: {source: docs, search: {limit: 6, mode: vector}, size: 9}}  # short\n",
    ),
    "a key without a value gets one": (
        "indexes:\n  kb:\n",
        {"size": 9},
        "indexes:\n  kb: {size: 9}\n",
    ),
    "a file with comments alone keeps them": (
        "# name: x\n",
        {"size": 9},
        "# name: x\nindexes:\n  kb:\n    size: 9\n",
    ),
    "a file without an end of line gets one": (
        "name: x",
        {"size": 9},
        "name: x\nindexes:\n  kb:\n    size: 9\n",
    ),
    "a list as the last value is no hindrance": (
        "indexes:\n  kb:\n    source:\n      - a\n      - b\n# after\n",
        {"size": 9},
        "indexes:\n  kb:\n    source:\n      - a\n      - b\n    size: 9\n# after\n",
    ),
    "several lines of text are passed over": (
        "indexes:\n  kb:\n    note: |\n      one\n      two\nname: x\n",
        {"size": 9},
        "indexes:\n  kb:\n    note: |\n      one\n      two\n    size: 9\nname: x\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_meant_is_changed(case: str) -> None:
    before, values, after = CASES[case]
    assert edited_yaml(before, KB, values) == after  # type: ignore[arg-type]


def test_a_file_keeps_its_ends_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "flowgrade.yaml"
    file.write_bytes(b"# mine\r\nindexes:\r\n  kb:\r\n    size: 1\r\n")
    edit_yaml_file(file, KB, {"size": 2})
    assert file.read_bytes() == b"# mine\r\nindexes:\r\n  kb:\r\n    size: 2\r\n"
    assert [one.name for one in tmp_path.iterdir()] == ["flowgrade.yaml"]


def test_what_cannot_be_changed_without_harm_is_refused_with_what_to_write() -> None:
    shared = dedent("""\
        base: &base {size: 1}
        indexes:
          a: *base
          kb: *base
    """)
    with pytest.raises(SettingsError, match="without harm") as caught:
        edited_yaml(shared, KB, {"size": 2})
    assert "size: 2" in (caught.value.hint or "")


keys = st.sampled_from(["size", "mode", "limit", "note", "source"])
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text("ab: #'\"{}-\n", max_size=6)
)
mappings = st.dictionaries(keys, plain | st.dictionaries(keys, plain, max_size=3), max_size=4)


@settings(max_examples=30)
@given(mappings, mappings.filter(bool), st.booleans())
def test_the_result_says_both_what_was_there_and_what_is_new(
    before: dict[str, object], values: dict[str, object], flow: bool
) -> None:
    text = yaml.safe_dump({"indexes": {"kb": before, "other": {"x": 1}}}, default_flow_style=flow)
    try:
        edited = edited_yaml(text, KB, values)
    except SettingsError:
        return  # said so, and nothing was written
    found = yaml.safe_load(edited)["indexes"]
    assert found["other"] == {"x": 1}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            assert found["kb"][key].items() >= value.items()
        else:
            assert found["kb"][key] == value
