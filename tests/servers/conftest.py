"""A real server on this machine: llama.cpp's, with a model that is made on the spot."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import pytest

REQUIRE = "FLOWGRADE_REQUIRE_SERVERS"
KEY = "sk-llama-9d8c7b6a"
PATIENCE = 60  # seconds that starting and stopping may take; they take far less

_SCRIPT = Path(__file__).with_name("llama_server.py")


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model; the test is skipped where llama.cpp is not installed."""
    if find_spec("xllamacpp") is None:
        reason = "llama.cpp's server is not installed (pip install xllamacpp gguf)"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE} is set")
        pytest.skip(reason)
    from tests.servers.make_model import make_model

    return make_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="session")
def chat_server(model_file: Path) -> Iterator[str]:
    """The address of a server that chats and completes, with a key."""
    with serving(model_file, "chat") as address:
        yield f"{address}/v1"


@pytest.fixture(scope="session")
def embedding_server(model_file: Path) -> Iterator[str]:
    """The address of a server that embeds, with a key."""
    with serving(model_file, "embeddings") as address:
        yield f"{address}/v1"


@pytest.fixture
def server_key() -> str:
    """The key that both servers want."""
    return KEY


@contextmanager
def serving(model: Path, task: str) -> Iterator[str]:
    """Run the server in a process of its own; gives its address."""
    log = model.with_name(f"{task}.log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, str(_SCRIPT), str(model), KEY, task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # its sign to stop
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_line, args=(process.stdout, said), daemon=True).start()
    try:
        address = said.get(timeout=PATIENCE).strip()
    except queue.Empty:
        address = ""
    if not address:
        process.kill()
        words = log.read_bytes().decode("utf-8", "replace")
        pytest.fail(f"llama.cpp's server does not start:\n{words[-2000:]}")
    return address


def _read_line(stream: IO[str], said: queue.Queue[str]) -> None:
    said.put(stream.readline())
