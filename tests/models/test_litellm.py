"""Models by litellm: our errors, our retries, and no call that nobody asked for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    InputError,
    MissingExtraError,
    MissingKeyError,
    ModelError,
    ModelNotFoundError,
    ModelServerError,
    ModelUnreachableError,
    RateLimitError,
    UnknownModelError,
    UnsupportedByModelError,
)
from flowgrade.models import AuthMode, ChatRequest, CompletionRequest, RetryPolicy
from flowgrade.settings import Secret
from flowgrade.testing import StubReply, StubScript, StubServer, running_stub

if TYPE_CHECKING:
    from tests.models.conftest import Rig

KEY = "sk-of-litellm-12345678"
SLOW = [
    pytest.mark.slow,  # it takes seconds to load
    pytest.mark.filterwarnings("ignore:.*ReadOnly:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:litellm"),
]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub() as stub:
        yield stub


def chat(rig: Rig, stub: StubServer, name: str = "openai/m", **fields: Any) -> Any:
    given: dict[str, Any] = {
        "kind": "litellm",
        "base_url": stub.base_url,
        "api_key": Secret(KEY),
        "retry": RetryPolicy(retries=1),
    }
    request = ChatRequest(
        messages=[{"role": "user", "content": "Hi"}], parameters=fields.pop("given", {})
    )
    return asyncio.run(rig.open(name, **(given | fields)).chat(request))


def test_names_of_providers_open_and_say_what_they_need(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = rig.models()
    for name in ("bedrock/anthropic.claude-sonnet-5", "vertex_ai/gemini-3", "litellm/groq/llama"):
        assert models.open(name).name == name.partition("/")[2]
    for name, variable in (("gemini", "GEMINI"), ("mistral", "MISTRAL"), ("cohere", "COHERE")):
        with pytest.raises(MissingKeyError, match=f"{variable}_API_KEY"):
            models.open(f"{name}/some-model")
    with pytest.raises(InputError, match="litellm/groq/llama"):
        models.open("litellm/llama")
    with pytest.raises(InputError, match="auth_mode"):
        rig.open("x", kind="bedrock", auth_mode=AuthMode.ENTRA)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'flowgrade\[litellm\]'"):
        models.open("bedrock/another")


def test_opening_does_not_load_the_library(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from flowgrade.models import Models
from flowgrade.settings import Settings
Models(Settings(project=Path("nowhere"), home=Path("nowhere"), store="")).open("bedrock/x")
assert "litellm" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_loading_the_library_reaches_nobody() -> None:
    code = """
import asyncio, socket

reached = []

class Guarded(socket.socket):
    def connect(self, address):
        reached.append(address)
        raise OSError("no network in this test")

    connect_ex = connect

socket.socket = Guarded
socket.getaddrinfo = lambda *given, **more: reached.append(given) or []
from flowgrade.models.litellm.loading import loaded
library = asyncio.run(loaded())
assert library.telemetry is False
assert not reached, reached
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


class TestCalls:
    pytestmark = SLOW

    def test_what_goes_with_a_connection_goes_with_each_call(
        self, rig: Rig, stub: StubServer
    ) -> None:
        response = chat(
            rig, stub, headers={"X-Team": "blue"}, parameters={"temperature": 0.25}, configs={}
        )
        assert response.text == "echo: Hi"
        assert response.usage.input_tokens == 1
        (request,) = stub.requests
        assert request.headers["x-team"] == "blue"
        assert request.body["temperature"] == 0.25

    @pytest.mark.parametrize(
        ("script", "error"),
        [
            (StubScript(require_key="another"), AuthenticationError),
            (StubScript(known_models=["n"]), ModelNotFoundError),
            (StubScript(context_length=0), ContextLengthError),
            (StubScript(content_filter_pattern="Hi"), ContentFilterError),
            (StubScript(error_rate=1, error_status=400), BadRequestError),
        ],
    )
    def test_what_cannot_pass_fails_at_once_with_our_error(
        self, rig: Rig, stub: StubServer, script: StubScript, error: type[ModelError]
    ) -> None:
        stub.set_script(script)
        with pytest.raises(error) as caught:
            chat(rig, stub)
        assert type(caught.value) is error
        assert caught.value.hint
        assert stub.stats.calls == 1
        assert KEY not in str(caught.value)

    @pytest.mark.parametrize(
        ("script", "error"),
        [
            (StubScript(error_rate=1, error_status=429, retry_after=7), RateLimitError),
            (StubScript(error_rate=1, error_status=503), ModelServerError),
            (StubScript(drop_rate=1), ModelUnreachableError),
        ],
    )
    def test_what_may_pass_is_tried_again_by_us_alone(
        self, rig: Rig, stub: StubServer, script: StubScript, error: type[ModelError]
    ) -> None:
        rig.fraction = 0
        stub.set_script(script)
        with pytest.raises(error, match="1 retry"):
            chat(rig, stub)
        assert stub.stats.calls == 2
        assert rig.sleeps[0] == (7 if error is RateLimitError else 0)

    def test_a_filtered_answer_is_no_empty_one(self, rig: Rig, stub: StubServer) -> None:
        stub.set_script(StubScript(replies=[StubReply(text="", finish_reason="content_filter")]))
        with pytest.raises(ContentFilterError):
            chat(rig, stub)

    def test_an_unknown_provider_and_a_missing_library_are_named(
        self, rig: Rig, stub: StubServer
    ) -> None:
        with pytest.raises(UnknownModelError, match="nosuch/model"):
            chat(rig, stub, "nosuch/model")

    def test_it_completes_nothing(self, rig: Rig) -> None:
        model = rig.open("openai/m", kind="litellm")
        with pytest.raises(UnsupportedByModelError):
            asyncio.run(model.complete(CompletionRequest(prompt="x")))
