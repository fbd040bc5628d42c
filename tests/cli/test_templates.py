"""The templates of ``flowgrade init``: each is whole, documented, and runs at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowgrade.cli.templates import TEMPLATES, copy_template
from flowgrade.errors import InputError
from flowgrade.flows import load_flow
from flowgrade.models import Models
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall, read_script
from tests.docs.examples import Shell, blocks, environment, run_page
from tests.project import Project

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "templates"


def test_every_template_is_listed_and_every_listed_one_is_there(project: Project) -> None:
    assert sorted(folder.name for folder in FOLDER.iterdir()) == sorted(TEMPLATES)
    listed = project.run("init", "--list", "--json").json
    assert {one["template"] for one in listed} == set(TEMPLATES)
    assert all(f"\n  {name} " in project.run("init", "--help").out for name in ("rag", "blank"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_a_flow_data_and_a_readme_that_names_its_files(
    name: str, tmp_path: Path
) -> None:
    files = {str(file) for file in copy_template(name, tmp_path / "new")}
    assert {".gitignore", "README.md", "flow.dag.yaml", "flowgrade.yaml"} <= files
    readme = (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    own = {file for file in files if file not in (".gitignore", "README.md", "flowgrade.yaml")}
    assert [file for file in own if name != "blank" and f"`{file}`" not in readme] == []
    models = Models(read_settings({}, folder=tmp_path))
    assert load_flow(tmp_path / "new", models=models).inputs


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_commands_of_a_readme_run_in_a_new_project(
    name: str, project: Project, tmp_path: Path
) -> None:
    made = project.run("init", "mine", "--template", name)
    assert made.code == 0, made.err
    folder = project.folder / "mine"
    surroundings = environment(tmp_path / "home", address="http://127.0.0.1:9/v1")
    surroundings["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{surroundings['PATH']}"
    state = tmp_path / "state"
    state.mkdir()
    shell = Shell(folder, state, surroundings)
    # What `init` tells to do next.
    for line in made.err.splitlines():
        if line.startswith("  flowgrade"):
            shell.run(line)
    readme = folder / "README.md"
    assert run_page(readme, shell, play=lambda script: None) > 0
    assert "test ." in "".join(block.text for block in blocks(readme) if block.runs)


@pytest.mark.slow
def test_the_agent_lets_a_model_plan(project: Project, stub: StubServer) -> None:
    project.environment.update({"OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "sk-stub"})
    project.run("init", "mine", "--template", "agent")
    stub.set_script(read_script(FOLDER / "agent" / "stub.yaml"))
    inside = Project(project.folder / "mine", project.environment)
    arguments = ("test", ".", "-i", "planner=model", "--json", "-i")
    found = inside.run(*arguments, "question=Was A-10021 delivered?")
    assert found.json == {
        "answer": "Your tent was delivered on 20 April 2026.",
        "tools": ["order_status"],
    }, found.err
    told = stub.requests[-1].body["messages"][-1]
    assert (told["role"], "2026-04-20" in told["content"]) == ("tool", True)
    endless = StubReply(tool_calls=[StubToolCall(name="nonsense", arguments={})])
    stub.set_script(StubScript(replies=[endless]))
    assert "gave up" in inside.run(*arguments, "question=A-10021").json["answer"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variant", "answer", "output"),
    [
        ("classify", "${classify.model}", "I think it is Delivery.", "category: delivery"),
        ("extract", "${extract.model}", '{"policy": "X"}', "'date' is a required property"),
        ("extract", "${extract.model}", "no JSON", "not JSON"),
    ],
)
def test_a_variant_asks_a_model(
    project: Project, stub: StubServer, name: str, variant: str, answer: str, output: str
) -> None:
    project.environment.update({"OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "sk-stub"})
    project.run("init", "mine", "--template", name)
    stub.set_script(StubScript(replies=[StubReply(text=answer)]))
    inside = Project(project.folder / "mine", project.environment)
    text = "mail=hello" if name == "extract" else "text=hello"
    found = inside.run("test", ".", "-i", text, "--variant", variant)
    assert found.code == 0, found.err
    assert output in found.out


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    (target / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        copy_template("blank", target)
    written = copy_template("blank", target, into=True)
    assert Path("README.md") not in written
    assert (target / "README.md").read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match=r"answer\.jinja2.*Nothing was written"):
        copy_template("rag", target, into=True)
    assert not (target / "search.py").exists()
    with pytest.raises(InputError, match="is a file"):
        copy_template("blank", target / "notes.txt")


def test_what_was_left_by_a_run_is_not_copied(tmp_path: Path) -> None:
    files = [str(file) for name in TEMPLATES for file in copy_template(name, tmp_path / name)]
    assert not [file for file in files if "__pycache__" in file or ".flowgrade/" in file]
