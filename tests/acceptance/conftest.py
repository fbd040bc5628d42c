"""Drive the installed command as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest


@dataclass(frozen=True)
class Result:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A folder with flows and data, and the command line in it."""

    folder: Path
    environment: dict[str, str]

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
        return file

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "flowgrade", *map(str, arguments)]

    def run(
        self,
        *arguments: str | Path,
        timeout: float = 120,
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        found = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(found.returncode, found.stdout, found.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


_UNWANTED = ("FLOWGRADE_", "OPENAI_", "AZURE_OPENAI_")

TWO_NODES = {
    "flow/flow.dag.yaml": """
        inputs:
          text: {type: string}
          number: {type: int}
        outputs:
          result: {type: string, reference: "${second.output}"}
        nodes:
        - name: first
          type: python
          source: {type: code, path: first.py}
          inputs: {text: "${inputs.text}"}
        - name: second
          type: python
          source: {type: code, path: second.py}
          inputs: {text: "${first.output}", number: "${inputs.number}"}
    """,
    "flow/first.py": "def first(text: str) -> str:\n    return text.upper()\n",
    "flow/second.py": "def second(text: str, number: int) -> str:\n    return f'{text} {number}'\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project, with no key and no setting from outside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_UNWANTED)}
    environment = {**kept, "FLOWGRADE_HOME": str(tmp_path / "home")}
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flowgrade.yaml").write_text("name: test\n", encoding="utf-8")
    return Project(folder, environment)


@pytest.fixture
def two_nodes(project: Project) -> Project:
    """A project with the flow of two Python nodes in ``flow``."""
    for name, text in TWO_NODES.items():
        project.write(name, text)
    return project


@pytest.fixture
def rows(two_nodes: Project) -> Callable[[int], Path]:
    """Make a data file of so many rows."""

    def rows(count: int) -> Path:
        lines = (json.dumps({"text": f"row {i}", "number": i}) for i in range(count))
        return two_nodes.write("data.jsonl", "\n".join(lines) + "\n")

    return rows
