"""Open the database: SQLite in the project by default, PostgreSQL for a team.

This room owns connections, transactions, locks and migrations. Each other room keeps its own
tables and runs its own SQL, written once for both databases with ``?`` for parameters.
"""

from flowgrade.store.database import Store, Transaction
from flowgrade.store.migrate import MigrationState, migrate, migration_state
from flowgrade.store.open import connect_store, open_store
from flowgrade.store.table import Table

__all__ = [
    "MigrationState",
    "Store",
    "Table",
    "Transaction",
    "connect_store",
    "migrate",
    "migration_state",
    "open_store",
]
