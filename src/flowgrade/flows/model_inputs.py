"""The inputs of nodes that ask a model: which name it, which are parameters, which variables."""

from __future__ import annotations

from collections.abc import Set

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.step import Arguments
from flowgrade.records import JsonObject

MODEL_NAMES = ("deployment_name", "model")
"""Inputs that name the model, the first that is given counts."""

PARAMETERS = frozenset(
    [
        *("temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens"),
        *("presence_penalty", "frequency_penalty", "logit_bias", "user", "seed"),
        *("response_format", "tools", "tool_choice", "functions", "function_call"),
        *("parallel_tool_calls", "logprobs", "top_logprobs", "suffix", "echo", "best_of"),
        *("reasoning_effort", "verbosity", "modalities", "metadata", "store"),
        *("service_tier", "prediction", "extra_body"),
    ]
)
"""Inputs that are parameters of the call even when they are references."""


def parameters_of(node: NodeSpec, variables: Set[str]) -> frozenset[str]:
    """Known parameters, and literals that the template does not use: new parameters of a model."""
    names = set()
    for name, binding in node.inputs.items():
        if name in MODEL_NAMES:
            continue
        if name in PARAMETERS or (binding.is_literal and name not in variables):
            names.add(name)
    return frozenset(names)


def model_name(arguments: Arguments) -> str | None:
    """The name of the model; None when none is given."""
    return next((str(arguments[n]) for n in MODEL_NAMES if arguments.get(n)), None)


def needed_model(arguments: Arguments, node: NodeSpec) -> str:
    """The name of the model; raises FlowDefinitionError when none is given."""
    name = model_name(arguments)
    if name is None:
        raise FlowDefinitionError(
            f"The node '{node.name}' names no model.",
            hint="Give it an input 'model', such as openai/gpt-4o-mini or embedded/reader.",
            place=node.place,
        )
    return name


def variables_in(arguments: Arguments, parameters: Set[str]) -> JsonObject:
    """The inputs that the template may use."""
    return {n: v for n, v in arguments.items() if n not in parameters}


def given_in(arguments: Arguments, parameters: Set[str]) -> JsonObject:
    """The parameters of the call; what ``extra_body`` holds stands beside them."""
    given = {n: v for n, v in arguments.items() if n in parameters and v is not None}
    extra = given.pop("extra_body", None)
    return {**given, **extra} if isinstance(extra, dict) else given
