"""Error answers, in OpenAI's shape and in Anthropic's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.errors import FlowgradeError
from flowgrade.records import dumps


class StubRefusal(FlowgradeError):
    """The stub answers a call with an error."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        kind, usual_code, usual_message = _USUAL.get(status, _USUAL[500 if status >= 500 else 400])
        super().__init__(message or usual_message)
        self.status = status
        self.headers = dict(headers or {})
        self._more = dict(more or {})
        self.error: dict[str, Any] = {
            "message": self.message,
            "type": kind,
            "param": param,
            "code": code or usual_code,
            **(more or {}),
        }

    @property
    def body(self) -> bytes:
        """The JSON to send: ``{"error": {"message", "type", "param", "code"}}``."""
        return dumps({"error": self.error}).encode()

    @property
    def anthropic_body(self) -> bytes:
        """The JSON to send as Anthropic: ``{"type", "error": {"type", "message"}, …}``."""
        error: dict[str, Any] = {
            "type": _ANTHROPIC.get(self.status, "api_error"),
            "message": self.message,
            **{key: value for key, value in self._more.items() if value is not None},
        }
        return dumps({"type": "error", "error": error, "request_id": "req_stub"}).encode()


def content_filter_refusal() -> StubRefusal:
    """Azure's answer to a prompt that its content filter refuses."""
    result: dict[str, Any] = {
        name: {"filtered": False, "severity": "safe"}
        for name in ("hate", "self_harm", "sexual", "violence")
    }
    result["violence"] = {"filtered": True, "severity": "high"}
    return StubRefusal(
        400,
        "The stub's content filter refused the prompt.",
        code="content_filter",
        param="prompt",
        more={
            "type": None,
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": result,
            },
        },
    )


_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_USUAL: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The stub refuses this request."),
    401: ("invalid_request_error", "invalid_api_key", "The stub does not know this API key."),
    403: ("invalid_request_error", "forbidden", "The stub forbids this call."),
    404: ("invalid_request_error", None, "The stub has nothing at this path."),
    405: ("invalid_request_error", None, "The stub does not answer this method here."),
    408: ("server_error", "timeout", "The stub reports a timeout."),
    413: ("invalid_request_error", None, "The request's body is too large for the stub."),
    429: ("requests", "rate_limit_exceeded", "The stub asks for fewer calls."),
    500: ("server_error", "server_error", "The stub reports a failure of the server."),
    503: ("server_error", "service_unavailable", "The stub reports that it is overloaded."),
    529: ("server_error", "overloaded", "The stub reports that it is overloaded."),
}
