"""Plugins of strangers, found where they are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Protocol, runtime_checkable

import pytest

from flowgrade.errors import MissingExtraError, NotFoundError, PluginError
from flowgrade.models import PROVIDERS
from flowgrade.plugins import load_plugin, plugins

GROUP = "flowgrade.test_greeters"

Install = Callable[..., None]


@runtime_checkable
class Greeter(Protocol):
    name: str

    def greet(self, whom: str) -> str: ...


GOOD = """
    class Polite:
        name = "polite"

        def greet(self, whom):
            return f"Good day, {whom}."

    GREETER = Polite()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put packages with one module and entry points where Python finds them."""
    installed: list[str] = []

    def install(module: str, code: str, *, group: str = GROUP, **points: str) -> None:
        folder = tmp_path / module
        information = folder / f"{module}-1.0.dist-info"
        information.mkdir(parents=True)
        (folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8"
        )
        lines = [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
        (information / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))
        installed.append(module)
        _forget()

    yield install
    for module in installed:
        sys.modules.pop(module, None)
    _forget()


def _forget() -> None:
    from flowgrade.plugins import load

    load._points.cache_clear()


def test_a_strangers_plugin_is_found_and_loaded(install: Install) -> None:
    install("stranger_a", GOOD, polite="stranger_a:GREETER")
    (found,) = plugins(GROUP)
    assert (found.group, found.name, found.target) == (GROUP, "polite", "stranger_a:GREETER")
    assert found.distribution == "stranger_a"
    assert "stranger_a" not in sys.modules  # listing imports nothing
    greeter = load_plugin(GROUP, "polite", Greeter)  # type: ignore[type-abstract]
    assert greeter.greet("Ada") == "Good day, Ada."


def test_an_unknown_name_is_answered_with_the_nearest(install: Install) -> None:
    install("stranger_b", GOOD, polite="stranger_b:GREETER", curt="stranger_b:GREETER")
    with pytest.raises(NotFoundError, match="no plugin 'polit'") as caught:
        load_plugin(GROUP, "polit", Greeter)  # type: ignore[type-abstract]
    assert caught.value.hint == "Did you mean 'polite'?"
    with pytest.raises(NotFoundError) as caught:
        load_plugin(GROUP, "xyz", Greeter)  # type: ignore[type-abstract]
    assert caught.value.hint == "Installed: curt, polite."


def test_a_group_without_plugins_says_so() -> None:
    assert plugins("flowgrade.no_such_group") == ()
    with pytest.raises(NotFoundError) as caught:
        load_plugin("flowgrade.no_such_group", "a", Greeter)  # type: ignore[type-abstract]
    assert caught.value.hint == "Installed: none."


@pytest.mark.parametrize(
    ("code", "target", "reason"),
    [
        ("import a_module_that_is_not_there", ":GREETER", "a_module_that_is_not_there"),
        ("raise RuntimeError('a bad day')", ":GREETER", "RuntimeError: a bad day"),
        ("def (", ":GREETER", "SyntaxError"),
        ("", ":GREETER", "GREETER"),
        ("", ".inner:GREETER", "is not a package"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_reported(
    install: Install, code: str, target: str, reason: str
) -> None:
    install("stranger_c", code, broken=f"stranger_c{target}")
    assert [plugin.name for plugin in plugins(GROUP)] == ["broken"]
    with pytest.raises(PluginError, match="'broken'.*cannot be imported") as caught:
        load_plugin(GROUP, "broken", Greeter)  # type: ignore[type-abstract]
    assert reason in caught.value.message
    assert "stranger_c" in str(caught.value.hint)
    assert caught.value.__cause__ is not None


def test_a_plugin_that_lacks_an_extra_says_what_to_install(install: Install) -> None:
    code = """
        from flowgrade.errors import MissingExtraError
        raise MissingExtraError("embeddings", purpose="This plugin")
    """
    install("stranger_d", code, needy="stranger_d:GREETER")
    with pytest.raises(MissingExtraError, match=r"flowgrade\[embeddings\]"):
        load_plugin(GROUP, "needy", Greeter)  # type: ignore[type-abstract]


@pytest.mark.parametrize("code", ["GREETER = 3", "class GREETER:\n    name = 'half'"])
def test_a_plugin_of_another_kind_is_refused(install: Install, code: str) -> None:
    install("stranger_e", code, odd="stranger_e:GREETER")
    with pytest.raises(PluginError, match="is not a Greeter") as caught:
        load_plugin(GROUP, "odd", Greeter)  # type: ignore[type-abstract]
    assert "Greeter" in str(caught.value.hint)


def test_two_packages_with_a_plugin_of_one_name_are_refused(install: Install) -> None:
    install("stranger_f", GOOD, polite="stranger_f:GREETER")
    install("stranger_g", GOOD, polite="stranger_g:GREETER")
    assert {plugin.distribution for plugin in plugins(GROUP)} == {"stranger_f", "stranger_g"}
    with pytest.raises(PluginError, match="comes from stranger_[fg] and stranger_[fg]"):
        load_plugin(GROUP, "polite", Greeter)  # type: ignore[type-abstract]


def test_no_package_can_take_the_place_of_a_builtin(install: Install) -> None:
    install("stranger_h", GOOD, group=PROVIDERS, openai="stranger_h:GREETER")
    with pytest.raises(PluginError, match="stranger_h") as caught:
        load_plugin(PROVIDERS, "openai", Greeter)  # type: ignore[type-abstract]
    assert "stranger_h" not in sys.modules
    assert "flowgrade" in caught.value.message


def test_the_builtin_plugins_come_through_the_same_door() -> None:
    names = {plugin.name: plugin for plugin in plugins(PROVIDERS)}
    assert {"azure_openai", "embedded", "openai"} <= set(names)
    assert names["openai"].distribution == "flowgrade"


def test_listing_plugins_imports_none_of_them() -> None:
    code = (
        "import sys; from flowgrade.plugins import plugins; "
        f"plugins({PROVIDERS!r}); print([m for m in sys.modules if 'providers' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
