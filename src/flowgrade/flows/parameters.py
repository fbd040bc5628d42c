"""Parameters of a model call, read as prompt flow reads them."""

from __future__ import annotations

from typing import Any

from flowgrade.records import JsonObject, loads

_NUMBERS = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_WHOLE = ("max_tokens", "n", "seed", "logprobs", "best_of")
_STRUCTURES = ("functions", "tools", "logit_bias", "response_format", "tool_choice", "stop")


def promptflow_parameters(given: JsonObject) -> JsonObject:
    """``given`` with numbers and JSON that editors wrote as text read; what says nothing is gone.

    ``max_tokens: inf`` means no limit. A choice of functions or tools goes only with them.
    """
    found: JsonObject = {}
    for name, value in given.items():
        read = _read(name, value)
        if read is not None and read not in ("", [], {}):
            found[name] = read
    if str(found.get("max_tokens", "")).lower() == "inf":
        del found["max_tokens"]
    for choice, needs in (("tool_choice", "tools"), ("function_call", "functions")):
        if needs not in found:
            found.pop(choice, None)
    return found


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str) or value == "":
        return value
    try:
        if name in _NUMBERS:
            return float(value)
        if name in _WHOLE:
            return int(value)
        if name in _STRUCTURES and value.lstrip()[:1] in "[{":
            return loads(value)
    except ValueError:
        pass  # the endpoint will say what is wrong with it
    return value
