"""The wheel: what it holds, and that it runs the demo by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from flowgrade.cli.templates import TEMPLATES

DATA = ("questions.jsonl", "conversations.jsonl", "mails.jsonl", "claims.jsonl")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    options = ["--wheel", "--no-isolation", "--outdir", str(target)]
    command = [sys.executable, "-m", "build", *options]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def test_the_wheel_holds_migrations_example_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "flowgrade/py.typed" in names
    assert "flowgrade/store/migrations/0001_runs_and_spans.sql" in names
    assert "flowgrade/models/catalog/catalog.json" in names
    assert "flowgrade/cli/pages/comparison.html.jinja" in names
    assert "flowgrade/examples/contoso/data/questions.jsonl" in names
    for template in TEMPLATES:
        assert f"flowgrade/examples/templates/{template}/flow.dag.yaml" in names
        assert f"flowgrade/examples/templates/{template}/.gitignore" in names
    assert not [name for name in names if "__pycache__" in name or ".flowgrade/" in name]


def test_the_wheel_runs_the_demo_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """Its dependencies come from this environment, since no test may need the network."""
    venv.create(tmp_path / "env", with_pip=True)
    python = str(tmp_path / "env" / "bin" / "python")
    command = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLOWGRADE_", "OPENAI_"))}
    environment = {
        **kept,
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "FLOWGRADE_HOME": str(tmp_path / "home"),
    }

    def run(*arguments: str, folder: Path = tmp_path) -> str:
        found = subprocess.run(
            [python, "-m", "flowgrade", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert found.returncode == 0, found.stderr
        return found.stdout

    result = json.loads(run("demo", "demo", "--json"))
    assert (result["rows"], result["completed"], result["failed"]) == (300, 300, 0)
    for template in TEMPLATES:
        made = json.loads(run("init", template, "--template", template, "--json"))
        data = next(name for name in made["files"] if name.endswith(DATA))
        folder = tmp_path / template
        run("test", ".", "--inputs", data, "--json", folder=folder)
        result = json.loads(run("run", ".", "--data", data, "--json", folder=folder))
        assert (result["status"], result["failed"]) == ("completed", 0)
        assert result["completed"] >= 3
    where = [python, "-c", "import flowgrade; print(flowgrade.__file__)"]
    shown = subprocess.run(
        where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith(str(tmp_path / "env"))
