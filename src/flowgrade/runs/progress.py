"""How far a run is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counters of a run that is under way; rows stored earlier count as done."""

    rows: int | None = None
    """How many rows the data has; None while that is not known."""
    completed: int = 0
    failed: int = 0
    before: int = 0
    """Rows that were done before this part of the run."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    """US dollars of the calls whose price is known."""
    unpriced: int = 0
    """Calls whose cost is not known."""
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Rows that need no more work."""
        return self.before + self.completed + self.failed

    @property
    def rate(self) -> float:
        """Rows a second in this part of the run."""
        return (self.completed + self.failed) / max(time.monotonic() - self.started, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None while there is nothing to estimate from."""
        if self.rows is None or not (self.completed + self.failed):
            return None
        return max(self.rows - self.done, 0) / self.rate

    def count(
        self,
        *,
        failed: bool,
        input_tokens: int | None,
        output_tokens: int | None,
        cost: float | None,
        unpriced: int = 0,
    ) -> None:
        """Count one row."""
        if failed:
            self.failed += 1
        else:
            self.completed += 1
        if input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + input_tokens
        if output_tokens is not None:
            self.output_tokens = (self.output_tokens or 0) + output_tokens
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost
        self.unpriced += unpriced
