"""What a template's operators, filters and methods may cost.

Each guard looks at the arguments before the work is done and raises when the result could be
larger, or the work longer, than the budget allows. Everything else that templates can call takes
time and space in proportion to its arguments, which the budget bounds already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flowgrade.errors import TemplateSecurityError
from flowgrade.prompts.limits import Budget

_MAX_BITS = 65_536
_MAX_STEEP = 100_000
"""Characters for what takes time by the square of its input."""
_MAX_COUNT = 100_000
_MAX_INDENT = 64
_MAX_STRIP = 256
_MAX_SEARCH = 100_000_000
_MAX_ROUND = 300
_NUMBER = re.compile(r"\d+")
_CODECS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "utf-32"})


def guard_operator(budget: Budget, operator: str, left: Any, right: Any) -> None:
    """Raise when ``left operator right`` could cost too much."""
    budget.tick()
    if isinstance(left, int) and isinstance(right, int):
        _guard_integers(budget, operator, left, right)
    elif operator == "*":
        _guard_repetition(budget, left, right)
    elif operator == "%" and isinstance(left, str | bytes):
        guard_percent(budget, left, right)
    elif operator == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
        budget.require(len(left) + len(right))


def guard_filter(budget: Budget, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise when the filter ``name`` could cost too much with these arguments."""
    budget.tick()
    guard = _FILTERS.get(name)
    if guard is not None:
        guard(budget, *args, **kwargs)


def guard_method(
    budget: Budget, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise when a method of a built-in type could cost too much with these arguments."""
    owner = getattr(method, "__self__", None)
    if isinstance(owner, str | bytes | bytearray):
        guard = _TEXT_METHODS.get(getattr(method, "__name__", ""))
        if guard is not None:
            guard(budget, owner, *args, **kwargs)
    elif isinstance(owner, int) or owner is int:
        numbers = [abs(arg) for arg in (*args, *kwargs.values()) if isinstance(arg, int)]
        budget.require(max(numbers, default=0))


def guard_percent(budget: Budget, text: Any, values: Any) -> None:
    """Raise when ``text % values`` could be too long."""
    text = str(text)
    items = list(values.values()) if isinstance(values, Mapping) else values
    items = items if isinstance(items, tuple | list) else (items,)
    widths = sum(min(int(number[:12]), 10**12) for number in _NUMBER.findall(text))
    if "*" in text:
        widths += sum(abs(item) for item in items if isinstance(item, int))
    longest = max((budget.weigh(item) for item in items), default=0)
    budget.require(len(text) + widths + text.count("%") * longest)


def _guard_integers(budget: Budget, operator: str, left: int, right: int) -> None:
    bits = max(left.bit_length(), right.bit_length())
    if operator == "**":
        bits = left.bit_length() * abs(right)
    elif operator == "*":
        bits = left.bit_length() + right.bit_length()
    if bits > _MAX_BITS:
        budget.refuse()


def _guard_repetition(budget: Budget, left: Any, right: Any) -> None:
    if isinstance(right, int):
        left, right = right, left
    if isinstance(left, int) and hasattr(right, "__len__"):
        budget.require(left * max(1, len(right)))


def _width(budget: Budget, _text: Any, width: Any = 80, *_args: Any) -> None:
    if isinstance(width, int):
        budget.require(width)


def _expandtabs(budget: Budget, text: Any, tabsize: Any = 8, *_args: Any) -> None:
    if isinstance(tabsize, int):
        budget.require(len(text) + abs(tabsize) * text.count(b"\t" if _is_bytes(text) else "\t"))


def _replace(budget: Budget, text: Any, old: Any, new: Any, *_args: Any, **_kwargs: Any) -> None:
    text = text if isinstance(text, str | bytes) else str(text)
    new = new if isinstance(new, str | bytes) else str(new)
    budget.require(len(text) + text.count(_alike(old, text)) * len(new))


def _join(budget: Budget, separator: Any, items: Any, *_args: Any) -> None:
    if hasattr(items, "__len__"):
        budget.require(budget.weigh(items) + len(items) * len(separator))


def _translate(budget: Budget, text: Any, table: Any, *_args: Any) -> None:
    values = table.values() if isinstance(table, Mapping) else ()
    longest = max((len(value) for value in values if isinstance(value, str)), default=1)
    budget.require(len(text) * longest)


def _codec(
    _budget: Budget, _text: Any, encoding: Any = "utf-8", *_args: Any, **_kwargs: Any
) -> None:
    if str(encoding).lower() not in _CODECS:
        raise TemplateSecurityError(f"A template may not use the codec {encoding!r}.")


def _strip(budget: Budget, _text: Any, chars: Any = None, *_args: Any) -> None:
    if chars is not None and len(chars) > _MAX_STRIP:
        budget.refuse()


def _search_backwards(
    budget: Budget, text: Any, needle: Any = None, *_args: Any, **kwargs: Any
) -> None:
    needle = kwargs.get("sep", needle)
    if isinstance(needle, str | bytes) and len(text) * len(needle) > _MAX_SEARCH:
        budget.refuse()


def _steep(budget: Budget, value: Any, *_args: Any, **_kwargs: Any) -> None:
    if budget.weigh(value) > _MAX_STEEP:
        budget.refuse()


def _counted(budget: Budget, _value: Any, count: Any = 1, *_args: Any, **kwargs: Any) -> None:
    for number in (count, *kwargs.values()):
        if isinstance(number, int) and number > _MAX_COUNT:
            budget.refuse()


def _filter_width(budget: Budget, _value: Any, width: Any = 80) -> None:
    _width(budget, _value, width)


def _filter_indent(budget: Budget, value: Any, width: Any = 4, *_args: Any, **_kw: Any) -> None:
    lines = str(value).count("\n") + len(str(value).splitlines()) + 1
    budget.require(lines * (width if isinstance(width, int) else len(str(width))))


def _filter_join(budget: Budget, value: Any, d: Any = "", *_args: Any, **_kwargs: Any) -> None:
    if hasattr(value, "__len__"):
        budget.require(budget.weigh(value) + len(value) * len(str(d)))


def _filter_replace(
    budget: Budget, value: Any, old: Any, new: Any, *_args: Any, **_kwargs: Any
) -> None:
    budget.weigh(value)
    _replace(budget, str(value), str(old), str(new))


def _filter_round(
    budget: Budget, _value: Any, precision: Any = 0, *_args: Any, **_kwargs: Any
) -> None:
    if isinstance(precision, int) and abs(precision) > _MAX_ROUND:
        budget.refuse()


def _filter_format(budget: Budget, value: Any, *args: Any, **kwargs: Any) -> None:
    guard_percent(budget, str(value), kwargs or args)


def _filter_sum(budget: Budget, value: Any, attribute: Any = None, start: Any = 0) -> None:
    if not isinstance(start, int | float):
        budget.require(budget.weigh(value) * len(value) // 32 + budget.weigh(start))


def _filter_trim(budget: Budget, value: Any, chars: Any = None) -> None:
    _strip(budget, value, chars)


def _filter_tojson(budget: Budget, value: Any, indent: Any = None) -> None:
    weight = budget.weigh(value)
    if indent is not None:
        size = indent if isinstance(indent, int) else len(str(indent))
        if size > _MAX_INDENT:
            budget.refuse()
        budget.require(weight * max(1, size))


def _filter_wordwrap(  # the names are those of the filter
    budget: Budget,
    value: Any,
    width: Any = 79,
    break_long_words: Any = True,
    wrapstring: Any = None,
    **_kwargs: Any,
) -> None:
    _steep(budget, value)
    budget.require(len(str(value)) * len(str(wrapstring or "\n")))


def _filter_urlize(budget: Budget, value: Any, *args: Any, **kwargs: Any) -> None:
    _steep(budget, value)
    extra = sum(len(str(item)) for item in (*args, *kwargs.values()))
    budget.require(len(str(value)) * (extra + 1))


def _text_of_any(budget: Budget, value: Any, *_args: Any, **_kwargs: Any) -> None:
    budget.weigh(value)


def _alike(value: Any, text: Any) -> Any:
    return value if isinstance(value, bytes) == _is_bytes(text) else str(value)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray)


_FILTERS: dict[str, Callable[..., None]] = {
    "batch": _counted,
    "center": _filter_width,
    "format": _filter_format,
    "indent": _filter_indent,
    "join": _filter_join,
    "pprint": _steep,
    "replace": _filter_replace,
    "round": _filter_round,
    "slice": _counted,
    "striptags": _steep,
    "sum": _filter_sum,
    "title": _text_of_any,
    "tojson": _filter_tojson,
    "trim": _filter_trim,
    "truncate": _text_of_any,
    "urlize": _filter_urlize,
    "wordwrap": _filter_wordwrap,
    "xmlattr": _text_of_any,
}
_TEXT_METHODS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _width),
    **dict.fromkeys(("strip", "lstrip", "rstrip"), _strip),
    **dict.fromkeys(("rfind", "rindex", "rsplit", "rpartition"), _search_backwards),
    **dict.fromkeys(("encode", "decode"), _codec),
    **dict.fromkeys(("striptags", "unescape"), _steep),
    "expandtabs": _expandtabs,
    "join": _join,
    "replace": _replace,
    "translate": _translate,
}
