"""Completion in the shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import Project

TRY = """
source completion.bash
try() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _flowgrade_completion flowgrade
    echo "${COMPREPLY[@]}"
}
try flowgrade se
try flowgrade init --template c
try flowgrade sessions e
try flowgrade --d
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes_commands_options_and_values(project: Project) -> None:
    script = project.run("completion", "bash")
    assert script.code == 0, script.err
    project.write("completion.bash", script.out)
    path = f"{Path(sys.executable).parent}{os.pathsep}{project.environment['PATH']}"
    found = subprocess.run(
        ["bash", "-c", TRY],
        cwd=project.folder,
        env={**project.environment, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == ["sessions", "chat classify", "export", "--debug"]


def test_every_shell_has_its_script(project: Project) -> None:
    assert "#compdef flowgrade" in project.run("completion", "zsh").out
    assert "complete --no-files --command flowgrade" in project.run("completion", "fish").out
    assert project.run("completion", "tcsh").code == 2
