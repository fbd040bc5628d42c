"""``flowgrade pf script``: a command ``pf`` on request."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.project import Project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="another script there")


def installed(project: Project, folder: Path) -> Path:
    made = project.run("pf", "script", "install", "--to", folder)
    assert made.code == 0, made.err
    return folder / "pf"


def test_the_script_is_flowgrade_pf_whatever_lies_in_the_current_folder(project: Project) -> None:
    script = installed(project, project.folder / "my bin")
    project.write("flowgrade.py", "raise SystemExit('not this one')\n")
    project.write("up.py", "def up(q: str) -> str:\n    return q.upper()\n")
    found = subprocess.run(
        [script, "flow", "test", "--flow", "up.py:up", "--inputs", 'q=a "b" $c'],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.stdout == 'A "B" $C\n', found.stderr


def test_it_is_written_again_and_removed(project: Project) -> None:
    script = installed(project, project.folder / "bin")
    assert installed(project, project.folder / "bin") == script
    assert [file.name for file in script.parent.iterdir()] == ["pf"]
    assert project.run("pf", "script", "remove", "--to", script.parent).code == 0
    assert not script.exists()
    assert project.run("pf", "script", "remove", "--to", script.parent).code == 2


def test_another_program_of_that_name_stays(project: Project) -> None:
    other = project.write("bin/pf", "#!/usr/bin/python\nfrom promptflow._cli import main\n")
    before = other.read_bytes()
    for verb in ("install", "remove"):
        found = project.run("pf", "script", verb, "--to", other.parent)
        assert found.code == 2
        assert "another program" in found.err
    assert other.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(project: Project) -> None:
    project.write("file", "")
    found = project.run("pf", "script", "install", "--to", project.folder / "file")
    assert found.code == 2
    assert "cannot be written" in found.err


def test_a_program_that_the_shell_finds_first_is_named(project: Project) -> None:
    other = project.write("first/pf", "#!/bin/sh\n")
    other.chmod(0o755)
    path = f"{other.parent}{os.pathsep}{project.environment.get('PATH', '')}"
    found = project.run(
        "pf", "script", "install", "--to", project.folder / "bin", environment={"PATH": path}
    )
    assert found.code == 0, found.err
    assert f"it finds {other} now" in found.err
