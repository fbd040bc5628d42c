"""A project whose indexes are embedded by the stub."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.retrieval import Built, Document, Index, Indexes, Unread
from flowgrade.settings import read_settings
from flowgrade.store import Store, open_store
from flowgrade.testing import StubScript, StubServer, running_stub

MODEL = "openai/stub-embedding"


def documents(*texts: str, **named: str) -> list[Document]:
    """Documents with these texts, called 0, 1, … or by name."""
    every = {**{str(number): text for number, text in enumerate(texts)}, **named}
    return [Document(id=name, text=text) for name, text in every.items()]


class Kit:
    """The indexes of a project, and what makes one of them."""

    def __init__(self, folder: Path, store: Store, environment: dict[str, str]) -> None:
        self.folder = folder
        self.store = store
        self.environment = environment
        self._models: list[Models] = []
        self.indexes = self.again()

    def again(self) -> Indexes:
        """The same project as another process opens it."""
        settings = read_settings(self.environment, folder=self.folder)
        models = Models(settings)
        self._models.append(models)
        return Indexes(settings, models, store=lambda: self.store, block=run_blocking)

    def build(
        self,
        given: Iterable[Document | Unread],
        *,
        name: str = "kb",
        rebuild: bool = False,
        **settings: Any,
    ) -> Built:
        """Build from documents in memory; ``settings`` are keys of flowgrade.yaml."""
        return run_blocking(
            self.indexes.build(
                name,
                documents=given,
                settings={"embedding": MODEL, **settings},
                rebuild=rebuild,
            )
        )

    def found(self, question: str, index: Index | None = None) -> list[str]:
        """Ids of the documents that a search by words finds."""
        opened = index or self.indexes.open("kb")
        work = opened.search(question, mode="keyword")
        # In a thread of its own, so that it can be asked in the middle of a build too.
        with ThreadPoolExecutor(1) as threads:
            return list(threads.submit(asyncio.run, work).result().documents)

    def close(self) -> None:
        """Close what is open."""
        self.indexes.close()
        for models in self._models:
            run_blocking(models.aclose())
        self.store.close()


@pytest.fixture(scope="session")
def shared_embedder() -> Iterator[StubServer]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def stub(shared_embedder: StubServer) -> StubServer:
    shared_embedder.set_script(StubScript())
    return shared_embedder


@pytest.fixture
def kit(tmp_path: Path, stub: StubServer) -> Iterator[Kit]:
    (tmp_path / "flowgrade.yaml").write_text("name: test\n", encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path / '.flowgrade' / 'store.db'}")
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "OPENAI_BASE_URL": stub.base_url,
        "OPENAI_API_KEY": "for-the-stub",
    }
    made = Kit(tmp_path, store, environment)
    yield made
    made.close()
