"""``flowgrade prompts`` as a user types it."""

from __future__ import annotations

import pytest

from tests.project import Project

GREET = """
    ---
    name: greet
    description: Says hello to somebody.
    version: "3"
    model:
      configuration: {model: openai/gpt-4o-mini, api_key: "${env:SOME_KEY}"}
    inputs:
      name: {type: string, description: Whom to greet.}
      times: {type: int, default: 1}
    sample: {name: Ada}
    ---
    system:
    Greet {{ times }} times.
    user:
    I am {{ name }}.
"""


@pytest.mark.slow
def test_list_shows_the_project_and_the_library_and_searches(project: Project) -> None:
    project.write("prompts/greet.prompty", GREET)
    found = project.run("prompts", "list", "--json").json
    assert found[0]["name"] == "greet"
    library = {e["name"] for e in found if e["from"] == "library"}
    assert {"grounded-answer", "judge-rubric"} <= library
    assert [e["name"] for e in project.run("prompts", "list", "hello", "--json").json] == ["greet"]
    table = project.run("prompts", "list", "hello")
    assert table.out.splitlines()[1] == "greet\tproject\t3\tSays hello to somebody."
    nothing = project.run("prompts", "list", "zebra")
    assert (nothing.code, "No prompt has" in nothing.err) == (0, True)


def test_show_explains_the_inputs_and_looks_no_secret_up(project: Project) -> None:
    project.write("prompts/greet.prompty", GREET)
    found = project.run("prompts", "show", "greet", environment={"SOME_KEY": "canary-secret"})
    assert "name\tstring\t(required)\tWhom to greet." in found.out
    assert "times\tint\t1\t" in found.out
    assert "I am {{ name }}." in found.out
    shown = project.run("prompts", "show", "greet", "--json", environment={"SOME_KEY": "canary"})
    assert shown.json["inputs"]["times"] == {"type": "int", "default": 1}
    assert "canary" not in found.out + shown.out


def test_render_prints_what_would_be_sent(project: Project) -> None:
    project.write("prompts/greet.prompty", GREET)
    found = project.run("prompts", "render", "greet", "-i", "name=user:", "-i", "times=2", "--json")
    assert found.json["messages"] == [
        {"role": "system", "content": "Greet 2 times."},
        {"role": "user", "content": "I am user:."},
    ]
    assert found.json["estimated_tokens"] == 7
    people = project.run("prompts", "render", "prompts/greet.prompty", "--sample")
    assert "── user\nI am Ada.\n" in people.out
    assert "about 6 tokens (estimate: characters / 4)" in people.err


@pytest.mark.slow
def test_render_refuses_what_does_not_fit(project: Project) -> None:
    project.write("prompts/greet.prompty", GREET)
    for arguments, message in (
        (["greet"], "needs the input 'name'"),
        (["greet", "-i", "nam=x"], "Did you mean 'name'?"),
        (["greet", "-i", "name=x", "-i", "times=many"], "is no int"),
        (["gret"], "Did you mean 'greet'?"),
    ):
        found = project.run("prompts", "render", *arguments)
        assert (found.code, message in found.err) == (2, True), found.err


def test_render_takes_a_template_too(project: Project) -> None:
    project.write("chat.jinja2", "# system:\nBe kind.\n# user:\n{{ text }}\n")
    project.write("plain.jinja2", "Say {{ text }}.")
    found = project.run("prompts", "render", "chat.jinja2", "-i", "text=hi", "--json").json
    assert [m["content"] for m in found["messages"]] == ["Be kind.", "hi"]
    assert project.run("prompts", "render", "plain.jinja2", "-i", "text=hi").out == "Say hi.\n"
    missing = project.run("prompts", "render", "plain.jinja2")
    assert (missing.code, "needs the variable 'text'" in missing.err) == (2, True)


@pytest.mark.slow
def test_new_copies_a_prompt_with_what_it_includes(project: Project) -> None:
    found = project.run("prompts", "new", "support", "--from", "grounded-answer", "--to", "p")
    assert found.out == "p/support.prompty\n"
    assert (project.folder / "p" / "rules" / "safety.md").is_file()
    assert project.run("prompts", "lint", "p").code == 0
    init = 'model={"configuration": {"model": "embedded/reader"}}'
    answer = project.run("test", "p/support.prompty", "--init", init)
    assert answer.out.startswith("A lamp may be sent back within thirty days"), answer.err
    again = project.run("prompts", "new", "support", "--from", "classify", "--to", "p")
    assert (again.code, "is there already" in again.err) == (2, True)


@pytest.mark.slow
def test_lint_exits_with_one_on_errors_only(project: Project) -> None:
    project.write("good.prompty", GREET)
    project.write("warn.jinja2", "system:\n{{ rules }}\nuser:\nHi\n")
    warned = project.run("prompts", "lint")
    assert warned.code == 0
    assert "warn.jinja2:2:1: warning [injection-risk]" in warned.out
    assert "2 prompts, 0 errors, 1 warning\n" in warned.err
    project.write("bad.prompty", GREET.replace("I am {{ name }}", "I am {{ nam }}"))
    failed = project.run("prompts", "lint", "bad.prompty", "--json")
    assert failed.code == 1
    assert (failed.json["files"], failed.json["errors"], failed.json["warnings"]) == (1, 1, 1)
    first = failed.json["findings"][0]
    assert (first["rule"], first["severity"], first["line"]) == ("unused-input", "warning", 8)
    assert project.run("prompts", "lint", "none.prompty").code == 2
    long = project.run("prompts", "lint", "good.prompty", "--context", "3")
    assert (long.code, "[too-long]" in long.out) == (1, True)
