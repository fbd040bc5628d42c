"""Text that comes piece by piece, for code that reads it with a plain ``for``."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import AsyncIterator, Iterator

from flowgrade.flows import Chunk, Flow, in_flow_loop, run_blocking
from flowgrade.promptflow.host import aside


def pieces(flow: Flow, inputs: dict[str, object]) -> Iterator[str]:
    """The streamed output of one call of ``flow``, as it arrives; raises what the call raises.

    The call begins with the first piece that is asked for. When the reader stops early, the rest
    is read and dropped.
    """
    arrived: queue.Queue[str | BaseException | None] = queue.Queue()

    async def pump() -> None:
        try:
            async for text in _texts(flow.astream(**inputs)):
                arrived.put(text)
        except BaseException as error:  # noqa: BLE001  handed to the reader below
            arrived.put(error)
        else:
            arrived.put(None)

    # A reader that the shared loop itself runs keeps that loop waiting, so the call needs another.
    run = aside if in_flow_loop() else run_blocking
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=lambda: context.run(run, pump()), name="flowgrade-stream", daemon=True
    )
    thread.start()
    while (piece := arrived.get()) is not None:
        if isinstance(piece, BaseException):
            raise piece
        yield piece
    thread.join()


async def _texts(parts: AsyncIterator[Chunk | dict[str, object]]) -> AsyncIterator[str]:
    async for part in parts:
        if isinstance(part, Chunk):
            yield part.text
