"""The pool: which connection a transaction gets, and what becomes of it."""

from __future__ import annotations

import os
import warnings

import pytest

from flowgrade.errors import StoreError
from flowgrade.store.pool import Pool


class Wire:
    """A connection that only knows whether it is open."""

    def __init__(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False


def test_a_connection_is_used_again_by_the_next_transaction() -> None:
    pool = Pool(Wire, place="here")
    first, second = pool.take(), pool.take()
    assert first is not second
    pool.give_back(first)
    assert pool.take() is first


def test_few_idle_connections_are_kept() -> None:
    pool = Pool(Wire, place="here")
    wires = [pool.take() for _ in range(20)]
    for wire in wires:
        pool.give_back(wire)
    assert sum(wire.open for wire in wires) == 8


def test_closing_spares_what_is_in_use_until_it_is_given_back() -> None:
    pool = Pool(Wire, place="here")
    used, idle = pool.take(), pool.take()
    pool.give_back(idle)
    pool.close()
    assert (used.open, idle.open) == (True, False)
    pool.give_back(used)
    assert not used.open
    with pytest.raises(StoreError, match="The store here is closed"):
        pool.take()
    pool.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_neither_uses_nor_closes_the_connections_of_its_parent() -> None:
    pool = Pool(Wire, place="here")
    wire = pool.take()
    pool.give_back(wire)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests may live on
        child = os.fork()
    if not child:
        own = pool.take()
        pool.close()
        os._exit(0 if own is not wire and wire.open else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.take() is wire
