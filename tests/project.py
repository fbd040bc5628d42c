"""A project in a temporary folder, and the command line in it, as a user has them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any


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

    def stored(self, run: str) -> int | None:
        """How many completed rows of the run are in the store; None where the run is not there.

        Looks into the file, since tests ask often and a command takes a while to start.
        """
        file = self.folder / ".flowgrade" / "store.db"
        if not file.exists():
            return None
        with closing(sqlite3.connect(file, timeout=30)) as store:
            tables = "SELECT 1 FROM sqlite_master WHERE name = 'run_rows'"
            begun = "SELECT 1 FROM runs WHERE id = ?"
            if not store.execute(tables).fetchone() or not store.execute(begun, (run,)).fetchone():
                return None  # killed before that
            counted = "SELECT COUNT(*) FROM run_rows WHERE run = ? AND status = 'completed'"
            return int(store.execute(counted, (run,)).fetchone()[0])


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
