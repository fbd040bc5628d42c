"""``flowgrade connection``."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator

import pytest

from flowgrade.testing import StubServer, parse_script, running_stub
from tests.project import Project, Result

KEY = "sk-canary-0123456789"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with running_stub(parse_script({"require_key": KEY, "known_models": ["m1", "m2"]})) as stub:
        yield stub


def with_input(project: Project, stdin: str, *arguments: str) -> Result:
    done = subprocess.run(
        project.command(*arguments),
        cwd=project.folder,
        env=project.environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def keep(project: Project, name: str, url: str, *more: str, key: str = KEY) -> Result:
    arguments = ("connection", "set", name, "--base-url", url, "--api-key-stdin", *more)
    return with_input(project, f"{key}\n", *arguments)


@pytest.mark.slow
def test_what_is_kept_is_shown_without_its_key_and_works(
    project: Project, stub: StubServer
) -> None:
    kept = keep(project, "mine", stub.base_url)
    assert (kept.code, kept.out) == (0, "")
    assert "kept in the store" in kept.err
    listed = {one["name"]: one for one in project.run("connection", "list", "--json").json}
    assert listed["mine"]["source"] == listed["mine"]["key_from"] == "store"
    assert "openai" not in listed
    known = project.run("connection", "list", "--all", "--json").json
    sets = {one["name"]: one["set"] for one in known}
    assert (sets["mine"], sets["openai"], sets["ollama"]) == (True, False, False)
    shown = project.run("connection", "show", "mine")
    assert stub.base_url in shown.out
    tried = project.run("connection", "test", "mine", "--json")
    assert tried.code == 0
    assert tried.json["outcome"] == "ok"
    assert tried.json["models"] == ["m1", "m2"]
    assert project.run("connection", "test", "mine", "--model", "m1").code == 0
    for found in (kept, shown, tried, project.run("connection", "list")):
        assert KEY not in found.out + found.err


@pytest.mark.slow
def test_a_wrong_key_fails_the_test_with_its_cause(project: Project, stub: StubServer) -> None:
    keep(project, "mine", stub.base_url, key="sk-wrong-0123456789")
    found = project.run("connection", "test", "mine")
    assert found.code == 1
    assert "refused the key" in found.out
    assert "flowgrade connection set mine" in found.out
    assert "sk-wrong" not in found.out + found.err


@pytest.mark.slow
def test_a_change_keeps_the_rest(project: Project) -> None:
    keep(project, "mine", "http://one/v1")
    assert project.run("connection", "set", "mine", "--base-url", "http://two/v1").code == 0
    found = project.run("connection", "show", "mine", "--json").json
    assert found["base_url"] == "http://two/v1"
    assert found["key_from"] == "store"


@pytest.mark.slow
def test_what_is_removed_is_gone(project: Project) -> None:
    keep(project, "mine", "http://one/v1")
    assert project.run("connection", "remove", "mine").code == 0
    again = project.run("connection", "remove", "mine")
    assert again.code == 2
    assert "There is no connection 'mine'" in again.err
    environment = project.run("connection", "remove", "openai")
    assert environment.code == 2
    assert "it is from: environment" in environment.err


@pytest.mark.slow
def test_the_list_has_what_is_set_and_says_that_there_is_more(project: Project) -> None:
    nothing = project.run("connection", "list")
    assert nothing.out == ""
    assert "flowgrade connection set" in nothing.err
    assert "--all" in nothing.err
    environment = {"ANTHROPIC_API_KEY": KEY, "AWS_REGION": "eu-1", "OPENAI_BASE_URL": "http://a/v1"}
    found = project.run("connection", "list", environment=environment)
    lines = found.out.splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == ["anthropic", "bedrock", "openai"]
    everything = project.run("connection", "list", "--all", environment=environment)
    assert len(everything.out.splitlines()) > 10
    assert "--all" not in everything.err


@pytest.mark.slow
def test_a_lost_key_leaves_the_rest_working(two_nodes: Project) -> None:
    keep(two_nodes, "mine", "http://one/v1")
    (two_nodes.folder.parent / "home" / "key").unlink()
    listed = {one["name"]: one for one in two_nodes.run("connection", "list", "--json").json}
    assert "is sealed with the key" in listed["mine"]["problem"]
    shown = two_nodes.run("connection", "show", "mine")
    assert shown.code == 2
    assert "set the connection again" in shown.err
    assert two_nodes.run("test", "flow", "-i", "text=a", "-i", "number=1").code == 0
    assert keep(two_nodes, "mine", "http://two/v1").code == 0
    assert two_nodes.run("connection", "show", "mine").code == 0


@pytest.mark.slow
def test_a_key_is_changed_for_all(project: Project) -> None:
    keep(project, "mine", "http://one/v1")
    assert project.run("connection", "rotate-key").code == 0
    file = project.folder.parent / "home" / "key"
    new, old = file.read_text(encoding="utf-8").split()
    file.write_text(new, encoding="utf-8")
    assert project.run("connection", "show", "mine").code == 0
    file.write_text(old, encoding="utf-8")
    assert project.run("connection", "show", "mine").code == 2
    printed = project.run("connection", "new-key").out.strip()
    environment = {"FLOWGRADE_KEY": f"{printed},{new}"}
    assert project.run("connection", "rotate-key", environment=environment).code == 0
    environment = {"FLOWGRADE_KEY": printed}
    assert project.run("connection", "show", "mine", environment=environment).code == 0


@pytest.mark.slow
def test_a_file_of_prompt_flow_is_read(project: Project) -> None:
    project.write(
        "azure.yaml",
        f"""
        name: my_azure
        type: azure_open_ai
        api_base: https://r.openai.azure.com
        api_key: {KEY}
        """,
    )
    assert project.run("connection", "set", "-f", "azure.yaml").code == 0
    found = project.run("connection", "show", "my_azure", "--json").json
    assert (found["kind"], found["base_url"]) == ("azure_openai", "https://r.openai.azure.com")
    assert found["secrets"] == {"api_key": "set"}
    project.write("keys.env", f"A={KEY}\nB=two\n")
    assert project.run("connection", "set", "bag", "-f", "keys.env").code == 0
    assert project.run("connection", "show", "bag", "--json").json["secrets"] == {
        "A": "set",
        "B": "set",
    }


@pytest.mark.slow
def test_a_file_of_the_project_is_added_to(project: Project) -> None:
    file = project.write("connections.yaml", "# mine\nfirst: {base_url: http://one/v1}")
    found = keep(project, "second", "http://two/v1", "--to", "file")
    assert found.code == 0
    assert "out of the repository" in found.err
    assert file.read_text(encoding="utf-8").startswith("# mine\nfirst: {base_url: http://one/v1}\n")
    assert {"first", "second"} <= {
        one["name"] for one in project.run("connection", "list", "--json").json
    }
    again = keep(project, "first", "http://three/v1", "--to", "file")
    assert again.code == 2
    assert "Change it there" in again.err


def test_a_new_file_is_for_its_user_only(project: Project) -> None:
    arguments = ("connection", "set", "a", "--base-url", "http://a/v1", "--api-key-env", "A_KEY")
    assert project.run(*arguments, "--to", "file").code == 0
    file = project.folder / "connections.yaml"
    assert "${env:A_KEY}" in file.read_text(encoding="utf-8")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Which connection"),
        (("a/b",), "cannot be the name"),
        (("embedded",), "part of Flowgrade"),
        (("a", "--base-url", "nowhere"), "not an http or https URL"),
        (("a", "--kind", "azure-openai"), "Did you mean 'azure_openai'"),
        (("a", "--api-key-stdin"), "Standard input has no key"),
        (("a", "--api-key-stdin", "--api-key-env", "X"), "two places for the key"),
        (("a", "-f", "c.yaml", "--kind", "openai"), "fields come from the file"),
        (("b", "-f", "c.yaml"), "has no connection 'b'"),
        (("-f", "keys.env"), "no name"),
        (("-f", "bad.yaml"), "unknown field 'base_ulr'"),
        (("a", f"--api-key={KEY}"), "No such option"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_kept(
    project: Project, arguments: tuple[str, ...], message: str
) -> None:
    project.write("c.yaml", "a: {base_url: 'http://a/v1'}\n")
    project.write("bad.yaml", "a: {base_ulr: 'http://a/v1'}\n")
    project.write("keys.env", "A=1\n")
    found = with_input(project, "", "connection", "set", *arguments)
    assert found.code == 2, found.err
    assert message in found.err
    assert KEY not in found.err
    assert not (project.folder.parent / "home" / "key").exists()


@pytest.mark.slow
def test_the_source_of_each_key_is_said(project: Project) -> None:
    project.write(".env", "AZURE_OPENAI_API_KEY=from-dotenv-1\n")
    project.write("run/other_api_key", "mounted-1234\n")
    project.write(
        "connections.yaml", "other: {base_url: 'http://o/v1'}\nvar: {api_key: '${env:V}'}\n"
    )
    environment = {"OPENAI_API_KEY": KEY, "FLOWGRADE_SECRETS_DIR": str(project.folder / "run")}
    found = project.run("connection", "list", "--json", environment=environment)
    keys = {one["name"]: one["key_from"] for one in json.loads(found.out)}
    assert keys["openai"] == "OPENAI_API_KEY (environment)"
    assert keys["azure_openai"] == "AZURE_OPENAI_API_KEY (.env)"
    assert keys["other"] == f"OTHER_API_KEY ({project.folder / 'run' / 'other_api_key'})"
    assert keys["var"] is None
