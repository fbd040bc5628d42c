"""Make the catalog that is shipped from its YAML, or check that it is fresh.

    python tools/catalog.py            # write src/flowgrade/models/catalog/catalog.json
    python tools/catalog.py --check    # exit with 1 when it is stale

People edit the YAML; JSON is what is read when a model is opened, thirty times as quick.
"""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from flowgrade.models.catalog.shape import CATALOG
from flowgrade.records import JsonObject
from flowgrade.settings import read_shaped_yaml

FOLDER = Path(__file__).resolve().parent.parent / "src" / "flowgrade" / "models" / "catalog"
TARGET = FOLDER / "catalog.json"


def main(arguments: list[str]) -> int:
    """Write or check the JSON; returns 1 when ``--check`` finds it stale."""
    made = make(FOLDER / "data")
    if "--check" not in arguments:
        TARGET.write_bytes(made)
        return 0
    if TARGET.is_file() and TARGET.read_bytes() == made:
        return 0
    print("the catalog is stale: run python tools/catalog.py", file=sys.stderr)
    return 1


def make(folder: Path) -> bytes:
    """The catalog in the YAML files of ``folder``; raises SettingsError with file and line."""
    whole: dict[str, JsonObject] = {"providers": {}, "models": {}}
    for file in sorted(folder.glob("*.yaml")):
        read = read_shaped_yaml(file, lambda: CATALOG)
        for part, found in whole.items():
            twice = found.keys() & (read.values.get(part) or {}).keys()
            if twice:
                raise SystemExit(f"{file}: {', '.join(twice)} is in another file too")
            found.update(read.values.get(part) or {})
    return orjson.dumps(whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
