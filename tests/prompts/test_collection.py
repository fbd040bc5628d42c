"""Prompts of a project and of the library, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.prompts import find_prompt, new_prompt, project_prompts

PROMPT = "---\nname: greet\ndescription: Says hello.\nversion: 2\ntags: [polite]\n---\nuser:\nHi\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in (
        ("flows/greet.prompty", PROMPT),
        ("flows/broken.prompty", "---\nname: [\n---\nuser:\nHi\n"),
        (".hidden/no.prompty", PROMPT),
        ("venv/no.prompty", PROMPT),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_prompts_of_a_project_are_found_and_broken_ones_say_why(project: Path) -> None:
    broken, greet = project_prompts(project)
    assert (greet.name, greet.version, greet.tags) == ("greet", "2", ("polite",))
    assert broken.name == "broken"
    assert broken.problem is not None
    assert "YAML" in broken.problem


def test_a_search_wants_every_word(project: Path) -> None:
    greet = project_prompts(project)[1]
    assert greet.matches("hello POLITE")
    assert greet.matches("")
    assert not greet.matches("hello rude")


def test_a_prompt_is_found_by_name_by_file_and_in_the_library(project: Path) -> None:
    assert find_prompt("greet", project).origin == "project"
    assert find_prompt(str(project / "flows/greet.prompty"), project).name == "greet"
    assert find_prompt("classify", project).origin == "library"
    with pytest.raises(NotFoundError, match=r"(?s)'clasify'.*Did you mean 'classify'"):
        find_prompt("clasify", project)


def test_the_project_s_own_comes_before_the_library_s(project: Path) -> None:
    own = project / "classify.prompty"
    own.write_text(PROMPT.replace("greet", "classify"), encoding="utf-8")
    assert find_prompt("classify", project).path == own


def test_a_copy_replaces_nothing(project: Path) -> None:
    template = find_prompt("summarise", project)
    folder = project / "prompts"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "material.md").write_text("mine", encoding="utf-8")
    target, kept = new_prompt("short", template=template, folder=folder)
    assert target.is_file()
    assert [file.name for file in kept] == ["material.md"]
    assert (folder / "rules" / "material.md").read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match="is there already"):
        new_prompt("short", template=template, folder=folder)


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x", "a/b", "a.b"])
def test_a_name_that_could_lead_elsewhere_is_refused(project: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name"):
        new_prompt(name, template=find_prompt("summarise", project), folder=project)
