"""A stub model server for each test, and OpenAI clients that talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from flowgrade.testing import StubServer, stub_fixture

stub = pytest.fixture(stub_fixture)


@pytest.fixture
def client(stub: StubServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=stub.base_url, api_key="sk-test-secret", max_retries=0) as made:
        yield made
