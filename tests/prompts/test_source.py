"""Templates that include other files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowgrade.errors import FlowgradeError, NotFoundError, TemplateError
from flowgrade.prompts import load_prompty, messages_of, read_template


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def test_a_file_stands_in_place_of_its_include(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "a.jinja2": 'one\n{% include "rules/b.md" %}\nlast {{ x }}\n',
            "rules/b.md": 'two {{ x }}\n{% include "rules/c.txt" %}\n',
            "rules/c.txt": "three",
        },
    )
    found = read_template(file)
    assert found.text == "one\ntwo {{ x }}\nthree\nlast {{ x }}\n"
    assert [path.name for path in found.included] == ["b.md", "c.txt"]


def test_the_place_of_each_part_is_known(tmp_path: Path) -> None:
    file = write(
        tmp_path, {"a.md": 'one\nin {% include "b.md" %}\nlast one\n', "b.md": "two\nthree\n"}
    )
    found = read_template(file)
    places = {word: found.place(found.text.index(word)) for word in ("one", "two", "three", "last")}
    shown = {word: f"{Path(p.file).name}:{p.line}:{p.column}" for word, p in places.items()}
    assert shown == {"one": "a.md:1:1", "two": "b.md:1:1", "three": "b.md:2:1", "last": "a.md:3:1"}
    assert found.place(found.text.index("one", 5)).column == 6
    assert str(found.place_of_line(3)).endswith("b.md:2")


def test_comments_and_raw_blocks_include_nothing(tmp_path: Path) -> None:
    text = '{# {% include "no.md" %} #}{% raw %}{% include "no.md" %}{% endraw %}\n'
    assert read_template(write(tmp_path, {"a.md": text})).text == text


def test_a_file_may_be_included_twice(tmp_path: Path) -> None:
    text = '{% include "b.md" %}\n{% include "b.md" %}\n'
    found = read_template(write(tmp_path, {"a.md": text, "b.md": "b"}))
    assert (found.text, len(found.included)) == ("b\nb\n", 1)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.md": '\n{% include "../secret.md" %}'}, "a.md:2: .* outside the template's folder"),
        ({"a.md": '{% include "/etc/hostname" %}'}, "outside the template's folder"),
        ({"a.md": '{% include "none.md" %}'}, "is not there"),
        ({"a.md": '{% include "data.json" %}', "data.json": "{}"}, "or is no text"),
        ({"a.md": "{% include name %}"}, "must name a file in quotes"),
        ({"a.md": '{% include "b.md" ignore missing %}'}, "must name a file in quotes"),
        (
            {"a.md": '{% include "b.md" %}', "b.md": '{% include "a.md" %}'},
            "in a circle: a.md → b.md → a.md",
        ),
        ({"a.md": '{% include "b.md" %}' * 2, "b.md": "x" * 600_000}, "over 1,048,576 characters"),
    ],
)
def test_what_cannot_be_included_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    with pytest.raises(TemplateError, match=message):
        read_template(write(tmp_path / "inside", files))


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    file = write(tmp_path / "inside", {"a.md": '{% include "link.md" %}'})
    os.symlink(tmp_path / "secret.md", tmp_path / "inside" / "link.md")
    with pytest.raises(TemplateError, match="outside the template's folder"):
        read_template(file)


def test_includes_are_bounded_in_depth(tmp_path: Path) -> None:
    files = {f"{n}.md": f'{{% include "{n + 1}.md" %}}' for n in range(12)} | {"12.md": "end"}
    with pytest.raises(TemplateError, match="more than 8 deep"):
        read_template(write(tmp_path, files))


def test_a_missing_or_foreign_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot be read"):
        read_template(tmp_path / "none.md")
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    with pytest.raises(FlowgradeError, match="not UTF-8"):
        read_template(tmp_path / "a.md")


def test_a_prompty_includes_and_its_errors_name_the_file_and_line(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "a.prompty": '---\nname: a\n---\nsystem:\n{% include "b.md" %}\nuser:\n{{ q }}\n',
            "b.md": "Be kind.\n{{ q.__class__ }}\n",
        },
    )
    prompty = load_prompty(file)
    with pytest.raises(TemplateError, match=r"b\.md:2: ") as caught:
        messages_of(prompty, {"q": "x"})
    assert caught.value.place is not None
    (tmp_path / "b.md").write_text("Be kind.\n", encoding="utf-8")
    assert messages_of(load_prompty(file), {"q": "user:\nx"}) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "user:\nx"},
    ]


def test_a_hostile_template_takes_no_more_than_linear_time(tmp_path: Path) -> None:
    text = '{% include "b.md" %}' + "{#" * 200_000 + "{{" * 200_000
    found = read_template(write(tmp_path, {"a.md": text, "b.md": "b"}))
    assert found.text.startswith("b\n{#{#")
