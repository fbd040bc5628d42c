"""Tools of packages that users install, registered as prompt flow's documentation says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, InputError, NotFoundError
from flowgrade.flows import package_tools, tool_values
from flowgrade.testing import StubServer
from tests.promptflow.conftest import Made

Install = Callable[..., None]

TOOLS = """
    from enum import Enum

    from jinja2 import Template
    from promptflow.connections import CustomConnection, CustomStrongTypeConnection
    from promptflow.contracts.types import FilePath, PromptTemplate, Secret
    from promptflow.core import ToolProvider, tool
    from promptflow.entities import DynamicList, InputSetting


    class Size(str, Enum):
        SMALL = "small"
        LARGE = "large"


    class Shop(CustomStrongTypeConnection):
        token: Secret
        endpoint: str = "https://shop.test"
        language: str = "en"


    def sizes(prefix: str = "", size: int = 3, **kwargs):
        return [{"value": f"{prefix}{number}"} for number in range(size)]


    settings = {"words": InputSetting(dynamic_list=DynamicList(function=sizes))}


    @tool(name="Greet", description="Greets", input_settings=settings)
    def greet(word: str, size: Size = Size.SMALL, file: FilePath = "", connection=None) -> str:
        kind = type(connection).__name__
        return f"{word} {size.value} {type(file).__name__} {kind}"


    @tool
    def visit(shop: Shop, page: str) -> str:
        return f"{shop.endpoint}/{shop.language}/{page}?{shop.token}"


    class Counter(ToolProvider):
        def __init__(self, connection: CustomConnection, start: int = 0):
            super().__init__()
            self.count = start

        @tool
        def up(self, by: int) -> int:
            self.count += by
            return self.count


    @tool
    def fill(connection: CustomConnection, prompt: PromptTemplate, api: str, **kwargs) -> str:
        return Template(prompt, trim_blocks=True, keep_trailing_newline=True).render(**kwargs)
"""
LISTING = """
    def list_package_tools():
        module = "{package}.work"
        return {{
            "{package}.work.greet": {{
                "name": "Greet", "type": "python", "module": module, "function": "greet",
                "deprecated_tools": ["{package}.old.greet"],
                "inputs": {{
                    "word": {{"type": ["string"], "dynamic_list": {{
                        "func_path": module + ".sizes",
                        "func_kwargs": [
                            {{"name": "prefix", "type": ["string"], "optional": True,
                              "reference": "${{inputs.file}}"}},
                            {{"name": "size", "type": ["int"], "default": 2}},
                        ],
                    }}}},
                    "connection": {{"type": ["AzureOpenAIConnection", "CustomConnection"]}},
                    "file": {{"type": ["file_path"]}},
                }},
            }},
            "{package}.work.visit": {{
                "type": "python", "module": module, "function": "visit",
                "inputs": {{"shop": {{"type": ["CustomConnection"], "custom_type": ["Shop"]}}}},
            }},
            "{package}.work.Counter.up": {{
                "type": "python", "module": module, "class_name": "Counter", "function": "up",
            }},
            "{package}.work.fill": {{"type": "custom_llm", "module": module, "function": "fill"}},
        }}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Lay a package down as pip does: its modules and its ``dist-info`` with entry points."""

    def install(package: str, *, listing: str = LISTING, tools: str = TOOLS) -> None:
        site = tmp_path / f"site-{package}"
        files = {
            f"{package}/__init__.py": "",
            f"{package}/listing.py": dedent(listing).format(package=package),
            f"{package}/work.py": dedent(tools),
            f"{package}-1.0.dist-info/METADATA": f"Name: {package}\nVersion: 1.0\n",
            f"{package}-1.0.dist-info/entry_points.txt": (
                f"[package_tools]\nmine = {package}.listing:list_package_tools\n"
            ),
        }
        for name, text in files.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(text, "utf-8")
        monkeypatch.syspath_prepend(str(site))
        for module in (package, f"{package}.listing", f"{package}.work"):
            monkeypatch.delitem(sys.modules, module, raising=False)

    return install


def node(tool: str, inputs: str, type_: str = "python", more: str = "package") -> dict[str, str]:
    dag = f"""
        inputs: {{q: {{type: string, default: tents}}}}
        outputs: {{out: {{type: string, reference: "${{t.output}}"}}}}
        nodes:
        - name: t
          type: {type_}
          source: {{type: {more}, tool: {tool}}}
          inputs: {{{inputs}}}
    """
    return {"flow.dag.yaml": dag}


@pytest.mark.parametrize("tool", ["acme_a.work.greet", "acme_a.old.greet"])
def test_a_tool_is_called_by_its_id_or_an_old_one(load: Made, install: Install, tool: str) -> None:
    install("acme_a")
    flow = load(node(tool, 'word: "${inputs.q}", size: large, file: a.txt, connection: mine'))
    assert flow() == {"out": "tents large FilePath CustomConnection"}


def test_a_description_types_what_the_code_leaves_open(load: Made, install: Install) -> None:
    install("acme_b")
    flow = load(node("acme_b.work.greet", "word: '7', connection: azure"))
    assert flow() == {"out": "7 small str AzureOpenAIConnection"}
    with pytest.raises(InputError, match="of the kind 'cognitive_search'"):
        load(node("acme_b.work.greet", "word: a, connection: search"))


def test_a_custom_connection_becomes_the_class_of_the_parameter(
    load: Made, install: Install
) -> None:
    install("acme_c")
    flow = load(node("acme_c.work.visit", "shop: mine, page: home"))
    assert flow() == {"out": "https://mine.test/en/home?s3cret-token"}


def test_a_method_of_a_provider_keeps_its_instance(load: Made, install: Install) -> None:
    install("acme_d")
    flow = load(node("acme_d.work.Counter.up", "connection: mine, start: '5', by: 2"))
    assert [flow()["out"], flow()["out"]] == [7, 9]


def test_a_prompt_file_goes_to_the_tools_prompt(load: Made, install: Install) -> None:
    install("acme_e")
    files = node(
        "acme_e.work.fill",
        'connection: mine, api: chat, q: "${inputs.q}"',
        "custom_llm",
        "package_with_prompt, path: p.jinja2",
    )
    assert load({**files, "p.jinja2": "Buy {{ q }}!\n"})() == {"out": "Buy tents!\n"}


def test_values_of_an_input_can_be_listed(install: Install) -> None:
    install("acme_f")
    assert tool_values("acme_f.work.greet", "word") == [{"value": "0"}, {"value": "1"}]
    listed = tool_values("acme_f.work.greet", "word", {"file": "a"})
    assert listed == [{"value": "a0"}, {"value": "a1"}]
    with pytest.raises(InputError, match="lists no values"):
        tool_values("acme_f.work.greet", "file")
    with pytest.raises(NotFoundError, match=r"no input 'wrod'\.\n  It has: word"):
        tool_values("acme_f.work.greet", "wrod")
    with pytest.raises(NotFoundError, match=r"Did you mean 'acme_f.work.greet'"):
        tool_values("acme_f.work.gret", "word")


SAME = """
    def list_package_tools():
        return {{"shared.tool": {{"module": "{package}.work", "function": "greet"}}}}
"""


def test_two_packages_with_one_tool_are_both_named(load: Made, install: Install) -> None:
    install("acme_g", listing=SAME)
    install("acme_h", listing=SAME)
    with pytest.raises(FlowDefinitionError) as caught:
        load(node("shared.tool", "word: a"))
    assert "The node 't': Several packages offer the tool 'shared.tool': acme_g and acme_h." in str(
        caught.value
    )
    other = "promptflow.tools.embedding.embedding"  # of no interest to the two
    assert load(node(other, "connection: azure, deployment_name: ada, input: a"))


def test_a_package_that_is_installed_replaces_a_stand_in(
    load: Made, install: Install, stub: StubServer
) -> None:
    listing = SAME.replace("shared.tool", "promptflow.tools.embedding.embedding")
    install("acme_i", listing=listing)
    assert package_tools()["promptflow.tools.embedding.embedding"].distribution == "acme_i"


@pytest.mark.parametrize(
    ("listing", "tools", "message"),
    [
        ("import no_such_thing\n", TOOLS, "the package 'no_such_thing', which it needs"),
        ("def list_package_tools():\n    return 1 / 0\n", TOOLS, "ZeroDivisionError"),
        ("def list_package_tools():\n    return [1]\n", TOOLS, "no mapping"),
        (SAME, "import no_such_thing\n", "the package 'no_such_thing', which it needs"),
        (SAME, "raise RuntimeError('dead')\n", "RuntimeError: dead"),
        (SAME, "x = 1\n", "AttributeError"),
    ],
)
def test_a_broken_package_is_named(
    load: Made, install: Install, listing: str, tools: str, message: str
) -> None:
    install("acme_j", listing=listing, tools=tools)
    with pytest.raises(FlowDefinitionError) as caught:
        load(node("shared.tool", "word: a"))
    assert "'acme_j'" in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.place is not None
    assert caught.value.place.line


def test_an_unknown_tool_is_answered_with_the_nearest(load: Made, install: Install) -> None:
    install("acme_k")
    with pytest.raises(FlowDefinitionError, match=r"Did you mean 'acme_k.work.greet'\?"):
        load(node("acme_k.work.great", "word: a"))


def test_a_prompt_needs_a_tool_that_takes_one(load: Made, install: Install) -> None:
    install("acme_l")
    files = node("acme_l.work.greet", "word: a", "custom_llm", "package_with_prompt, path: p.j2")
    with pytest.raises(FlowDefinitionError, match="no parameters of the type PromptTemplate"):
        load({**files, "p.j2": "x"})


def test_the_modules_of_prompt_flow_are_there_only_for_tools(install: Install) -> None:
    install("acme_m")
    assert tool_values("acme_m.work.greet", "word")
    with pytest.raises(ModuleNotFoundError):
        __import__("promptflow.no_such_module")


def test_a_row_of_any_output(load: Made, install: Install) -> None:
    install("acme_n")
    flow: Any = load(node("acme_n.work.greet", 'word: "${inputs.q}"'))
    assert flow(q="x") == {"out": "x small str NoneType"}


@pytest.mark.slow
def test_a_package_installed_by_pip_is_found(
    load: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    files = {
        "pyproject.toml": """
            [build-system]
            requires = ["hatchling"]
            build-backend = "hatchling.build"

            [project]
            name = "acme-tools"
            version = "1.0"

            [project.entry-points.package_tools]
            acme = "acme_tools.listing:list_package_tools"
        """,
        "acme_tools/__init__.py": "",
        "acme_tools/listing.py": dedent(LISTING).format(package="acme_tools"),
        "acme_tools/work.py": TOOLS,
    }
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(dedent(text), "utf-8")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    monkeypatch.syspath_prepend(str(site))
    flow = load(node("acme_tools.work.greet", 'word: "${inputs.q}"'))
    assert flow() == {"out": "tents small str NoneType"}
