"""Rewrites a parsed template so that everything that can repeat or grow asks the budget first.

Loops, macros and blocks tick at the start of each pass; joins, slices and literals that combine
values are counted. A loop's iterable is left alone, so that ``loop.length``, ``loop.last``,
``else`` and recursion are Jinja's own.
"""

from __future__ import annotations

from typing import TypeVar

from jinja2 import nodes

from flowgrade.errors import Place, TemplateError

TICK = "flowgrade_tick"
JOIN = "flowgrade_join"
SLICE = "flowgrade_slice"
MADE = "flowgrade_made"
"""Filters that only this module calls; their names in a template of its own do no harm."""

_REPEATING = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)
_LOADING: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extend",
}
_T = TypeVar("_T", bound=nodes.Node)


def with_ticks(template: nodes.Template) -> nodes.Template:
    """The same template with budget calls; raises TemplateError for what loads other files."""
    _visit(template)
    return template


def _visit(node: nodes.Node) -> nodes.Node:
    """Rewrite the children of ``node``, then itself; returns what takes its place."""
    _refuse_loading(node)
    for name in node.fields:
        child = getattr(node, name, None)
        if isinstance(child, nodes.Node):
            setattr(node, name, _visit(child))
        elif isinstance(child, list):
            setattr(node, name, [_visit(c) if isinstance(c, nodes.Node) else c for c in child])
    return _replaced(node)


def _replaced(node: nodes.Node) -> nodes.Node:
    if isinstance(node, _REPEATING):
        node.body.insert(0, _at(node, nodes.ExprStmt(_filter(TICK, nodes.Const(True), node))))
        if isinstance(node, nodes.For) and node.test is not None:
            node.test = _at(node.test, nodes.And(_filter(TICK, nodes.Const(True), node), node.test))
    elif isinstance(node, nodes.Concat):
        return _filter(JOIN, nodes.List(node.nodes), node)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        return _filter(SLICE, node.node, node, *(part or nodes.Const(None) for part in parts))
    elif _combines(node):
        return _filter(MADE, node, node)
    return node


def _combines(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Tuple) and node.ctx != "load":
        return False
    if not isinstance(node, nodes.List | nodes.Tuple | nodes.Dict):
        return False
    parts: list[nodes.Node] = list(node.items)
    if isinstance(node, nodes.Dict):
        parts = [side for pair in node.items for side in (pair.key, pair.value)]
    return not all(isinstance(part, nodes.Const) for part in parts)


def _filter(name: str, value: nodes.Node, at: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    return _at(at, nodes.Filter(value, name, list(args), [], None, None))


def _at(node: nodes.Node, made: _T) -> _T:
    made.set_lineno(node.lineno)
    if node.environment is not None:
        made.set_environment(node.environment)
    return made


def _refuse_loading(node: nodes.Node) -> None:
    verb = _LOADING.get(type(node))
    if verb is not None:
        raise TemplateError(
            f"A template cannot {verb} other files.",
            hint="Put the text into this template, or pass it in as an input.",
            place=Place("template", node.lineno),
        )
