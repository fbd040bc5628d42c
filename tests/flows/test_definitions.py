"""Definitions that cannot run: what the message says, and where it points."""

from __future__ import annotations

import pytest

from flowgrade.errors import FlowDefinitionError
from tests.flows.conftest import Load, Write
from tests.flows.test_dag import REPEAT, TWO, UPPER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("${upper.output}", "${uper.output}"), "'uper', which does not exist.*\n.*'upper'"),
        (("${inputs.text}", "${inputs.txt}"), "'txt', which does not exist.*\n.*'text'"),
        (("${inputs.text}", "${repeat.output}"), "cycle: .*(upper → repeat|repeat → upper)"),
        (("path: upper.py", "path: uper.py"), "not there.*\n.*'upper.py'"),
        (("type: python", "type: pyton"), "unknown type 'pyton'"),
        (("{type: int, default: 2}", "{type: integer}"), "unknown type 'integer'.*\n"),
        (("- name: upper", "- name: repeat"), "Two nodes have the name 'repeat'"),
        (('text: "${inputs.text}"', 'txet: "${inputs.text}"'), "no parameter 'txet'.*\n.*'text'"),
        (('reference: "${repeat.output}"', 'reference: ""'), "refers to nothing"),
        (("nodes:", "nodes: 5\nx:"), "'nodes' must be a list"),
    ],
)
def test_a_definition_that_cannot_run_says_where_and_what(
    load: Load, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        load(TWO.replace(*change), {"upper.py": UPPER, "repeat.py": REPEAT})
    place = caught.value.place
    assert place is not None
    assert place.file.endswith("flow.dag.yaml")
    assert place.line


def test_a_syntax_error_in_yaml_has_line_and_column(load: Load) -> None:
    with pytest.raises(FlowDefinitionError) as caught:
        load("inputs:\n  a: {type: string\nnodes: []\n")
    assert caught.value.place is not None
    assert caught.value.place.line
    assert caught.value.place.column


def test_a_syntax_error_in_python_has_its_line(load: Load) -> None:
    with pytest.raises(FlowDefinitionError, match=r"upper\.py:2"):
        load(TWO, {"upper.py": "def upper(text):\nreturn text\n", "repeat.py": REPEAT})


def test_a_missing_package_is_named(load: Load) -> None:
    with pytest.raises(FlowDefinitionError, match="no_such_package"):
        load(TWO, {"upper.py": "import no_such_package\n", "repeat.py": REPEAT})


def test_a_folder_without_a_flow_says_what_is_missing(write: Write, models: object) -> None:
    from flowgrade.flows import load_flow

    folder = write({"readme.txt": "nothing"})
    with pytest.raises(FlowDefinitionError, match=r"no flow\.dag\.yaml"):
        load_flow(folder, models=models)  # type: ignore[arg-type]
