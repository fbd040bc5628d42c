"""Pooled connections and the event loops they belong to."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flowgrade.models import ChatRequest

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def test_calls_one_after_the_other_share_a_connection(rig: Rig, server: Server) -> None:
    model = rig.open()

    async def run() -> None:
        for _ in range(5):
            await model.chat(REQUEST)
        _ = [chunk async for chunk in model.chat_stream(REQUEST)]
        await model.chat(REQUEST)

    asyncio.run(run())
    assert server.connections == 1
    assert len(server.requests) == 7


def test_models_of_one_connection_share_a_pool(rig: Rig, server: Server) -> None:
    models = rig.models()
    connection = rig.connection()

    async def run() -> None:
        for name in ("a", "b"):
            await models.open(name, connection=connection).chat(REQUEST)

    asyncio.run(run())
    assert server.connections == 1


def test_a_model_serves_one_event_loop_after_the_other(rig: Rig, server: Server) -> None:
    model = rig.open()
    for _ in range(3):
        assert asyncio.run(model.chat(REQUEST)).text == "Hello."
    assert server.connections == 3


def test_a_model_serves_event_loops_of_several_threads(rig: Rig, server: Server) -> None:
    model = rig.open()
    texts: list[str | None] = []

    def work() -> None:
        async def run() -> None:
            for _ in range(5):
                texts.append((await model.chat(REQUEST)).text)

        asyncio.run(run())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["Hello."] * 20


def test_closing_ends_the_connections_and_the_next_call_opens_new_ones(
    rig: Rig, server: Server
) -> None:
    async def run() -> None:
        async with rig.models() as models:
            model = models.open("stub", connection=rig.connection())
            await model.chat(REQUEST)
            await models.aclose()
            await model.chat(REQUEST)

    asyncio.run(run())
    assert server.connections == 2


def test_a_loop_that_ends_without_closing_leaves_no_warning(
    rig: Rig, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        await rig.open().chat(REQUEST)

    with caplog.at_level(logging.DEBUG, "asyncio"):
        asyncio.run(run())
        gc.collect()
    assert "Unclosed" not in caplog.text


def test_a_loop_that_is_closed_by_hand_leaves_no_warning(
    rig: Rig, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    model = rig.open()
    first = asyncio.new_event_loop()
    first.run_until_complete(model.chat(REQUEST))
    first.run_until_complete(first.shutdown_asyncgens())
    first.close()
    assert asyncio.run(model.chat(REQUEST)).text == "Hello."
    gc.collect()
    assert "Unclosed" not in caplog.text


def test_a_loop_that_just_stops_leaves_no_warning(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(replace(kit.chat("Bye."), headers={"Connection": "close"}))
    model = rig.open()
    first = asyncio.new_event_loop()
    first.run_until_complete(model.chat(REQUEST))
    first.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asyncio.run(model.chat(REQUEST)).text == "Hello."
        gc.collect()
    assert not [warning for warning in caught if "Unclosed" in str(warning.message)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_makes_connections_of_its_own(rig: Rig, server: Server) -> None:
    model = rig.open()

    async def run() -> int:
        await model.chat(REQUEST)
        child = os.fork()
        if child == 0:
            done = 1
            try:
                thread = threading.Thread(target=lambda: asyncio.run(_ask_twice(model)))
                thread.start()
                thread.join()
                done = 0
            finally:
                os._exit(done)
        await model.chat(REQUEST)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        await model.chat(REQUEST)
        return status

    async def _ask_twice(model: object) -> None:
        for _ in range(2):
            await rig_model.chat(REQUEST)

    rig_model = model
    assert asyncio.run(run()) == 0
    assert server.connections == 2
    assert len(server.requests) == 5
