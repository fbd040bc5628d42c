"""Values for parameters that are annotated with prompt flow's types."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_args

from flowgrade.errors import InputError
from flowgrade.flows import NOT_MINE
from flowgrade.models import Connection

if TYPE_CHECKING:
    from flowgrade.models import Models


def promptflow_value(annotation: Any, value: Any, models: Models) -> Any:
    """The connection object, model configuration and the like that ``annotation`` asks for.

    The annotation may be a class of ours or of the real package, or a union of such.
    """
    if annotation is Connection:
        return _own_connection(value)
    kinds = _kinds(annotation)
    if any(_is_connection(kind) for kind in kinds):
        return value if not isinstance(value, str) else _object(kinds, models.connection(value))
    if any(kind.__name__.endswith("ModelConfiguration") for kind in kinds):
        return _configuration(kinds, value)
    return _plain(kinds, value)


def _kinds(annotation: Any) -> list[type]:
    """The classes that an annotation names; one that is text names connections of ours."""
    if not isinstance(annotation, str):
        return [kind for kind in get_args(annotation) or (annotation,) if inspect.isclass(kind)]
    if not annotation.endswith("Connection"):
        return []
    from flowgrade.promptflow.connections import BY_KIND  # noqa: PLC0415  only where it is used

    known = {kind.__name__: kind for kind in BY_KIND.values()}
    names = [name.strip() for name in annotation.split("|")]
    return [known[name] for name in names if name in known]


def _plain(kinds: list[type], value: Any) -> Any:
    kind = kinds[0] if len(kinds) == 1 else None
    if kind is None or kind.__module__.partition(".")[0] not in _HOMES:
        return NOT_MINE
    if kind.__name__ == "AssistantDefinition" and isinstance(value, str):
        raise InputError(
            "It is the definition of an assistant, and Flowgrade does not call the Assistants "
            "API, which OpenAI has shut down.",
            hint="Use a node of the type agent, with the definition's instructions and tools.",
        )
    return kind(value) if kind.__name__ in _TEXTS and isinstance(value, str) else NOT_MINE


_TEXTS = frozenset({"Secret", "PromptTemplate", "FilePath"})


def _own_connection(value: Any) -> Any:
    from flowgrade.promptflow.connections import PromptFlowConnection  # noqa: PLC0415  only where it is used
    from flowgrade.promptflow.llm import as_model_connection  # noqa: PLC0415  only where it is used

    return as_model_connection(value) if isinstance(value, PromptFlowConnection) else NOT_MINE


def _is_connection(kind: type) -> bool:
    return any(
        base.__name__ in _BASES and base.__module__.partition(".")[0] in _HOMES
        for base in kind.__mro__
    )


_HOMES = frozenset({"flowgrade", "promptflow", "promptflow_vectordb"})
_BASES = frozenset({"PromptFlowConnection", "_Connection", "Connection", "_StrongTypeConnection"})


def _object(kinds: list[type], connection: Connection) -> Any:
    from flowgrade.promptflow import connections as own  # noqa: PLC0415  only where it is used

    fitting = own.BY_KIND.get(connection.kind, own.CustomConnection)
    for kind in kinds:
        if kind in (fitting, own.PromptFlowConnection):
            return fitting.of(connection)
    chosen = next((kind for kind in kinds if kind.__name__ == fitting.__name__), kinds[0])
    if issubclass(chosen, own.PromptFlowConnection):
        if not issubclass(chosen, own.CustomConnection) and chosen.TYPE != fitting.TYPE:
            wanted = " or ".join(kind.__name__ for kind in kinds if _is_connection(kind))
            raise InputError(
                f"The connection '{connection.name}' is of the kind '{connection.kind}', and a "
                f"{wanted} is wanted.",
                hint="Name another connection, or change its type.",
            )
        return chosen.of(connection)
    made = fitting.of(connection)
    return chosen(**{**made.configs, **made.secrets})


def _configuration(kinds: list[type], value: Any) -> Any:
    from flowgrade.promptflow.configurations import model_configuration  # noqa: PLC0415  only where it is used

    if not isinstance(value, dict):
        return value
    kind = next(kind for kind in kinds if kind.__name__.endswith("ModelConfiguration"))
    return model_configuration(kind, value)
