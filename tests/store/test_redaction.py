"""No secret that is known reaches a database, whichever statement carries it."""

from __future__ import annotations

import secrets

from flowgrade.settings import HIDDEN, remember
from flowgrade.store import Store, Table

_TABLE = Table(name="kept", columns=("id", "text"), key=("id",))


def test_a_secret_is_hidden_in_rows_and_in_parameters(store: Store) -> None:
    secret = f"x{secrets.token_hex(12)}"
    remember(secret)
    with store.write() as transaction:
        transaction.execute("CREATE TABLE kept (id TEXT PRIMARY KEY, text TEXT)")
        transaction.insert(_TABLE, [("a", f'{{"key": "{secret}"}}'), ("b", "plain"), ("c", None)])
        transaction.execute("UPDATE kept SET text = ? WHERE id = ?", (f"new {secret}", "b"))
    with store.read() as transaction:
        rows = transaction.all("SELECT id, text FROM kept ORDER BY id")
    assert rows == [("a", f'{{"key": "{HIDDEN}"}}'), ("b", f"new {HIDDEN}"), ("c", None)]
