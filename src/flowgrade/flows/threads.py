"""Threads for users' sync code, which may never return."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache, partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

_MOST = 512  # threads start only when none is idle, so this bounds and does not reserve


async def in_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a thread, with the context variables that are set here.

    For code that may never return: its caller can give up, and the process can end.
    """
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), lambda: context.run(function))


@cache
def _pool() -> DaemonPool:
    return DaemonPool(_MOST, "flowgrade")


class DaemonPool(Executor):
    """Up to ``most`` threads. Nobody waits for them when the process ends.

    The pool of the standard library lets the process wait for its threads, whatever they do.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._count = 0

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let an idle thread call ``function``, else a new one."""
        future: Future[T] = Future()
        self._calls.put((future, partial(function, *args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            self._start()
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """Let each thread end after what it does now; returns at once."""
        for _ in range(self._count):
            self._calls.put(None)

    def _start(self) -> None:
        with self._lock:
            if self._count >= self._most:
                return
            self._count += 1
            name = f"{self._name}_{self._count}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (given := self._calls.get()) is not None:
            future, call = given
            if future.set_running_or_notify_cancel():
                _settle(future, call)
            del given, future, call  # nothing of a call is kept while the thread is idle
            self._idle.release()


def _settle(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        found = call()
    except BaseException as error:  # noqa: BLE001  it is raised where the result is awaited
        # A future cannot hold StopIteration, and an interrupt is not this thread's to pass on.
        fits = isinstance(error, (Exception, SystemExit)) and not isinstance(error, StopIteration)
        future.set_exception(error if fits else RuntimeError(f"{type(error).__name__}: {error}"))
    else:
        future.set_result(found)
    finally:
        del future  # an error knows this frame: it would keep itself alive
