"""Look at one flow or run without executing it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowDefinitionError, FlowgradeError, Place
from flowgrade.flows import YamlFile, read_yaml_file
from flowgrade.promptflow.importing.code import Code, Sources, decision_of, defined_names
from flowgrade.promptflow.importing.nodes import look_at_nodes
from flowgrade.promptflow.importing.report import Decision, FoundFlow, Use
from flowgrade.prompts import load_prompty
from flowgrade.records.yaml import Path as YamlPath

_VARIABLE = re.compile(r"\$\{([^.:{}]+)\.[^{}]+\}")
Found = Iterator[Decision | Use]


def examine(file: Path, kind: str) -> FoundFlow:
    """The flow or run that ``file`` defines, with what it needs."""
    look = {"dag": _dag, "flex": _flex, "prompty": _prompty, "run": _run}[kind]
    try:
        found = list(look(file))
    except FlowDefinitionError as error:
        found = [decision_of(error, file)]
    return FoundFlow(
        path=file,
        kind=kind,
        decisions=tuple(dict.fromkeys(f for f in found if isinstance(f, Decision))),
        uses=tuple(dict.fromkeys(f for f in found if isinstance(f, Use))),
    )


def _dag(file: Path) -> Found:
    definition = read_yaml_file(file)
    sources = _sources(definition, file.parent)
    yield from _language(definition)
    yield from _includes(definition, file.parent)
    yield from _environment(definition)
    yield from look_at_nodes(definition, sources)


def _flex(file: Path) -> Found:
    definition = read_yaml_file(file)
    sources = _sources(definition, file.parent / str(definition.data.get("code") or "."))
    yield from _language(definition)
    yield from _includes(definition, sources.folder)
    yield from _environment(definition)
    sample = definition.data.get("sample")
    init = sample.get("init") if isinstance(sample, Mapping) else None
    declared = definition.mapping(("init",))
    for name, value in (init or {}).items() if isinstance(init, Mapping) else ():
        spec = declared.get(name)
        kind = str(spec.get("type") if isinstance(spec, Mapping) else "")
        place = definition.place(("sample", "init", name))
        if isinstance(value, str) and kind.endswith("Connection"):
            yield Use(connection=value, place=place)
        elif isinstance(value, Mapping) and isinstance(value.get("connection"), str):
            yield Use(connection=value["connection"], place=place)
    module, _, name = str(definition.data["entry"]).partition(":")
    source = sources.module(module)
    if source is None or not source.is_file():
        return  # of an installed package, which only loading can tell
    yield from Code(sources).look(source)
    if name.partition(".")[0] not in defined_names(source):
        yield Decision(
            kind="definition",
            place=definition.place(("entry",)),
            message=f"{source} defines no '{name}'.",
            hint="Correct the entry: module:function or module:Class.",
        )


def _prompty(file: Path) -> Found:
    try:
        prompty = load_prompty(file)
    except FlowDefinitionError:
        raise
    except FlowgradeError as error:
        raise FlowDefinitionError(error.message, hint=error.hint, place=error.place) from error
    connection = prompty.configuration.get("connection")
    if isinstance(connection, str):
        yield Use(connection=connection, place=Place(str(file), _line(file, "connection:")))


def _run(file: Path) -> Found:
    definition = read_yaml_file(file)
    yield from _environment(definition)
    for key in ("flow", "data"):
        value = definition.data.get(key)
        if not isinstance(value, str):
            continue
        place = definition.place((key,))
        if value.startswith("azureml:"):
            yield Decision(
                kind="feature",
                place=place,
                message=f"The {key} of this run is in Azure Machine Learning: {value}.",
                hint="Bring it here and name its path.",
            )
        elif not (file.parent / value).exists():
            yield Decision(
                kind="file",
                place=place,
                message=f"The {key} of this run is not there: {value}.",
                hint="Correct the path, which counts from the folder of this file.",
            )
    for node, given in definition.mapping(("connections",)).items():
        for name, value in given.items() if isinstance(given, Mapping) else ():
            if name not in ("deployment_name", "model") and isinstance(value, str):
                place = definition.place(("connections", node, name))
                yield Use(connection=value, place=place)


def _sources(definition: YamlFile, folder: Path) -> Sources:
    return Sources(folder, [str(part) for part in definition.sequence(("additional_includes",))])


def _language(definition: YamlFile) -> Found:
    language = definition.data.get("language", "python")
    if language != "python":
        yield Decision(
            kind="feature",
            place=definition.place(("language",)),
            message=f"The flow is written in {language}.",
            hint="Flowgrade runs Python; call the other program from a Python node.",
        )


def _includes(definition: YamlFile, folder: Path) -> Found:
    for index, include in enumerate(definition.sequence(("additional_includes",))):
        source = folder / str(include)
        zipped = source.suffix == ".zip" and source.with_suffix("").is_dir()
        if not source.exists() and not zipped:
            yield Decision(
                kind="file",
                place=definition.place(("additional_includes", index)),
                message=f"The additional include '{include}' is not there.",
                hint="Paths count from the flow's folder.",
            )


def _environment(definition: YamlFile) -> Found:
    given: Any = definition.data.get("environment_variables")
    if not isinstance(given, Mapping):
        return
    for name, value in given.items():
        path: YamlPath = ("environment_variables", str(name))
        match = _VARIABLE.fullmatch(str(value).strip())
        if match:
            yield Use(connection=match[1], place=definition.place(path))


def _line(file: Path, text: str) -> int | None:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.strip().startswith(text)), None)
