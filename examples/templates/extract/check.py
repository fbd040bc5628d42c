"""Check what was extracted against the schema."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from flowgrade import tool

SCHEMA = Path(__file__).parent / "claim.schema.json"


@tool
def check(found: dict | str) -> dict:
    """The claim, whether it fits the schema, and what is wrong with it."""
    try:
        claim = json.loads(found) if isinstance(found, str) else found
    except ValueError as error:
        return {"claim": None, "valid": False, "problems": [f"The answer is not JSON: {error}"]}
    problems = [
        f"{'.'.join(map(str, error.absolute_path)) or 'claim'}: {error.message}"
        for error in validator().iter_errors(claim)
    ]
    return {"claim": claim, "valid": not problems, "problems": problems}


@cache
def validator() -> Draft202012Validator:
    """The schema, read once."""
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
