"""The built-in loaders pass the kit that strangers' loaders are tested with."""

from __future__ import annotations

import docx
import pptx

from flowgrade.plugins import load_plugin, plugins
from flowgrade.retrieval import LOADERS, Loader
from flowgrade.testing.loaders import LoaderConformance
from tests.retrieval.loading.made import pdf, saved

LONG = "The quick brown fox jumps over the lazy dog, and then the dog sleeps."


class _BuiltIn(LoaderConformance):
    name = ""
    text = LONG

    def loader(self) -> Loader:
        return load_plugin(LOADERS, self.name, Loader)  # type: ignore[type-abstract]

    def file(self) -> bytes:
        return self.text.encode()

    def broken(self) -> bytes:
        return "grüß".encode("latin-1")


class TestText(_BuiltIn):
    name = "text"


class TestMarkdown(_BuiltIn):
    name = "markdown"
    text = f"---\nkind: fox\n---\n# Fox\n\n{LONG}\n\n## Dog\n\n{LONG}"


class TestHtml(_BuiltIn):
    name = "html"
    text = f"<title>Fox</title><h1>Fox</h1><p>{LONG}<h2>Dog</h2><p>{LONG}"


class TestCsv(_BuiltIn):
    name = "csv"
    text = f'id,text\n1,"{LONG}"\n2,"{LONG}"\n'


class TestTsv(_BuiltIn):
    name = "tsv"
    text = f"id\ttext\n1\t{LONG}\n2\t{LONG}\n"


class TestJsonl(_BuiltIn):
    name = "jsonl"
    text = f'{{"id": "a", "text": "{LONG}"}}\n{{"id": "b", "text": "{LONG}\\u0000"}}\n'


class TestPdf(_BuiltIn):
    name = "pdf"

    def file(self) -> bytes:
        return pdf(LONG, LONG)


class TestDocx(_BuiltIn):
    name = "docx"

    def file(self) -> bytes:
        made = docx.Document()
        made.add_heading("Fox", 1)
        made.add_paragraph(LONG)
        return saved(made.save)


class TestPptx(_BuiltIn):
    name = "pptx"

    def file(self) -> bytes:
        made = pptx.Presentation()
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = "Fox"
        slide.placeholders[1].text = LONG
        return saved(made.save)


def test_every_built_in_loader_is_run_through_the_kit() -> None:
    tested = {kit.name for kit in _BuiltIn.__subclasses__()}
    assert {p.name for p in plugins(LOADERS) if p.distribution == "flowgrade"} == tested
