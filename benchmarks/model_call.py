"""CPU time of a model call, against bare aiohttp and the openai SDK.

Promise: at most 2 times bare aiohttp and at most a quarter of the SDK, plain and streamed (20
pieces), with a span recorded for each of our calls. The server is a process of its own, each
contender too; only the contender's CPU time counts. Medians over interleaved rounds.

    python benchmarks/model_call.py [--calls N] [--rounds R]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

CONCURRENCY = 64
PIECES = 20
LIMIT_BARE = 2.0
LIMIT_SDK = 0.25
CONTENDERS = ("bare", "flowgrade", "openai")
MODES = ("plain", "streamed")
MESSAGES = [
    {"role": "system", "content": "You answer questions about a product in two sentences."},
    {"role": "user", "content": "How do I reset the device to its factory settings? " * 4},
]
PARAMETERS = {"temperature": 0.2, "max_tokens": 200}
USAGE = {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="calls per round and contender")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--contend", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return 0
    if options.contend:
        asyncio.run(contend(options.contend, options.port))
        return 0
    return compare(options.calls, options.rounds)


def compare(calls: int, rounds: int) -> int:
    server = _spawn("--serve")
    workers: dict[str, subprocess.Popen[str]] = {}
    try:
        port = str(_read(server)["port"])
        for name in CONTENDERS:
            workers[name] = _spawn("--contend", name, "--port", port)
            _read(workers[name])
        seconds = _measure(workers, calls, rounds)
    finally:
        for process in (*workers.values(), server):
            process.kill()
            process.communicate()
    return _report(seconds, calls)


def _measure(
    workers: dict[str, subprocess.Popen[str]], calls: int, rounds: int
) -> dict[tuple[str, str], list[float]]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):  # the first one warms up
        for mode in MODES:
            for name, worker in workers.items():
                _write(worker, {"mode": mode, "calls": calls if number else calls // 4})
                spent = _read(worker)["seconds"]
                if number:
                    seconds.setdefault((mode, name), []).append(spent / calls)
    return seconds


def _report(seconds: dict[tuple[str, str], list[float]], calls: int) -> int:
    failed = False
    print(f"CPU time per call, median of {len(next(iter(seconds.values())))} rounds of {calls}")
    print(f"{'':10}{'bare aiohttp':>14}{'flowgrade':>14}{'openai SDK':>14}")
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    for mode in MODES:
        row = "".join(f"{medians[mode, name] * 1e6:>11.0f} µs" for name in CONTENDERS)
        print(f"{mode:10}{row}")
    for mode in MODES:
        for peer, limit in (("bare", LIMIT_BARE), ("openai", LIMIT_SDK)):
            ratio = medians[mode, "flowgrade"] / medians[mode, peer]
            verdict = "PASS" if ratio <= limit else "FAIL"
            failed |= ratio > limit
            print(f"{verdict}  {mode}: {ratio:.2f} times {peer} (at most {limit:g})")
    return int(failed)


def _spawn(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("A process of the benchmark ended early.")
    found: dict[str, Any] = json.loads(line)
    return found


def _write(process: subprocess.Popen[str], value: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(value) + "\n")
    process.stdin.flush()


# --- contenders

Call = Callable[[], Awaitable[Any]]
Rounds = Callable[[Call, Call], Awaitable[None]]


async def contend(name: str, port: int) -> None:
    base_url = f"http://127.0.0.1:{port}/v1"
    calls = {"bare": bare, "flowgrade": flowgrade, "openai": openai}[name]
    await calls(base_url, _rounds)


async def _rounds(plain: Call, streamed: Call) -> None:
    """Do what comes in on stdin until it ends."""
    print("{}", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        call = streamed if order["mode"] == "streamed" else plain
        print(json.dumps({"seconds": await _spent(call, order["calls"])}), flush=True)


async def _spent(call: Call, calls: int) -> float:
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    started = time.process_time()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return time.process_time() - started


async def bare(base_url: str, rounds: Rounds) -> None:
    import aiohttp
    import orjson

    url = f"{base_url}/chat/completions"
    headers = {"Authorization": "Bearer none", "Content-Type": "application/json"}
    body = {"model": "stub", "messages": MESSAGES, **PARAMETERS}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def plain() -> str:
            data = orjson.dumps(body)
            async with session.post(url, data=data, headers=headers) as response:
                raw = orjson.loads(await response.read())
                return str(raw["choices"][0]["message"]["content"])

        async def streamed() -> str:
            data = orjson.dumps({**body, "stream": True})
            text = ""
            async with session.post(url, data=data, headers=headers) as response:
                async for line in response.content:
                    if line.startswith(b"data: {"):
                        raw = orjson.loads(line[6:])
                        if raw["choices"]:
                            text += raw["choices"][0]["delta"].get("content") or ""
            return text

        await rounds(plain, streamed)


async def flowgrade(base_url: str, rounds: Rounds) -> None:
    from pathlib import Path

    from flowgrade.models import ChatRequest, Connection, Models
    from flowgrade.settings import Secret, Settings
    from flowgrade.tracing import start_trace

    request = ChatRequest(messages=MESSAGES, parameters=PARAMETERS)
    settings = Settings(project=Path(), home=Path(), store="")
    connection = Connection(name="stub", base_url=base_url, api_key=Secret("none"))
    async with Models(settings) as models:
        model = models.open("stub", connection=connection)

        async def plain() -> str:
            with start_trace("row", sink=lambda spans: None):
                return (await model.chat(request)).text or ""

        async def streamed() -> str:
            with start_trace("row", sink=lambda spans: None):
                return "".join([chunk.text async for chunk in model.chat_stream(request)])

        await rounds(plain, streamed)


async def openai(base_url: str, rounds: Rounds) -> None:
    from openai import AsyncOpenAI

    body: dict[str, Any] = {"model": "stub", "messages": MESSAGES, **PARAMETERS}
    async with AsyncOpenAI(base_url=base_url, api_key="none") as client:

        async def plain() -> str:
            response = await client.chat.completions.create(**body)
            return response.choices[0].message.content or ""

        async def streamed() -> str:
            text = ""
            async for chunk in await client.chat.completions.create(**body, stream=True):
                if chunk.choices:
                    text += chunk.choices[0].delta.content or ""
            return text

        await rounds(plain, streamed)


# --- the server: raw asyncio, so that it keeps out of the way


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stub, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


class Stub(asyncio.Protocol):
    """Answers every request with the same words, streamed or not."""

    def __init__(self) -> None:
        self.waiting = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            head = self.waiting[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            if len(self.waiting) < end + 4 + length:
                return
            body = self.waiting[end + 4 : end + 4 + length]
            self.waiting = self.waiting[end + 4 + length :]
            self.answer(iter(STREAM if b'"stream":true' in body else PLAIN))

    def answer(self, writes: Iterator[bytes]) -> None:
        """Write the next piece of an answer, and the rest after it."""
        data = next(writes, None)
        if data is not None and self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)
            # One write for each turn of the loop: pieces arrive as pieces.
            asyncio.get_running_loop().call_soon(self.answer, writes)


def _plain() -> list[bytes]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hold the button for ten seconds. " * 6},
        "finish_reason": "stop",
    }
    body = json.dumps(_head("chat.completion") | {"choices": [choice], "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return [head.encode() + b"\r\n\r\n" + body]


def _stream() -> list[bytes]:
    writes = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    ]
    head = _head("chat.completion.chunk")
    for number in range(PIECES):
        delta = {"content": "Hold the button "} | ({} if number else {"role": "assistant"})
        writes.append(_event(head | {"choices": [{"index": 0, "delta": delta}]}))
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    writes.append(_event(head | {"choices": [last], "usage": USAGE}))
    writes.append(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    return writes


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": "stub-2024"}


def _event(value: object) -> bytes:
    return _chunk(b"data: " + json.dumps(value).encode() + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


PLAIN = _plain()
STREAM = _stream()


if __name__ == "__main__":
    sys.exit(main())
