"""Build an index: documents in, a snapshot out that searches see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping

from flowgrade.errors import IndexBusyError, IndexConflictError, InputError, LoadError
from flowgrade.records import Failure, Json, JsonObject, Record, field, replace
from flowgrade.retrieval.cutting import open_cutter
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.embedding import Embedder
from flowgrade.retrieval.filling import fill
from flowgrade.retrieval.intake import Intake
from flowgrade.retrieval.loading.loader import Unread
from flowgrade.retrieval.progress import BuildProgress, WatchBuild
from flowgrade.retrieval.removal import remove_old_place, remove_snapshot
from flowgrade.retrieval.repository import (
    begin_snapshot,
    document_digests,
    end_snapshot,
    find_index,
    find_snapshot,
    finish_snapshot,
    get_index,
    list_snapshots,
    lock_name,
    make_current,
)
from flowgrade.retrieval.settings import IndexSettings
from flowgrade.retrieval.snapshot import IndexRecord, Snapshot, SnapshotStatus, snapshot_digest
from flowgrade.retrieval.workshop import Workshop, index_store, is_published

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class BuildOrder(Record):
    """What is to be built."""

    name: str
    settings: IndexSettings = field(default_factory=IndexSettings)
    sources: tuple[str, ...] = ()
    """Where the documents come from, for later updates; they are given by themselves."""
    loading: Mapping[str, Json] = field(default_factory=dict)
    rebuild: bool = False
    """Take nothing over from the snapshot before, which may have another model or store."""


class Built(Record):
    """How a build ended."""

    snapshot: Snapshot
    fresh: bool
    """False when the snapshot was there already: nothing had changed."""
    added: int = 0
    changed: int = 0
    removed: int = 0
    """Documents, compared with the snapshot that was current before."""

    def as_json(self) -> JsonObject:
        """How the build ended, as the command line prints it with ``--json``."""
        return {
            **self.snapshot.as_json(),
            "fresh": self.fresh,
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
        }


async def build_index(
    workshop: Workshop,
    order: BuildOrder,
    documents: Iterable[Document | Unread],
    *,
    watch: WatchBuild | None = None,
) -> Built:
    """Bring the index to these documents and settings, and make that snapshot current.

    Documents that the current snapshot has are taken over, where it was made with the same
    settings; texts that were ever embedded are not embedded again. A build that was cut off goes
    on where it stood. Until the end searches see the snapshot before; a build that fails leaves it.

    Raises IndexBusyError while another process builds it, IndexConflictError for another model or
    store than before without ``rebuild``, InputError for no document or one that is there twice.
    """
    if not _NAME.fullmatch(order.name):
        raise InputError(
            f"'{order.name}' cannot be the name of an index.",
            hint="Use up to 100 letters, digits and . _ -",
        )
    with workshop.store.lock(lock_name(order.name)) as free:
        if not free:
            raise IndexBusyError(
                f"The index '{order.name}' is being built by another process.",
                hint=f"Wait for it; see how far it is: flowgrade index show {order.name}",
            )
        return await _Build(workshop, order, watch).run(documents)


async def update_index(
    workshop: Workshop,
    name: str,
    documents: Iterable[Document | Unread],
    *,
    watch: WatchBuild | None = None,
) -> Built:
    """Bring an index to these documents, with the settings that it has; raises NotFoundError."""
    record = get_index(workshop.store, name)
    order = BuildOrder(
        name=name, settings=record.settings, sources=record.sources, loading=record.loading
    )
    return await build_index(workshop, order, documents, watch=watch)


class _Build:
    def __init__(self, workshop: Workshop, order: BuildOrder, watch: WatchBuild | None) -> None:
        self._workshop = workshop
        self._order = order
        self._progress = BuildProgress()
        if watch is not None:
            watch(self._progress)
        settings = order.settings
        self._places = index_store(settings)
        self._record = find_index(workshop.store, order.name)
        self._before = self._current()
        self._embedder = self._opened_embedder()
        self._cutter = open_cutter(settings, self._embedder.name if self._embedder else None)
        self._refuse_conflict()

    async def run(self, documents: Iterable[Document | Unread]) -> Built:
        base = await self._base()
        known = (
            document_digests(self._workshop.store, self._order.name, base.digest) if base else {}
        )
        with Intake(self._workshop.folder, known, self._progress) as intake:
            intake.take(documents)
            self._refuse_nothing(intake)
            snapshot = await self._planned(intake, base)
            there = find_snapshot(self._workshop.store, self._order.name, snapshot.digest)
            if there is not None and self._serves(there, snapshot):
                return self._again(there, intake)
            return await self._built(snapshot, intake, there)

    def _current(self) -> Snapshot | None:
        record = self._record
        if record is None or record.current is None:
            return None
        return find_snapshot(self._workshop.store, record.name, record.current)

    def _opened_embedder(self) -> Embedder | None:
        name = self._order.settings.embedding
        if name is None:
            return None
        embedder = Embedder(
            self._workshop.models, name, store=self._workshop.store, done=self._embedded
        )
        before = self._before
        if before is not None and before.model == embedder.name and not self._order.rebuild:
            embedder.expect(before.dimensions)
        return embedder

    def _embedded(self, texts: int) -> None:
        self._progress.embedded += texts
        if self._embedder is not None:
            self._progress.tokens = self._embedder.tokens
            self._progress.cost = self._embedder.cost

    def _refuse_conflict(self) -> None:
        before, order = self._before, self._order
        if before is None or order.rebuild:
            return
        model = self._embedder.name if self._embedder else None
        was, now = before.settings, order.settings
        for what, old, new, option in (
            ("the embedding model", before.model, model, f"--embedding {now.embedding}"),
            ("the store", was.store, now.store, f"--store {now.store}"),
            (
                "the connection",
                was.connection,
                now.connection,
                f"--set connection={now.connection}",
            ),
        ):
            if old != new:
                raise IndexConflictError(
                    f"The index '{order.name}' was made with {what} '{old or 'none'}', not with "
                    f"'{new or 'none'}'.",
                    hint="Make it anew; searches see the old snapshot until that is done: "
                    f"flowgrade index build {' '.join((order.name, *order.sources))} "
                    f"{option.replace('None', 'none')} --rebuild",
                )

    async def _base(self) -> Snapshot | None:
        """The snapshot to take documents over from, if there is one that was made alike."""
        before, settings = self._before, self._order.settings
        if before is None or self._order.rebuild or before.status is not SnapshotStatus.READY:
            return None
        was = before.settings
        alike = (
            was.chunks == settings.chunks
            and was.language == settings.language
            and was.options == settings.options
        )
        return before if alike and is_published(self._workshop, before) else None

    def _refuse_nothing(self, intake: Intake) -> None:
        if intake.documents:
            return
        if intake.unread:
            first = intake.unread[0]
            raise LoadError(
                f"None of {len(intake.unread):,} files could be read. "
                f"{first.source}: {first.message}"
            )
        where = ", ".join(self._order.sources)
        raise InputError(
            f"There are no documents{f' in {where}' if where else ''}.",
            hint="Name a file or folder with documents; `flowgrade index build --help` says which "
            "formats are read.",
        )

    async def _planned(self, intake: Intake, base: Snapshot | None) -> Snapshot:
        embedder, settings = self._embedder, self._order.settings
        model = embedder.name if embedder else None
        dimensions = await embedder.dimensions() if embedder else None
        return Snapshot(
            index=self._order.name,
            digest=snapshot_digest(
                intake.documents,
                settings,
                model=model,
                dimensions=dimensions,
                counter=self._cutter.counter.name,
            ),
            status=SnapshotStatus.BUILDING,
            settings=settings,
            model=model,
            dimensions=dimensions,
            base=base.digest if base else None,
            documents=len(intake.documents),
            created_ns=time.time_ns(),
            unread=tuple(intake.unread),
        )

    def _serves(self, there: Snapshot, wanted: Snapshot) -> bool:
        """Whether a snapshot of the same content is there, ready, in the same place."""
        was, now = there.settings, wanted.settings
        return (
            there.status is SnapshotStatus.READY
            and (was.store, was.connection, was.options) == (now.store, now.connection, now.options)
            and is_published(self._workshop, there)
        )

    def _again(self, there: Snapshot, intake: Intake) -> Built:
        before = self._before
        make_current(self._workshop.store, self._renewed(), there.digest)
        current = replace(there, unread=tuple(intake.unread))
        return self._ended(current, before, intake, fresh=False)

    async def _built(self, snapshot: Snapshot, intake: Intake, there: Snapshot | None) -> Built:
        store, record = self._workshop.store, self._renewed()
        # The same content in another place: until the end it is the old place that searches need.
        moving = there is not None and there.status is SnapshotStatus.READY
        if not moving:
            begin_snapshot(store, record, snapshot)
        try:
            chunks = await fill(
                self._workshop, self._cutter, self._embedder, snapshot, intake, self._progress
            )
        except Exception as error:
            failed = replace(
                self._spent(snapshot),
                status=SnapshotStatus.FAILED,
                error=replace(Failure.of(error), trace=None),
            )
            if not moving:
                end_snapshot(store, failed)
            raise
        ready = replace(self._spent(snapshot), status=SnapshotStatus.READY, chunks=chunks)
        finish_snapshot(store, record, ready, intake.documents, of_base=intake.known)
        self._clear_away(ready)
        if moving and there is not None:
            remove_old_place(self._workshop, there, ready)
        return self._ended(ready, self._before, intake, fresh=True)

    def _clear_away(self, ready: Snapshot) -> None:
        """Remove what builds left that never ended: nobody will go on with them."""
        for other in list_snapshots(self._workshop.store, ready.index):
            if other.digest != ready.digest and other.status is not SnapshotStatus.READY:
                remove_snapshot(self._workshop, other)

    def _spent(self, snapshot: Snapshot) -> Snapshot:
        embedder = self._embedder
        return replace(
            snapshot,
            seconds=self._progress.seconds,
            embedded=embedder.embedded if embedder else 0,
            tokens=embedder.tokens if embedder else None,
            cost=embedder.cost if embedder else None,
            unpriced=embedder.unpriced if embedder else 0,
        )

    def _current_digest(self) -> str | None:
        return self._record.current if self._record else None

    def _renewed(self) -> IndexRecord:
        order, now = self._order, time.time_ns()
        return IndexRecord(
            name=order.name,
            settings=order.settings,
            sources=order.sources,
            loading=order.loading,
            current=self._current_digest(),
            created_ns=self._record.created_ns if self._record else now,
            updated_ns=now,
        )

    def _ended(
        self, snapshot: Snapshot, before: Snapshot | None, intake: Intake, *, fresh: bool
    ) -> Built:
        known = intake.known
        if not known and before is not None:
            known = document_digests(self._workshop.store, before.index, before.digest)
        documents = intake.documents
        return Built(
            snapshot=snapshot,
            fresh=fresh,
            added=sum(1 for one in documents if one not in known),
            changed=sum(1 for one in documents if known.get(one, documents[one]) != documents[one]),
            removed=sum(1 for one in known if one not in documents),
        )
