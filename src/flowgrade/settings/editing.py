"""Change values in a YAML file and leave the rest of it, comments too, as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from flowgrade.errors import Place, SettingsError
from flowgrade.records import Json


def edit_yaml_file(file: Path, path: tuple[str, ...], values: Mapping[str, Json]) -> None:
    """Set ``values`` below ``path`` in ``file``; raises SettingsError where that cannot be done."""
    # Read as bytes, so that the ends of lines stay what they are.
    text = file.read_bytes().decode("utf-8-sig")
    edited = edited_yaml(text, path, values, file=str(file))
    whole = file.with_name(f".{file.name}.new")
    whole.write_bytes(edited.encode())
    whole.replace(file)


def edited_yaml(
    text: str, path: tuple[str, ...], values: Mapping[str, Json], *, file: str = "the file"
) -> str:
    """``text`` with ``values`` below the keys of ``path``; a mapping is gone into, key by key.

    Raises SettingsError where the result would not say what was wanted.
    """
    wanted = _unshared(yaml.safe_load(text) or {})
    edited = text
    try:
        for where, value in _leaves(path, values):
            edited = _with(edited, where, value)
            _set(wanted, where, value)
        sound = yaml.safe_load(edited) == wanted
    except (yaml.YAMLError, ValueError):
        sound = False
    if not sound:
        lines = yaml.safe_dump(_nested(path, values), sort_keys=False)
        raise SettingsError(
            "The file is written in a way that cannot be changed without harm.",
            hint=f"Write this into it by hand:\n{lines}",
            place=Place(file),
        )
    return edited


def _unshared(data: Any) -> Any:
    """The same without aliases, so that a change of one place is a change of that alone."""
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    return [_unshared(one) for one in data] if isinstance(data, list) else data


def _leaves(
    path: tuple[str, ...], values: Mapping[str, Json]
) -> list[tuple[tuple[str, ...], Json]]:
    found: list[tuple[tuple[str, ...], Json]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found += _leaves((*path, key), value)
        else:
            found.append(((*path, key), value))
    return found


def _with(text: str, path: tuple[str, ...], value: Json) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return text + _newline_before(text) + _block(path, value, "")
    key: Any = None
    for depth, name in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            return _filled(text, key, node, path[depth:], value)
        pair = next((one for one in node.value if one[0].value == name), None)
        if pair is None:
            return _added(text, node, path[depth:], value)
        key, node = pair
    return _put(text, key, node, _inline(value))


def _put(text: str, key: Any, node: Any, written: str) -> str:
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        raise ValueError("A block is not changed in place.")
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:  # the key had nothing behind its colon
        start = end = text.index(":", key.end_mark.index) + 1
        written = f" {written}"
    return text[:start] + written + text[end:]


def _filled(text: str, key: Any, node: Any, path: tuple[str, ...], value: Json) -> str:
    """A key without a mapping gets one of its own on its line."""
    for name in reversed(path):
        value = {name: value}
    return _put(text, key, node, _inline(value))


def _added(text: str, node: Any, path: tuple[str, ...], value: Json) -> str:
    if node.flow_style:
        for name in reversed(path[1:]):
            value = {name: value}
        end = node.end_mark.index - 1
        before = text[:end].rstrip()
        comma = ", " if node.value and not before.endswith(",") else ""
        return f"{before}{comma}{path[0]}: {_inline(value)}{text[end:]}"
    indent = " " * node.value[0][0].start_mark.column
    lines = text.splitlines(keepends=True)
    last = _last_line(node) + 1
    head = "".join(lines[:last])
    return head + _newline_before(head) + _block(path, value, indent) + "".join(lines[last:])


def _last_line(node: Any) -> int:
    """The last line that has something of a node; its end mark is behind comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last) or _line_of_key(last)
    mark = node.end_mark
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return int(mark.line) - int(block)


def _line_of_key(last: Any) -> int:
    return int(last[0].end_mark.line) if isinstance(last, tuple) else 0


def _block(path: tuple[str, ...], value: Json, indent: str) -> str:
    lines = [f"{indent}{'  ' * depth}{name}:" for depth, name in enumerate(path)]
    return "\n".join(lines) + f" {_inline(value)}\n"


def _inline(value: Json) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _newline_before(text: str) -> str:
    return "" if not text or text.endswith("\n") else "\n"


def _set(data: Any, path: tuple[str, ...], value: Json) -> None:
    for name in path[:-1]:
        if not isinstance(data.get(name), dict):
            data[name] = {}
        data = data[name]
    data[path[-1]] = value


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value
