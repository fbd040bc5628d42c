"""What differs between two snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowgrade.records import Json, JsonObject, Record
from flowgrade.retrieval.repository import document_digests
from flowgrade.retrieval.snapshot import Snapshot
from flowgrade.store import Store


class Difference(Record):
    """The way from one snapshot to another."""

    old: Snapshot
    new: Snapshot
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    """Ids of documents."""
    settings: Mapping[str, tuple[Json, Json]]
    """What was and what is, by the name of the setting, such as ``chunks.size``."""

    def as_json(self) -> JsonObject:
        """The difference as the command line prints it with ``--json``."""
        return {
            "from": {"index": self.old.index, "snapshot": self.old.digest},
            "to": {"index": self.new.index, "snapshot": self.new.digest},
            "added": list(self.added),
            "changed": list(self.changed),
            "removed": list(self.removed),
            "settings": {name: list(pair) for name, pair in self.settings.items()},
        }


def difference(store: Store, old: Snapshot, new: Snapshot) -> Difference:
    """What changed from ``old`` to ``new``, which may be of different indexes."""
    was = document_digests(store, old.index, old.digest)
    now = document_digests(store, new.index, new.digest)
    return Difference(
        old=old,
        new=new,
        added=tuple(one for one in now if one not in was),
        changed=tuple(one for one in now if was.get(one, now[one]) != now[one]),
        removed=tuple(one for one in was if one not in now),
        settings=dict(_settings(_all(old), _all(new))),
    )


def _all(snapshot: Snapshot) -> JsonObject:
    return {
        **snapshot.settings.as_json(),
        "model": snapshot.model,
        "dimensions": snapshot.dimensions,
    }


def _settings(
    old: Mapping[str, Json], new: Mapping[str, Json], above: str = ""
) -> Iterator[tuple[str, tuple[Json, Json]]]:
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _settings(was, now, f"{above}{name}.")
        elif was != now:
            yield f"{above}{name}", (was, now)
