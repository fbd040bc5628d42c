"""The built-in rerankers pass the kit that strangers' rerankers are tested with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flowgrade.models import Models
from flowgrade.plugins import load_plugin, plugins
from flowgrade.retrieval import RERANKERS, Reranker
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, running_stub
from flowgrade.testing.rerankers import RerankerConformance
from tests.retrieval.onnx_file import share_of_pairs


class _BuiltIn(RerankerConformance):
    name = ""

    def reranker(self) -> Reranker:
        return load_plugin(RERANKERS, self.name, Reranker)  # type: ignore[type-abstract]


class TestEmbedding(_BuiltIn):
    name = "embedding"

    def argument(self) -> str:
        return "embedded/static"


class TestLlm(_BuiltIn):
    name = "llm"

    @pytest.fixture(autouse=True)
    def stub(self, tmp_path: Path) -> Iterator[None]:
        grades = json.dumps({"grades": [{"passage": 2, "grade": 3}, {"passage": 1, "grade": 0}]})
        with running_stub(StubScript(replies=(StubReply(text=grades),))) as stub:
            home = {"FLOWGRADE_HOME": str(tmp_path)}
            self.environment = {**home, "OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "k"}
            yield

    def models(self) -> Models:
        return Models(
            read_settings(self.environment, folder=Path(self.environment["FLOWGRADE_HOME"]))
        )

    def argument(self) -> str:
        return "openai/gpt-test"


class _Words(BaseHTTPRequestHandler):
    """A service that counts words in common, in Cohere's and Jina's form."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wanted = set(re.findall(r"\w+", asked["query"].lower()))
        scores = [len(wanted & set(re.findall(r"\w+", d.lower()))) for d in asked["documents"]]
        results = [{"index": i, "relevance_score": s} for i, s in enumerate(scores)]
        text = json.dumps(
            {"results": sorted(results, key=lambda r: -r["relevance_score"])}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class TestEndpoint(_BuiltIn):
    name = "endpoint"

    @pytest.fixture(autouse=True)
    def service(self, tmp_path: Path) -> Iterator[None]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Words)
        thread = Thread(target=server.serve_forever)
        thread.start()
        file = tmp_path / "connections.yaml"
        address = f"http://127.0.0.1:{server.server_port}"
        file.write_text(f"ranks: {{kind: openai, base_url: '{address}', api_key: k}}\n", "utf-8")
        self.folder = tmp_path
        yield
        server.shutdown()
        thread.join()
        server.server_close()

    def models(self) -> Models:
        file = str(self.folder / "connections.yaml")
        surroundings = {"FLOWGRADE_HOME": str(self.folder), "FLOWGRADE_CONNECTIONS": file}
        return Models(read_settings(surroundings, folder=self.folder))

    def argument(self) -> str:
        return "ranks/rerank-test"


class TestCrossEncoder(_BuiltIn):
    """With a model whose score is the number of tokens that both texts have."""

    name = "cross-encoder"

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

        words = [
            "[PAD]",
            "[UNK]",
            "?",
            "the",
            "shop",
            "open",
            "opens",
            "in",
            "morning",
            "nine",
            "and",
            "at",
            "when",
            "does",
            "lamp",
            "tea",
        ]
        vocabulary = {word: number for number, word in enumerate(words)}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A", pair="$A:0 $B:1", special_tokens=[]
        )
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        (tmp_path / "model.onnx").write_bytes(share_of_pairs())
        self.place = tmp_path

    def argument(self) -> str:
        return str(self.place)


def test_every_built_in_reranker_is_run_through_the_kit() -> None:
    tested = {kit.name for kit in (TestCrossEncoder, TestEmbedding, TestEndpoint, TestLlm)}
    own = {p.name for p in plugins(RERANKERS) if p.distribution == "flowgrade"}
    assert own == tested
