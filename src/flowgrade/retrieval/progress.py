"""How far the build of an index is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class BuildProgress:
    """Counters of a build that is under way; read them from any thread."""

    total: int | None = None
    """Documents that are to be cut and embedded; None until all are read."""
    read: int = 0
    """Documents that were read."""
    unread: int = 0
    done: int = 0
    """Documents that were cut, embedded and stored."""
    chunks: int = 0
    embedded: int = 0
    """Texts that were embedded; what was known already is not counted."""
    tokens: int | None = None
    cost: float | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """How long the build has taken."""
        return time.perf_counter() - self.started

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the pace so far."""
        if not self.done or self.total is None:
            return None
        return self.seconds / self.done * (self.total - self.done)


WatchBuild = Callable[[BuildProgress], None]
"""Is given the counters once, when the build begins."""
