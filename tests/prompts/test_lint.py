"""Each rule of the linter: what it finds, where, and what it leaves alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowgrade.prompts import Finding, Severity, lint_prompt
from flowgrade.prompts.lint.rules import NAMES, RULES

GOOD = """---
name: good
model:
  api: chat
  configuration:
    model: openai/gpt-4o-mini
  parameters:
    temperature: 0
inputs:
  question:
    type: string
  tone:
    type: string
    default: kind
sample:
  question: Why?
---
system:
Be <tone>{{ tone }}</tone>.
user:
{{ question }}
"""
SYSTEM_LINE = 18  # of GOOD


def found(folder: Path, text: str, name: str = "one.prompty", **options: int) -> list[Finding]:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return lint_prompt(file, **options)


def shown(findings: list[Finding]) -> list[str]:
    return [f"{f.place.line}:{f.place.column} {f.rule}" for f in findings]


def test_a_good_prompt_has_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD, context=100) == []


def change(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (change("{{ question }}", "{{ question }}\n{{ qestion }}"), "22:4 undefined-variable"),
        (change("user:", "{% if flag %}yes{% endif %}\nuser:"), "20:7 undefined-variable"),
        (change("  tone:", "  mood:\n    default: x\n  tone:"), "12:3 unused-input"),
        (change("  question: Why?", "  question: Why?\n  qestion: x"), "17:3 wrong-sample"),
        (change("  question: Why?", "  tone: x"), "15:1 wrong-sample"),
        (change("system:\n", "\nHello\nsystem:\n"), "19:1 missing-role"),
        (change("user:\n", "uesr:\n"), "20:1 unknown-role"),
        (change("user:\n", "# human:\n"), "20:3 unknown-role"),
        (change("user:\n", "user: {{ question }}\n"), "20:1 text-after-role"),
        (change("user:\n", "user:  \n"), "20:6 trailing-whitespace"),
        (change("user:\n", "user:\nA\nuser:\n"), "22:1 duplicate-role"),
        (change("{{ question }}\n", "{{ question }}\nsystem:\nB\n"), "22:1 duplicate-role"),
        (change("{{ question }}\n", "{{ question }}\nassistant:\n"), "22:1 empty-message"),
        (
            change("temperature: 0", "response_format: {type: json_object}"),
            "8:5 missing-format",
        ),
        (
            change("temperature: 0", "response_format: {type: json_object}")
            .replace("sample:", "outputs:\n  label: {type: string}\nsample:")
            .replace("Be <", "Answer in JSON. Be <"),
            "16:3 missing-format",
        ),
        (change("inputs:", "inputSchema:"), "9:1 deprecated-field"),
        (change("temperature: 0", "functions: []"), "8:5 deprecated-field"),
        (change("name: good", "name: good\ndescripton: x"), "3:1 unknown-field"),
        (change("  api: chat", "  api: chat\n  options: {}"), "5:3 unknown-field"),
        (change("<tone>{{ tone }}</tone>", "{{ tone }}"), "19:4 injection-risk"),
        (change("<tone>{{ tone }}</tone>", "<b></b>{{ tone }}"), "19:11 injection-risk"),
        (change("<tone>{{ tone }}</tone>", "<tone>{{ tone }}"), "19:10 injection-risk"),
        (
            change("Be <", "{% for t in question %}{{ t.text|upper }}{% endfor %} <"),
            "19:24 injection-risk",
        ),
        (change("Be <", "Use sk-abcdefghijklmnop1234 <"), "19:5 secret"),
        (change("Be <", "the password: hunter2hunter2x <"), "19:5 secret"),
        (change("  api: chat", "  api: chat\n  connection: {}"), "5:3 unknown-field"),
        (change("    model: open", "    api_key: abc\n    model: open"), "6:5 secret"),
        (change("Be <", "{{ tone.__class__ }}<"), "19:9 template-security"),
        (change("Be <", "{% if 0 %}{{ tone['_x'] }}{% endif %}<"), "19:20 template-security"),
        (change("Be <", "{{ tone.a.b }} <"), "19:1 cannot-render"),
        (change("Be <", "{% if %}<"), "19:1 syntax"),
        (change("name: good", "name: ["), "4:6 syntax"),
        (change("Be <", '{% include "no.md" %}<'), "19:1 syntax"),
    ],
)
def test_each_rule_finds_its_place(tmp_path: Path, text: str, expected: str) -> None:
    findings = found(tmp_path, text)
    line, rule = expected.split(" ")
    assert any(
        one.startswith(f"{line.split(':')[0]}:") and one.endswith(f" {rule}")
        for one in shown(findings)
    ), shown(findings)
    if rule not in ("syntax", "cannot-render"):
        assert expected in shown(findings)


@pytest.mark.parametrize(
    "text",
    [
        change("{{ question }}", "{% for x in range(3) %}{{ loop.index }}{{ x }}{% endfor %}")
        + "{{ question }}\n",
        change("{{ question }}", "{% set a = question %}{{ a }}"),
        change("user:\n", "{% if tone %}\nuser:\nA\n{% else %}\nuser:\nB\n{% endif %}\nuser:\n"),
        change("{{ question }}\n", "{{ question }}\n# Notes:\nx\n"),
        change("{{ question }}\n", "{{ question }}\nAnswer:\nTools:\n"),
        change("<tone>{{ tone }}</tone>", "```\n{{ tone }}\n```"),
        change("<tone>{{ tone }}</tone>", '"""{{ tone }}"""'),
        change("<tone>{{ tone }}</tone>", "{{ 'kind' if tone else 'cold' }}"),
        change("type: string\n    default: kind", "type: int\n    default: 3").replace(
            "<tone>{{ tone }}</tone>", "{{ tone }}"
        ),
        change("<tone>{{ tone }}</tone>", "{{ tone }} {# lint: allow injection-risk #}"),
        change(
            "Be <tone>{{ tone }}</tone>", "{# lint: allow injection-risk, secret #}\n{{ tone }}"
        ),
        change("    model: open", "    api_key: ${env:KEY}\n    model: open"),
        change("Be <", "The password: is never told <"),
        change("  tone:", "  # lint: allow unused-input\n  mood:\n    default: x\n  tone:"),
        change("  api: chat", "  api: completion").replace("system:\n", "").replace("user:\n", ""),
    ],
)
def test_what_is_right_or_allowed_is_left_alone(tmp_path: Path, text: str) -> None:
    assert shown(found(tmp_path, text)) == []


def test_a_prompt_longer_than_the_context_is_an_error(tmp_path: Path) -> None:
    text = change("{{ question }}", "word " * 400 + "{{ question }}")
    assert found(tmp_path, text, context=1000) == []
    (one,) = found(tmp_path, text, context=400)
    assert (one.rule, one.severity) == ("too-long", Severity.ERROR)
    assert "about 5" in one.message
    answer = text.replace("temperature: 0", "max_tokens: 600")
    assert "up to 600 for the answer" in found(tmp_path, answer, context=1000)[0].message


def test_a_template_of_a_node_is_checked_without_inputs(tmp_path: Path) -> None:
    text = "# system:\nBe {{ tone }}.\n# user:\n{{ question }}\n"
    assert shown(found(tmp_path, text, "a.jinja2")) == ["2:4 injection-risk"]
    assert shown(found(tmp_path, "Plain {{ text }}", "b.jinja2")) == []
    assert shown(found(tmp_path, "{{ text", "c.jinja2")) == ["1:1 syntax"]


def test_a_finding_in_an_included_file_stands_there(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("\nKey: sk-abcdefghijklmnop1234\n", encoding="utf-8")
    (one,) = found(tmp_path, change("Be <", '{% include "rules.md" %}\nBe <'))
    assert str(one.place).endswith("rules.md:2:6")


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    keys = [
        "sk-" + "a1" * 12,
        "AKIA" + "A1" * 8,
        "ghp_" + "a1" * 18,
        "xoxb-" + "1" * 12,
        "AIza" + "b" * 35,
        "-----BEGIN RSA PRIVATE KEY-----",
        ".".join(["eyJ" + "a" * 12, "eyJ" + "b" * 12, "c" * 12]),
        "Bearer " + "a1" * 12,
        "postgresql://me:hunter2@host/x",
        "api_key: '" + "a1" * 8 + "'",
    ]
    for key in keys:
        findings = found(tmp_path, change("Be <", f"Use {key} <"))
        assert [one.rule for one in findings] == ["secret"], key
        assert key.split(" ")[-1] not in str(findings[0].as_json())


def test_bytes_that_are_no_text_are_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "one.prompty"
    file.write_bytes(b"---\nname: \xff\n---\n")
    assert [one.rule for one in lint_prompt(file)] == ["syntax"]


def test_findings_come_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = change("user:\n", "user: \n{{ nope }}\n").replace("name: good", "nmae: good")
    lines = [one.place.line or 0 for one in found(tmp_path, text)]
    assert lines == sorted(lines)
    assert len(lines) == 3


def test_every_rule_is_documented_with_its_severity() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "prompt-lint.md"
    rows = dict(
        re.findall(r"^\| `([a-z-]+)` \| (error|warning) \|", page.read_text("utf-8"), re.MULTILINE)
    )
    severities = {rule.name: str(rule.severity) for rule in RULES}
    assert rows == {**severities, "syntax": "error", "too-long": "error"}
    assert set(rows) == set(NAMES)


def test_every_rule_is_found_by_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in NAMES if f'{name}"' not in text and f"{name}'" not in text] == []
