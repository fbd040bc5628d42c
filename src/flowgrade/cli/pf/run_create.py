"""``pf run create``: a flow over data."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowgrade.app import App
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.pf.printing import dotted, print_json
from flowgrade.cli.progress import progress_bar
from flowgrade.cli.run import execute
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs, typed
from flowgrade.promptflow import Run, load_run, set_fields, submission
from flowgrade.runs import Progress, Watch


def create(given: Namespace) -> int:
    """Print the run as JSON; exits with 1 when rows failed, unlike prompt flow."""
    if given.source:
        from flowgrade.cli.pf.run_source import take_in  # noqa: PLC0415  start-up

        return take_in(given)
    app = App()
    app.welcome_promptflow()
    described = _described(given)
    with prints_as_messages():
        ready = submission(app, described)
    for line in ready.notes:
        note(line)
    with _watched(given.stream) as watch, inside(ready.folder):
        ended = execute(ready.begin(watch), ready.name)
    print_json(Run.of(ended).as_json())
    if not ended.good:
        note(f"Look at what failed: flowgrade runs errors {ended.name}")
    return 0 if ended.good else 1


def _described(given: Namespace) -> Run:
    fields: dict[str, Any] = {
        "flow": given.flow,
        "data": given.data,
        "column_mapping": pairs(given.column_mapping, "--column-mapping") or None,
        "run": given.run,
        "variant": given.variant,
        "name": given.name,
        "environment_variables": pairs(given.environment_variables, "--environment-variables")
        or None,
        "connections": dotted(pairs(given.connections, "--connections")) or None,
        "resume_from": given.resume_from,
        "init": typed(given.init, "--init") or None,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    overrides = pairs(given.set, "--set")
    if given.file is not None:
        folder = Path(given.file).parent
        for name in ("flow", "data"):
            if name in said:
                said[name] = _rooted(said[name], folder)
        return load_run(given.file, params_override=[overrides], **said)
    set_fields(said, overrides)
    return Run(**said)


def _rooted(value: str, folder: Path) -> str:
    found = folder / value
    return str(found) if found.exists() or ":" not in value else value


@contextmanager
def _watched(stream: bool) -> Iterator[Watch | None]:
    """A bar on a terminal; with ``stream`` a line a second, wherever it goes."""
    if not stream:
        with progress_bar() as watch:
            yield watch
        return
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def begin(progress: Progress) -> None:
        threads.append(threading.Thread(target=_lines, args=(progress, ended), daemon=True))
        threads[0].start()

    try:
        yield begin
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _lines(progress: Progress, ended: threading.Event) -> None:
    said = ""
    while True:
        last = ended.wait(1)
        total = "" if progress.rows is None else f" of {progress.rows:,}"
        line = f"{progress.done:,}{total} rows, {progress.failed:,} failed"
        if line != said:
            note(line)
            said = line
        if last:
            return
