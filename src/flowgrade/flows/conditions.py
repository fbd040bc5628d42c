"""Conditions: ``${kind.output} == 'refund' and ${inputs.amount} > 100``.

A language of its own with a parser of its own: it compares values and does nothing else, so that
a flow's file stays data. Nothing of it is ever given to Python to evaluate.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from flowgrade.errors import ConditionError, FlowDefinitionError, Place
from flowgrade.flows.references import Binding
from flowgrade.records import Record

Lookup = Callable[[Binding], Any]
"""Gives the value that a reference stands for."""

Bind = Callable[[str, Place | None], Binding]
"""Reads a reference, ``${…}``."""

_Part = Callable[[Lookup], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<reference>\$\{[^{}]*\})"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\w)"
    r"|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)"
    r"|(?P<word>[A-Za-z_]\w*))"
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LONGEST = 2000
_DEEPEST = 50
_LANGUAGE = (
    "It may have references, 'text', numbers, true, false, null, lists, == != < <= > >=, in, "
    "not in, and, or, not, length(…) and parentheses."
)


class Condition(Record, hide=("part",)):
    """A condition that was read and can be tried."""

    text: str
    bindings: tuple[Binding, ...]
    """Every reference in it."""
    part: _Part

    def holds(self, lookup: Lookup) -> bool:
        """Whether it is true of the values that ``lookup`` gives; null counts as false.

        Raises ConditionError where values cannot be compared, and for text or a number where
        true or false is needed.
        """
        return _truth(self.part(lookup), self.text)


def parse_condition(text: object, *, bind: Bind, place: Place | None = None) -> Condition:
    """Read a condition; ``bind`` reads its references. Raises FlowDefinitionError."""
    if isinstance(text, bool):
        text = "true" if text else "false"
    if not isinstance(text, str) or not text.strip():
        raise FlowDefinitionError(
            "A condition must be text.", hint="For example \"${kind.output} == 'a'\".", place=place
        )
    return _Parser(text, bind, place).condition()


class _Parser:
    """Reads one condition, from the loosest binding operator to the tightest."""

    def __init__(self, text: str, bind: Bind, place: Place | None) -> None:
        self._text = text
        self._bind = bind
        self._place = place
        self._depth = 0
        self._bindings: list[Binding] = []
        self._tokens = self._cut()
        self._next = 0

    def condition(self) -> Condition:
        part = self._any()
        if self._peek()[1]:
            self._fail(f"'{self._peek()[1]}' is not expected")
        return Condition(text=self._text, bindings=tuple(self._bindings), part=part)

    def _cut(self) -> list[tuple[str, str, int]]:
        if len(self._text) > _LONGEST:
            raise FlowDefinitionError(
                f"A condition has more than {_LONGEST:,} characters.",
                hint="Move it into a Python node that returns true or false.",
                place=self._place,
            )
        tokens: list[tuple[str, str, int]] = []
        position, end = 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                spaces = len(self._text[position:]) - len(self._text[position:].lstrip())
                self._fail("it cannot be read", position + spaces)
            kind = str(match.lastgroup)
            tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        return [*tokens, ("end", "", end)]

    def _any(self) -> _Part:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _any_of(parts, self._text)

    def _all(self) -> _Part:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _all_of(parts, self._text)

    def _not(self) -> _Part:
        if not self._take("not"):
            return self._comparison()
        self._deeper()
        part, text = self._not(), self._text
        self._depth -= 1
        return lambda lookup: not _truth(part(lookup), text)

    def _comparison(self) -> _Part:
        left = self._operand()
        name = self._operator()
        if name is None:
            return left
        right = self._operand()
        if self._operator() is not None:
            self._fail("comparisons cannot be chained; join two with 'and'")
        return _comparing(name, left, right, self._text)

    def _operator(self) -> str | None:
        kind, token, _ = self._peek()
        if kind == "sign" and (token in _ORDER or token in ("==", "!=")):
            self._next += 1
            return token
        if token == "not" and self._tokens[self._next + 1][1] == "in":
            self._next += 2
            return "not in"
        return "in" if self._take("in") else None

    def _operand(self) -> _Part:
        kind, token, position = self._peek()
        self._next += 1
        if kind == "reference":
            binding = self._bind(token, self._place)
            self._bindings += binding.each()
            return lambda lookup: lookup(binding)
        if kind == "text":
            return _constant(token[1:-1])
        if kind == "number":
            return _constant(float(token) if any(c in token for c in ".eE") else int(token))
        if token in _WORDS:
            return _constant(_WORDS[token])
        if token in ("(", "[", "length"):
            return self._bracketed(token)
        if kind == "word":
            self._fail(f"'{token}' is unknown; text stands in quotes", position)
        return self._fail(f"a value is missing before '{token}'" if token else "it ends too soon")

    def _bracketed(self, token: str) -> _Part:
        self._deeper()
        if token == "length":
            self._expect("(")
            found = _length_of(self._any(), self._text)
        else:
            found = self._list() if token == "[" else self._any()
        self._expect("]" if token == "[" else ")")
        self._depth -= 1
        return found

    def _list(self) -> _Part:
        parts: list[_Part] = []
        while self._peek()[1] != "]":
            if parts:
                self._expect(",")
            parts.append(self._any())
        return lambda lookup: [part(lookup) for part in parts]

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail("it is nested too deeply")

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[min(self._next, len(self._tokens) - 1)]

    def _take(self, word: str) -> bool:
        kind, token, _ = self._peek()
        if kind == "text" or token != word:
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._fail(f"'{sign}' is missing")

    def _fail(self, why: str, position: int | None = None) -> NoReturn:
        at = self._peek()[2] if position is None else position
        raise FlowDefinitionError(
            f"The condition {self._text.strip()} is wrong at character {at + 1}: {why}.",
            hint=_LANGUAGE,
            place=self._place,
        )


def _constant(value: Any) -> _Part:
    return lambda _: value


def _any_of(parts: Sequence[_Part], text: str) -> _Part:
    return lambda lookup: any(_truth(part(lookup), text) for part in parts)


def _all_of(parts: Sequence[_Part], text: str) -> _Part:
    return lambda lookup: all(_truth(part(lookup), text) for part in parts)


def _comparing(name: str, left: _Part, right: _Part, text: str) -> _Part:
    if name in ("==", "!="):
        wanted = name == "=="
        return lambda lookup: _same(left(lookup), right(lookup)) is wanted
    if name in ("in", "not in"):
        inside = name == "in"
        return lambda lookup: _is_in(left(lookup), right(lookup), text) is inside
    compare = _ORDER[name]
    return lambda lookup: _ordered(compare, left(lookup), right(lookup), text)


def _same(left: Any, right: Any) -> bool:
    # Python takes true for 1; in the JSON of a flow they are two things.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _is_in(part: Any, whole: Any, text: str) -> bool:
    if isinstance(whole, str) and isinstance(part, str):
        return part in whole
    if isinstance(whole, Mapping):
        return part in whole if isinstance(part, str) else False
    if isinstance(whole, (list, tuple)):
        return any(_same(part, item) for item in whole)
    raise ConditionError(
        f"The condition {text} looks for {_kind(part)} in {_kind(whole)}.",
        hint="Behind 'in' stands a list, a mapping, or text that may hold the text before it.",
    )


def _ordered(compare: Callable[[Any, Any], bool], left: Any, right: Any, text: str) -> bool:
    for kinds in ((int, float), (str,)):
        if isinstance(left, kinds) and isinstance(right, kinds):
            if isinstance(left, bool) or isinstance(right, bool):
                break
            return compare(left, right)
    raise ConditionError(
        f"The condition {text} compares {_kind(left)} with {_kind(right)}.",
        hint="Only two numbers or two texts have an order. Where a value may be null, put "
        "'… != null and' before it.",
    )


def _length_of(part: _Part, text: str) -> _Part:
    return lambda lookup: _length(part(lookup), text)


def _length(value: Any, text: str) -> int:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise ConditionError(
        f"The condition {text} asks for the length of {_kind(value)}.",
        hint="Text, lists and mappings have a length.",
    )


def _truth(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    raise ConditionError(
        f"The condition {text} has {_kind(value)} where true or false is needed.",
        hint="Compare it, for example: … == 'yes'.",
    )


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"
