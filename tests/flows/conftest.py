"""Flows written to a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from flowgrade.flows import Flow, load_flow, run_blocking
from flowgrade.models import Models
from flowgrade.settings import read_settings

Write = Callable[..., Path]
Load = Callable[..., Flow]


@pytest.fixture
def models(tmp_path: Path) -> Iterator[Models]:
    models = Models(read_settings({"FLOWGRADE_HOME": str(tmp_path / "home")}, folder=tmp_path))
    yield models
    run_blocking(models.aclose())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files given as ``{name: text}`` below a folder of the test's own."""

    def write(files: dict[str, str], folder: str = "flow") -> Path:
        for name, text in files.items():
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path / folder

    return write


@pytest.fixture
def load(write: Write, models: Models) -> Load:
    """Write a flow of nodes with its files and load it."""

    def load(dag: str, files: dict[str, str] | None = None, **options: object) -> Flow:
        folder = write({"flow.dag.yaml": dag, **(files or {})})
        return load_flow(folder, models=models, **options)  # type: ignore[arg-type]

    return load
