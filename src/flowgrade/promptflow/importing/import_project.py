"""Import a prompt flow project: find, examine, write, report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.promptflow.importing.connections import (
    choose,
    decisions_for,
    read_connection,
    with_needs,
)
from flowgrade.promptflow.importing.examine import examine
from flowgrade.promptflow.importing.local_store import (
    keyring_opener,
    read_store,
    sealed,
    store_file,
)
from flowgrade.promptflow.importing.report import FoundConnection, FoundFlow, Report
from flowgrade.promptflow.importing.sealing import Keep, is_open, keep_all, without_needs
from flowgrade.promptflow.importing.tree import scan
from flowgrade.promptflow.importing.writing import CONNECTIONS, PROJECT, write_project
from flowgrade.records import replace
from flowgrade.settings import read_settings


def import_project(
    root: Path,
    *,
    to: Path | None = None,
    environment: Mapping[str, str],
    connections_of: Callable[[Path], Collection[str]],
    store: bool = True,
    secrets: bool = False,
    keep: Keep | None = None,
) -> Report:
    """Write a Flowgrade project for the prompt flow project at ``root``.

    Its files stay as they are, and its code does not run. The project is written to ``to``, which
    is ``root`` if absent. ``connections_of`` names the connections that the project in a folder
    has. With ``secrets`` the secrets that can be read go where ``keep`` puts them, or without it to
    the project's ``.env``. Raises InputError when there is nothing to import.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.", hint="Name the project's folder.")
    folder = to or root
    tree = scan(root)
    if not tree.flows:
        raise InputError(
            f"There is no flow below {root}.",
            hint="Name the folder that has flow.dag.yaml, flow.flex.yaml or .prompty files.",
        )
    flows = [examine(file, kind) for file, kind in tree.flows]
    runs = [examine(file, "run") for file in tree.runs]
    used = {use.connection for part in (*flows, *runs) for use in part.uses}
    opener = keyring_opener() if store and secrets else sealed
    stored = read_store(store_file(environment), opener) if store else {}
    own = [f for f in tree.connections if f.resolve() != (folder / CONNECTIONS).resolve()]
    chosen, notes = choose(_read(own), stored, used)
    opened = [one for one in chosen.values() if secrets and keep and is_open(one)]
    written = write_project(folder, root, chosen.values(), sealed=opened, secrets=secrets)
    kept, said = keep_all(folder, opened, keep) if keep else (set(), [])
    variables = read_settings(environment, folder=folder).environment
    connections = {
        name: without_needs(one) if name in kept else with_needs(one, variables)
        for name, one in chosen.items()
    }
    notes += said
    notes += _kept(folder, written, connections)
    known = connections_of(folder)
    return Report(
        project=folder,
        written=tuple(written),
        flows=tuple(_decided(flow, connections, known) for flow in flows),
        runs=tuple(_decided(run, connections, known) for run in runs),
        connections=tuple(connections.values()),
        data=tuple(tree.data),
        notes=tuple(notes),
    )


def _read(files: list[Path]) -> list[FoundConnection]:
    found = []
    for file in files:
        try:
            connection = read_connection(file)
        except FlowgradeError:
            continue  # it was readable a moment ago
        if connection is not None:
            found.append(connection)
    return found


def _decided(
    flow: FoundFlow, connections: Mapping[str, FoundConnection], known: Collection[str]
) -> FoundFlow:
    more = [d for use in flow.uses for d in decisions_for(use, connections, known)]
    return replace(flow, decisions=tuple(dict.fromkeys((*flow.decisions, *more))))


def _kept(
    folder: Path, written: Collection[Path], connections: Mapping[str, FoundConnection]
) -> list[str]:
    notes = []
    if folder / PROJECT not in written:
        notes.append(f"{folder / PROJECT} was there already and stays as it is.")
    if (folder / CONNECTIONS).is_file() and folder / CONNECTIONS not in written:
        notes.append(f"{folder / CONNECTIONS} was there already and stays as it is.")
    return notes
