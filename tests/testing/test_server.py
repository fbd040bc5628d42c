"""The stub server: its endpoints about itself, bad requests, timing, chance and its life."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from io import BytesIO
from statistics import median
from typing import Any

import aiohttp
import pytest

from flowgrade.errors import InputError, UsageError
from flowgrade.testing import StubReply, StubScript, StubScriptError, StubServer, running_stub

CHAT = "/v1/chat/completions"


def body_of(text: str = "hi", **more: object) -> bytes:
    message = {"role": "user", "content": text}
    return json.dumps({"model": "m", "messages": [message], **more}).encode()


def send(
    stub: StubServer, path: str = CHAT, body: bytes | None = None, *, method: str | None = None
) -> tuple[int, Any, http.client.HTTPMessage]:
    """Status, decoded body (None when empty) and headers of one request."""
    connection = http.client.HTTPConnection(stub.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None, response.headers
    finally:
        connection.close()


def test_it_lives_and_tells_what_it_saw(stub: StubServer) -> None:
    assert send(stub, "/livez")[0] == 200
    send(stub, f"{CHAT}?a=1", body_of("first"))
    send(stub, CHAT, body_of("second"))
    requests = send(stub, "/stub/requests")[1]["requests"]
    assert [item["body"]["messages"][0]["content"] for item in requests] == ["first", "second"]
    assert requests[0]["query"] == {"a": "1"}
    assert len(send(stub, "/stub/requests?last=1")[1]["requests"]) == 1
    assert send(stub, "/stub/stats")[1] == {
        "calls": 2,
        "in_flight": 0,
        "peak_in_flight": 1,
        "faults": 0,
    }
    assert send(stub, "/stub/requests", method="DELETE")[0] == 204
    assert stub.requests == []
    assert stub.stats.calls == 0


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{oops", None),
        (b"[]", None),
        (b"\xff", None),
        (b'{"messages": [{"role": "user"}]}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": ["hi"]}', "messages[0]"),
        (b'{"model": "m", "messages": [{"role": "user", "content": 5}]}', "messages"),
        (body_of(n=0), "n"),
        (body_of(n=1000), "n"),
        (body_of(max_tokens="many"), "max_tokens"),
        (body_of(stop=5), "stop"),
        (body_of(response_format={"type": "xml"}), "response_format"),
        (body_of(response_format={"type": "json_schema"}), "response_format"),
    ],
)
def test_a_bad_request_is_answered_400_in_openais_shape(
    stub: StubServer, body: bytes, param: str | None
) -> None:
    status, answer, _ = send(stub, CHAT, body)
    assert status == 400
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param
    assert stub.stats.faults == 1


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/embeddings", {"model": "m", "input": []}, "input"),
        ("/v1/embeddings", {"model": "m", "input": "x", "dimensions": 10**9}, "dimensions"),
        ("/v1/embeddings", {"model": "m", "input": "x", "encoding_format": "b"}, "encoding_format"),
        ("/v1/completions", {"model": "m", "prompt": {}}, "prompt"),
    ],
)
def test_other_endpoints_check_their_options(
    stub: StubServer, path: str, body: object, param: str
) -> None:
    status, answer, _ = send(stub, path, json.dumps(body).encode())
    assert (status, answer["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v2/chat/completions", b"{}", 404),
        ("/", None, 404),
        ("/stub/nothing", None, 404),
        (CHAT, None, 405),
        ("/openai/deployments/d/chat/completions", body_of(), 404),
        ("/openai/deployments/d/chat/completions?api-version=v", body_of(), 200),
    ],
)
def test_unknown_paths_and_methods_are_refused(
    stub: StubServer, path: str, body: bytes | None, status: int
) -> None:
    answered, answer, _ = send(stub, path, body)
    assert answered == status
    assert ("error" in answer) == (status != 200)


def test_a_large_body_with_a_wish_to_continue_is_read(stub: StubServer) -> None:
    async def ask() -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                stub.url + CHAT, data=BytesIO(body_of("x" * 3_000_000)), expect100=True
            ) as response,
        ):
            answer = await response.json()
        return str(answer["choices"][0]["message"]["content"])

    assert asyncio.run(ask()) == f"echo: {'x' * 200}"


def statuses(script: StubScript, calls: int) -> list[int]:
    with running_stub(script) as stub:
        return [send(stub, CHAT, body_of(str(number)))[0] for number in range(calls)]


def test_chance_is_seeded() -> None:
    first = statuses(StubScript(error_rate=0.5, seed=1), 24)
    again = statuses(StubScript(error_rate=0.5, seed=1, latency={"uniform": [0, 1e-4]}), 24)
    other = statuses(StubScript(error_rate=0.5, seed=2), 24)
    assert set(first) == {200, 500}
    assert first == again != other


def test_the_same_script_gives_the_same_answers(stub: StubServer) -> None:
    script = StubScript(replies=[StubReply(text=["a", "b"])])
    rounds = []
    for _ in range(2):
        stub.set_script(script)
        answers = [send(stub, CHAT, body_of())[1] for _ in range(3)]
        rounds.append([(answer["id"], answer["choices"]) for answer in answers])
    assert rounds[0] == rounds[1]


def test_more_calls_than_the_rate_limit_are_told_when_to_come_back(stub: StubServer) -> None:
    stub.set_script(StubScript(rate_limit=2))
    answers = [send(stub, CHAT, body_of()) for _ in range(3)]
    assert [status for status, _, _ in answers] == [200, 200, 429]
    headers = answers[2][2]
    assert headers["Retry-After"] == "1"
    assert 0 < int(headers["retry-after-ms"]) <= 1000


def test_latency_is_kept_while_many_calls_wait() -> None:
    latency = 0.15

    async def ask(session: aiohttp.ClientSession, url: str) -> float:
        begun = time.perf_counter()
        async with session.post(url, data=body_of()) as response:
            await response.read()
        return time.perf_counter() - begun

    async def ask_all() -> tuple[list[float], int]:
        async with (
            StubServer(StubScript(latency=latency)) as stub,
            aiohttp.ClientSession() as session,
        ):
            times = await asyncio.gather(*(ask(session, stub.url + CHAT) for _ in range(20)))
            return list(times), stub.stats.peak_in_flight

    times, peak = asyncio.run(ask_all())
    assert min(times) >= latency
    assert median(times) < latency + 0.25
    assert peak == 20


def test_a_rules_latency_replaces_the_scripts(stub: StubServer) -> None:
    stub.set_script(StubScript(latency=20, replies=[StubReply(match="quick", latency=0.01)]))
    begun = time.perf_counter()
    assert send(stub, CHAT, body_of("quick"))[0] == 200
    assert time.perf_counter() - begun < 5


def test_a_stream_keeps_its_token_latency_and_its_slow_first_token() -> None:
    async def ask() -> list[float]:
        script = StubScript(token_latency=0.05, slow_first_token=0.2)
        async with StubServer(script) as stub, aiohttp.ClientSession() as session:
            begun = time.perf_counter()
            async with session.post(
                stub.url + CHAT, data=body_of("one two", stream=True)
            ) as response:
                return [
                    time.perf_counter() - begun
                    async for line in response.content
                    if line.startswith(b"data: {")
                ]

    role, echo, one, two, end = asyncio.run(ask())
    assert role < 0.2
    assert echo >= 0.25
    assert one >= 0.3
    assert two >= 0.35
    assert 0.4 <= end < 2


def test_a_client_that_leaves_is_no_longer_in_flight(stub: StubServer) -> None:
    stub.set_script(StubScript(latency=30))
    port = int(stub.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as leaving:
        body = body_of()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        leaving.sendall(head.encode() + body)
        assert becomes(stub, in_flight=1)
    assert becomes(stub, in_flight=0)


def becomes(stub: StubServer, *, in_flight: int) -> bool:
    for _ in range(200):
        if stub.stats.in_flight == in_flight:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_a_host_beyond_loopback_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="beyond this machine"):
        StubServer(host=host)


def test_remote_access_can_be_allowed_on_purpose() -> None:
    assert StubServer(host="0.0.0.0", port=1, allow_remote=True).url == "http://0.0.0.0:1"
    assert StubServer(host="::1", port=1).base_url == "http://[::1]:1/v1"


def test_a_taken_port_is_an_input_error_in_both_forms(stub: StubServer) -> None:
    port = int(stub.url.rpartition(":")[2])
    with pytest.raises(InputError, match="cannot listen"), running_stub(port=port):
        pass


def test_leaving_a_stub_stops_it_even_while_calls_wait() -> None:
    async def leave() -> float:
        async with aiohttp.ClientSession() as session:
            async with StubServer(StubScript(latency=60)) as stub:
                call = asyncio.create_task(session.post(stub.url + CHAT, data=body_of()))
                assert await asyncio.to_thread(becomes, stub, in_flight=1)
                begun = time.perf_counter()
            taken = time.perf_counter() - begun
            with pytest.raises(aiohttp.ClientError):
                await call
            return taken

    assert asyncio.run(asyncio.wait_for(leave(), 20)) < 5


SERVE = """
from flowgrade.testing import StubScript, serve_stub
serve_stub(StubScript(latency=0.3), on_ready=lambda url: print(url, flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals end it otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_stub_ends_by_signal_and_lets_a_call_end(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
            connection.request("POST", CHAT, body_of())
            time.sleep(0.1)
            process.send_signal(number)
            assert connection.getresponse().status == 200
            connection.close()
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_the_door_does_not_import_the_server() -> None:
    code = (
        "import sys, flowgrade.testing as t; t.StubScript(); "
        "print([m for m in ('aiohttp', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_rule_says_what_goes_wrong_with_its_calls(stub: StubServer, streamed: bool) -> None:
    names = ("drop", "truncate", "garbage", "empty")
    replies = [StubReply(match=name, fault=name) for name in names]  # type: ignore[arg-type]
    stub.set_script(StubScript(replies=replies))
    for name in ("drop", "truncate"):
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            send(stub, CHAT, body_of(name, stream=streamed))
    with pytest.raises(json.JSONDecodeError):
        send(stub, CHAT, body_of("garbage", stream=streamed))
    assert send(stub, CHAT, body_of("empty", stream=streamed))[:2] == (200, None)
    assert send(stub, CHAT, body_of("fine"))[0] == 200
    assert (stub.stats.calls, stub.stats.faults) == (5, 4)


def test_a_call_that_hangs_gets_nothing_until_the_stub_ends() -> None:
    with running_stub(StubScript(replies=[StubReply(fault="hang")])) as stub:
        caller = http.client.HTTPConnection(stub.url.removeprefix("http://"), timeout=0.5)
        caller.request("POST", CHAT, body_of())
        with pytest.raises(TimeoutError):
            caller.getresponse()
        assert stub.stats.in_flight == 1
        caller.close()


def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(StubScriptError, match="one of hang, drop, truncate, garbage, empty"):
        StubReply(fault="explode")  # type: ignore[arg-type]
