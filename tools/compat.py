"""Run prompt flow's own example flows with Flowgrade and compare with what prompt flow gave.

    python tools/compat.py --examples CHECKOUT/examples --golden golden-examples.jsonl

The golden file holds, for each flow of github.com/microsoft/promptflow's examples, inputs,
outputs and the requests that prompt flow sent to a stub model. The flows run against Flowgrade's
stub with the same replies; outputs and requests (messages, model, parameters) must agree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowgrade.app import App
from tools.compat_stub import RecordingStub, running_stub

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DIFFERENT = {
    "examples/flows/evaluation/eval-multi-turn-metrics/flow.dag.yaml": (
        "prompt flow wrote the YAML anew, and its writer put spaces behind backslashes"
    ),
    "examples/prompty/format-output/all_response.prompty": (
        "prompt flow cannot write response: all as JSON and fails; Flowgrade gives the JSON"
    ),
}
_TRANSPORT = ("stream_options", "encoding_format")  # how an answer is written, not what it says
_AZURE = (
    *("azure_open_ai_connection", "open_ai_connection", "azure_openai", "aoai connection"),
    *("aoai_assistant_connection", "aoai_gpt4v_connection"),
)
_CUSTOM = (
    *("custom_connection", "basic_custom_connection", "normal_custom_connection"),
    *("my_custom_connection", "mock_custom_connection", "custom_connection_2"),
    *("custom_connection_3", "custom_strong_type_connection", "my_llm_connection"),
)


def main() -> int:
    """Compare every row; returns 1 when one that should agree does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=Path, default=_from_environment())
    parser.add_argument(
        "--golden", type=Path, default=Path("../shared/promptflow/golden-examples.jsonl")
    )
    parser.add_argument("--only", default="", help="part of the flow's path")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.examples is None or not options.examples.is_dir():
        print("skipped: name the examples folder of a checkout of microsoft/promptflow by")
        print("         --examples or PROMPTFLOW_EXAMPLES")
        return 0
    if not options.golden.is_file():
        print(f"skipped: there is no {options.golden}")
        return 0
    rows = [json.loads(line) for line in options.golden.read_text(encoding="utf-8").splitlines()]
    bad = 0
    with surroundings() as stub:
        for row in rows:
            if options.only not in row["id"]:
                continue
            verdict, why = compare(row, options.examples.resolve(), stub)
            if verdict == "differs" and row["id"] in DIFFERENT:
                verdict, why = "listed", DIFFERENT[row["id"]]
            bad += verdict == "differs"
            print(f"{verdict:8} {row['id'].removeprefix('examples/')}{': ' + why if why else ''}")
    print(f"{bad} differ")
    return int(bad > 0)


def _from_environment() -> Path | None:
    found = os.environ.get("PROMPTFLOW_EXAMPLES")
    return Path(found) if found else None


@contextmanager
def surroundings() -> Iterator[RecordingStub]:
    """The stub, the connections and the variables that the recording had."""
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-compat-"))
    with running_stub() as stub:
        root = stub.url
        (folder / "connections.yaml").write_text(json.dumps(_connections(root)), encoding="utf-8")
        os.environ.update(
            FLOWGRADE_CONNECTIONS=str(folder / "connections.yaml"),
            FLOWGRADE_STORE=str(folder / "store.db"),
            FLOWGRADE_HOME=str(folder / "home"),
            AZURE_OPENAI_ENDPOINT=root,
            AZURE_OPENAI_API_BASE=root,
            AZURE_OPENAI_API_KEY="sk-stub",
            OPENAI_API_KEY="sk-stub",
            OPENAI_BASE_URL=f"{root}/v1",
            OPENAI_API_VERSION="2024-02-01",
            AZURE_OPENAI_DEPLOYMENT="gpt",
            CHAT_DEPLOYMENT_NAME="gpt",
        )
        try:
            yield stub
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _connections(root: str) -> list[dict[str, Any]]:
    azure = [
        {
            "name": name,
            "type": "azure_open_ai",
            "api_key": "sk-stub",
            "api_base": root,
            "api_version": "2024-02-01",
        }
        for name in _AZURE
    ]
    keys = ("api_key", "AZURE_OPENAI_API_KEY", "openai_api_key")
    custom = [
        {
            "name": name,
            "type": "custom",
            "configs": {
                **{
                    "key1": "hey",
                    "key2": "val2",
                    "CHAT_DEPLOYMENT_NAME": "gpt",
                    "chat_deployment_name": "gpt",
                },
                **{"AZURE_OPENAI_API_VERSION": "2024-02-01", "model_family": "LLaMa"},
                **dict.fromkeys(
                    (
                        "AZURE_OPENAI_API_BASE",
                        "AZURE_OPENAI_ENDPOINT",
                        "api_base",
                        "endpoint",
                        "endpoint_url",
                    ),
                    root,
                ),
            },
            "secrets": dict.fromkeys(keys, "sk-stub"),
        }
        for name in _CUSTOM
    ]
    openai = {
        "name": "your_open_ai_connection",
        "type": "open_ai",
        "api_key": "sk-stub",
        "base_url": f"{root}/v1",
    }
    return [
        *azure,
        *custom,
        openai,
        {"name": "serp_connection", "type": "serp", "api_key": "sk-stub"},
    ]


def compare(row: dict[str, Any], examples: Path, stub: RecordingStub) -> tuple[str, str]:
    """``agrees``, ``differs`` or ``skipped``, and why."""
    if not row["deterministic"] or row["env_artifact"]:
        return "skipped", "it needs the internet or a package, or varies"
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-compat-"))
    shutil.copytree(examples, folder / "examples", symlinks=True, dirs_exist_ok=True)
    stub.requests.clear()
    try:
        found, failure = run(folder / row["id"], row)
    finally:
        os.chdir(examples)
        shutil.rmtree(folder, ignore_errors=True)
    return judge(row, found, failure, stub.requests)


def run(file: Path, row: dict[str, Any]) -> tuple[Any, str]:
    """The outputs, or why there are none."""
    os.chdir(file.parent)
    try:
        init = file.parent / "init.json"
        given = (
            json.loads(init.read_bytes())
            if file.name == "flow.flex.yaml" and init.is_file()
            else None
        )
        app = App()
        flow = app.load_flow(file, init=given)
        with app.surroundings(flow, {}):
            return asyncio.run(_call(flow, row["inputs"] or flow.sample)), ""
    except Exception as error:  # noqa: BLE001  examples may fail in any way, and some should
        return None, f"{type(error).__name__}: {error}"


async def _call(flow: Any, inputs: dict[str, Any]) -> Any:
    if flow.kind == "dag":  # prompt flow's client asks for streaming here
        found: Any = None
        async for part in flow.astream(**inputs):
            found = part
        return found
    return await flow.acall(**inputs)


def judge(
    row: dict[str, Any], found: Any, failure: str, requests: list[tuple[str, Any]]
) -> tuple[str, str]:
    """Compare outputs and requests."""
    if (
        row["kind"] != "dag"
        and not isinstance(row.get("output"), dict)
        and isinstance(found, dict)
        and set(found) == {"output"}
    ):
        found = found["output"]
    if row["ok"] and failure:
        return "differs", f"it failed: {failure[:300]}"
    if not row["ok"] and not failure:
        return (
            "differs",
            f"it succeeded where prompt flow failed ({row['error_type']}): {str(found)[:100]}",
        )
    if row["ok"] and not _same(row["output"], found):
        return "differs", f"outputs {_short(found)} instead of {_short(row['output'])}"
    wanted = sorted(
        json.dumps(_request(r["path"], r["body"]), sort_keys=True) for r in row["llm_requests"]
    )
    sent = sorted(json.dumps(_request(path, body), sort_keys=True) for path, body in requests)
    if wanted != sent:
        more = [text for text in sent if text not in wanted]
        less = [text for text in wanted if text not in sent]
        return (
            "differs",
            f"requests\n     sent   {_short(more, 700)}\n     wanted {_short(less, 700)}",
        )
    return "agrees", ""


def _request(path: str, body: dict[str, Any]) -> dict[str, Any]:
    kept = {
        k: v for k, v in body.items() if k not in _TRANSPORT and not (k == "stream" and v is False)
    }
    if isinstance(kept.get("input"), list) and len(kept["input"]) == 1:
        kept["input"] = kept["input"][0]  # one text, alone or in a list
    return {"path": path.partition("?")[0], **_plain(kept)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, str):
        return _UUID.sub("<uuid>", value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict) and "__repr__" in wanted:
        return isinstance(found, str)  # the recording kept a generator's name only
    if isinstance(wanted, float) and math.isnan(wanted):
        return found is None or (isinstance(found, float) and math.isnan(found))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(_same(v, found[k]) for k, v in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_same, wanted, found))
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return math.isclose(wanted, found, rel_tol=1e-9)
    return bool(_plain(wanted) == _plain(found))


def _short(value: Any, limit: int = 200) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= limit else text[:limit] + "…"


if __name__ == "__main__":
    sys.exit(main())
