"""Operations of OpenAPI documents as tools, against a server on this machine."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, FlowgradeError, InputError, ToolError
from flowgrade.flows import AgentTool, OpenApiTools, ToolContext
from flowgrade.models import Models
from flowgrade.testing import StubServer
from tests.flows.agents.conftest import Make, Play, told


@dataclass
class Shop:
    """What a server was asked, and what it answers."""

    url: str
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    content_type: str = "application/json"
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None


@pytest.fixture
def shop() -> Iterator[Shop]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, dict(self.headers), sent))
            if found.hold is not None:
                found.hold.wait(30)
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Shop(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    if found.hold is not None:
        found.hold.set()
    server.shutdown()
    server.server_close()


DOCUMENT = """
openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: "SERVER/v1"}]
security: [{key: []}]
paths:
  /orders/{id}:
    parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: getOrder
      summary: Get an order.
      parameters:
      - {name: fields, in: query, explode: false, schema: {type: array, items: {type: string}}}
      - {name: tags, in: query, schema: {type: array, items: {type: string}}}
      - {name: X-Trace, in: header, schema: {type: string}}
      - {name: Authorization, in: header, schema: {type: string}}
    delete:
      operationId: deleteOrder
  /orders:
    post:
      operationId: createOrder
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Order"}
  /health:
    get: {security: []}
  /upload:
    post:
      operationId: upload
      requestBody: {required: true, content: {application/octet-stream: {}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Order:
      type: object
      required: [item]
      properties:
        item: {type: string}
        note: {type: string, nullable: true}
        nullable: {type: boolean}
        count: {type: integer, minimum: 0, exclusiveMinimum: true}
        parts: {type: array, items: {$ref: "#/components/schemas/Order"}}
"""


@pytest.fixture
def document(tmp_path: Path, shop: Shop) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENT.replace("SERVER", shop.url), encoding="utf-8")
    return file


def opened(models: Models, document: Path | str, *allow: str, **more: Any) -> dict[str, AgentTool]:
    async def tools() -> dict[str, AgentTool]:
        found = OpenApiTools(document=str(document), allow=allow, **more)
        return {t.name: t for t in await found.tools(ToolContext(models=models))}

    return asyncio.run(tools())


def call(tool: AgentTool, models: Models, **arguments: Any) -> Any:
    async def work() -> Any:
        async with models:
            return await tool.call(arguments)

    return asyncio.run(work())


def test_an_operation_is_a_tool_with_its_parameters(models: Models, document: Path) -> None:
    tool = opened(models, document, "getOrder")["getOrder"]
    assert tool.description == "Get an order."
    assert list(tool.parameters["properties"]) == ["id", "fields", "tags", "X-Trace"]
    assert tool.parameters["required"] == ["id"]


def test_a_body_is_an_argument_with_its_schema_in_plain_json_schema(
    models: Models, document: Path
) -> None:
    tool = opened(models, document, "createOrder")["createOrder"]
    body = tool.parameters["properties"]["body"]
    assert tool.parameters["required"] == ["body"]
    assert body["properties"]["note"]["type"] == ["string", "null"]
    assert body["properties"]["nullable"] == {"type": "boolean"}  # a property, not a keyword
    assert body["properties"]["count"] == {"type": "integer", "exclusiveMinimum": 0}
    assert body["properties"]["parts"]["items"] == {}  # where it would hold itself
    assert tool.validator.complaints({"body": {"item": "tea", "note": None}}) == []
    assert tool.validator.complaints({"body": {}}) == ["body: 'item' is a required property"]


def test_values_are_put_where_the_document_says(models: Models, document: Path, shop: Shop) -> None:
    tools = opened(
        models, document, "getOrder", "createOrder", connection="shop", base_url=shop.url
    )
    given = {"id": "7", "fields": ["a b", "c"], "tags": ["x", "y&z"], "X-Trace": "t"}
    assert call(tools["getOrder"], models, **given) == {"ok": True}
    method, path, headers, _ = shop.asked[-1]
    assert (method, path) == ("GET", "/orders/7?fields=a%20b,c&tags=x&tags=y%26z")
    assert (headers["X-Trace"], headers["X-Key"]) == ("t", "sesame-open")
    call(tools["createOrder"], models, body={"item": "tea"})
    method, path, headers, body = shop.asked[-1]
    assert (method, path, json.loads(body)) == ("POST", "/orders", {"item": "tea"})
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "id_", ["../../admin", "a/b", "a?b=c", "a#b", "http://evil/", "@evil", "%2e"]
)
def test_a_model_cannot_choose_another_path_or_host(
    models: Models, document: Path, shop: Shop, id_: str
) -> None:
    call(opened(models, document, "getOrder")["getOrder"], models, id=id_)
    _, path, headers, _ = shop.asked[-1]
    assert path.startswith("/v1/orders/")
    assert path.count("/") == 3
    assert "?" not in path
    assert headers["Host"] == shop.url.removeprefix("http://")


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_a_segment_that_would_leave_the_path_is_refused(
    models: Models, document: Path, shop: Shop, id_: str
) -> None:
    with pytest.raises(ToolError, match="cannot stand in a path"):
        call(opened(models, document, "getOrder")["getOrder"], models, id=id_)
    assert not shop.asked


def test_a_header_cannot_smuggle_another(models: Models, document: Path, shop: Shop) -> None:
    with pytest.raises(ToolError, match="control characters"):
        call(
            opened(models, document, "getOrder")["getOrder"],
            models,
            **{"id": "1", "X-Trace": "a\r\nX-Key: mine"},
        )
    assert not shop.asked


@pytest.mark.parametrize(
    ("scheme", "name", "value"),
    [
        ("{type: http, scheme: bearer}", "Authorization", "Bearer sesame-open"),
        ("{type: http, scheme: basic}", "Authorization", "Basic c2VzYW1lLW9wZW4="),
        ("{type: apiKey, in: cookie, name: sid}", "Cookie", "sid=sesame-open"),
    ],
)
def test_the_key_goes_where_the_security_scheme_says(
    models: Models, document: Path, shop: Shop, scheme: str, name: str, value: str
) -> None:
    text = document.read_text(encoding="utf-8")
    wanted = "key: {type: apiKey, in: header, name: X-Key}"
    assert wanted in text
    document.write_text(text.replace(wanted, f"key: {scheme}"), encoding="utf-8")
    tools = opened(models, document, "deleteOrder", connection="shop")
    call(tools["deleteOrder"], models, id="7")
    assert shop.asked[-1][2][name] == value


def test_a_key_in_the_query_is_in_no_message(models: Models, document: Path, shop: Shop) -> None:
    text = document.read_text(encoding="utf-8").replace(
        "in: header, name: X-Key", "in: query, name: k"
    )
    document.write_text(text.replace(shop.url, "http://127.0.0.1:9"), encoding="utf-8")
    tool = opened(models, document, "deleteOrder", connection="shop")["deleteOrder"]
    with pytest.raises(ToolError, match="127.0.0.1:9/v1/orders/7 cannot be reached") as caught:
        call(tool, models, id="7")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "told_"),
    [
        (200, "text/plain", b"Hello", "Hello"),
        (204, "application/json", b"", "Done (HTTP 204)."),
        (200, "application/json", b"{broken", "{broken"),
    ],
)
def test_what_is_no_json_comes_as_text(
    models: Models,
    document: Path,
    shop: Shop,
    status: int,
    content_type: str,
    body: bytes,
    told_: str,
) -> None:
    shop.status, shop.content_type, shop.body = status, content_type, body
    assert call(opened(models, document, "getOrder")["getOrder"], models, id="1") == told_


def test_an_error_and_a_redirect_are_told(models: Models, document: Path, shop: Shop) -> None:
    tool = opened(models, document, "getOrder")["getOrder"]
    shop.status, shop.body = 404, b'{"detail": "no such order"}'
    with pytest.raises(ToolError, match="HTTP 404: .*no such order"):
        call(tool, models, id="1")
    shop.status, shop.headers = 302, {"Location": "http://169.254.169.254/"}
    with pytest.raises(ToolError, match="redirects elsewhere, which is not followed"):
        call(tool, models, id="1")
    assert len(shop.asked) == 2


def test_an_answer_that_is_too_long_or_too_late_is_given_up(
    models: Models, document: Path, shop: Shop
) -> None:
    tools = opened(models, document, "getOrder", timeout=0.2, max_bytes=1_000)
    shop.body = b"x" * 200_000
    with pytest.raises(ToolError, match="more than 1,000 bytes"):
        call(tools["getOrder"], models, id="1")
    shop.hold = threading.Event()
    with pytest.raises(ToolError, match=r"did not answer within 0\.2 s"):
        call(tools["getOrder"], models, id="1")


def test_a_document_may_come_from_a_server(models: Models, document: Path, shop: Shop) -> None:
    text = document.read_text(encoding="utf-8").replace(f"{shop.url}/v1", "/v1")
    shop.body = text.encode()
    tools = opened(models, f"{shop.url}/openapi.yaml", "get /health")
    call(tools["get_health"], models)
    assert [path for _, path, _, _ in shop.asked] == ["/openapi.yaml", "/v1/health"]


@pytest.mark.parametrize(
    ("text", "allow", "message"),
    [
        (DOCUMENT, "getOrdr", "no operation 'getOrdr'.\n  Did you mean 'getOrder'"),
        (DOCUMENT, "upload", "application/octet-stream, and only JSON can be sent"),
        (DOCUMENT.replace("SERVER/v1", "/v1"), "getOrder", "names no server"),
        (DOCUMENT.replace("SERVER/v1", "ftp://x/"), "getOrder", "names no server"),
        (DOCUMENT.replace("openapi: 3.0.3", "swagger: '2.0'"), "getOrder", "Swagger 2.0"),
        ("just text", "getOrder", "no OpenAPI 3 document"),
        ("{broken", "getOrder", "It is not JSON"),
        ("a: [", "getOrder", "not valid YAML"),
        (
            DOCUMENT.replace("#/components/schemas/Order", "other.yaml"),
            "createOrder",
            "leads outside",
        ),
        (
            DOCUMENT.replace("schemas/Order", "schemas/Odrer"),
            "createOrder",
            r"nothing is at the \$ref",
        ),
    ],
)
def test_a_document_that_cannot_be_used_says_why(
    models: Models, tmp_path: Path, text: str, allow: str, message: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text.replace("SERVER", "http://127.0.0.1:9"), encoding="utf-8")
    with pytest.raises(FlowDefinitionError, match=message):
        opened(models, file, allow)


def test_a_connection_without_a_key_says_where_to_set_it(models: Models, document: Path) -> None:
    with pytest.raises(InputError, match="'ollama' has no key"):
        opened(models, document, "getOrder", connection="ollama")


def test_references_without_end_are_given_up(models: Models, tmp_path: Path) -> None:
    levels = "".join(
        f"    L{n}: {{type: object, properties: {{a: {{$ref: '#/components/schemas/L{n + 1}'}}, "
        f"b: {{$ref: '#/components/schemas/L{n + 1}'}}}}}}\n"
        for n in range(30)
    )
    text = DOCUMENT.replace("schemas/Order", "schemas/L0").replace(
        "  schemas:\n", "  schemas:\n" + levels
    )
    text = text.replace("    Order:", "    L30: {type: string}\n    Order:")
    file = tmp_path / "deep.yaml"
    file.write_text(text.replace("SERVER", "http://127.0.0.1:9"), encoding="utf-8")
    with pytest.raises(FlowDefinitionError, match="more than 20,000 parts"):
        opened(models, file, "createOrder")


def test_an_agent_calls_operations_and_never_sees_the_key(
    make: Make, play: Play, stub: StubServer, document: Path, shop: Shop
) -> None:
    shop.body = b'{"your key": "sesame-open"}'  # an API that says back what it was sent
    play(("getOrder", {"id": "7"}), "Done.")
    tools = OpenApiTools(
        document=str(document), allow=["getOrder"], connection="shop", base_url=shop.url
    )
    spans: list[Any] = []
    result = make(tools, sink=spans.extend).run("?")
    assert told(stub) == ['{"your key":"******"}']
    assert "sesame" not in f"{result}{spans}"
    assert shop.asked[0][2]["X-Key"] == "sesame-open"


def test_a_missing_document_is_found_before_the_first_row(models: Models, tmp_path: Path) -> None:
    tools = OpenApiTools(document=str(tmp_path / "none.yaml"), allow=["x"])
    with pytest.raises(FlowgradeError, match="There is no OpenAPI document"):
        tools.check(models)
