"""Limits: how much one rendering may use."""

from __future__ import annotations

import time

from flowgrade.errors import TemplateError
from flowgrade.records import Record

_WORK_PER_CHARACTER = 4
_CHECK_EVERY = 4096
_MAX_INT_BITS = 65_536
_SCALAR = 32
"""Characters that a number or an object may take when written."""
_EMPTY: dict[str, object] = {}
_VIEWS = (type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items()))
_CONTAINERS = (list, tuple, set, frozenset, *_VIEWS)


class Limits(Record):
    """Bounds of one rendering; reaching one is a TemplateError."""

    characters: int = 4 * 1024 * 1024
    """Length of the text that comes out. All values made on the way may be four times that."""
    seconds: float = 2.0
    """Processor time of the thread that renders."""


class Budget:
    """What is left of the limits of one rendering."""

    __slots__ = ("_cpu_end", "_late_at", "characters", "limits", "work")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.characters = limits.characters
        self.work = limits.characters * _WORK_PER_CHARACTER
        self._cpu_end = time.thread_time() + limits.seconds
        self._late_at = time.monotonic() + limits.seconds

    def tick(self) -> None:
        """Raise TemplateError when the time is up.

        The wall clock is cheap to read and the thread's clock is not, so the second is asked
        only when the first has passed the limit: a rendering that merely waited goes on.
        """
        if time.monotonic() < self._late_at:
            return
        left = self._cpu_end - time.thread_time()
        if left <= 0:
            raise TemplateError(
                f"The template took longer than {self.limits.seconds:g} s.",
                hint="Loop over less, or prepare the data before the template.",
            )
        self._late_at = time.monotonic() + left

    def write(self, length: int) -> None:
        """Count ``length`` characters of output."""
        self.characters -= length
        if self.characters < 0:
            raise TemplateError(
                f"The template wrote more than {self.limits.characters:,} characters.",
                hint="Put less into the prompt.",
            )

    def spend(self, amount: int) -> None:
        """Count values of ``amount`` characters or items that the template made."""
        self.work -= amount
        if self.work < 0:
            self.refuse()

    def require(self, amount: int) -> None:
        """Raise unless a value of ``amount`` characters or items may be made."""
        if amount > self.work:
            self.refuse()

    def refuse(self) -> None:
        """Raise TemplateError for a value that is too large."""
        work = self.limits.characters * _WORK_PER_CHARACTER
        raise TemplateError(
            f"The template made values of more than {work:,} characters.",
            hint="Prepare large values before the template.",
        )

    def made(self, value: object) -> None:
        """Count a value that an operation of the template gave back."""
        if isinstance(value, str | bytes):
            self.spend(len(value))
        elif isinstance(value, int):
            if value.bit_length() > _MAX_INT_BITS:
                self.refuse()
        elif isinstance(value, list | tuple | dict | set | frozenset):
            self.weigh(value)
            self.spend(len(value))

    def weigh(self, value: object) -> int:
        """Characters and items in ``value`` when written out; raises when over what is left.

        A list that holds the same list many times weighs what its text would: templates can
        build values whose text is exponentially long.
        """
        total = 0
        seen = 0
        waiting: list[object] = [value]
        while waiting:
            item = waiting.pop()
            seen += 1
            if isinstance(item, str | bytes):
                total += 1 + len(item)
            elif isinstance(item, dict):
                waiting += item.keys()
                waiting += item.values()
                total += 1
            elif isinstance(item, _CONTAINERS):
                waiting += item
                total += 1
            else:
                total += _weight_of_one(item, waiting)
            if total + len(waiting) > self.work:
                self.refuse()
            if seen % _CHECK_EVERY == 0:
                self.tick()
        return total


def _weight_of_one(item: object, waiting: list[object]) -> int:
    if isinstance(item, int):
        return _SCALAR + item.bit_length()
    # A Jinja namespace writes out what it holds. By name, to keep this module off Jinja.
    if type(item).__name__ == "Namespace":
        waiting.append(getattr(item, "_Namespace__attrs", None))
    return _SCALAR
