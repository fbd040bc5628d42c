"""The published JSON Schemas accept what the readers accept, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowgrade.errors import SettingsError
from flowgrade.models.catalog.shape import CATALOG, models_schema
from flowgrade.records.yaml import parse_yaml
from flowgrade.settings.project_shape import PROJECT, project_schema
from flowgrade.settings.shapes import Shape, Spot

PROJECTS = [
    "",
    "name: travel",
    "name: null\nstore: a.db\nconnections: c.yaml",
    "models: {fast: openai/gpt-4o-mini}",
    "models:\n  fast: {use: a/b, fallback: [c/d], parameters: {t: 0, x: [1]}, connection: null}",
    "models: {}\nenvironments: {prod: {models: {fast: a/b}}, test: {models: null}}",
    "- a",
    "just text",
    "nam: travel",
    "name: 3",
    "name: [a]",
    "models: [a]",
    "models: {fast: 3}",
    "models: {fast: {}}",
    "models: {fast: {use: null}}",
    "models: {fast: {use: a/b, fallback: c/d}}",
    "models: {fast: {use: a/b, fallback: [3]}}",
    "models: {fast: {use: a/b, parameters: [1]}}",
    "models: {fast: {use: a/b, more: 1}}",
    "models: {a/b: c/d}",
    "environments: {prod: {store: x}}",
    "environments: {prod: null}",
    "environments: {prod prod: {}}",
]
CATALOGS = [
    "",
    "models: {lab/a: {context: 5, max_output: 5.0, has: [chat], lacks: [], retires: '2027-01-31'}}",
    "models: {lab/a: {like: openai/gpt-4o, aliases: [b], deployment: local}}",
    "models: {lab/a: {price: {input: 0.1, date: 2027-01-31, source: a, long_context: {above: 9}}}}",
    "connections: {gateway: openai}",
    "providers: {lab: {title: Lab, kinds: [openai], hosts: [lab.example], local: true, also: x}}",
    "models: {nameless: {}}",
    "models: {lab/a: null}",
    "models: {lab/a: {context: 0}}",
    "models: {lab/a: {context: 1.5}}",
    "models: {lab/a: {context: true}}",
    "models: {lab/a: {has: [fly]}}",
    "models: {lab/a: {deployment: cloud}}",
    "models: {lab/a: {retires: soon}}",
    "models: {lab/a: {price: {input: 1}}}",
    "models: {lab/a: {price: {input: -1, date: 2027-01-31, source: us}}}",
    "models: {lab/a: {price: {date: 2027-01-31, source: us, currency: Euro}}}",
    "models: {lab/a: {price: {date: 2027-01-31, source: us, batch_discount: 2}}}",
    "models: {lab/a: {price: {date: 2027-01-31, source: us, long_context: {input: 2}}}}",
    "providers: {lab: {local: maybe}}",
    "model: {}",
]


def accepted(shape: Shape, value: Any) -> bool:
    if value is None:
        return True
    try:
        shape.check(value, Spot("a.yaml", {}))
    except SettingsError:
        return False
    return True


def allowed(schema: dict[str, Any], value: Any) -> bool:
    checker = jsonschema.Draft202012Validator(schema)
    found: bool = checker.is_valid(value)
    return found


@pytest.mark.parametrize("schema", [project_schema, models_schema])
def test_the_schemas_are_schemas(schema: Callable[[], dict[str, Any]]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("shape", "schema", "text"),
    [
        *((PROJECT, project_schema, text) for text in PROJECTS),
        *((CATALOG, models_schema, text) for text in CATALOGS),
    ],
)
def test_schema_and_reader_agree_on_examples(
    shape: Shape, schema: Callable[[], dict[str, Any]], text: str
) -> None:
    value = parse_yaml(text, file="a.yaml")
    assert accepted(shape, value) == allowed(schema(), value)


def test_the_examples_hold_good_and_bad_ones() -> None:
    for shape, texts in ((PROJECT, PROJECTS), (CATALOG, CATALOGS)):
        verdicts = [accepted(shape, parse_yaml(text, file="a.yaml")) for text in texts]
        assert verdicts.count(True) > 4
        assert verdicts.count(False) > 4


words = st.sampled_from(
    [
        *("name", "store", "models", "environments", "use", "fallback", "parameters", "fast"),
        *("lab/a", "prod", "context", "has", "price", "date", "source", "2027-01-31", "chat"),
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-2, 3) | words,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(words, part, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([(PROJECT, project_schema()), (CATALOG, models_schema())]), anything)
def test_schema_and_reader_agree_on_anything(
    pair: tuple[Shape, dict[str, Any]], value: Any
) -> None:
    shape, schema = pair
    assert accepted(shape, value) == allowed(schema, value)


def test_the_repository_has_the_schemas_for_editors() -> None:
    from flowgrade.cli.schema import SCHEMAS, schema_text

    folder = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"
    for file in SCHEMAS:
        published = folder / f"{file.removesuffix('.yaml')}.schema.json"
        assert published.read_text(encoding="utf-8") == schema_text(file), (
            "run python tools/docs.py"
        )
