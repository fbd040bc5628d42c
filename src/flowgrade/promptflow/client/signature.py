"""The signature of a flow that is Python code, as ``flow.flex.yaml`` writes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from flowgrade.errors import Place
from flowgrade.flows import ModuleSpace, flow_code, flow_entry
from flowgrade.promptflow.host import Host
from flowgrade.records import JsonObject

_TYPES = {str: "string", int: "int", float: "double", bool: "bool", list: "list", dict: "object"}


def signature_in(host: Host, entry: Callable[..., Any] | str | Path) -> JsonObject:
    """``inputs``, ``outputs`` and, for a class, ``init``; what is empty is left out."""
    found = entry if callable(entry) else _found(str(entry))
    signature: JsonObject = {}
    if inspect.isclass(found):
        call = found.__call__
        signature["init"] = _parameters(found.__init__, bound=True)
        signature["inputs"] = _parameters(call, bound=True)
    else:
        call = found
        signature["inputs"] = _parameters(call, bound=False)
    signature["outputs"] = _outputs(call)
    return {name: part for name, part in signature.items() if part}


def _found(entry: str) -> Any:
    place, _, name = entry.rpartition(":")
    file = Path(place)
    home, module = (file.parent, file.stem) if file.suffix == ".py" else (Path.cwd(), place)
    with flow_code():
        return flow_entry(f"{module}:{name}", ModuleSpace(home), place=Place(str(file)))


def _parameters(function: Callable[..., Any], *, bound: bool) -> JsonObject:
    hints = _hints(function)
    found: JsonObject = {}
    parameters = list(inspect.signature(function).parameters.values())[int(bound) :]
    for one in parameters:
        if one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            continue
        found[one.name] = {"type": _type(hints.get(one.name))}
        if one.default is not one.empty and one.default is not None:
            found[one.name]["default"] = one.default
    return found


def _outputs(function: Callable[..., Any]) -> JsonObject:
    given = _hints(function).get("return")
    declared = getattr(given, "__annotations__", None)
    if declared:
        return {name: {"type": _type(kind)} for name, kind in _hints(given).items()}
    return {} if given is None else {"output": {"type": _type(given)}}


def _hints(owner: Any) -> dict[str, Any]:
    try:
        return get_type_hints(owner)
    except (NameError, TypeError):
        return {}


def _type(kind: Any) -> str:
    plain = getattr(kind, "__origin__", kind)
    if plain in _TYPES:
        return _TYPES[plain]
    name = getattr(plain, "__name__", "")
    return name if name.endswith(("Connection", "ModelConfiguration")) else "object"
