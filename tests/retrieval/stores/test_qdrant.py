"""The Qdrant index store, on its local files."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.errors import StoreError
from flowgrade.models import Connection
from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.retrieval.stores.qdrant import STORE
from flowgrade.settings import Secret
from flowgrade.testing.index_stores import IndexStoreConformance

pytestmark = pytest.mark.slow

_OPEN = """
import sys
from pathlib import Path

from flowgrade.errors import StoreBusyError
from flowgrade.retrieval import StorePlace
from flowgrade.retrieval.stores.qdrant import STORE

place = StorePlace(folder=Path(sys.argv[1]), index="i", snapshot="ab", dimensions=4)
try:
    STORE.writer(place)
except StoreBusyError as error:
    print(error)
"""


class TestQdrant(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(
            folder=self.folder,
            index=index,
            snapshot=snapshot,
            dimensions=dimensions,
            options=self.options,
        )


def test_another_process_is_told_that_the_files_are_open(tmp_path: Path) -> None:
    place = StorePlace(folder=tmp_path, index="i", snapshot="ab", dimensions=4)
    with closing(STORE.writer(place)):
        command = [sys.executable, "-c", _OPEN, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Another process has the index" in done.stdout
    assert "run a Qdrant server" in done.stdout


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    connection = Connection(
        name="q", base_url="http://127.0.0.1:9", api_key=Secret("a-secret-of-q")
    )
    place = StorePlace(
        folder=tmp_path, index="i", snapshot="ab", dimensions=4, connection=connection
    )
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 cannot be reached") as caught:
        STORE.reader(place)
    assert "a-secret-of-q" not in str(caught.value)
