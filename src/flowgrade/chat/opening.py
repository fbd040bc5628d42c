"""Find who answers by what a user names: a model or a flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from flowgrade.chat.flow_partner import FlowPartner
from flowgrade.chat.model_partner import ModelPartner
from flowgrade.chat.partner import Partner
from flowgrade.errors import ConnectionNotFoundError, InputError
from flowgrade.flows import Flow
from flowgrade.models import Models
from flowgrade.tracing import SessionKind

_FILES = (".yaml", ".yml", ".prompty", ".py")


def open_partner(
    name: str,
    *,
    models: Models,
    load: Callable[[str], Flow],
    kind: SessionKind | None = None,
    given: Sequence[str] = (),
) -> Partner:
    """The model or flow called ``name``; what is a path is a flow, unless ``kind`` is known.

    ``given`` are the inputs of a flow that have a fixed value. Raises InputError when it is
    neither, and what opening a model or loading a flow raises.
    """
    if kind is SessionKind.FLOW or (kind is None and is_flow(name)):
        return FlowPartner(load(name), given=given)
    try:
        return ModelPartner(models.open(name), name=name)
    except ConnectionNotFoundError as error:
        if kind is not None:
            raise
        raise InputError(
            f"'{name}' is neither a flow nor a model: there is no such file or folder, and no "
            f"connection '{name.partition('/')[0]}'.",
            hint=error.hint,
        ) from error


def is_flow(name: str) -> bool:
    """Whether ``name`` is that of a flow: a folder or file that is there, or ``file.py:name``."""
    place, colon, _ = name.rpartition(":")
    path = Path(name)
    if colon and place.endswith(".py"):
        return True
    return path.exists() or path.suffix in _FILES or name.startswith((".", "/", "~"))
