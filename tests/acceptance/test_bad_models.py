"""What is wrong with a model, its address or its key is said with what to do, at the terminal."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flowgrade.testing import StubReply, StubScript, running_stub
from tests.project import Project, Result

KEY = "sk-test-0123456789"
FLOW = {
    "flow/flow.dag.yaml": """
        inputs: {x: {type: string, default: a}}
        outputs: {y: {type: string, reference: "${ask.output}"}}
        nodes:
        - name: ask
          type: llm
          source: {type: code, path: ask.jinja2}
          inputs: {model: "mine/gpt-4o", x: "${inputs.x}"}
    """,
    "flow/ask.jinja2": "user:\n{{ x }}\n",
}


@pytest.fixture
def asker(project: Project) -> Project:
    """A project whose flow asks ``gpt-4o`` of the connection ``mine``."""
    for name, text in FLOW.items():
        project.write(name, text)
    return project


def asking(project: Project, **connection: Any) -> Result:
    project.write("connections.yaml", json.dumps({"mine": {"api_key": KEY, **connection}}))
    return project.run("test", "flow")


def refused(found: Result, *patterns: str, code: int = 1) -> None:
    """The command failed with this code and said all this, but neither a stack trace nor a key."""
    assert found.code == code, f"exit code {found.code}\n{found.out}\n{found.err}"
    assert "Traceback" not in found.err
    assert "Fault:" not in found.err
    assert KEY not in found.err + found.out
    for pattern in patterns:
        assert re.search(pattern, found.err), f"{pattern!r} is not in:\n{found.err}"


@contextmanager
def web_site(status: int, page: bytes) -> Iterator[str]:
    """A server that answers every call with the same page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_an_unknown_provider_lists_the_known_ones(asker: Project) -> None:
    found = asking(asker, kind="opanai", base_url="http://127.0.0.1:1/v1")
    refused(found, "kind 'opanai'", "openai", code=2)


def test_an_unknown_connection_gets_the_nearest_name(asker: Project) -> None:
    asker.write("connections.yaml", json.dumps({"mime": {"base_url": "http://127.0.0.1:1/v1"}}))
    refused(asker.run("test", "flow"), "no connection 'mine'", "'mime/gpt-4o'", code=2)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_address_that_lacks_its_path_says_so(asker: Project, status: int) -> None:
    with web_site(status, b"<html><title>Nothing here</title></html>") as address:
        found = asking(asker, base_url=address)
    refused(
        found,
        f"no API for models at /chat/completions.*{status}.*Nothing here",
        "Check base_url of the connection 'mine'",
        "which mostly ends in /v1",
    )
    assert "retr" not in found.err


def test_a_web_site_in_place_of_an_api_is_named(asker: Project) -> None:
    with web_site(200, b"<!doctype html><title>Welcome to Contoso</title><p>Hi") as address:
        found = asking(asker, base_url=f"{address}/docs")
    refused(found, "text/html.*Welcome to Contoso", "base_url of the connection 'mine'")


@pytest.mark.parametrize(
    "address", ["api.example.com/v1", "http://127.0.0.1:http/v1", f"https://{'a' * 64}.com/v1"]
)
def test_an_address_that_is_none_is_refused_before_the_call(asker: Project, address: str) -> None:
    refused(asking(asker, base_url=address), "not an http or https URL", "mine", code=2)


def test_a_token_that_expired_says_so_and_names_its_setting(asker: Project) -> None:
    expired = {"message": "Token expired at 12:00.", "code": "token_expired"}
    script = StubScript(replies=[StubReply(status=401, error=expired)])
    with running_stub(script) as stub:
        found = asking(asker, base_url=stub.base_url)
        calls = stub.stats.calls
    refused(found, "401 .*Token expired at 12:00", "Check api_key of the connection 'mine'")
    assert calls == 1


def test_a_key_of_another_provider_is_told_by_its_beginning(asker: Project) -> None:
    key = "sk-ant-api03-0123456789abcdef"
    with running_stub(StubScript(require_key="sk-right")) as stub:
        found = asking(asker, base_url=stub.base_url, api_key=key)
    refused(found, "refused the key", "looks like one of Anthropic", "Check api_key")
    assert key not in found.err


def test_a_model_that_is_not_there_names_itself(asker: Project) -> None:
    with running_stub(StubScript(known_models=["llama"])) as stub:
        found = asking(asker, base_url=stub.base_url)
    refused(found, "does not know the model", "'gpt-4o' is a model or deployment")


def test_an_empty_answer_fails_and_is_not_printed(asker: Project) -> None:
    with running_stub(StubScript(replies=[StubReply(text="")])) as stub:
        found = asking(asker, base_url=stub.base_url)
    refused(found, "EmptyAnswerError: The model's answer is empty", "stop sequences")
    assert found.out == ""


@pytest.mark.slow
def test_each_row_of_a_run_ends_as_its_own_fault_has_it(asker: Project) -> None:
    passing = ["drop", "truncate"]
    lasting = {
        "garbage": "ModelResponseError",
        "empty": "ModelResponseError",
        "silent": "EmptyAnswerError",
        "filtered": "ContentFilterError",
        "revoked": "AuthenticationError",
    }
    replies = [
        *(StubReply(match=f"^{fault}$", fault=fault, times=1) for fault in passing),  # type: ignore[arg-type]
        StubReply(match="^busy$", status=429, retry_after=0.01, times=2),
        StubReply(match="^garbage$", fault="garbage"),
        StubReply(match="^empty$", fault="empty"),
        StubReply(match="^silent$", text="", finish_reason="length"),
        StubReply(match="^filtered$", text="", finish_reason="content_filter"),
        StubReply(match="^revoked$", status=401),
    ]
    good = ["fine", *passing, "busy"]
    asker.write("data.jsonl", "".join(f'{{"x": "{x}"}}\n' for x in [*good, *lasting]))
    with running_stub(StubScript(replies=replies)) as stub:
        asker.write(
            "connections.yaml", json.dumps({"mine": {"api_key": KEY, "base_url": stub.base_url}})
        )
        found = asker.run("run", "flow", "--data", "data.jsonl", "--json")
    assert found.code == 1, found.err
    assert (found.json["completed"], found.json["failed"]) == (len(good), len(lasting))
    exported = asker.run("runs", "export", found.json["run"])
    rows = {row["inputs"]["x"]: row for row in map(json.loads, exported.out.splitlines())}
    assert {x: rows[x]["outputs"] for x in good} == {x: {"y": f"echo: {x}"} for x in good}
    for x, error in lasting.items():
        assert rows[x]["outputs"] is None
        assert error in json.dumps(rows[x]["error"])
    assert retries(asker, found.json["run"]) == {"drop": 1, "truncate": 1, "busy": 2}


def retries(project: Project, run: str) -> dict[str, int]:
    """How often the call of each row was made again, as its span has it."""
    found = project.run("traces", "export", "--run", run)
    spans = [json.loads(line) for line in found.out.splitlines()]
    return {
        span["inputs"]["messages"][0]["content"]: span["attributes"]["flowgrade.retries"]
        for span in spans
        if "flowgrade.retries" in span["attributes"]
    }
