"""Diagnosis: which error a failed call is, with its cause and the next step."""

from __future__ import annotations

import aiohttp

from flowgrade.errors import (
    AuthenticationError,
    ModelError,
    ModelNotFoundError,
    ModelResponseError,
    ModelUnreachableError,
)
from flowgrade.models.clock import Clock
from flowgrade.models.complaint import Complaint, read_complaint
from flowgrade.models.connection import Connection
from flowgrade.models.keys import stranger
from flowgrade.models.outage import Phase, explain_outage
from flowgrade.models.refusal import advice, classify, is_about_path
from flowgrade.models.retry import read_retry_after
from flowgrade.models.scrub import scrub
from flowgrade.settings import public_address


class Diagnosis:
    """Makes the errors of one endpoint; no message of it holds a key."""

    __slots__ = ("_address", "_clock", "_connection", "_host", "_model")

    def __init__(self, connection: Connection, *, model: str, address: str, clock: Clock) -> None:
        self._connection = connection
        self._model = model
        self._address = address
        self._host = address.rpartition(":")[0]
        self._clock = clock

    def outage(self, error: Exception, phase: Phase) -> ModelError:
        """The error for a network error while the call waited for ``phase``."""
        return explain_outage(
            error, phase=phase, address=self._address, connection=self._connection
        )

    def broken_off(self) -> ModelError:
        """The error for a stream that ends without saying that it is complete."""
        return ModelUnreachableError(
            f"The stream from {self._address} broke off: it ended without a finish reason.",
            hint="Try again; if it stays, look at the endpoint's log and at proxies in between.",
        )

    def refusal(self, response: aiohttp.ClientResponse, body: bytes) -> ModelError:
        """The error for a response that is not a success."""
        status, headers = response.status, response.headers
        complaint = read_complaint(self._cleaned(body))
        if 300 <= status < 400:
            place = public_address(headers.get("Location", "nowhere"))
            complaint = Complaint(message=f"redirects to {place}")
        elif not complaint.message:
            complaint = Complaint(message=response.reason or "no reason given")
        failure = self.failure(status, complaint)
        if is_about_path(status, complaint, is_page=response.content_type == "text/html"):
            failure = self._wrong_path(status, response.url.path, complaint)
        failure.retry_after = read_retry_after(headers, self._clock.now())
        return failure

    def complaint(self, complaint: Complaint) -> ModelError:
        """The error for a complaint in a response whose status was a success."""
        return self.failure(None, complaint)

    def unreadable(
        self, response: aiohttp.ClientResponse, body: bytes, *, wanted: str = "JSON object"
    ) -> ModelError:
        """The error for a successful response that is not what is ``wanted``."""
        start = self._scrubbed(read_complaint(self._cleaned(body)).message[:200])
        return ModelResponseError(
            f"{self._address} answered with {response.content_type} that is no {wanted}: "
            f"{start or 'nothing'}",
            hint=f"Check that {self._connection.url_place} is the path its API starts at.",
        )

    def _wrong_path(self, status: int, path: str, complaint: Complaint) -> ModelError:
        at_root = path.startswith(("/chat/", "/completions", "/embeddings"))
        usual = ", which mostly ends in /v1" if at_root else ""
        return ModelNotFoundError(
            f"There is no API for models at {path} ({status} from {self._address}): "
            f"{self._scrubbed(complaint.message)}",
            hint=f"Check {self._connection.url_place}: it has to be the path that the API starts "
            f"at{usual}.",
            status=status,
        )

    def failure(self, status: int | None, complaint: Complaint) -> ModelError:
        """The error for a complaint that came with this status."""
        kind = classify(status, complaint)
        summary = (kind.__doc__ or kind.__name__).splitlines()[0].rstrip(".")
        status = status or complaint.status
        origin = f"{status} from {self._address}" if status else self._address
        hint = advice(
            kind,
            model=self._model,
            key_place=self._connection.key_place,
            url_place=self._connection.url_place,
        )
        key = self._connection.api_key
        owner = stranger(key.reveal(), self._host) if key else None
        if kind is AuthenticationError and owner:
            hint = f"The key looks like one of {owner}. {hint}"
        return kind(
            f"{summary} ({origin}): {self._scrubbed(complaint.message)}", hint=hint, status=status
        )

    def _cleaned(self, body: bytes) -> bytes:
        # Before it is cut: a part of a key is not found any more, and is a part of a key.
        return scrub(body.decode("utf-8", "replace"), self._secrets()).encode()

    def _scrubbed(self, text: str) -> str:
        return scrub(text, self._secrets())

    def _secrets(self) -> list[str]:
        key = self._connection.api_key
        return [*self._connection.headers.values(), *([key.reveal()] if key else [])]
