"""Search services in small, on this machine: they answer in the documented shapes."""

from __future__ import annotations

import json
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy

Row = dict[str, Any]
Answer = tuple[int, Any]


class Request(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


class FakeService:
    """Keeps rows by index; ``trouble`` answers in place of everything while it is set."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {}
        self.definitions: dict[str, Any] = {}
        self.aliases: dict[str, str] = {}
        self.requests: list[Request] = []
        self.trouble: tuple[int, dict[str, str], Any] | None = None
        self.url = ""
        self._lock = threading.Lock()

    def handle(self, request: Request) -> tuple[int, dict[str, str], Any]:
        with self._lock:
            self.requests.append(request)
            if self.trouble is not None:
                return self.trouble
            status, body = self.answer(request)
            return status, {}, body

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def drop(self, name: str) -> bool:
        self.aliases = {alias: index for alias, index in self.aliases.items() if index != name}
        self.definitions.pop(name, None)
        return self.rows.pop(name, None) is not None


@contextmanager
def serving(service: FakeService) -> Iterator[FakeService]:
    """Serve it on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer waits for an acknowledgement

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, _parsed(raw), dict(self.headers.items()))
            status, headers, body = service.handle(request)
            text = b"" if body is None or self.command == "HEAD" else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _do

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class FakeOpenSearch(FakeService):
    """What the store uses of OpenSearch's REST API."""

    def answer(self, request: Request) -> Answer:
        parts = [part for part in urlsplit(request.path).path.split("/") if part]
        if not parts:
            return 200, {"version": {"number": "3.1.0", "distribution": "opensearch"}}
        if parts[0] == "_alias":
            return (200 if parts[1] in self.aliases else 404), {}
        name, *rest = parts
        if not rest:
            return self._index(request, name)
        if name not in self.rows:
            return 404, {"error": {"type": "index_not_found_exception"}, "status": 404}
        return self._within(request, name, rest)

    def _index(self, request: Request, name: str) -> Answer:
        if request.method == "PUT":
            self.rows[name], self.definitions[name] = {}, request.body
            return 200, {"acknowledged": True, "index": name}
        if request.method == "HEAD":
            return (200 if name in self.rows else 404), None
        if self.drop(name):
            return 200, {"acknowledged": True}
        return 404, {"error": {"type": "index_not_found_exception"}, "status": 404}

    def _within(self, request: Request, name: str, rest: list[str]) -> Answer:
        if rest[0] == "_alias":
            self.aliases[rest[1]] = name
            return 200, {"acknowledged": True}
        if rest[0] == "_refresh":
            return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}
        if rest[0] == "_count":
            return 200, {"count": len(self.rows[name])}
        if rest[0] == "_bulk":
            return 200, self._bulk(self.rows[name], iter(request.body))
        assert rest[0] == "_search", request
        return 200, {"hits": {"hits": self._search(self.rows[name], request.body)}}

    def _bulk(self, rows: dict[str, Row], lines: Iterator[Any]) -> Any:
        items = []
        for line in lines:
            ((action, about),) = line.items()
            if action == "index":
                rows[about["_id"]] = next(lines)
                items.append({"index": {"_id": about["_id"], "status": 201}})
            else:
                gone = rows.pop(about["_id"], None) is None
                items.append({"delete": {"_id": about["_id"], "status": 404 if gone else 200}})
        return {"errors": False, "items": items}

    def _search(self, rows: dict[str, Row], body: Any) -> list[Any]:
        if "sort" in body:
            (after,) = body.get("search_after", [""])
            found = [
                (1.0, row)
                for row in rows.values()
                if row["key"] > after and _os(row, body["query"])
            ]
            found.sort(key=lambda pair: pair[1]["key"])
        else:
            found = sorted(_os_scores(rows, body["query"]), key=lambda pair: -pair[0])
        columns = body["_source"]
        return [
            {
                "_id": row["key"],
                "_score": score,
                "_source": {column: row[column] for column in columns if column in row},
            }
            for score, row in found[: body["size"]]
        ]


def _os(row: Row, query: Any) -> bool:
    ((kind, what),) = query.items()
    if kind == "match_all":
        return True
    if kind == "terms":
        ((column, values),) = what.items()
        there = row[column] if isinstance(row[column], list) else [row[column]]
        return not set(values).isdisjoint(there)
    if kind == "nested":
        key, numbers = what["query"]["bool"]["filter"]
        return any(
            value["key"] == key["term"]["values.key"]
            and _between(value["number"], **numbers["range"]["values.number"])
            for value in row["values"]
        )
    if kind == "match":
        return not set(what["words"]["query"].split()).isdisjoint(row["words"].split())
    assert kind == "bool"
    wanted = [*what.get("filter", []), *what.get("must", [])]
    unwanted = what.get("must_not", [])
    return all(_os(row, part) for part in wanted) and not any(_os(row, part) for part in unwanted)


def _between(number: float, gte: float = -math.inf, lte: float = math.inf) -> bool:
    return gte <= number <= lte


def _os_scores(rows: dict[str, Row], query: Any) -> list[tuple[float, Row]]:
    ((kind, what),) = query.items()
    if kind == "bool":
        words = what["must"][0]["match"]["words"]["query"].split()
        score = _bm25(rows, words)
        return [(score(row), row) for row in rows.values() if _os(row, query)]
    if kind == "script_score":
        parameters = what["script"]["params"]
        assert what["script"] | {"params": None} == {
            "lang": "knn",
            "source": "knn_score",
            "params": None,
        }
        vector = parameters["query_value"]
        passing = [row for row in rows.values() if _os(row, what["query"])]
        return [(1 + _cosine(row, vector), row) for row in passing]
    assert kind == "knn"
    near = what["vector"]
    passing = [row for row in rows.values() if _os(row, near.get("filter", {"match_all": {}}))]
    found = [((1 + _cosine(row, near["vector"])) / 2, row) for row in passing]
    return sorted(found, key=lambda pair: -pair[0])[: near["k"]]


class FakeAzureSearch(FakeService):
    """What the store uses of the REST API of Azure AI Search."""

    key = "an-admin-key"

    def answer(self, request: Request) -> Answer:
        if request.headers.get("api-key") != self.key:
            return 403, {"error": {"code": "", "message": "Access denied"}}
        path = urlsplit(request.path).path
        match = re.fullmatch(r"/(indexes|aliases)(?:\('([\w-]+)'\))?(/.*)?", path)
        assert match, request
        kind, name, rest = match.groups()
        if rest:
            return self._within(request, self.rows[name], rest)
        if kind == "aliases":
            return self._alias(request, name)
        if request.method == "POST":
            self.rows[request.body["name"]] = {}
            self.definitions[request.body["name"]] = request.body
            return 201, request.body
        if name not in self.rows:
            return 404, {"error": {"code": "", "message": f"No index with the name '{name}'"}}
        if request.method == "DELETE":
            self.drop(name)
            return 204, None
        return 200, self.definitions[name]

    def _alias(self, request: Request, name: str) -> Answer:
        if request.method == "PUT":
            (self.aliases[name],) = request.body["indexes"]
            return 201, request.body
        if name not in self.aliases:
            return 404, {"error": {"code": "", "message": f"No alias with the name '{name}'"}}
        if request.method == "DELETE":
            del self.aliases[name]
            return 204, None
        return 200, {"name": name, "indexes": [self.aliases[name]]}

    def _within(self, request: Request, rows: dict[str, Row], rest: str) -> Answer:
        if rest.lower() == "/docs/$count":
            return 200, len(rows)
        if rest.endswith("search.index"):
            return 200, {"value": [_azure_put(rows, row) for row in request.body["value"]]}
        assert rest.endswith("search.post.search"), request
        return 200, {"value": _azure_search(rows, request.body)}


def _azure_put(rows: dict[str, Row], row: Row) -> Any:
    action = row.pop("@search.action")
    if action == "delete":
        rows.pop(row["key"], None)
    else:
        assert action == "upload"
        rows[row["key"]] = row
    return {"key": row["key"], "status": True, "errorMessage": None, "statusCode": 200}


def _azure_search(rows: dict[str, Row], body: Any) -> list[Any]:
    passing = [row for row in rows.values() if _odata(row, body.get("filter"))]
    if body.get("orderby"):
        found = [(1.0, row) for row in sorted(passing, key=lambda row: str(row["key"]))]
    elif body.get("vectorQueries"):
        (query,) = body["vectorQueries"]
        found = [(1 / (2 - _cosine(row, query["vector"])), row) for row in passing]
        found = sorted(found, key=lambda pair: -pair[0])[: query["k"]]
    else:
        words = body["search"].split()
        score = _bm25(rows, words)
        found = [(score(row), row) for row in passing if set(words) & set(row["words"].split())]
        found.sort(key=lambda pair: -pair[0])
    columns = body["select"].split(",")
    return [
        {"@search.score": score, **{column: row.get(column) for column in columns}}
        for score, row in found[: body["top"]]
    ]


_ANY = re.compile(r"(not )?facets/any\(f: search\.in\(f, '([0-9a-f,]*)', ','\)\)")
_IN = re.compile(r"(\w+)$|search\.in\((\w+), '([0-9a-f,]*)', ','\)")
_RANGE = re.compile(r"values/any\(v: v/key eq '([0-9a-f]+)' and v/number (ge|le) ([-+.e0-9]+)\)")
_AFTER = re.compile(r"key gt '([0-9a-f]+)'")


def _odata(row: Row, text: str | None) -> bool:
    for part in re.split(r" and (?!v/)", text) if text else []:
        if match := _RANGE.fullmatch(part):
            limit = {"gte" if match[2] == "ge" else "lte": float(match[3])}
            numbers = [value["number"] for value in row["values"] if value["key"] == match[1]]
            if not any(_between(number, **limit) for number in numbers):
                return False
        elif match := _ANY.fullmatch(part):
            there = not set(match[2].split(",")).isdisjoint(row["facets"])
            if there == bool(match[1]):
                return False
        elif match := _AFTER.fullmatch(part):
            if row["key"] <= match[1]:
                return False
        else:
            match = _IN.fullmatch(part)
            assert match, part
            if row[match[2]] not in match[3].split(","):
                return False
    return True


def _bm25(rows: dict[str, Row], words: list[str]) -> Callable[[Row], float]:
    spread = Counter(word for row in rows.values() for word in set(row["words"].split()))
    lengths = [len(row["words"].split()) for row in rows.values()]
    average = sum(lengths) / max(len(lengths), 1) or 1.0

    def score(row: Row) -> float:
        counts = Counter(row["words"].split())
        longer = 1.2 * (0.25 + 0.75 * counts.total() / average)
        return sum(
            math.log1p((len(rows) - spread[word] + 0.5) / (spread[word] + 0.5))
            * counts[word]
            / (counts[word] + longer)
            for word in words
            if counts[word]
        )

    return score


def _cosine(row: Row, vector: list[float]) -> float:
    return float(numpy.dot(row["vector"], vector))


def _parsed(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return [json.loads(line) for line in raw.splitlines() if line]
