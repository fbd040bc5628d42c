"""Servers of this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.models import LOCAL_SERVERS, LocalServer, Models, find_local
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit
    from tests.models.server import Server


def find(folder: Path, *urls: str) -> list[LocalServer]:
    names = [f"s{number}" for number in range(len(urls))]
    lines = [f"{name}: {{base_url: '{url}'}}" for name, url in zip(names, urls, strict=True)]
    (folder / "connections.yaml").write_text("\n".join(lines), encoding="utf-8")
    models = Models(Settings(project=folder, home=folder, store=""))

    async def work() -> list[LocalServer]:
        async with models:
            return await find_local(models, names)

    return asyncio.run(work())


def test_a_server_that_answers_is_found_with_its_models(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    names = ["llama3.2:3b", "llama3.2:3b", "\x1b[31mred", "", None, 7]
    listed = {"object": "list", "data": [{"id": name} for name in names] + ["x"]}
    server.will(kit.Reply(body=orjson.dumps(listed)))
    (found,) = find(tmp_path, server.url, "http://127.0.0.1:1/v1")
    assert (found.connection, found.models) == ("s0", ("llama3.2:3b",))
    assert server.requests[0].path == "/v1/models"


@pytest.mark.parametrize(
    "reply",
    [
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b'{"data": 3}'},
        {"body": b'{"data": []}', "status": 404},
        {"body": b"{}", "status": 302, "headers": {"Location": "/elsewhere"}},
        {"pieces": [b'{"data"'], "then": "cut"},
    ],
)
def test_whatever_else_listens_there_is_passed_over(
    tmp_path: Path, server: Server, kit: Kit, reply: dict[str, Any]
) -> None:
    server.will(kit.Reply(**reply))
    assert find(tmp_path, server.url) == []
    assert len(server.requests) == 1


def test_the_usual_servers_are_connections_that_need_no_file(tmp_path: Path) -> None:
    models = Models(Settings(project=tmp_path, home=tmp_path, store=""))
    assert {name: models.connection(name).base_url for name in LOCAL_SERVERS} == {
        "ollama": "http://localhost:11434/v1",
        "vllm": "http://localhost:8000/v1",
        "llamacpp": "http://localhost:8080/v1",
        "lmstudio": "http://localhost:1234/v1",
    }
