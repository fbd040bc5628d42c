"""The files that belong to a flow: where its definition and sources are, and their digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows.definition import NodeSpec

DEFINITIONS = ("flow.dag.yaml", "flow.dag.yml", "flow.flex.yaml", "flow.flex.yml")

_CODE = frozenset(
    {".py", ".jinja2", ".jinja", ".j2", ".md", ".prompty", ".yaml", ".yml", ".txt", ".toml"}
)
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv"})
_LARGEST = 4_194_304  # bytes; a larger text is data


def find_definition(path: Path) -> Path:
    """The definition file at ``path``: itself, or the one in that folder."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise _missing(path)
    found = [path / name for name in DEFINITIONS if (path / name).is_file()]
    found = found or sorted(path.glob("*.prompty"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise FlowDefinitionError(
            f"The folder {path} has several flows: {names}.",
            hint="Name the file instead of the folder.",
        )
    raise FlowDefinitionError(
        f"The folder {path} has no flow: no flow.dag.yaml, flow.flex.yaml or .prompty file.",
        hint="Name the flow's folder or file, or make a project: flowgrade init DIR",
    )


def source_file(folder: Path, node: NodeSpec) -> Path:
    """The node's source file; raises FlowDefinitionError when there is none."""
    if not node.path:
        raise FlowDefinitionError(
            f"The node '{node.name}' names no source file.",
            hint="Give it source: {type: code, path: FILE}.",
            place=node.place_of("source"),
        )
    file = folder / node.path
    if not file.is_file():
        there = [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else []
        near = get_close_matches(file.name, there, n=1)
        raise FlowDefinitionError(
            f"The source of the node '{node.name}' is not there: {file}.",
            hint=f"Did you mean '{near[0]}'?" if near else "Correct source.path.",
            place=node.place_of("source"),
        )
    return file


def check_source(node: NodeSpec, *types: str) -> None:
    """Raise FlowDefinitionError when the node's source is of none of these types."""
    if node.source_type not in types:
        raise FlowDefinitionError(
            f"The node '{node.name}' of the type '{node.type}' has a source of the type "
            f"'{node.source_type}', which does not go with it.",
            hint=f"The type of its source is {' or '.join(types)}.",
            place=node.place_of("source"),
        )


def check_inputs(node: NodeSpec) -> None:
    """Raise FlowDefinitionError for an input whose name prompt flow keeps to itself."""
    if "template" in node.inputs:
        raise FlowDefinitionError(
            f"The node '{node.name}' has an input 'template', a name that is reserved.",
            hint="Give the input and the variable in the prompt another name.",
            place=node.place_of("inputs.template"),
        )


def inner_source(path: str, folders: Sequence[Path], node: NodeSpec) -> str:
    """The flow that ``node`` names by a path from the first of ``folders`` that has it.

    ``file.py:function`` may stand for the path. Raises FlowDefinitionError when there is none.
    """
    name, colon, function = path.partition(":") if ".py:" in path else (path, "", "")
    for folder in folders:
        if (found := folder / name).exists():
            return f"{_plain(found)}{colon}{function}"
    target = folders[-1] / name
    there = [f.name for f in target.parent.iterdir()] if target.parent.is_dir() else []
    near = get_close_matches(target.name, [n for n in there if not n.startswith(".")], n=1)
    raise FlowDefinitionError(
        f"The node '{node.name}' names the flow {path}, which is not there.",
        hint=f"Did you mean '{os.path.join(os.path.dirname(name), near[0])}'?"
        if near
        else "Write source: {path: …}, a path from this flow's folder to another flow.",
        place=node.place_of("source"),
    )


def _plain(path: Path) -> str:
    """The path without ``..``, as messages show it; as it is where a link gives that a meaning."""
    plain = os.path.normpath(path)
    return plain if os.path.exists(plain) and os.path.samefile(plain, path) else str(path)


def code_digest(files: list[Path], folder: Path, parts: Sequence[str] = ()) -> str:
    """SHA-256 over the relative paths and contents of a flow's files.

    These are ``files`` and every code, prompt and configuration text below ``folder``; data,
    hidden folders and texts over 4 MiB stay out. ``parts`` are digests of the flows inside it.
    """
    total = hashlib.sha256()
    for file in sorted({*files, *_code_files(folder)}):
        name = os.path.relpath(file, folder).replace(os.sep, "/")
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{name}\0{content}\n".encode())
    for digest in sorted(parts):
        total.update(f"flow\0{digest}\n".encode())
    return "sha256:" + total.hexdigest()


def _code_files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in _SKIPPED]
        for name in names:
            file = Path(root, name)
            if file.suffix in _CODE and file.is_file() and file.stat().st_size <= _LARGEST:
                yield file


def _missing(path: Path) -> FlowDefinitionError:
    there = [f.name for f in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, there, n=1)
    return FlowDefinitionError(
        f"There is no flow at {path}.",
        hint=f"Did you mean '{path.parent / near[0]}'?" if near else "Check the path.",
        place=Place(str(path)),
    )
