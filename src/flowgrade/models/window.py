"""A sliding window: no more than so much in any minute."""

from __future__ import annotations

from collections import deque

MINUTE = 60.0


class Spent:
    """What one call took of a window; ``amount`` may be corrected once it is known."""

    __slots__ = ("amount", "at")

    def __init__(self, at: float, amount: int) -> None:
        self.at = at
        self.amount = amount


class Window:
    """Allows ``limit`` in each half-open stretch of ``seconds``.

    A window, not a bucket that fills again: a full bucket would let almost twice the limit through
    in its first minute.
    """

    __slots__ = ("_seconds", "_spent", "_sum", "limit")

    def __init__(self, limit: int, seconds: float = MINUTE) -> None:
        self.limit = limit
        self._seconds = seconds
        self._spent: deque[Spent] = deque()
        self._sum = 0

    def wait(self, amount: int, now: float) -> float:
        """Seconds until ``amount`` fits. One that is above the limit fits an empty window."""
        self._forget(now)
        over = self._sum + min(amount, self.limit) - self.limit
        if over <= 0:
            return 0.0
        for spent in self._spent:
            over -= spent.amount
            if over <= 0:
                return max(spent.at + self._seconds - now, 0.0)
        return self._seconds

    def take(self, amount: int, now: float) -> Spent:
        """Count ``amount`` as spent now."""
        spent = Spent(now, amount)
        self._spent.append(spent)
        self._sum += amount
        return spent

    def correct(self, spent: Spent, amount: int) -> bool:
        """What a call really took; returns whether there is more room now."""
        if self._spent and spent.at >= self._spent[0].at:
            self._sum += amount - spent.amount
        less = amount < spent.amount
        spent.amount = amount
        return less

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0].at <= now - self._seconds:
            self._sum -= self._spent.popleft().amount
