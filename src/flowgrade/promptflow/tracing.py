"""``trace`` and ``start_trace``: steps of users' functions in Flowgrade's traces."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor as _ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from flowgrade.tracing import ActiveSpan, span

F = TypeVar("F", bound=Callable[..., Any])


def start_trace(
    *, resource_attributes: dict[str, Any] | None = None, session: str | None = None, **more: Any
) -> None:
    """Accepted for prompt flow's sake: in Flowgrade every call of a flow is traced."""


def trace(function: F | None = None, **options: Any) -> Any:
    """Make each call of ``function`` a step of the trace; sync, async and generators."""
    if function is None:
        return functools.partial(trace, **options)
    if inspect.isasyncgenfunction(function):
        return _async_generator(function)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function)
    if inspect.isgeneratorfunction(function):
        return _generator(function)
    return _plain(function)


class ThreadPoolExecutorWithContext(_ThreadPoolExecutor):
    """A thread pool whose threads see the trace of the code that submits to it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a thread, in a copy of this context."""
        return super().submit(copy_context().run, fn, *args, **kwargs)


def _plain(function: F) -> Any:
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        with span(_name(function)) as active:
            _inputs(active, function, args, kwargs)
            found = function(*args, **kwargs)
            if not (inspect.isgenerator(found) or inspect.isasyncgen(found)):
                active.outputs(found)
            return found

    return traced


def _coroutine(function: F) -> Any:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        with span(_name(function)) as active:
            _inputs(active, function, args, kwargs)
            found = await function(*args, **kwargs)
            active.outputs(found)
            return found

    return traced


def _generator(function: F) -> Any:
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Iterator[Any]:
        active = span(_name(function))
        active.begin()
        _inputs(active, function, args, kwargs)
        pieces: list[Any] = []
        failure: BaseException | None = None
        try:
            for piece in function(*args, **kwargs):
                pieces.append(piece)
                yield piece
        except Exception as error:
            failure = error
            raise
        finally:
            active.outputs(pieces)
            active.end(failure)

    return traced


def _async_generator(function: F) -> Any:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        active = span(_name(function))
        active.begin()
        _inputs(active, function, args, kwargs)
        pieces: list[Any] = []
        failure: BaseException | None = None
        try:
            async for piece in function(*args, **kwargs):
                pieces.append(piece)
                yield piece
        except Exception as error:
            failure = error
            raise
        finally:
            active.outputs(pieces)
            active.end(failure)

    return traced


def _inputs(
    active: ActiveSpan, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return  # the call itself will say what is wrong
    active.inputs({name: value for name, value in bound.items() if name != "self"})


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
