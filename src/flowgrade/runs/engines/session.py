"""Session: the lanes of one worker, fed and emptied from outside."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.flows import Flow
from flowgrade.records import JsonObject, replace
from flowgrade.runs.engines.inbox import Inbox, Outbox
from flowgrade.runs.engines.local import Lanes
from flowgrade.runs.engines.opening import opening
from flowgrade.runs.engines.order import Order
from flowgrade.runs.engines.wire import unpack_rows


class Session:
    """Opens the flow of an order and does the rows that it is given."""

    def __init__(self, order: Order) -> None:
        self.inbox = Inbox()
        self.outbox = Outbox()
        self._order = order
        os.environ.update(order.variables)
        self._flow = _opened(order)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what the run says: ``rows`` to do, ``stop`` what is not begun, ``end``."""
        if "rows" in message:
            self.inbox.feed(unpack_rows(message["rows"]))
        if "stop" in message:
            self.outbox.drop(self.inbox.empty_out())
        if "end" in message:
            self.inbox.end()

    def run(self) -> None:
        """Do rows until the end is heard."""
        lanes = Lanes(
            flow=self._flow,
            source=self.inbox,
            sink=self.outbox,
            done=self.outbox.put,
            concurrency=self._order.concurrency,
            timeout=self._order.timeout,
            watch=self.outbox.lanes,
        )
        try:
            asyncio.run(lanes.run())
        finally:
            self.outbox.close()


def greeting() -> JsonObject:
    """The first message of a worker that can begin. A death after it may be a row's fault."""
    return {"done": [], "dropped": [], "lanes": 1}


def refusal(error: Exception) -> JsonObject:
    """The message of a worker that cannot begin."""
    own = error if isinstance(error, FlowgradeError) else None
    return {
        "refused": own.message if own else f"{type(error).__name__}: {error}",
        "hint": own.hint if own else None,
        "code": own.exit_code if own else 1,
    }


def _opened(order: Order) -> Flow:
    sys.path[:] = [*order.path, *(p for p in sys.path if p not in order.path)]
    module, _, name = order.opener.partition(":")
    opener: Callable[[Order], Flow] = getattr(import_module(module), name)
    with opening():
        flow = opener(order)
    if str(flow.ref) != order.ref:
        raise InputError(
            f"The flow '{flow.name}' that a worker loaded from {order.source} is another one than "
            "that of the run.",
            hint="Do not change a flow while it runs; to go on with the new one: runs resume "
            "--accept-changes",
        )
    flow.body.prepare()
    return replace(flow, base=Path(order.base) if order.base else None)
