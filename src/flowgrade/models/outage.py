"""Turn what went wrong on the way to an endpoint into an error with cause and next step."""

from __future__ import annotations

import socket
import ssl
from enum import StrEnum

import aiohttp

from flowgrade.errors import ModelError, ModelTimeoutError, ModelUnreachableError
from flowgrade.models.connection import Connection


class Phase(StrEnum):
    """What a call is waiting for."""

    CONNECT = "connect"
    FIRST_TOKEN = "first_token"
    IDLE = "idle"
    TOTAL = "total"


_WAITED = {
    Phase.CONNECT: "did not accept a connection within",
    Phase.FIRST_TOKEN: "did not begin to answer within",
    Phase.IDLE: "paused in the middle of its answer for more than",
    Phase.TOTAL: "did not finish its answer within",
}


def explain_outage(
    error: Exception, *, phase: Phase, address: str, connection: Connection
) -> ModelError:
    """The ModelError for a network error; ``phase`` is what the call waited for.

    Retrying may help after all but a bad name, a bad certificate, and time that passed when the
    answer had begun.
    """
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unreachable(error, address, connection)
    if isinstance(error, TimeoutError):
        return _too_late(_phase_of(error, phase), address, connection)
    detail = str(error) or type(error).__name__
    return ModelUnreachableError(
        f"The connection to {address} broke: {detail}",
        hint="Try again; if it stays, look at the endpoint's log and at proxies in between.",
    )


def _phase_of(error: Exception, phase: Phase) -> Phase:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Phase.CONNECT
    return phase if isinstance(error, aiohttp.SocketTimeoutError) else Phase.TOTAL


def _too_late(phase: Phase, address: str, connection: Connection) -> ModelTimeoutError:
    seconds = getattr(connection.timeouts, phase)
    failure = ModelTimeoutError(
        f"{address} {_WAITED[phase]} {seconds:g} s (timeouts.{phase}).",
        hint=f"Raise timeouts.{phase} of the connection '{connection.name}' in connections.yaml.",
    )
    failure.retryable = phase in {Phase.CONNECT, Phase.FIRST_TOKEN}
    return failure


def _unreachable(
    error: aiohttp.ClientConnectorError, address: str, connection: Connection
) -> ModelUnreachableError:
    cause = error.os_error if hasattr(error, "os_error") else error
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return _untrusted(error, address, connection)
    if isinstance(cause, socket.gaierror):
        failure = ModelUnreachableError(
            f"The host name of {address} cannot be resolved: {cause.strerror}",
            hint=f"Check {connection.url_place}, the network and the name server.",
        )
        failure.retryable = cause.errno == socket.EAI_AGAIN
        return failure
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ModelUnreachableError(
            f"The proxy on the way to {address} cannot be reached: {cause}",
            hint="Check the variables https_proxy, http_proxy and no_proxy.",
        )
    return ModelUnreachableError(
        f"{address} cannot be reached: {getattr(cause, 'strerror', None) or cause}",
        hint=f"Is it running? Check {connection.url_place}.",
    )


def _untrusted(
    error: aiohttp.ClientConnectorError, address: str, connection: Connection
) -> ModelUnreachableError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = str(error.certificate_error)
    else:
        reason = str(getattr(error, "os_error", error))
    failure = ModelUnreachableError(
        f"No trusted encrypted connection to {address}: {reason}",
        hint=f"Check that {connection.url_place} has the right host and scheme. For a certificate "
        "authority of your own, set SSL_CERT_FILE to its certificate.",
    )
    failure.retryable = False
    return failure
