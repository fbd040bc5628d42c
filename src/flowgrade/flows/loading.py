"""What is being loaded right now, so that a flow inside a flow never leads back to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.modules import ModuleSpace

_DEEPEST = 16
"""How many flows may stand inside each other."""


@dataclass(slots=True)
class _Loading:
    """One load with all that it leads to."""

    chain: list[tuple[Path, Path]] = field(default_factory=list)
    """The definitions from the outermost: as named to people, and resolved."""
    spaces: dict[Path, ModuleSpace] = field(default_factory=dict)


_LOADING: ContextVar[_Loading | None] = ContextVar("flowgrade_loading", default=None)


@contextmanager
def entered(file: Path, *, copy_of: Path | None = None) -> Iterator[None]:
    """For the block, ``file`` is being loaded. Raises FlowDefinitionError when it already was.

    ``copy_of`` says that ``file`` is a copy of a definition which is being loaded.
    """
    outer = _LOADING.get()
    loading = outer or _Loading()
    token = _LOADING.set(loading)
    own = file.resolve()
    known = [resolved for _, resolved in loading.chain]
    try:
        if copy_of is not None and own in known:
            yield  # no copy was made
            return
        if own in known:
            raise _cycle([shown for shown, _ in loading.chain[known.index(own) :]])
        if len(known) >= _DEEPEST:
            raise FlowDefinitionError(
                f"More than {_DEEPEST} flows stand inside each other, down to {file}.",
                hint="Bring the work into fewer flows.",
            )
        loading.chain.append(((copy_of or file).resolve(), own))
        try:
            yield
        finally:
            loading.chain.pop()
    finally:
        _LOADING.reset(token)


def space_of(folder: Path) -> ModuleSpace:
    """The modules of ``folder``: one space for all flows of one load that live there."""
    loading = _LOADING.get()
    if loading is None:
        return ModuleSpace(folder)
    own = folder.resolve()
    if own not in loading.spaces:
        loading.spaces[own] = ModuleSpace(folder)
    return loading.spaces[own]


def _cycle(ring: list[Path]) -> FlowDefinitionError:
    path = list(dict.fromkeys(ring))
    names = [f"{file.parent.name}/{file.name}" for file in (*path, path[0])]
    return FlowDefinitionError(
        f"The flows run each other in a circle: {' → '.join(names)}.",
        hint="Remove one of these steps; to repeat a flow, use a node of the type loop.",
    )
