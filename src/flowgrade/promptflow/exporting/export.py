"""Export a flow of nodes as a Python module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError, Place
from flowgrade.flows import (
    FlowSpec,
    find_definition,
    flow_code,
    open_workshop,
    read_dag,
    read_yaml_file,
    with_includes,
)
from flowgrade.models import Models
from flowgrade.promptflow.exporting.module import module_text
from flowgrade.promptflow.exporting.plan import plan
from flowgrade.promptflow.exporting.refusing import check
from flowgrade.records import Record

_SKIPPED = frozenset({"__pycache__", "node_modules", "venv"})
_DEFINITIONS = ("flow.dag.yaml", "flow.dag.yml", "flow.tools.json")


class Exported(Record):
    """A flow as Python source."""

    text: str
    folder: Path
    """Where its code and prompts are; the module has to stand beside them."""
    home: Path
    """The folder of the flow's definition."""
    added: tuple[str, ...] = ()
    """Outputs that the flow did not have: what its aggregation reads."""

    def write(self, file: Path) -> list[Path]:
        """Write the module to ``file``, with copies of the flow's files where it needs them.

        Returns the files that are new. Raises InputError, before anything is written, when a file
        would have to be replaced.
        """
        copies = list(self._copies(file.resolve().parent))
        if file.exists():
            raise _there(file, "Remove it first, or name another file.")
        for source, target in copies:
            if target.exists() and target.read_bytes() != source.read_bytes():
                raise _there(target, "Name a file in an empty folder: --to FOLDER/flow.py")
        new = [(source, target) for source, target in copies if not target.exists()]
        for source, target in new:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text, encoding="utf-8")
        return [file, *(target for _, target in new)]

    def _copies(self, target: Path) -> Iterator[tuple[Path, Path]]:
        if target == self.folder.resolve():
            return
        for source in _files(self.folder):
            yield source, target / source.relative_to(self.folder)


def export_python(source: Path, *, models: Models, variant: str | None = None) -> Exported:
    """The flow at ``source``, with ``variant`` chosen, as a Python module.

    The flow's code is imported, to see its functions. Raises FlowDefinitionError for a flow that
    cannot be loaded, and ExportError for what Python cannot do in the same way.
    """
    file = find_definition(source)
    definition: Any = read_yaml_file(file) if file.suffix in (".yaml", ".yml") else None
    if definition is None or "entry" in definition.data:
        raise InputError(
            f"{file} is no flow of nodes.", hint="Its code is Python already, or a prompt."
        )
    spec = read_dag(definition, variant=variant)
    check(spec)
    with flow_code():
        folder = with_includes(spec.folder, spec.includes, place=Place(str(spec.file)))
        rows, late = plan(spec, open_workshop(folder, models, home=spec.folder))
    text, added = module_text(spec, rows, late)
    return Exported(text=text, folder=_place(folder, spec), home=spec.folder, added=added)


def _place(folder: Path, spec: FlowSpec) -> Path:
    return folder if spec.includes else spec.folder


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in _SKIPPED for part in parts)
        if path.is_file() and not hidden and path.name not in _DEFINITIONS:
            yield path


def _there(file: Path, hint: str) -> InputError:
    return InputError(f"{file} is there already and is not the same.", hint=hint)
