"""Load a flow from what names it: a folder, a file, or ``file.py:name``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowgrade.errors import FlowDefinitionError, InputError, Place
from flowgrade.flows.dag import read_dag, read_environment, read_inputs
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.entry import find_entry, init_names, instantiate
from flowgrade.flows.files import code_digest, find_definition, inner_source
from flowgrade.flows.flow import Flow
from flowgrade.flows.function_body import FunctionBody
from flowgrade.flows.guests import flow_code
from flowgrade.flows.includes import include_files, with_includes
from flowgrade.flows.loading import entered, space_of
from flowgrade.flows.nodes_body import NodesBody
from flowgrade.flows.step import NODE_TYPES, NodeType, Step, Workshop
from flowgrade.flows.values import with_values
from flowgrade.flows.yamlfile import YamlFile, read_yaml_file
from flowgrade.plugins import load_plugin, plugins
from flowgrade.records import JsonObject, Ref, digest_bytes, loads, replace

if TYPE_CHECKING:
    from flowgrade.models import Models
    from flowgrade.retrieval import OpenIndex


def load_flow(
    source: str | Path | Callable[..., Any],
    *,
    models: Models,
    indexes: OpenIndex | None = None,
    variant: str | None = None,
    init: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Flow:
    """Load a flow.

    ``source`` is a flow's folder or file, ``file.py:name``, ``module:name``, or a Python function
    or object. ``indexes`` opens what its nodes search. ``variant`` is ``${node.variant}``; ``init``
    has the constructor's values of a flow that is a class; ``overrides`` replace parts of nodes
    (``nodes.answer.inputs.model``). Raises FlowDefinitionError with file, line and next step.
    """
    if isinstance(source, Flow):
        return source
    with flow_code():
        if callable(source):
            return function_flow(source, models=models, init=init or {})
        return _load(str(source), _Given(models, indexes), variant, init or {}, overrides)


class _Given(NamedTuple):
    """What nodes reach beyond the flow's own files."""

    models: Models
    indexes: OpenIndex | None


def _load(
    text: str,
    given: _Given,
    variant: str | None,
    init: Mapping[str, Any],
    overrides: Mapping[str, Any] | None,
) -> Flow:
    if ":" in text and not Path(text).exists() and not (len(text) > 1 and text[1:3] == ":\\"):
        return _named(text, given.models, init)
    file = find_definition(Path(text))
    if overrides:
        definition = read_yaml_file(file) if file.suffix != ".prompty" else None
        if definition is None or "entry" in definition.data:
            raise InputError(
                "Only a flow of nodes takes overrides.", hint="Give init values or inputs instead."
            )
        return _dag(definition, text, given, variant, overrides)
    return _from_file(file, text, given, variant, dict(init))


def function_flow(
    function: Callable[..., Any], *, models: Models, init: Mapping[str, Any] | None = None
) -> Flow:
    """A flow from a Python function, a class, or an object with ``__call__``."""
    name = getattr(function, "__name__", type(function).__name__)
    own = inspect.unwrap(function) if inspect.isroutine(function) else function
    target = own if inspect.isroutine(own) or inspect.isclass(own) else type(own)
    entry = instantiate(function, init or {}, models, name=name)
    try:
        code = inspect.getsource(target)
    except (OSError, TypeError):
        code = name
    file = inspect.getsourcefile(target) if code != name else None
    return Flow(
        name=name,
        ref=Ref(kind="flow", name=name, digest=digest_bytes(code.encode())),
        kind="function",
        body=FunctionBody(entry, name=name),
        folder=Path(file).parent if file else Path.cwd(),
        source=f"{file}:{name}" if file else name,
        init=dict(init or {}),
        description=inspect.getdoc(target) or "",
    )


def _from_file(
    file: Path, source: str, given: _Given, variant: str | None, init: JsonObject
) -> Flow:
    if file.suffix == ".prompty":
        _refuse_variant(variant, file)
        return _prompty(file, source, given.models, init)
    if file.suffix == ".py":
        raise FlowDefinitionError(
            f"{file} is Python; which function of it is the flow?",
            hint=f"Name it: {file}:FUNCTION",
        )
    with entered(file):
        return _from_yaml(read_yaml_file(file), source, given, variant, init)


def _from_yaml(
    definition: YamlFile, source: str, given: _Given, variant: str | None, init: JsonObject
) -> Flow:
    if "entry" in definition.data:
        _refuse_variant(variant, definition.path)
        return _flex(definition, source, given.models, init)
    if init:
        raise InputError(
            "A flow of nodes takes no init values.", hint="Give them as inputs instead."
        )
    return _dag(definition, source, given, variant)


def _dag(
    definition: YamlFile,
    source: str,
    given: _Given,
    variant: str | None,
    overrides: Mapping[str, Any] | None = None,
) -> Flow:
    spec = with_values(read_dag(definition, variant=variant, overrides=overrides), given.models)
    place = definition.place(("additional_includes",))
    folder = with_includes(spec.folder, spec.includes, place=place)
    with entered(folder / spec.file.name, copy_of=spec.file):
        workshop = open_workshop(folder, given.models, indexes=given.indexes, home=spec.folder)
        steps = [workshop.compile(node) for node in spec.nodes]
    included = include_files(spec.folder, spec.includes, place=place)
    inner = [flow for step in steps for flow in step.flows]
    environment = {name: text for flow in inner for name, text in flow.environment.items()}
    return Flow(
        name=spec.name,
        ref=_ref(spec.name, [spec.file, *included], spec.folder, inner),
        kind="dag",
        body=NodesBody(spec, steps),
        folder=folder,
        source=source,
        variant=variant,
        variants=spec.variants,
        overrides=dict(overrides or {}),
        environment={**environment, **spec.environment},
        description=str(spec.extra.get("description") or ""),
    )


def open_workshop(
    folder: Path,
    models: Models,
    *,
    indexes: OpenIndex | None = None,
    home: Path | None = None,
) -> Workshop:
    """What node types have at hand to make the steps of a flow in ``folder``.

    ``home`` is the folder of its definition, where ``folder`` is a copy with includes;
    ``indexes`` opens what they search.
    """

    def compile_(node: NodeSpec) -> Step:
        return _step(node.type, workshop, node)

    workshop = Workshop(
        folder=folder,
        space=space_of(folder),
        models=models,
        indexes=indexes,
        open_flow=partial(_inner, (folder, home or folder), _Given(models, indexes)),
        compile=compile_,
    )
    return workshop


def _inner(
    folders: tuple[Path, Path],
    given: _Given,
    path: str,
    node: NodeSpec,
    *,
    variant: str | None = None,
    init: JsonObject,
) -> Flow:
    source = inner_source(path, folders, node)
    try:
        return load_flow(
            source, models=given.models, indexes=given.indexes, variant=variant, init=init
        )
    except InputError as error:
        error.place = error.place or node.place
        raise


def _step(type_name: str, workshop: Workshop, node: NodeSpec) -> Step:
    known = [plugin.name for plugin in plugins(NODE_TYPES)]
    if type_name not in known:
        near = get_close_matches(type_name, known, n=1)
        raise FlowDefinitionError(
            f"The node '{node.name}' has the unknown type '{type_name}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Types: {', '.join(known)}.",
            place=node.place_of("type"),
        )
    # mypy: a runtime-checkable protocol is meant here, not a class to instantiate
    node_type = load_plugin(NODE_TYPES, type_name, NodeType)  # type: ignore[type-abstract]
    return node_type.compile(node, workshop)


_FLEX_KEYS = frozenset(
    [
        *("entry", "code", "inputs", "outputs", "init", "sample", "environment"),
        *("environment_variables", "additional_includes", "language", "description"),
        *("display_name", "tags", "$schema", "name", "type", "id"),
    ]
)


def _flex(definition: YamlFile, source: str, models: Models, init: JsonObject) -> Flow:
    data, file = definition.data, definition.path
    for key in data:
        if key not in _FLEX_KEYS:
            raise FlowDefinitionError(
                f"A flex flow has no field '{key}'.",
                hint=f"Fields: {', '.join(sorted(_FLEX_KEYS))}.",
                place=definition.place((key,)),
            )
    home = file.parent / str(data.get("code") or ".")
    includes = tuple(map(str, data.get("additional_includes") or ()))
    place = definition.place(("additional_includes",))
    folder = with_includes(home, includes, place=place)
    sample = _sample(data.get("sample"), file.parent)
    entry = str(data["entry"])
    found = find_entry(entry, space_of(folder), place=definition.place(("entry",)))
    init = {**_init_defaults(definition, found), **(init or sample.get("init") or {})}
    name = str(data.get("name") or file.resolve().parent.name)
    try:
        body = FunctionBody(
            instantiate(found, init, models, name=entry, place=definition.place(("entry",))),
            name=entry.partition(":")[2],
            declared=read_inputs(definition, ("inputs",)),
        )
    except FlowDefinitionError as error:
        error.place = error.place or definition.place(("inputs",))
        raise
    return Flow(
        name=name,
        ref=_ref(name, [file, *include_files(home, includes, place=place)], file.parent),
        kind="flex",
        body=body,
        folder=folder,
        source=source,
        environment=read_environment(data.get("environment_variables")),
        init=init,
        sample=dict(sample.get("inputs") or {}),
        description=str(data.get("description") or inspect.getdoc(found) or ""),
    )


def _init_defaults(definition: YamlFile, found: Any) -> JsonObject:
    """The defaults that the file declares for the constructor, whose values they must be."""
    declared = definition.mapping(("init",))
    known = init_names(found)
    for name in declared:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise FlowDefinitionError(
                f"The definition declares the init value '{name}', which the entry does not take.",
                hint=f"Did you mean '{near[0]}'?"
                if near
                else f"It takes: {', '.join(known) or 'none'}.",
                place=definition.place(("init", name)),
            )
    return {
        name: raw["default"]
        for name, raw in declared.items()
        if isinstance(raw, Mapping) and raw.get("default") not in (None, "")
    }


def _prompty(file: Path, source: str, models: Models, init: JsonObject) -> Flow:
    # Loaded here since other flows need no template engine, and starting it takes 30 ms.
    from flowgrade.flows.prompty_body import PromptyBody  # noqa: PLC0415
    from flowgrade.prompts import load_prompty  # noqa: PLC0415

    prompty = load_prompty(file, environment=models.settings.environment)
    if init:
        prompty = _overridden(prompty, init)
    return Flow(
        name=prompty.name,
        ref=Ref(kind="flow", name=prompty.name, digest=_prompty_digest(prompty)),
        kind="prompty",
        body=PromptyBody(prompty, models),
        folder=file.parent,
        source=source,
        init=init,
        sample=dict(prompty.sample or {}),
        description=prompty.description,
    )


def _prompty_digest(prompty: Any) -> str:
    files = (prompty.path, *prompty.source.included)
    return digest_bytes(b"\0".join(file.read_bytes() for file in files))


def _overridden(prompty: Any, init: JsonObject) -> Any:
    """``--init`` replaces parts of a prompty's front matter: configuration and parameters."""
    model = init.get("model") or {}
    return replace(
        prompty,
        configuration={**prompty.configuration, **(model.get("configuration") or {})},
        parameters={**prompty.parameters, **(model.get("parameters") or {})},
    )


def _named(text: str, models: Models, init: Mapping[str, Any]) -> Flow:
    place, _, name = text.rpartition(":")
    path = Path(place)
    if path.suffix == ".py" and path.is_file():
        space, module = space_of(path.parent), path.stem
        file = path
    elif path.suffix == ".py":
        raise FlowDefinitionError(f"There is no file {path}.", hint="Check the path.")
    else:
        space, module, file = space_of(Path.cwd()), place, Path.cwd()
    found = find_entry(f"{module}:{name}", space, place=Place(str(file)))
    if isinstance(found, Flow):
        return replace(found, source=text)
    return replace(function_flow(found, models=models, init=init), source=text)


def _sample(raw: object, folder: Path) -> JsonObject:
    if not isinstance(raw, Mapping):
        return {}
    found = dict(raw)
    inputs = found.get("inputs")
    if isinstance(inputs, str) and inputs.startswith("${file:"):
        found["inputs"] = loads((folder / inputs[7:-1]).read_bytes())
    return found


def _ref(name: str, files: list[Path], folder: Path, inner: Sequence[Flow] = ()) -> Ref:
    parts = [flow.ref.digest for flow in inner]
    return Ref(kind="flow", name=name, digest=code_digest(files, folder, parts))


def _refuse_variant(variant: str | None, file: Path) -> None:
    if variant:
        raise InputError(
            f"The flow {file.name} has no variants.",
            hint="Variants belong to the nodes of a flow.dag.yaml.",
            place=Place(str(file)),
        )
