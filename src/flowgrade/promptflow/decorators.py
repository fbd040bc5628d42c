"""``tool``, ``ToolProvider`` and what describes a tool's inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from flowgrade.flows import tool as own_tool

F = TypeVar("F", bound=Callable[..., Any])


@overload
def tool(function: F) -> F: ...
@overload
def tool(
    function: None = None,
    *,
    name: str | None = ...,
    description: str | None = ...,
    type: str | None = ...,
    input_settings: Any = ...,
    streaming_option_parameter: str | None = ...,
    **kwargs: Any,
) -> Callable[[F], F]: ...


def tool(
    function: F | None = None, *, streaming_option_parameter: str | None = None, **described: Any
) -> F | Callable[[F], F]:
    """Mark the function that a node calls; with or without arguments.

    ``streaming_option_parameter`` names the parameter that is set to True when the node's output
    is streamed. The other arguments describe the tool to editors.
    """

    def mark(marked: F) -> F:
        own_tool(marked)
        marked.__tool__ = described  # type: ignore[attr-defined]
        if streaming_option_parameter:
            marked._streaming_option_parameter = streaming_option_parameter  # type: ignore[attr-defined]
        return marked

    return mark if function is None else mark(function)


class ToolProvider:
    """A class whose one ``@tool`` method a node calls; ``__init__`` takes literal inputs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()


class InputSetting:
    """How an editor shows an input.

    Beside ``is_multi_select``, ``allow_manual_entry``, ``enabled_by``, ``enabled_by_value``,
    ``dynamic_list`` and ``generated_by`` tools give what editors of their own read, such as
    ``enabled_by_type``; ``ui_hints`` has all of it.
    """

    def __init__(
        self,
        *,
        is_multi_select: bool | None = None,
        allow_manual_entry: bool | None = None,
        enabled_by: str | None = None,
        enabled_by_value: list[Any] | None = None,
        dynamic_list: Any = None,
        generated_by: Any = None,
        **ui_hints: Any,
    ) -> None:
        self.is_multi_select = is_multi_select
        self.allow_manual_entry = allow_manual_entry
        self.enabled_by = enabled_by
        self.enabled_by_value = enabled_by_value
        self.dynamic_list = dynamic_list
        self.generated_by = generated_by
        self.ui_hints = ui_hints


@dataclass
class DynamicList:
    """A function that lists an input's values for an editor."""

    function: Any = None
    input_mapping: dict[str, str] = field(default_factory=dict)


@dataclass
class GeneratedBy:
    """A function that makes an input's value from others for an editor."""

    function: Any = None
    input_mapping: dict[str, str] = field(default_factory=dict)
    reverse_function: Any = None


def log_metric(key: str, value: float, variant_id: str | None = None) -> None:
    """Add a metric to the run, in aggregation code. ``variant_id`` has no effect, as locally."""
    from flowgrade.flows import log_metric as own  # noqa: PLC0415  the same name

    own(key, value)
