"""Load litellm: quiet, without telemetry, and without asking anybody for prices."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import logging
import os
import threading
import warnings
from collections.abc import AsyncGenerator
from typing import Any
from weakref import WeakKeyDictionary

from flowgrade.errors import MissingExtraError

_SWITCHES = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the import fetches a table of prices
    "LITELLM_OFFLINE_MODE": "true",  # else it fetches tables and tokenizers when it likes
    "LITELLM_MODE": "PRODUCTION",  # else the import reads a .env of its own
}
_lock = threading.Lock()
_library: Any = None
_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = WeakKeyDictionary()


def check_installed(kind: str) -> None:
    """Raise MissingExtraError when litellm is not there."""
    if importlib.util.find_spec("litellm") is None:
        raise MissingExtraError("litellm", purpose=f"A model of '{kind}'")


async def loaded() -> Any:
    """The library, whose connections are closed with the running event loop.

    The first time its import takes seconds, in a thread.
    """
    library = _library or await asyncio.to_thread(_load)
    loop = asyncio.get_running_loop()
    if loop not in _keepers:
        keeper = _keepers[loop] = _keep(library)
        await anext(keeper)
    return library


def _load() -> Any:
    global _library
    with _lock:
        if _library is None:
            # What a person set is left alone.
            for name, value in _SWITCHES.items():
                os.environ.setdefault(name, value)
            _library = _configured()
        return _library


def _configured() -> Any:
    # Words of its libraries about each other, which nobody here can do anything about.
    warnings.filterwarnings("ignore", r".*`ReadOnly` qualifier", UserWarning)
    warnings.filterwarnings("ignore", module=r"litellm(\.|\Z)")
    import litellm  # noqa: PLC0415 an extra, and seconds

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return litellm


async def _keep(library: Any) -> AsyncGenerator[None]:
    """Close the loop's clients when it shuts down its generators, as ``asyncio.run`` does."""
    cache = library.in_memory_llm_clients_cache
    mark = cache.update_cache_key_with_event_loop("")  # what ends the names of this loop's clients
    try:
        yield
    finally:
        for name, client in list(cache.cache_dict.items()):
            close = getattr(client, "close", None) if mark and str(name).endswith(mark) else None
            result = close() if close is not None else None
            if inspect.isawaitable(result):
                await result
