"""``import promptflow`` in flows, without the package."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from flowgrade.flows import flow_code, offer_modules
from flowgrade.promptflow import PromptFlowFinder
from flowgrade.promptflow.names import MODULES
from tests.promptflow.conftest import Made

FINDER = PromptFlowFinder()
NAMES = [(module, name) for module, names in MODULES.items() for name in names]


@pytest.fixture(autouse=True)
def forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "promptflow"]:
        del sys.modules[name]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_name_of_the_table_is_there(module: str, name: str) -> None:
    offer_modules(FINDER)
    with flow_code():
        assert getattr(importlib.import_module(module), name) is not None


def test_a_flow_imports_what_it_was_written_with(load: Made) -> None:
    flow = load(
        {
            "flow.dag.yaml": """
                inputs: {text: {type: string}}
                outputs: {out: {type: string, reference: "${a.output}"}}
                nodes:
                - {name: a, type: python, source: {type: code, path: a.py},
                   inputs: {text: "${inputs.text}"}}
            """,
            "a.py": """
                import promptflow
                import promptflow.tracing
                from promptflow.core import tool, log_metric
                from promptflow.contracts.multimedia import Image

                @promptflow.tracing.trace
                def shout(text):
                    from promptflow.tracing import ThreadPoolExecutorWithContext
                    with ThreadPoolExecutorWithContext() as pool:
                        return pool.submit(str.upper, text).result()

                @tool
                def a(text: str) -> str:
                    return shout(text)
            """,
        }
    )
    assert flow(text="abc") == {"out": "ABC"}


def test_a_name_that_is_not_there_says_what_to_do() -> None:
    offer_modules(FINDER)
    with flow_code():
        module = importlib.import_module("promptflow.core")
        with pytest.raises(AttributeError, match="pip install promptflow"):
            module.no_such_name  # noqa: B018


def test_an_input_setting_takes_what_editors_of_their_own_read(load: Made) -> None:
    flow = load(
        {
            "flow.dag.yaml": """
                outputs: {out: {type: string, reference: "${a.output}"}}
                nodes:
                - {name: a, type: python, source: {type: code, path: a.py}, inputs: {text: abc}}
            """,
            "a.py": """
                from promptflow.core import tool
                from promptflow.entities import InputSetting

                @tool(
                    input_settings={
                        "text": InputSetting(
                            enabled_by="connection",
                            enabled_by_type=["OpenAIConnection"],
                            capabilities={"completion": False},
                        )
                    }
                )
                def a(text: str) -> str:
                    return text
            """,
        }
    )
    assert flow() == {"out": "abc"}


def run(code: str, path: Path | None = None) -> str:
    found = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        cwd=path,
    )
    return found.stdout.strip()


def test_programs_that_import_flowgrade_see_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("def echo(text: str) -> str:\n    return text\n")
    code = """
        import sys, flowgrade
        flow = flowgrade.load_flow("flow.py:echo")
        flow(text="a")
        print("promptflow" in sys.modules)
        try:
            import promptflow
        except ModuleNotFoundError as error:
            print(error)
    """
    assert run(code, tmp_path).splitlines() == ["False", "No module named 'promptflow'"]


LATE = """
    from promptflow.core import tool

    @tool
    def late(text: str) -> str:
        from promptflow.connections import CustomConnection
        from promptflow.contracts.types import Secret
        return f"{text} {Secret(text)!r} {CustomConnection.__name__}"
"""


def test_between_its_calls_a_flow_leaves_no_trace_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(dedent(LATE))
    code = """
        import importlib.util, sys, threading
        import flowgrade
        flow = flowgrade.load_flow("flow.py:late")
        def stands(): return [n for n in sys.modules if n.partition(".")[0] == "promptflow"]
        print(stands(), importlib.util.find_spec("promptflow"))
        print(flow(text="a")["output"], stands())
        calls = [threading.Thread(target=lambda: [flow(text="b") for _ in range(200)])
                 for _ in range(4)]
        for call in calls: call.start()
        for call in calls: call.join()
        print(flow(text="c")["output"], stands())
    """
    assert run(code, tmp_path).splitlines() == [
        "[] None",
        "a '******' CustomConnection []",
        "c '******' CustomConnection []",
    ]


def test_a_package_that_the_program_imports_between_calls_is_not_mixed_with_ours(
    tmp_path: Path,
) -> None:
    (tmp_path / "flow.py").write_text(
        "def told(text: str) -> str:\n"
        "    import promptflow.core\n"
        "    return text + str(hasattr(promptflow.core, 'REAL'))\n"
    )
    package = tmp_path / "there" / "promptflow" / "core"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("REAL = True\n")
    code = """
        import sys
        import flowgrade
        flow = flowgrade.load_flow("flow.py:told")
        print(flow(text="a")["output"])
        sys.path.insert(0, "there")
        import promptflow
        print(flow(text="b")["output"], promptflow is sys.modules["promptflow"])
    """
    assert run(code, tmp_path).splitlines() == ["aFalse", "bTrue True"]


def test_programs_written_for_the_client_keep_its_modules(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(dedent(LATE))
    code = """
        import sys
        from flowgrade.app import stand_in_for_promptflow
        stand_in_for_promptflow()
        from promptflow.client import load_flow
        flow = load_flow("flow.py:late")
        print(flow(text="a"), "promptflow.client" in sys.modules, "promptflow.core" in sys.modules)
        import promptflow.core
    """
    assert run(code, tmp_path) == "a '******' CustomConnection True True"


def test_a_package_that_is_installed_is_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "promptflow" / "core"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def tool(f):\n    return f\nREAL = True\n")
    (tmp_path / "flow.py").write_text(
        "from promptflow.core import REAL, tool\n@tool\ndef echo(text: str) -> str:\n"
        "    return f'{text} {REAL}'\n"
    )
    code = """
        import sys
        sys.path.insert(0, ".")
        import flowgrade
        print(flowgrade.load_flow("flow.py:echo")(text="real")["output"])
    """
    assert run(code, tmp_path) == "real True"
