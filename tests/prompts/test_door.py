"""The room's door is light and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

import flowgrade.prompts as door


def test_every_public_name_can_be_had() -> None:
    for name in door.__all__:
        assert getattr(door, name) is not None
    with pytest.raises(AttributeError, match="absent"):
        _ = door.absent


def test_the_doors_load_neither_jinja_nor_yaml_nor_pyarrow() -> None:
    code = (
        "import sys, flowgrade.prompts, flowgrade.datasets\n"
        "print(sorted({'jinja2', 'yaml', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
