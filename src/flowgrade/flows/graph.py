"""The order in which nodes can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowgrade.errors import FlowDefinitionError, Place


def order(upstream: Mapping[str, Sequence[str]], *, places: Mapping[str, Place]) -> list[str]:
    """Sort the nodes so that each stands after those it refers to.

    Among nodes that are ready the one that comes first in ``upstream`` stands first. Raises
    FlowDefinitionError with the path of a cycle.
    """
    done: dict[str, None] = {}
    waiting = list(upstream)
    while waiting:
        ready = next((n for n in waiting if all(u in done for u in upstream[n])), None)
        if ready is None:
            raise _cycle(waiting, upstream, places)
        done[ready] = None
        waiting.remove(ready)
    return list(done)


def is_chain(names: Sequence[str], upstream: Mapping[str, Sequence[str]]) -> bool:
    """Whether each node depends on the one before it, so that none can run beside another."""
    return all(before in upstream[name] for before, name in zip(names, names[1:], strict=False))


def _cycle(
    waiting: Sequence[str], upstream: Mapping[str, Sequence[str]], places: Mapping[str, Place]
) -> FlowDefinitionError:
    stuck = set(waiting)
    path = [waiting[0]]
    while path.count(path[-1]) == 1:
        path.append(next(u for u in upstream[path[-1]] if u in stuck))
    ring = path[path.index(path[-1]) :]
    return FlowDefinitionError(
        f"The nodes wait for each other in a cycle: {' → '.join(reversed(ring))}.",
        hint="Remove one of these references.",
        place=places.get(ring[-1]),
    )
