"""The engine ``ray``: workers on the machines of a Ray cluster.

A worker is an actor with a ``Session`` in it. One call after the other takes messages to it and
brings back what is done meanwhile, so that a worker is served over Ray as over a pipe.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flowgrade.errors import EngineError, InputError, MissingExtraError
from flowgrade.flows import Flow, in_thread
from flowgrade.records import JsonObject, dumps_any, loads, replace
from flowgrade.runs.engines.backlog import Ending
from flowgrade.runs.engines.engine import Plan, Work
from flowgrade.runs.engines.order import Order, check_loadable, order_for, origin_of
from flowgrade.runs.engines.pool import Channel, Pool, processors, worker_count
from flowgrade.runs.engines.session import Session, greeting, refusal

_WAIT = 1.0  # seconds after which a worker that has done nothing says so
_ADDRESS = "RAY_ADDRESS"


class RayEngine:
    """Does rows in the actors of a Ray cluster: that of RAY_ADDRESS, else one on this machine."""

    def check(self, plan: Plan) -> None:
        """Refuse a flow that lives only in this process, and a machine without Ray."""
        if find_spec("ray") is None:
            raise MissingExtraError("ray", purpose="The engine 'ray'")
        origin_of(plan)
        check_loadable(plan.flow)
        worker_count(plan, processors())
        if os.environ.get(_ADDRESS):
            _shipped(plan.flow)

    async def run(self, work: Work) -> None:
        """Do the rows until the source ends."""
        session = _connected(work.flow)
        # In a thread: the start takes seconds, and takes the signals' handlers in the main one.
        ray = await in_thread(session.__enter__)
        try:
            room = float(ray.cluster_resources().get("CPU", 1))
            workers = worker_count(work, max(1, int(room)))

            def launch(index: int) -> Channel:
                order = order_for(work, index, workers)
                return Actor(ray, _moved(order) if _ships() else order, room / workers)

            await Pool(work, launch, workers).run()
        finally:
            await in_thread(lambda: session.__exit__(None, None, None))


ENGINE = RayEngine()


def _ships() -> bool:
    """Whether the flow's folder goes to the workers, which may be on other machines."""
    return bool(os.environ.get(_ADDRESS))


@contextmanager
def _connected(flow: Flow) -> Iterator[Any]:
    # Ray reads these while it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray  # noqa: PLC0415  an optional dependency

    if ray.is_initialized():  # by the program around the run, which ends it too
        yield ray
        return
    address = os.environ.get(_ADDRESS)
    options: dict[str, Any] = {"logging_level": logging.ERROR, "configure_logging": False}
    if address:
        options |= {"address": address, "runtime_env": {"working_dir": str(_shipped(flow))}}
    else:
        options |= {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(**options)
    except Exception as error:  # Ray has many ways to say that it cannot
        raise EngineError(
            f"Ray cannot begin: {type(error).__name__}: {error}",
            hint=f"Check {_ADDRESS}." if address else "See whether its processes may start here.",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


class Actor:
    """A worker behind calls of Ray."""

    def __init__(self, ray: Any, order: Order, processors: float) -> None:
        self._ray = ray
        remote = ray.remote(num_cpus=min(1.0, int(processors * 1000) / 1000), max_restarts=0)
        self._actor = remote(RayWorker).remote()
        self._order: str | None = dumps_any({"order": order.as_json()})
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._how = "is gone"

    def send(self, message: JsonObject) -> None:
        """Keep it for the next call."""
        with self._lock:
            self._waiting.append(dumps_any(message))

    def receive(self) -> JsonObject | None:
        """What it says next; None once it is gone."""
        while True:
            try:
                said = self._ray.get(self._actor.exchange.remote(self._taken()))
            except self._ray.exceptions.RayError as error:
                self._how = f"was lost to Ray ({type(error).__name__})"
                return None
            if said is not None:
                found: JsonObject = loads(said)
                return found

    def close(self) -> None:
        """Tell it what is left to tell, its end, and let Ray have its place."""
        try:
            self._ray.get(self._actor.finish.remote(self._taken()), timeout=5)
        except self._ray.exceptions.RayError:  # it is gone, as it should be
            return
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._ray.is_initialized():
            self._ray.kill(self._actor, no_restart=True)

    def epitaph(self) -> Ending:
        """How it ended."""
        self.kill()
        # Its machine may be gone: Ray says the same of that and of a process that ended.
        return Ending(self._how, killed=True)

    def _taken(self) -> list[str]:
        with self._lock:
            if self._order is not None:  # by itself, so that its answer comes before any row
                order, self._order = self._order, None
                return [order]
            waiting, self._waiting = self._waiting, []
        return waiting


class RayWorker:
    """The actor: runs on the worker's machine."""

    def __init__(self) -> None:
        os.dup2(2, 1)  # what the flow prints is a message, also to Ray
        self._session: Session | None = None
        self._thread: threading.Thread | None = None

    def exchange(self, messages: list[str]) -> str | None:
        """Hear the messages; gives what is done since, as JSON, or None if nothing is."""
        for message in map(loads, messages):
            if "order" in message:
                try:
                    self._begin(Order.from_json(message["order"]))
                except Exception as error:  # noqa: BLE001  users' code may fail in any way
                    return dumps_any(refusal(error))
                return dumps_any(greeting())
            if self._session is not None:
                self._session.hear(message)
        assert self._session is not None
        told = self._session.outbox.collect(_WAIT)
        return None if told is None else dumps_any(told)

    def finish(self, messages: list[str]) -> None:
        """Hear the last messages and wait for the end."""
        if self._session is not None and self._thread is not None:
            for message in messages:
                self._session.hear(loads(message))
            self._thread.join()

    def _begin(self, order: Order) -> None:
        self._session = Session(order)
        self._thread = threading.Thread(target=self._session.run, daemon=True)
        self._thread.start()


def _shipped(flow: Flow) -> Path:
    """The folder that goes to the workers."""
    source = _place(flow.source)
    if source is None or not source.exists():
        raise InputError(
            f"The flow {flow.source} has no folder that could go to other machines.",
            hint="Name the flow by its path.",
        )
    if flow.folder.resolve() not in (source, source.parent):
        raise InputError(
            "A flow with additional_includes cannot go to other machines: it is more than one "
            "folder.",
            hint="Copy what it includes into its folder.",
        )
    return source if source.is_dir() else source.parent


def _moved(order: Order) -> Order:
    """The order for a worker whose current folder is the copy of the flow's."""
    source = _place(order.source)
    assert source is not None
    rest = order.source[len(str(source)) :] if not source.is_dir() else ""
    place = "." if source.is_dir() else source.name
    return replace(order, source=f"{place}{rest}", project=".", path=(), base=None)


def _place(source: str) -> Path | None:
    head = source.rpartition(":")[0] if not Path(source).exists() else source
    return Path(head).resolve() if head else None
