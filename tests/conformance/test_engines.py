"""The engines pass the kit."""

from __future__ import annotations

import pytest

from flowgrade.testing.engines import EngineConformance


class TestLocal(EngineConformance):
    def engine(self) -> str:
        return "local"

    def workers(self) -> int | None:
        return None


@pytest.mark.slow
class TestProcess(EngineConformance):
    def engine(self) -> str:
        return "process"


@pytest.mark.slow
class TestAuto(EngineConformance):
    def engine(self) -> str:
        return "auto"
