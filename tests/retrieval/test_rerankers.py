"""Rerankers put the best first, and fail in words."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flowgrade.errors import HttpError, InputError, MissingExtraError, ModelError
from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.records import loads
from flowgrade.retrieval import RERANKERS, SearchResult, open_reranker
from flowgrade.settings import read_settings
from flowgrade.testing import StubServer
from flowgrade.tracing import RecordedSpan, start_trace
from tests.retrieval.conftest import CHAT, Say
from tests.retrieval.memory import searcher

PASSAGES = ["The shop opens at nine.", "A lamp may be sent back.", "Green tea is hot."]


def scores(named: str, models: Models | None, query: str = "lamp") -> list[float]:
    return list(run_blocking(_scores(named, models, query)))


async def _scores(named: str, models: Models | None, query: str) -> Any:
    return await open_reranker(named, models)(query, PASSAGES)


class TestLlm:
    def test_it_grades_all_passages_in_one_call(
        self, models: Models, say: Say, stub: StubServer
    ) -> None:
        say({"grades": [{"passage": 2, "grade": 3}, {"passage": 1, "grade": 1}]})
        assert scores(f"llm:{CHAT}", models) == [1.0, 3.0, 0.0]
        assert all(passage in str(stub.requests[-1].body) for passage in PASSAGES)

    def test_it_bears_numbers_that_do_not_exist_and_grades_off_the_scale(
        self, models: Models, say: Say
    ) -> None:
        grades = [(0, 3), (9, 3), (1, 2), (1, 1), (3, 99)]
        say({"grades": [{"passage": p, "grade": g} for p, g in grades]})
        assert scores(f"llm:{CHAT}", models) == [2.0, 0.0, 3.0]

    def test_a_search_has_the_order_of_its_grades(self, models: Models, say: Say) -> None:
        say({"grades": [{"passage": 2, "grade": 3}]})
        result, spans = searched(models, f"llm:{CHAT}")
        plain, _ = searched(models, None)
        assert result.hits[0].chunk.id == plain.hits[1].chunk.id
        assert [hit.score for hit in result.hits[:2]] == [3.0, 0.0]
        assert f"rerank llm:{CHAT}" in {span.name for span in spans}

    def test_no_json_leaves_the_order_and_the_span_says_so(self, models: Models, say: Say) -> None:
        say("I like them all.", "Really.")
        result, spans = searched(models, f"llm:{CHAT}")
        plain, _ = searched(models, None)
        assert [h.chunk.id for h in result.hits] == [h.chunk.id for h in plain.hits]
        [span] = [span for span in spans if span.name.startswith("rerank")]
        assert "flowgrade.retrieval.fallback" in loads(span.data)["attributes"]

    def test_a_model_that_cannot_be_called_fails_the_search(self, models: Models, say: Say) -> None:
        say(401)
        with pytest.raises(ModelError):
            searched(models, f"llm:{CHAT}")


def searched(models: Models, rerank: str | None) -> tuple[SearchResult, list[RecordedSpan]]:
    spans: list[RecordedSpan] = []

    async def work() -> SearchResult:
        with start_trace("test", sink=spans.extend):
            return await searcher(models=models, rerank=rerank).search("the shop sends a lamp")

    return run_blocking(work()), spans


def test_an_embedding_model_scores_by_likeness(models: Models) -> None:
    found = scores("embedding:embedded/static", models, "May I return a lamp?")
    assert max(found) == found[1]


class TestEndpoint:
    @pytest.fixture
    def service(self) -> Iterator[Any]:
        class Handler(BaseHTTPRequestHandler):
            seen: list[Any] = []
            answer: tuple[int, Any] = (200, {})

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                Handler.seen.append((self.path, self.headers["Authorization"], body))
                status, answer = Handler.answer
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever)
        thread.start()
        Handler.seen, port = [], server.server_port
        yield Handler, port
        server.shutdown()
        thread.join()
        server.server_close()

    def models(self, folder: Path, port: int) -> Models:
        (folder / "flowgrade.yaml").write_text(
            f"connections:\n  ranks:\n    kind: openai\n    base_url: http://127.0.0.1:{port}/v2\n"
            "    api_key: secret-of-ranks\n",
            encoding="utf-8",
        )
        home = {"FLOWGRADE_HOME": str(folder / "home")}
        (folder / "connections.yaml").write_text(
            f"ranks:\n  kind: openai\n  base_url: http://127.0.0.1:{port}/v2\n"
            "  api_key: secret-of-ranks\n",
            encoding="utf-8",
        )
        (folder / "flowgrade.yaml").unlink()
        home["FLOWGRADE_CONNECTIONS"] = str(folder / "connections.yaml")
        return Models(read_settings(home, folder=folder))

    def ask(self, tmp_path: Path, port: int) -> list[float]:
        async def work() -> Any:
            async with self.models(tmp_path, port) as models:
                return await open_reranker("endpoint:ranks/rerank-v3", models)("lamp", PASSAGES)

        return list(asyncio.run(work()))

    def test_it_posts_as_cohere_and_jina_take_it(self, service: Any, tmp_path: Path) -> None:
        handler, port = service
        results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]
        handler.answer = (200, {"results": results})
        assert self.ask(tmp_path, port) == [0.2, 0.9, 0.2]
        body = {"model": "rerank-v3", "query": "lamp", "documents": PASSAGES, "top_n": 3}
        assert handler.seen == [("/v2/rerank", "Bearer secret-of-ranks", body)]

    def test_a_refusal_is_told_without_the_key(self, service: Any, tmp_path: Path) -> None:
        handler, port = service
        handler.answer = (401, {"message": "the key secret-of-ranks is wrong"})
        with pytest.raises(HttpError, match="answers with 401") as caught:
            self.ask(tmp_path, port)
        assert "secret-of-ranks" not in str(caught.value)

    def test_an_answer_of_another_shape_is_told(self, service: Any, tmp_path: Path) -> None:
        handler, port = service
        handler.answer = (200, {"data": []})
        with pytest.raises(HttpError, match="no list of results"):
            self.ask(tmp_path, port)

    def test_a_model_must_be_named(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="names no model"):
            open_reranker("endpoint:ranks", self.models(tmp_path, 1))


class TestCrossEncoder:
    def test_a_folder_without_a_model_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"has no model\.onnx"):
            open_reranker(f"cross-encoder:{tmp_path}", None)
        (tmp_path / "onnx").mkdir()
        (tmp_path / "onnx" / "model.onnx").write_bytes(b"x")
        with pytest.raises(InputError, match=r"has no tokenizer\.json"):
            open_reranker(f"cross-encoder:{tmp_path}", None)

    def test_without_its_libraries_it_names_the_extra(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "model.onnx").write_bytes(b"x")
        (tmp_path / "tokenizer.json").write_text("{}")
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(MissingExtraError) as caught:
            open_reranker(f"cross-encoder:{tmp_path}", None)
        assert "flowgrade[rerank]" in str(caught.value)


@pytest.mark.parametrize("named", ["llm", "embedding:", "endpoint", "cross-encoder:"])
def test_an_argument_that_is_missing_is_refused_with_an_example(named: str, models: Models) -> None:
    with pytest.raises(InputError, match="not named") as caught:
        open_reranker(named, models)
    assert "rerank:" in str(caught.value.hint)


def test_without_models_a_reranker_that_asks_one_is_refused() -> None:
    with pytest.raises(InputError, match="needs models"):
        open_reranker(f"llm:{CHAT}", None)


def test_the_group_of_plugins_is_named() -> None:
    assert RERANKERS == "flowgrade.rerankers"
