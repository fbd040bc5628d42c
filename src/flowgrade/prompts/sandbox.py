"""The environment that templates are compiled in: Jinja's immutable sandbox, made strict.

Where Jinja hands back an undefined value for what a template may not touch, this raises, and
every filter, test, operator and call asks the rendering's budget first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from string import Formatter
from typing import Any, NoReturn

from jinja2 import nodes, pass_context
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context, markup_join, str_join
from jinja2.sandbox import (
    ImmutableSandboxedEnvironment,
    SandboxedEscapeFormatter,
    SandboxedFormatter,
)
from jinja2.utils import _PassArg, generate_lorem_ipsum
from markupsafe import Markup

from flowgrade.errors import TemplateError, TemplateSecurityError
from flowgrade.prompts.guards import guard_filter, guard_method, guard_operator
from flowgrade.prompts.limits import Budget, Limits
from flowgrade.prompts.ticks import JOIN, MADE, SLICE, TICK, with_ticks

_MAX_TOKENS = 20_000
_MAX_BLOCK = 16 * 1024 * 1024
_MAX_LOREM = 10_000
_SCOPES = frozenset({"_loop_vars", "_block_vars"})
"""What compiled templates add to each call inside a loop or block, for Jinja alone."""
_WHOLE = frozenset({"join", "sum"})
_ITERABLES = (list, tuple, dict, set, frozenset, str, bytes)


class BudgetContext(Context):
    """A template's variables together with the budget of this rendering."""

    budget = Budget(Limits(characters=0))

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        """A context for a block, under the same budget."""
        context = super().derived(locals)
        context.budget = self.budget  # type: ignore[attr-defined]
        return context


class TokenLimit(Extension):
    """Refuses templates whose tags would take seconds to compile."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The same tokens, up to 20,000 of them."""
        for number, token in enumerate(stream):
            if number > _MAX_TOKENS:
                raise TemplateError(
                    f"The template has more than {_MAX_TOKENS:,} tokens in its tags.",
                    hint="Move data out of the template into its inputs.",
                )
            yield token


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Compiles templates the way prompt flow does, in a sandbox without an off switch."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])
    context_class = BudgetContext

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            keep_trailing_newline=True,
            cache_size=0,
            finalize=_finalize,
            extensions=[TokenLimit],
        )
        filters: dict[str, Any] = dict(self.filters)
        tests: dict[str, Any] = dict(self.tests)
        self.filters = {name: _budgeted(name, function) for name, function in filters.items()}
        self.tests = {name: _tested(function) for name, function in tests.items()}
        self.filters |= {TICK: _tick, JOIN: _join, SLICE: _slice, MADE: _made}
        self.globals["lipsum"] = _lipsum
        self.policies["json.dumps_function"] = _dumps

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return with_ticks(super()._parse(source, name, filename))

    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        """Raise instead of handing back an undefined value."""
        kind = obj.__name__ if isinstance(obj, type) else type(obj).__name__
        key = isinstance(obj, dict) and attribute in obj
        raise TemplateSecurityError(
            f"The template may not use '{attribute}' of a {kind}.",
            hint=f"For the key write ['{attribute}']." if key else None,
        )

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An arithmetic operation within the budget."""
        budget = _budget(context)
        guard_operator(budget, operator, left, right)
        result = super().call_binop(context, operator, left, right)
        budget.made(result)
        return result

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """The text of a macro, a block or a ``set`` block."""
        found = list(parts)
        if sum(map(len, found)) > _MAX_BLOCK:
            raise TemplateError(f"A block of the template wrote over {_MAX_BLOCK:,} characters.")
        return "".join(found)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: B902
        """A call within the budget."""
        budget = _budget(__context)
        budget.tick()
        if not __self.is_safe_callable(__obj):
            name = getattr(__obj, "__name__", type(__obj).__name__)
            raise TemplateSecurityError(f"The template may not call '{name}'.")
        if args and getattr(__obj, "__name__", "") == "join":
            args = (_listed(budget, args[0]), *args[1:])
        named = {name: value for name, value in kwargs.items() if name not in _SCOPES}
        guard_method(budget, __obj, args, named)
        budget.weigh((args, named))
        result = __context.call(__obj, *args, **kwargs)
        budget.made(result)
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """``str.format`` and ``format_map`` in the sandbox and within the budget."""
        if super().wrap_str_format(value) is None:
            return None
        text: str = value.__self__

        @pass_context
        def formatted(context: Context, *args: Any, **kwargs: Any) -> str:
            if value.__name__ == "format_map":
                args, kwargs = (), dict(*args)
            return type(text)(_formatter(self, text, _budget(context)).vformat(text, args, kwargs))

        return formatted


class _Counting(Formatter):
    """Counts each field of a format string before the next is made."""

    budget: Budget

    def format_field(self, value: Any, format_spec: str) -> Any:
        digits = "".join(char if char.isdigit() else " " for char in format_spec)
        self.budget.tick()
        self.budget.require(sum(int(number[:12]) for number in digits.split()))
        self.budget.require(self.budget.weigh(value))
        field = super().format_field(value, format_spec)
        self.budget.spend(len(field))
        return field


class _CountingFormatter(_Counting, SandboxedFormatter):
    pass


class _CountingEscapeFormatter(_Counting, SandboxedEscapeFormatter):
    pass


def _formatter(environment: PromptEnvironment, text: str, budget: Budget) -> Formatter:
    made: _Counting
    if isinstance(text, Markup):
        made = _CountingEscapeFormatter(environment, escape=text.escape)
    else:
        made = _CountingFormatter(environment)
    made.budget = budget
    return made


def _budget(context: Context) -> Budget:
    budget: Budget = context.budget  # type: ignore[attr-defined]
    return budget


@pass_context
def _finalize(context: Context, value: Any) -> Any:
    budget = _budget(context)
    budget.tick()
    if not isinstance(value, str):
        budget.weigh(value)
        value = value if hasattr(value, "__html__") else str(value)
    budget.write(len(value) if isinstance(value, str) else 0)
    return value


@pass_context
def _tick(context: Context, value: Any) -> Any:
    _budget(context).tick()
    return value


@pass_context
def _made(context: Context, value: Any) -> Any:
    budget = _budget(context)
    budget.tick()
    budget.made(value)
    return value


@pass_context
def _slice(context: Context, value: Any, start: Any, stop: Any, step: Any) -> Any:
    return _made(context, value[slice(start, stop, step)])


@pass_context
def _join(context: Context, parts: list[Any]) -> str:
    budget = _budget(context)
    budget.tick()
    budget.require(budget.weigh(parts))
    joined = (markup_join if context.eval_ctx.autoescape else str_join)(parts)
    budget.made(joined)
    return joined


def _budgeted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter ``function`` under the budget; it never runs while a template is compiled."""
    pass_arg = _PassArg.from_obj(function)

    @pass_context
    def filtered(context: Context, value: Any = "", *args: Any, **kwargs: Any) -> Any:
        budget = _budget(context)
        if not isinstance(value, _ITERABLES) and hasattr(value, "__iter__"):
            value = (_listed if name in _WHOLE else _ticking)(budget, value)
        guard_filter(budget, name, (value, *args), kwargs)
        result = function(*_passed(pass_arg, context), value, *args, **kwargs)
        budget.made(result)
        return result

    return filtered


def _tested(function: Callable[..., Any]) -> Callable[..., Any]:
    pass_arg = _PassArg.from_obj(function)

    @pass_context
    def tested(context: Context, *args: Any, **kwargs: Any) -> Any:
        _budget(context).tick()
        return function(*_passed(pass_arg, context), *args, **kwargs)

    return tested


def _passed(pass_arg: _PassArg | None, context: Context) -> tuple[Any, ...]:
    if pass_arg is _PassArg.context:
        return (context,)
    if pass_arg is _PassArg.eval_context:
        return (context.eval_ctx,)
    return (context.environment,) if pass_arg is _PassArg.environment else ()


def _listed(budget: Budget, value: Any) -> Any:
    if isinstance(value, _ITERABLES) or not hasattr(value, "__iter__"):
        return value
    return list(_ticking(budget, value))


def _ticking(budget: Budget, value: Any) -> Any:
    if hasattr(value, "__len__"):
        return value

    def items() -> Iterator[Any]:
        for item in value:
            budget.tick()
            yield item

    return items()


def _lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    if n * max > _MAX_LOREM:
        raise TemplateError(f"lipsum gives at most {_MAX_LOREM:,} words.")
    return generate_lorem_ipsum(n, html, min, max)


def _dumps(value: Any, **options: Any) -> str:
    return json.dumps(value, **options)
