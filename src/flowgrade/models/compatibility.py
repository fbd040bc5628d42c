"""Differences between endpoints that a call can get over by itself."""

from __future__ import annotations

import logging

from flowgrade.errors import BadRequestError, ModelError
from flowgrade.records import JsonObject

_log = logging.getLogger("flowgrade.models")

_OLD = "max_tokens"
_NEW = "max_completion_tokens"
_OPTIONS = "stream_options"


class Compatibility:
    """What one model of one endpoint has been found not to accept."""

    __slots__ = ("_model", "_renamed", "_without_options")

    def __init__(self, model: str) -> None:
        self._model = model
        self._renamed = False
        self._without_options = False

    def adapt(self, payload: JsonObject, *, streamed: bool) -> JsonObject:
        """``payload`` changed in place to what the model is known to accept."""
        if self._renamed and _OLD in payload:
            payload.setdefault(_NEW, payload.pop(_OLD))
        if streamed and not self._without_options:
            payload.setdefault(_OPTIONS, {"include_usage": True})
        return payload

    def learn(self, error: ModelError, payload: JsonObject, *, asked_options: bool) -> bool:
        """Whether ``payload`` was refused for something that ``adapt`` will now avoid.

        ``payload`` is changed in place. ``asked_options`` is True when the caller itself asked
        for stream options, which are then not taken away.
        """
        if not isinstance(error, BadRequestError):
            return False
        text = error.message
        # Calls that left before the first refusal are refused too: not only the first one learns.
        if _OLD in payload and _OLD in text and _NEW in text:
            if not self._renamed:
                _log.info("%s wants %s, not %s: sent so from now on", self._model, _NEW, _OLD)
            self._renamed = True
            payload[_NEW] = payload.pop(_OLD)
            return True
        if _OPTIONS in payload and not asked_options and _OPTIONS in text:
            if not self._without_options:
                _log.info("%s refuses %s: left out from now on", self._model, _OPTIONS)
            self._without_options = True
            del payload[_OPTIONS]
            return True
        return False
