"""Scripts come from files and from a command's options, and errors say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.errors import InputError
from flowgrade.testing import (
    StubReply,
    StubScript,
    StubScriptError,
    StubToolCall,
    parse_script,
    read_script,
    script_from_options,
)

SCRIPT = """\
seed: 3
latency: {lognormal: {median: 0.2, sigma: 0.5}}
known_models: [a, b]
replies:
  - match: weather
    tool_calls:
      - name: weather
        arguments: {city: Oslo}
  - text: [one, two]
    latency: 0.1
"""


def test_a_yaml_file_gives_the_script_it_describes(tmp_path: Path) -> None:
    file = tmp_path / "stub.yaml"
    file.write_text(SCRIPT, encoding="utf-8")
    assert read_script(file) == StubScript(
        seed=3,
        latency={"lognormal": {"median": 0.2, "sigma": 0.5}},
        known_models=["a", "b"],
        replies=(
            StubReply(
                match="weather",
                tool_calls=(StubToolCall(name="weather", arguments={"city": "Oslo"}),),
            ),
            StubReply(text=["one", "two"], latency=0.1),
        ),
    )


def test_a_json_file_and_an_empty_file_are_scripts_too(tmp_path: Path) -> None:
    file = tmp_path / "stub.json"
    file.write_text('{\n\t"error_rate": 0.5\n}', encoding="utf-8")
    assert read_script(file) == StubScript(error_rate=0.5)
    for empty in (file, tmp_path / "stub.yaml"):
        empty.write_text("", encoding="utf-8")
        assert read_script(empty) == StubScript()


def test_an_error_in_a_json_file_names_its_field(tmp_path: Path) -> None:
    file = tmp_path / "stub.json"
    file.write_text('{\n  "seed": 1,\n  "latency": -1\n}', encoding="utf-8")
    with pytest.raises(StubScriptError, match=r"stub\.json:3: Stub script: latency must be"):
        read_script(file)
    file.write_text('{\n\t"latency": -1\n}', encoding="utf-8")
    with pytest.raises(StubScriptError, match=r"stub\.json: Stub script: latency must be"):
        read_script(file)
    file.write_text('{"latency": }', encoding="utf-8")
    with pytest.raises(InputError, match=r"stub\.json:1:13: The stub script cannot be read"):
        read_script(file)


@pytest.mark.parametrize(
    ("text", "line", "field", "hint"),
    [
        ("seed: 1\nlatancy: 2\n", 2, "latancy", "Did you mean 'latency'?"),
        ("seed: 1\nerror_rate: 2\n", 2, "error_rate", None),
        (f"{SCRIPT}    mach: x\n", 11, "replies[1].mach", "Did you mean 'match'?"),
        ("replies:\n- tool_calls:\n  - names: f\n", 3, "replies[0].tool_calls[0].names", "'name'"),
        ("replies:\n- text: a\n- just text\n", 3, "replies[1]", None),
        ("replies: {}\n", 1, "replies", None),
        ("- a list\n", None, "", None),
    ],
)
def test_an_error_names_file_line_and_field(
    tmp_path: Path, text: str, line: int | None, field: str, hint: str | None
) -> None:
    file = tmp_path / "stub.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StubScriptError) as caught:
        read_script(file)
    place = f"{file}:{line}" if line else str(file)
    assert str(caught.value).startswith(f"{place}: Stub script: {field}")
    assert caught.value.field == field
    assert (hint or "") in (caught.value.hint or "")


def test_what_is_not_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "stub.yaml"
    file.write_text("seed: 1\nreplies: [\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"stub\.yaml:3:1: The stub script cannot be read"):
        read_script(file)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_script(tmp_path / "absent.yaml")


def test_options_of_a_command_are_texts_and_change_the_base() -> None:
    base = StubScript(seed=9, error_rate=0.5)
    script = script_from_options(
        base,
        latency="{uniform: [0.1, 0.3]}",
        error_rate="0.25",
        known_models="a, b",
        require_key="123",
        drop_rate=None,
        replies="[{text: hi}]",
    )
    assert script == StubScript(
        seed=9,
        error_rate=0.25,
        latency={"uniform": [0.1, 0.3]},
        known_models=["a", "b"],
        require_key="123",
        replies=(StubReply(text="hi"),),
    )


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(StubScriptError, match="latancy is unknown"):
        script_from_options(latancy="1")
    with pytest.raises(StubScriptError, match="latency cannot be read as YAML"):
        script_from_options(latency="{")


def test_a_mapping_must_be_a_mapping() -> None:
    with pytest.raises(StubScriptError, match="expected a mapping, not list"):
        parse_script([])
