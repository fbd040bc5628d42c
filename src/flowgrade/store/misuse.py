"""Ways to use a transaction wrongly, and what is said about them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flowgrade.errors import StoreError


class Writers:
    """The threads that have a write transaction open in one store.

    A thread that waited for its own transaction to end would wait forever.
    """

    def __init__(self) -> None:
        self._threads: set[int] = set()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count this thread in; raises StoreError when it is writing already."""
        me = threading.get_ident()
        if me in self._threads:
            raise StoreError(
                "This thread has a write transaction open already.",
                hint="Use that transaction, or end it first; never await inside of one.",
            )
        self._threads.add(me)
        try:
            yield
        finally:
            self._threads.discard(me)


def over() -> StoreError:
    """For a statement after the end of its transaction."""
    return StoreError("The transaction is over.", hint="Use it inside its with block.")


def failed(place: str) -> StoreError:
    """For a transaction that was to end well although a statement of it had failed."""
    return StoreError(
        f"The store {place} took nothing of a transaction, since a statement of it failed.",
        hint="Let the error of a statement end its transaction.",
    )
