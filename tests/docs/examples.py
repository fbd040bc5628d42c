"""Run the examples of a page, from its first to its last, in one project.

What a fenced block is for stands behind its language:

- ``yaml file=flow.dag.yaml`` (any language) is written to that file, as a reader would;
- ``console run`` has commands after ``$ ``; the lines below a command are what it prints on
  standard output, where ``…`` stands for any text, also across lines; without such lines anything
  may be printed; ``exit=1`` says what its last command exits with;
- ``python run`` is a program; a ``text output`` block after it is what it prints;
- a line ``<!-- stub: {replies: [{text: Paris}]} -->`` gives the stub a script from there on.

The commands of a page share one shell: ``cd`` and ``export`` hold from one to the next.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_STUB = re.compile(r"<!-- stub: (.*) -->")
_FENCE = re.compile(r"(?P<mark>`{3,})(?P<info>[^`]*)")
_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    language: str
    words: frozenset[str]
    text: str

    @property
    def file(self) -> str | None:
        return self._value("file")

    @property
    def exits(self) -> int:
        return int(self._value("exit") or 0)

    @property
    def runs(self) -> bool:
        return "run" in self.words

    def _value(self, name: str) -> str | None:
        found = (word.partition("=")[2] for word in self.words if word.startswith(f"{name}="))
        return next(found, None)


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    opened: tuple[int, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        match = _FENCE.fullmatch(line.strip())
        if opened is None:
            if script := _STUB.fullmatch(line):
                yield Block(
                    page=page, line=number, language="stub", words=frozenset(), text=script[1]
                )
            elif match:
                opened, body = (number, match["mark"], match["info"].strip()), []
        elif match and match["mark"] == opened[1] and not match["info"]:
            language, *words = shlex.split(opened[2]) or [""]
            yield Block(
                page=page,
                line=opened[0],
                language=language,
                words=frozenset(words),
                text="\n".join([*body, ""]) if body else "",
            )
            opened = None
        else:
            body.append(line)


class Shell:
    """Runs commands one after the other; keeps the folder and the variables between them."""

    def __init__(self, folder: Path, state: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._state = state
        self._environment = dict(environment)

    @property
    def folder(self) -> Path:
        where = self._state / "folder"
        return (
            Path(where.read_text(encoding="utf-8").rstrip("\n")) if where.exists() else self._folder
        )

    def run(self, command: str, *, exits: int = 0) -> str:
        """What the command prints on standard output."""
        variables = shlex.quote(str(self._state / "variables"))
        place = shlex.quote(str(self._state / "folder"))
        script = (
            f"[ -e {variables} ] && source {variables}\n{command}\ncode=$?\n"
            f"export -p > {variables}\npwd > {place}\nexit $code\n"
        )
        found = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert found.returncode == exits, (
            f"{command}\nexited with {found.returncode}\n{found.stdout}{found.stderr}"
        )
        return found.stdout


def run_page(page: Path, shell: Shell, *, play: Callable[[str], None]) -> int:
    """Do what the page says; returns how many examples ran. ``play`` gives the stub a script."""
    printed: str | None = None
    count = 0
    for block in blocks(page):
        try:
            if block.file is not None:
                file = shell.folder / block.file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "stub":
                play(block.text)
            elif "output" in block.words:
                assert printed is not None, "there is no program before this output"
                _compare(printed, block.text, "the program")
            elif block.runs:
                printed = _run(block, shell)
                count += 1
        except AssertionError as error:
            raise AssertionError(f"{page.name}:{block.line}: {error}") from None
    return count


def environment(home: Path, *, address: str) -> dict[str, str]:
    """The surroundings of the examples: no settings from outside, and a stub for a model."""
    unwanted = ("FLOWGRADE_", "OPENAI_", "AZURE_OPENAI_", "ANTHROPIC_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    return {
        **kept,
        "FLOWGRADE_HOME": str(home),
        "OPENAI_BASE_URL": address,
        "OPENAI_API_KEY": "for-the-stub",
        "ANTHROPIC_BASE_URL": address.removesuffix("/v1"),
        "ANTHROPIC_API_KEY": "for-the-stub",
        "COLUMNS": "100",
    }


def _run(block: Block, shell: Shell) -> str:
    if block.language == "python":
        file = shell.folder / ".example.py"
        file.write_text(block.text, encoding="utf-8")
        return shell.run("python .example.py", exits=block.exits)
    assert block.language == "console", f"{block.language} blocks cannot be run"
    found = list(_commands(block.text))
    assert found, "a block of commands has none"
    for number, (command, expected) in enumerate(found, 1):
        printed = shell.run(command, exits=block.exits if number == len(found) else 0)
        if expected:
            _compare(printed, expected, command)
    return printed


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command with the lines below it; one that ends in a backslash goes on."""
    command: str | None = None
    below: list[str] = []
    for line in text.splitlines():
        if command is not None and command.endswith("\\") and not below:
            command += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(below)
            command, below = line[2:], []
        else:
            below.append(line)
    if command is not None:
        yield command, "\n".join(below)


def _compare(printed: str, expected: str, what: str) -> None:
    parts = (re.escape(part) for part in _plain(expected).split("…"))
    pattern = r"(?:.|\n)*?".join(parts)
    assert re.fullmatch(pattern, _plain(printed)), f"{what}\nprinted:\n{printed}\nnot:\n{expected}"


def _plain(text: str) -> str:
    """Without blank lines at the ends and blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
