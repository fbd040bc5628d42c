"""From the run that somebody describes to the run that is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.flows import Flow, parse_choice
from flowgrade.promptflow.callables import connection_overrides
from flowgrade.promptflow.client.run import Run, name_of
from flowgrade.promptflow.host import Host
from flowgrade.records import Record, replace
from flowgrade.runs import Run as OwnRun
from flowgrade.runs import (
    RunAbout,
    RunOptions,
    Watch,
    copy_run,
    delete_run,
    get_run,
    new_run_name,
)
from flowgrade.settings import read_dotenv

_MACRO = re.compile(r"\$\{(variant_id|run|timestamp)\}")


class Submission(Record):
    """A run that is ready to begin."""

    name: str
    folder: Path
    """Where the flow's code expects to be."""
    begin: Callable[[Watch | None], Coroutine[Any, Any, OwnRun]]
    notes: tuple[str, ...] = ()


def submission(host: Host, run: Run) -> Submission:
    """Load the flow and say how the run begins. Raises InputError for what does not fit."""
    if run.resume_from is not None:
        return _resumed(host, run)
    if run.flow is None:
        raise InputError("The run has no flow.", hint="Name it: --flow, or flow: in the YAML.")
    if run.data is None and run.run is None:
        raise InputError(
            "The run has no data.", hint="Give --data FILE, --run RUN, or both; or --resume-from."
        )
    flow = _flow(host, run)
    name = run.name or new_run_name(flow.name)
    mapping, notes = _mapping(flow, run.column_mapping)
    options = RunOptions(
        name=name,
        mapping=mapping,
        environment=_environment(run.environment_variables),
        about=run_about(run, name),
    )
    data = str(Path(run.data).resolve()) if isinstance(run.data, str | Path) else run.data
    earlier = None if run.run is None else name_of(run.run)
    return Submission(
        name=name,
        folder=flow.folder,
        begin=lambda watch: host.arun(flow, data, earlier=earlier, options=options, watch=watch),
        notes=(*run.ignored, *notes),
    )


def _flow(host: Host, run: Run) -> Flow:
    source = run.flow
    if isinstance(source, str | Path):
        source = _in_code(str(source), run.code)
    return host.load_flow(
        source,
        variant=run.variant,
        init=run.init,
        overrides=connection_overrides(run.connections),
    )


def _in_code(source: str, code: str | Path | None) -> str:
    module, colon, name = source.partition(":")
    if code is None or not colon:
        return source
    return f"{Path(code).joinpath(*module.split('.')).with_suffix('.py')}:{name}"


def _mapping(
    flow: Flow, given: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """The mapping without what the flow has no input for, which prompt flow passes over too."""
    names = {spec.name for spec in flow.inputs}
    if not given or not names:
        return given, ()
    notes = tuple(
        f"The mapping fills '{name}', which is no input of the flow '{flow.name}'."
        for name in given
        if name not in names
    )
    return {name: value for name, value in given.items() if name in names}, notes


def _environment(given: Any) -> dict[str, str]:
    if isinstance(given, str | Path):
        return read_dotenv(Path(given))
    return {str(name): str(value) for name, value in (given or {}).items()}


def run_about(run: Run, name: str) -> RunAbout:
    """What is said about the run, with its name in place of ``${run}`` and the like."""
    shown = run.display_name
    if shown:
        values = {
            "run": name,
            "variant_id": parse_choice(run.variant)[1] if run.variant else "default",
            "timestamp": datetime.now().astimezone().strftime("%Y%m%d%H%M"),
        }
        shown = _MACRO.sub(lambda match: values[match[1]], shown)
    tags = {str(key): str(value) for key, value in (run.tags or {}).items()}
    return RunAbout(display_name=shown, description=run.description, tags=tags)


def _resumed(host: Host, run: Run) -> Submission:
    given = {
        name
        for name in ("flow", "data", "run", "column_mapping", "variant", "connections", "init")
        if getattr(run, name) is not None
    }
    if given:
        raise InputError(
            f"A resumed run has its {', '.join(sorted(given))} from the earlier one.",
            hint="Give only a name, display_name, description and tags.",
        )
    earlier = get_run(host.store, name_of(run.resume_from))
    name = run.name or new_run_name(Path(earlier.definition.flow).stem)
    about = run_about(run, name)
    folder = host.load_flow(
        earlier.definition.flow,
        variant=earlier.definition.variant,
        init=earlier.definition.init,
        overrides=earlier.definition.overrides,
    ).folder

    async def begin(watch: Watch | None) -> OwnRun:
        copy_run(host.store, earlier.name, name, _kept(earlier.about, about))
        try:
            return await host.aresume(name, watch=watch)
        except InputError:  # nothing was done: the flow or the data has changed
            _drop(host, name)
            raise

    return Submission(name=name, folder=folder, begin=begin)


def _kept(earlier: RunAbout, about: RunAbout) -> RunAbout:
    return replace(about, description=about.description or earlier.description)


def _drop(host: Host, name: str) -> None:
    try:
        delete_run(host.store, name)
    except FlowgradeError:
        return  # the first error is the one to show
