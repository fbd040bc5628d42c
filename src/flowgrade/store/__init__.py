"""Open the database: SQLite in the project by default, PostgreSQL for a team.

This room owns connections, transactions, locks and migrations. Each other room keeps its own
tables and runs its own SQL, written once for both databases with ``?`` for parameters.
"""

from flowgrade.store.database import Store, Transaction
from flowgrade.store.health import clock_ahead, integrity_fault
from flowgrade.store.migrate import MigrationState, migrate, migration_state
from flowgrade.store.open import connect_store, open_store, store_exists
from flowgrade.store.table import Table

__all__ = [
    "MigrationState",
    "Store",
    "Table",
    "Transaction",
    "clock_ahead",
    "connect_store",
    "integrity_fault",
    "migrate",
    "migration_state",
    "open_store",
    "store_exists",
]
