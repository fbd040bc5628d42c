"""The script that makes the virtual environment: which Python it takes, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "setup.sh"


def find(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Look for a Python with only ``path`` on PATH."""
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), "--find"],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def a_python(path: Path, name: str, *, recent: bool = True, complete: bool = True) -> Path:
    """A program that answers the script's questions as such a Python would."""
    file = path / name
    file.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *version_info\\ \\<*) exit {0 if recent else 1};; esac\n'
        f'case "$2" in *ensurepip*) exit {0 if complete else 1};; esac\n'
        "echo 3.12\n",
        encoding="utf-8",
    )
    file.chmod(0o755)
    return file


def test_this_python_is_good_enough(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    found = find(tmp_path)
    assert (found.returncode, found.stdout.strip()) == (0, str(tmp_path / "python3"))


def test_a_python_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    a_python(tmp_path, "python3", recent=False)
    good = a_python(tmp_path, "python")
    assert find(tmp_path).stdout.strip() == str(good)


def test_a_python_without_ensurepip_is_passed_over_for_a_complete_one(tmp_path: Path) -> None:
    a_python(tmp_path, "python3.13", complete=False)
    good = a_python(tmp_path, "python3.11")
    assert find(tmp_path).stdout.strip() == str(good)


def test_the_user_may_name_one(tmp_path: Path) -> None:
    a_python(tmp_path, "python3")
    own = a_python(tmp_path, "own")
    assert find(tmp_path, FLOWGRADE_PYTHON=str(own)).stdout.strip() == str(own)


def test_without_any_python_the_message_says_what_to_install(tmp_path: Path) -> None:
    a_python(tmp_path, "python3", recent=False)
    found = find(tmp_path)
    assert found.returncode == 1
    assert "needs Python 3.11 or newer" in found.stderr
    assert "apt install python3 python3-venv" in found.stderr


def test_without_ensurepip_the_message_names_the_debian_package(tmp_path: Path) -> None:
    a_python(tmp_path, "python3", complete=False)
    found = find(tmp_path)
    assert found.returncode == 1
    assert "sudo apt install python3.12-venv" in found.stderr


@pytest.mark.slow
def test_an_environment_that_lost_its_python_is_made_anew(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(tmp_path / "gone")
    (tmp_path / "none.txt").write_text("", encoding="utf-8")
    # The package itself cannot be installed without its build backend; the environment is there.
    subprocess.run(
        ["/bin/sh", str(SCRIPT), str(environment), str(tmp_path / "none.txt")],
        cwd=tmp_path,
        env={**os.environ, "FLOWGRADE_PYTHON": sys.executable},
        capture_output=True,
        check=False,
    )
    subprocess.run([environment / "bin" / "python", "-m", "pip", "--version"], check=True)
