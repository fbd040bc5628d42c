"""Render a Jinja template: the one function of the project that does, always in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType

from jinja2 import Template, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError

from flowgrade.errors import Place, TemplateError, TemplateSecurityError
from flowgrade.prompts.limits import Budget, Limits
from flowgrade.prompts.sandbox import BudgetContext, PromptEnvironment

_MAX_TEMPLATE = 1024 * 1024
_ENVIRONMENT = PromptEnvironment()
_DEFAULT = Limits()


def render(
    template: str,
    variables: Mapping[str, object],
    *,
    limits: Limits = _DEFAULT,
    name: str = "template",
) -> str:
    """The text of ``template`` with ``variables`` filled in; an undefined variable is empty.

    ``name`` stands in messages for the file. Raises TemplateError for a syntax error, an error
    while rendering and a reached limit, TemplateSecurityError for what templates may not do,
    each with the line.
    """
    compiled = _compile(template, name)
    context = compiled.new_context(dict(variables))
    assert isinstance(context, BudgetContext)
    context.budget = budget = Budget(limits)
    parts: list[str] = []
    left = limits.characters
    try:
        for part in compiled.root_render_func(context):
            left -= len(part)
            if left < 0:
                budget.write(limits.characters + 1)
            parts.append(part)
    except Exception as error:
        raise _rendering_error(error, compiled, name) from error
    return "".join(parts)


def variables_of(template: str, *, name: str = "template") -> tuple[str, ...]:
    """The names that ``template`` takes from outside, in the order of their first use."""
    tree = parse_template(template, name)
    undeclared = meta.find_undeclared_variables(tree)
    names = [node.name for node in tree.find_all(nodes.Name) if node.name in undeclared]
    return tuple(dict.fromkeys(sorted(names, key=lambda one: _position(template, one))))


def _position(template: str, name: str) -> int:
    found = re.search(rf"\b{re.escape(name)}\b", template)
    return found.start() if found else len(template)


def parse_template(template: str, name: str) -> nodes.Template:
    """The syntax tree of ``template``; raises TemplateError."""
    try:
        return _ENVIRONMENT.parse(template)
    except Exception as error:  # noqa: BLE001 - parsers fail on hostile text in many ways
        raise _compiling_error(error, name) from None


def _compile(template: str, name: str) -> Template:
    if len(template) > _MAX_TEMPLATE:
        raise TemplateError(
            f"The template has more than {_MAX_TEMPLATE:,} characters.", place=Place(name)
        )
    try:
        return _compiled(template)
    except Exception as error:  # noqa: BLE001 - compilers fail on hostile text in many ways
        raise _compiling_error(error, name) from None


@lru_cache(maxsize=512)
def _compiled(template: str) -> Template:
    return _ENVIRONMENT.from_string(template)


def _compiling_error(error: Exception, name: str) -> TemplateError:
    """The parser, the generator and Python's own compiler all have ways to fail on nesting."""
    if isinstance(error, TemplateSyntaxError):
        return TemplateError(
            f"The template has a syntax error: {error.message}", place=Place(name, error.lineno)
        )
    if isinstance(error, TemplateError):
        error.place = Place(name, error.place.line if error.place else None)
        return error
    if isinstance(error, RecursionError | MemoryError | SyntaxError):
        return TemplateError("The template is nested too deeply.", place=Place(name))
    return TemplateError(f"The template cannot be compiled: {error}", place=Place(name))


def _rendering_error(error: Exception, compiled: Template, name: str) -> TemplateError:
    place = Place(name, _line_of(error.__traceback__, compiled))
    if isinstance(error, TemplateError):
        error.place = place
        return error
    if isinstance(error, SecurityError):
        return TemplateSecurityError(str(error), place=place)
    if isinstance(error, RecursionError):
        return TemplateError(
            "The template calls itself too deeply.",
            hint="Give the macro or loop an end.",
            place=place,
        )
    hint = None
    if isinstance(error, UndefinedError):
        hint = "Check the name, or write {% if … is defined %} round it."
    return TemplateError(
        f"The template cannot be rendered: {type(error).__name__}: {error}", hint=hint, place=place
    )


def _line_of(trace: TracebackType | None, compiled: Template) -> int | None:
    """The line of the template that the innermost of its frames was at."""
    line = None
    own = compiled.root_render_func.__globals__
    while trace is not None:
        if trace.tb_frame.f_globals is own:
            line = compiled.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
