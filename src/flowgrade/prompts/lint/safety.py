"""Rules about what may do harm: injected orders, secrets, templates that reach out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from flowgrade.errors import Place, TemplateError, TemplateSecurityError
from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Part, Subject
from flowgrade.prompts.lint.tags import aliases, names_in, origin
from flowgrade.prompts.messages import render_text
from flowgrade.prompts.template import parse_template

_INERT = frozenset({"int", "double", "bool"})
_OPENING = re.compile(r"<([A-Za-z][\w-]*)[^<>]*>")
_FENCES = ("```", '"""', "~~~", "'''")

_SECRETS = (
    ("an OpenAI or Anthropic key", re.compile(r"\bsk-[A-Za-z0-9_-]{16,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Google key", re.compile(r"\bAIza[\w-]{30,}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("a bearer token", re.compile(r"\bBearer\s+[A-Za-z0-9._~+/-]{20,}")),
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}$]+:[^\s/@{}$]+@")),
    (
        "a secret",
        re.compile(
            r"(?i)\b(?:api[_-]?key|password|passwd|secret|access[_-]?token)\b['\"]?\s*[:=]\s*"
            r"['\"]?(?=[^\s'\"]*\d)(?=[^\s'\"]*[a-z])[^\s'\"${}<>]{12,}"
        ),
    ),
)
_KEYS = (("configuration", "api_key"), ("connection", "apiKey"), ("connection", "key"))


def injection_risk(subject: Subject) -> Iterator[Found]:
    """Text of an input stands in the system message as if the author had written it."""
    inputs = subject.prompty.inputs if subject.prompty else None
    known = aliases(subject.tags)
    for tag in subject.tags:
        part = subject.part_at(tag.start) if tag.is_output else None
        if part is None or part.role != "system" or _is_delimited(subject, part, tag.start):
            continue
        for name in dict.fromkeys(origin(name, known) for name in names_in(tag)):
            if inputs is not None and inputs.get(name, {"type": "bool"}).get("type") in _INERT:
                continue
            if name in ("loop", "true", "false", "none", "not", "and", "or", "else", "in", "is"):
                continue
            yield Found(
                subject.source.place(tag.start),
                f"'{name}' stands in the system message without marks around it, so text in it "
                "can pass for an instruction.",
                f"Write <{name}>{{{{ … }}}}</{name}>, or move it into a user message.",
            )


def secret(subject: Subject) -> Iterator[Found]:
    """A key or password stands in the file."""
    fix = "Take it out, replace it where it is valid, and refer to it: ${env:NAME}."
    seen: set[Place] = set()
    for place, what in _secrets(subject):
        if place not in seen:
            seen.add(place)
            yield Found(place, f"This looks like {what}.", fix)
    lines = {place.line for place in seen}
    model = subject.matter.get("model")
    for group, key in _KEYS if isinstance(model, dict) else ():
        value = (model.get(group) or {}).get(key) if isinstance(model, dict) else None
        place = subject.field_place("model", group, key)
        if isinstance(value, str) and "${" not in value and place.line not in lines:
            yield Found(place, f"'model.{group}.{key}' has the key itself.", fix)


def _secrets(subject: Subject) -> Iterator[tuple[Place, str]]:
    """Each place once for each text that it is in: the file, and the template with includes."""
    for text, is_raw in ((subject.raw, True), (subject.template, False)):
        covered: list[tuple[int, int]] = []
        for what, pattern in _SECRETS:
            for match in pattern.finditer(text):
                start = match.start()
                if not any(low <= start < high for low, high in covered):
                    covered.append(match.span())
                    yield (_place(subject, start) if is_raw else subject.source.place(start)), what


def template_security(subject: Subject) -> Iterator[Found]:
    """The template does what templates may not do."""
    tree = parse_template(subject.template, str(subject.path))
    found = False
    for line, name in _attributes(tree):
        if name.startswith("_"):
            found = True
            yield Found(
                _line_place(subject, line, name),
                f"The template asks for '{name}', an inner attribute.",
                "Give the template what it needs as an input.",
            )
    if found or not subject.prompty:
        return
    try:
        render_text(subject.template, subject.values, escape=None, name=str(subject.path))
    except TemplateSecurityError as error:
        line = error.place.line if error.place and error.place.line else 1
        yield Found(
            subject.source.place_of_line(line),
            error.message,
            error.hint or "Give the template what it needs as an input.",
        )
    except TemplateError:
        return  # the rule about rendering says it


def cannot_render(subject: Subject) -> Iterator[Found]:
    """The template fails with its own sample."""
    if subject.prompty is None or not subject.prompty.sample:
        return
    try:
        render_text(subject.template, subject.values, escape=None, name=str(subject.path))
    except TemplateSecurityError:
        return
    except TemplateError as error:
        line = error.place.line if error.place and error.place.line else 1
        yield Found(
            subject.source.place_of_line(line),
            f"With the sample: {error.message}",
            error.hint or "Correct the template or the sample.",
        )


def _is_delimited(subject: Subject, part: Part, offset: int) -> bool:
    """Whether ``offset`` lies between marks: inside a tag that is open, or inside a fence."""
    before = subject.template[part.start : offset]
    after = subject.template[offset : part.end]
    if any(before.count(fence) % 2 and fence in after for fence in _FENCES):
        return True
    for match in _OPENING.finditer(before):
        close = f"</{match[1]}>"
        if close not in before[match.end() :] and close in after:
            return True
    return False


def _attributes(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """The line and name of each attribute or key that the template asks for."""
    for dotted in tree.find_all(nodes.Getattr):
        yield dotted.lineno, dotted.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            yield item.lineno, item.arg.value


def _line_place(subject: Subject, line: int, name: str) -> Place:
    start = 0
    for _ in range(line - 1):
        start = subject.template.find("\n", start) + 1
    at = subject.template.find(name, start)
    return subject.source.place(at if at >= 0 else start)


def _place(subject: Subject, offset: int) -> Place:
    line = subject.raw.count("\n", 0, offset) + 1
    return Place(str(subject.path), line, offset - subject.raw.rfind("\n", 0, offset))
