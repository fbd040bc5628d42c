"""Read ``flow.dag.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows.definition import (
    ABSENT,
    ActivateSpec,
    FlowSpec,
    InputSpec,
    NodeSpec,
    OutputSpec,
)
from flowgrade.flows.graph import order
from flowgrade.flows.overrides import with_overrides
from flowgrade.flows.references import Binding, bind_reference, parse_binding
from flowgrade.flows.types import TYPES
from flowgrade.flows.variants import choose_variant, variant_names
from flowgrade.flows.yamlfile import YamlFile
from flowgrade.records import dumps

if TYPE_CHECKING:
    from flowgrade.flows.conditions import Condition


def read_dag(
    file: YamlFile, *, variant: str | None = None, overrides: Mapping[str, Any] | None = None
) -> FlowSpec:
    """The flow that ``file`` defines, with ``variant`` (``${node.variant}``) chosen.

    ``overrides`` replace parts of nodes; see ``with_overrides``. Raises FlowDefinitionError with
    file, line and next step for what cannot be run.
    """
    inputs = read_inputs(file, ("inputs",))
    raw_nodes, paths = choose_variant(file, variant)
    if overrides:
        raw_nodes = with_overrides(raw_nodes, overrides)
    names = {str(raw["name"]) for raw in raw_nodes}
    nodes = [_node(file, raw, path, names) for raw, path in zip(raw_nodes, paths, strict=True)]
    _check_unique(nodes)
    outputs = _outputs(file)
    _check_references(nodes, outputs, inputs)
    data = file.data
    _check_format(file)
    return FlowSpec(
        name=str(data.get("name") or file.path.resolve().parent.name),
        folder=file.path.parent,
        file=file.path,
        inputs=inputs,
        outputs=outputs,
        nodes=tuple(_sorted(nodes)),
        environment=read_environment(data.get("environment_variables")),
        includes=tuple(map(str, data.get("additional_includes") or ())),
        variants=variant_names(file),
        extra={k: v for k, v in data.items() if k not in _OWN},
    )


_OWN = frozenset(
    {"inputs", "outputs", "nodes", "node_variants", "environment_variables", "additional_includes"}
)


_OWN_OF_NODE = frozenset(
    [
        *("name", "type", "source", "inputs", "connection", "api", "aggregation", "reduce"),
        *("activate", "use_variants"),
    ]
)


_FORMATS = ("basic", "openai-vision")


def _check_format(file: YamlFile) -> None:
    found = file.data.get("message_format") or "basic"
    if found not in _FORMATS:
        raise FlowDefinitionError(
            f"There is no message_format '{found}'.",
            hint=f"There are: {', '.join(_FORMATS)}.",
            place=file.place(("message_format",)),
        )


def read_inputs(file: YamlFile, path: tuple[str, ...]) -> tuple[InputSpec, ...]:
    """The input declarations under ``path``."""
    declared = file.mapping(path)
    return tuple(_input(file, name, raw, (*path, name)) for name, raw in declared.items())


def read_environment(raw: object) -> dict[str, str]:
    """Environment variables of a definition; lists and mappings become JSON."""
    if not isinstance(raw, Mapping):
        return {}
    return {
        str(name): dumps(value) if isinstance(value, (dict, list)) else str(value)
        for name, value in raw.items()
    }


def _input(file: YamlFile, name: str, raw: Any, path: tuple[str, ...]) -> InputSpec:
    if not isinstance(raw, Mapping):
        raise FlowDefinitionError(
            f"The input '{name}' has no type.",
            hint="Write it as a mapping, for example {type: string}.",
            place=file.place(path),
        )
    type_name = raw.get("type", "object")
    if type_name not in TYPES:
        near = get_close_matches(str(type_name), TYPES, n=1)
        raise FlowDefinitionError(
            f"The input '{name}' has the unknown type '{type_name}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Types: {', '.join(TYPES)}.",
            place=file.place((*path, "type")),
        )
    default = raw.get("default")
    history = raw.get("is_chat_history", name == "chat_history")
    return InputSpec(
        name=name,
        type=str(type_name),
        default=ABSENT if default is None else default,
        description=str(raw.get("description") or ""),
        is_chat_input=bool(raw.get("is_chat_input", False)),
        is_chat_history=bool(history),
    )


def _outputs(file: YamlFile) -> tuple[OutputSpec, ...]:
    found = []
    for name, raw in file.mapping(("outputs",)).items():
        place = file.place(("outputs", name, "reference"))
        if not isinstance(raw, Mapping) or raw.get("reference") in (None, ""):
            raise FlowDefinitionError(
                f"The output '{name}' refers to nothing.",
                hint="Give it a reference, for example ${answer.output}.",
                place=place,
            )
        found.append(
            OutputSpec(
                name=name,
                type=str(raw.get("type", "object")),
                binding=_output(name, raw["reference"], place),
                is_chat_output=bool(raw.get("is_chat_output", False)),
                evaluation_only=bool(raw.get("evaluation_only", False)),
                place=place,
            )
        )
    return tuple(found)


def _output(name: str, reference: object, place: Place) -> Binding:
    if isinstance(reference, list):
        raise FlowDefinitionError(
            f"The reference of the output '{name}' is a list.",
            hint="Join several with ??, for example: ${a.output} ?? ${b.output}.",
            place=place,
        )
    return parse_binding(reference, place=place)


def _node(
    file: YamlFile, raw: Mapping[str, Any], path: tuple[str | int, ...], names: Set[str]
) -> NodeSpec:
    place = file.place(path)
    source = raw.get("source") or {}
    if not isinstance(source, Mapping):
        raise FlowDefinitionError(
            f"The source of the node '{raw['name']}' is not a mapping.",
            hint="Write it as {type: code, path: FILE}.",
            place=file.place((*path, "source")),
        )
    inputs = raw.get("inputs") or {}
    if not isinstance(inputs, Mapping):
        raise FlowDefinitionError(
            f"The inputs of the node '{raw['name']}' are not a mapping.",
            place=file.place((*path, "inputs")),
        )
    return NodeSpec(
        name=str(raw["name"]),
        type=str(raw.get("type") or "python"),
        source_type=str(source.get("type") or "code"),
        path=source.get("path"),
        tool=source.get("tool"),
        inputs={
            str(n): parse_binding(v, place=file.place((*path, "inputs", n)), nodes=names)
            for n, v in inputs.items()
        },
        connection=raw.get("connection") or None,
        api=raw.get("api"),
        aggregation=bool(raw.get("aggregation", raw.get("reduce", False))),
        activate=_activate(file, raw, path),
        when=_when(file, raw, path),
        options={k: v for k, v in raw.items() if k not in _NODE},
        place=place,
        places={
            **{str(k): file.place((*path, k)) for k in raw},
            **{f"inputs.{n}": file.place((*path, "inputs", n)) for n in inputs},
        },
    )


_NODE = frozenset(
    [
        *("name", "type", "source", "inputs", "connection", "api", "aggregation", "reduce"),
        *("activate", "when", "use_variants", "provider", "module", "comment"),
    ]
)
"""Fields that any node may have; of the others, its type decides."""


def _activate(
    file: YamlFile, raw: Mapping[str, Any], path: tuple[str | int, ...]
) -> ActivateSpec | None:
    activate = raw.get("activate")
    if not activate:
        return None
    place = file.place((*path, "activate"))
    if not isinstance(activate, Mapping) or "when" not in activate or "is" not in activate:
        raise FlowDefinitionError(
            f"The activate rule of the node '{raw['name']}' is not complete.",
            hint="Give both: {when: ${node.output}, is: VALUE}.",
            place=place,
        )
    when = parse_binding(activate["when"], place=place)
    if when.is_literal:
        raise FlowDefinitionError(
            f"The activate rule of the node '{raw['name']}' refers to nothing.",
            hint="Write when as a reference, for example ${classify.output}.",
            place=place,
        )
    return ActivateSpec(when=when, value=activate["is"])


def _when(file: YamlFile, raw: Mapping[str, Any], path: tuple[str | int, ...]) -> Condition | None:
    if "when" not in raw:
        return None
    place = file.place((*path, "when"))
    if raw.get("activate"):
        raise FlowDefinitionError(
            f"The node '{raw['name']}' has both 'when' and 'activate'.",
            hint="Say it all in 'when'.",
            place=place,
        )
    if raw.get("aggregation", raw.get("reduce")):
        raise FlowDefinitionError(
            f"The aggregation node '{raw['name']}' has a 'when'.",
            hint="It runs once, after all rows; a condition is about one row.",
            place=place,
        )
    # Loaded here, since few flows have conditions.
    from flowgrade.flows.conditions import parse_condition  # noqa: PLC0415

    return parse_condition(raw["when"], bind=bind_reference, place=place)


def _check_unique(nodes: Sequence[NodeSpec]) -> None:
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            raise FlowDefinitionError(
                f"Two nodes have the name '{node.name}'.",
                hint="Give each node a name of its own.",
                place=node.place,
            )
        seen.add(node.name)


def _check_references(
    nodes: Sequence[NodeSpec], outputs: Sequence[OutputSpec], inputs: Sequence[InputSpec]
) -> None:
    names = [node.name for node in nodes]
    late = {node.name for node in nodes if node.aggregation}
    known = [spec.name for spec in inputs]
    for node in nodes:
        for binding, place in node.placed_bindings():
            _check(binding, f"The node '{node.name}'", names, known, place)
            if binding.node in late and not node.aggregation:
                raise FlowDefinitionError(
                    f"The node '{node.name}' refers to the aggregation node '{binding.node}'.",
                    hint="Aggregation nodes run once after all rows; only they may refer to it.",
                    place=place,
                )
        rule = node.activate.when if node.activate else None
        if node.aggregation and rule is not None and rule.node and rule.node not in late:
            raise FlowDefinitionError(
                f"The activate rule of the aggregation node '{node.name}' refers to the node "
                f"'{rule.node}', which runs for each row.",
                hint="Refer to a flow input or to another aggregation node.",
                place=node.place_of("activate"),
            )
    for output in outputs:
        for binding in output.binding.each():
            _check(binding, f"The output '{output.name}'", names, known, output.place)
    for several, place in _several(nodes, outputs):
        if len({one.node in late for one in several.each()}) > 1:
            raise FlowDefinitionError(
                f"{several.text} mixes aggregation nodes with what each row has.",
                hint="Aggregation nodes run once, after all rows.",
                place=place,
            )


def _several(
    nodes: Sequence[NodeSpec], outputs: Sequence[OutputSpec]
) -> Iterator[tuple[Binding, Place | None]]:
    """The references that list several nodes, and where they stand."""
    for output in outputs:
        if output.binding.others:
            yield output.binding, output.place
    for node in nodes:
        for binding in node.inputs.values():
            if binding.others:
                yield binding, node.place


def _check(
    binding: Binding, owner: str, nodes: Sequence[str], inputs: Sequence[str], place: Place | None
) -> None:
    if binding.node is not None and binding.node not in nodes:
        raise _unknown(owner, "node", binding.node, nodes, place)
    if binding.input is not None and binding.input not in inputs:
        raise _unknown(owner, "flow input", binding.input, inputs, place)


def _unknown(
    owner: str, kind: str, name: str, known: Sequence[str], place: Place | None
) -> FlowDefinitionError:
    near = get_close_matches(name, known, n=1, cutoff=0.4)
    return FlowDefinitionError(
        f"{owner} refers to the {kind} '{name}', which does not exist.",
        hint=f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known) or 'none'}.",
        place=place,
    )


def _sorted(nodes: Sequence[NodeSpec]) -> list[NodeSpec]:
    by_name = {node.name: node for node in nodes}
    places = {node.name: node.place for node in nodes if node.place is not None}
    names = order({node.name: node.upstream() for node in nodes}, places=places)
    return [by_name[name] for name in names]
