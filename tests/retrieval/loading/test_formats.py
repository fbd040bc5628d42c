"""What each loader makes of a file."""

from __future__ import annotations

from pathlib import Path

import docx
import pptx
import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.plugins import plugins
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.loader import LOADERS
from tests.retrieval.loading.made import fault, load, one, pdf


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def at_sections(document: Document) -> list[tuple[str, tuple[str, ...], int | None]]:
    """Of each section the first line, its headings and its page."""
    return [
        (document.text[one.start :].partition("\n")[0], one.headings, one.page)
        for one in document.sections
    ]


def test_the_built_in_formats_are_plugins() -> None:
    names = {plugin.name for plugin in plugins(LOADERS)}
    assert names >= {"csv", "docx", "html", "jsonl", "markdown", "pdf", "pptx", "text", "tsv"}


def test_text_is_one_document_as_it_stands(tmp_path: Path) -> None:
    document = one(written(tmp_path, "a.txt", "one\r\ntwo\n"))
    assert document == Document(id="a.txt", text="one\ntwo\n", title="a.txt", source="a.txt")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert one(written(tmp_path, "a.txt", "grüß 日".encode(encoding))).text == "grüß 日"
    assert one(written(tmp_path, "b.csv", "text\ngrüß".encode(encoding))).text == "grüß"


MARKDOWN = """---
title: The guide
tags: [a, b]
year: 2020
---
Before.

# Guide

## Install `it` {#install}

Run *this*.

```
# no heading
```

Use
---

> # quoted
"""


def test_markdown_has_headings_front_matter_and_its_own_text(tmp_path: Path) -> None:
    document = one(written(tmp_path, "a.md", MARKDOWN))
    assert document.title == "The guide"
    assert document.metadata == {"tags": ["a", "b"], "year": 2020}
    assert (
        document.text
        == MARKDOWN.partition("---\nBefore")[1][4:] + MARKDOWN.partition("---\nBefore")[2]
    )
    assert at_sections(document) == [
        ("# Guide", ("Guide",), None),
        ("## Install `it` {#install}", ("Guide", "Install it"), None),
        ("Use", ("Guide", "Use"), None),
    ]


def test_the_first_heading_is_the_title_of_markdown_without_one(tmp_path: Path) -> None:
    assert one(written(tmp_path, "a.md", "# My [page](x.md)\n\nText")).title == "My page"
    assert one(written(tmp_path, "b.md", "Text")).title == "b.md"


def test_front_matter_that_is_not_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    found = fault(written(tmp_path, "a.md", "---\na: 1\na: 2\n---\nText"))
    assert found.failure.type == "LoadError"
    assert found.failure.place is not None
    assert found.failure.place.startswith("a.md:3")


def test_two_rules_with_text_between_them_are_no_front_matter(tmp_path: Path) -> None:
    assert one(written(tmp_path, "a.md", "---\nText\n---\nMore")).text == "---\nText\n---\nMore"


PAGE = """<html><head><title> My
 page</title><style>p {}</style></head><body><nav>Menu</nav><main>
<h1>Top</h1><p>Hello <b>bo</b>ld   world.<br>Next.</p><script>bad()</script>
<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>
<h2>Table</h2><table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>
<pre>x = 1
  y = 2</pre><div hidden>secret</div>End &amp; done</main><footer>Foot</footer></body></html>"""


def test_html_has_headings_and_text_without_scripts_and_navigation(tmp_path: Path) -> None:
    document = one(written(tmp_path, "a.html", PAGE))
    assert document.title == "My page"
    assert document.text == (
        "Top\n\nHello bold world.\nNext.\n\none\ntwo\ndeep\n\nTable\n\nA | B\n1 | 2\n\n"
        "x = 1\n  y = 2\n\nEnd & done"
    )
    assert at_sections(document) == [
        ("Top", ("Top",), None),
        ("Table", ("Top", "Table"), None),
    ]


def test_html_is_read_in_the_encoding_that_it_states(tmp_path: Path) -> None:
    page = '<meta charset="iso-8859-1"><p>grüß'.encode("latin-1")
    assert one(written(tmp_path, "a.html", page)).text == "grüß"


def test_a_page_that_is_laid_out_with_a_table_keeps_its_paragraphs(tmp_path: Path) -> None:
    long = "word " * 80
    page = f"<table><tr><td><h1>Top</h1><p>{long}</p><p>next</p></td></tr></table>"
    assert one(written(tmp_path, "a.html", page)).text == f"Top\n\n{long.strip()}\n\nnext"


def test_a_page_that_only_a_script_fills_is_an_error(tmp_path: Path) -> None:
    found = fault(written(tmp_path, "a.html", "<div id=app></div><script>x()</script>"))
    assert "a script makes it in the browser" in found.failure.message


def test_pdf_has_a_section_for_each_page(tmp_path: Path) -> None:
    content = pdf("First page about exam-\nples.", "", "Third.", title="A  report")
    document = one(written(tmp_path, "a.pdf", content))
    assert document.title == "A report"
    assert document.text == "First page about examples.\n\nThird."
    assert [(s.start, s.page) for s in document.sections] == [(0, 1), (28, 3)]


def test_docx_has_headings_lists_and_tables(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("Policy", 0)
    made.add_heading("Leave", 1)
    made.add_paragraph("You get 30 days.")
    made.add_paragraph("Ask.", style="List Bullet")
    made.add_paragraph("Go.", style="List Bullet")
    table = made.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "both"
    made.add_heading("Sick", 2)
    made.add_paragraph("Call.")
    made.save(str(tmp_path / "a.docx"))
    document = one(tmp_path / "a.docx")
    assert document.title == "Policy"
    assert document.text == (
        "Policy\n\nLeave\n\nYou get 30 days.\nAsk.\nGo.\n\na | b\nboth\n\nSick\n\nCall."
    )
    assert at_sections(document) == [
        ("Policy", ("Policy",), None),
        ("Leave", ("Policy", "Leave"), None),
        ("Sick", ("Policy", "Leave", "Sick"), None),
    ]


def test_docx_has_text_of_content_controls_and_insertions_but_not_what_was_deleted(
    tmp_path: Path,
) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    made = docx.Document()
    inner = (
        "<w:p><w:r><w:t>Kept</w:t></w:r><w:ins><w:r><w:t xml:space='preserve'> and new</w:t></w:r>"
        "</w:ins><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    )
    control = f"<w:sdt {nsdecls('w')}><w:sdtContent>{inner}</w:sdtContent></w:sdt>"
    made.element.body.insert(0, parse_xml(control))
    made.save(str(tmp_path / "a.docx"))
    assert one(tmp_path / "a.docx").text == "Kept and new"


def test_pptx_has_a_section_for_each_slide(tmp_path: Path) -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.placeholders[1].text = "first\nsecond"
    slide.notes_slide.notes_text_frame.text = "Say hello."
    slide = made.slides.add_slide(made.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "Untitled\nmore"
    cell = slide.shapes.add_table(1, 2, 0, 0, 9, 9).table.cell
    cell(0, 0).text, cell(0, 1).text = "a", "b"
    made.save(str(tmp_path / "a.pptx"))
    document = one(tmp_path / "a.pptx")
    assert document.text == ("Plan\n\nfirst\nsecond\n\nSay hello.\n\nUntitled\n\nmore\n\na | b")
    assert at_sections(document) == [("Plan", ("Plan",), 1), ("Untitled", ("Untitled",), 2)]


def test_a_row_of_a_table_is_a_document(tmp_path: Path) -> None:
    table = 'id,title,question,answer\n7,Reset,How?,"Press,\nhold"\n8,,Why?,\n'
    documents, unread = load(written(tmp_path, "a.csv", table))
    assert unread == []
    assert documents == [
        Document(
            id="7",
            text="question: How?\nanswer: Press,\nhold",
            title="Reset",
            source="a.csv",
            metadata={"question": "How?", "answer": "Press,\nhold"},
        ),
        Document(id="8", text="question: Why?", source="a.csv", metadata={"question": "Why?"}),
    ]


def test_options_name_the_columns_of_a_table(tmp_path: Path) -> None:
    path = written(tmp_path, "a.tsv", "key\tbody\tkind\nk\tHello\tfaq\n")
    document = one(path, text_column="body", id_column="key")
    assert (document.id, document.text, document.metadata) == ("k", "Hello", {"kind": "faq"})
    found = fault(path, text_column="none")
    assert found.failure.message == "There is no column 'none'."


def test_a_table_can_be_one_document(tmp_path: Path) -> None:
    document = one(written(tmp_path, "a.csv", "a,b\n1,2\n3,4\n"), whole_tables=True)
    assert (document.id, document.text) == ("a.csv", "a: 1\nb: 2\n\na: 3\nb: 4")


def test_a_line_of_jsonl_is_a_document(tmp_path: Path) -> None:
    lines = (
        '{"id": "p", "text": "hello\\u0000", "title": "T", "lang": "en", "metadata": {"y": 1}}\n'
        '\n{"text": "x", "source": "https://example.com"}\n{"id": 7, "text": ""}\n'
    )
    documents, unread = load(written(tmp_path, "a.jsonl", lines))
    assert unread == []
    assert documents == [
        Document(
            id="p", text="hello", title="T", source="a.jsonl", metadata={"lang": "en", "y": 1}
        ),
        Document(id="a.jsonl:3", text="x", source="https://example.com"),
        Document(id="7", text="", source="a.jsonl"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "b"}', "The line has no 'text' that is a string."),
        ('{"id": "b", "text": 5}', "The line has no 'text' that is a string."),
        ('{"id": "a", "text": "x"}', "The id 'a' is that of line 1 too."),
        ('{"id": [], "text": "x"}', "The id is []."),
        ('{"id": true, "text": "x"}', "The id is True."),
        ('{"id": "b", "text": "x", "title": 1}', "The 'title' is 1, not a string."),
        ('{"id": "b", "text": "x", "metadata": []}', "The 'metadata' is not an object."),
        ("[1]", "The line is not a JSON object."),
        ("{", "This is not JSON"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_bad_line_of_jsonl_is_an_error_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    path = written(tmp_path, "a.jsonl", f'{{"id": "a", "text": "x"}}\n{line}\n')
    documents, unread = load(path)
    assert [document.id for document in documents] == ["a"]
    assert [found.failure.place for found in unread] == ["a.jsonl:2"]
    assert message in unread[0].failure.message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("a,a\n1,2\n", "The header has a column without a name, or a name twice."),
        ("a,\n1,2\n", "The header has a column without a name, or a name twice."),
        ("", "The header has a column without a name, or a name twice."),
        ("a,b\n1,2,3\n", "The row has 3 fields, the header 2."),
        ('a,b\n"1"2,3\n', "This is not CSV"),
        ("id,b\n1,x\n1,y\n", "The id '1' is that of line 2 too."),
    ],
)
def test_a_bad_table_is_an_error(tmp_path: Path, table: str, message: str) -> None:
    _, unread = load(written(tmp_path, "a.csv", table))
    assert [found.failure.type for found in unread] == ["LoadError"]
    assert message in unread[0].failure.message


def test_options_read_further_endings_and_leave_others_out(tmp_path: Path) -> None:
    written(tmp_path, "a.py", "x = 1")
    written(tmp_path, "b.md", "text")
    documents, _ = load(tmp_path, formats=((".py", "text"),))
    assert [document.id for document in documents] == ["a.py", "b.md"]
    documents, unread = load(tmp_path, formats=((".py", "text"),), suffixes=(".py",))
    assert [document.id for document in documents] == ["a.py"]
    assert [found.skipped for found in unread] == [True]
    with pytest.raises(NotFoundError, match="There is no plugin 'python'"):
        load(tmp_path, formats=((".py", "python"),))


def test_a_file_of_an_unknown_format_says_which_are_known(tmp_path: Path) -> None:
    found = fault(written(tmp_path, "a.xyz", "text"))
    assert found.failure.hint is not None
    assert ".pdf" in found.failure.hint


def test_a_source_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no file or folder"):
        load(tmp_path / "none")
    with pytest.raises(InputError, match="'ftp://' is no source of documents"):
        load("ftp://example.com/x")
    with pytest.raises(InputError, match="'https://' is no source") as caught:
        load("https://example.com/page")
    assert caught.value.hint is not None
    assert "sitemap+https://" in caught.value.hint
