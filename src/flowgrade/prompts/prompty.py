"""Prompty files: a prompt with its model, parameters and inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from flowgrade.errors import FlowDefinitionError, NotFoundError, Place
from flowgrade.prompts.generations import engine_of, fields_of, model_of, type_name
from flowgrade.prompts.references import References
from flowgrade.prompts.source import TemplateSource, with_included
from flowgrade.records import JsonObject, Record, field
from flowgrade.records.yaml import parse_yaml

_KEY = re.compile(r"^(\w+)[ \t]*:", re.MULTILINE)
_OPENING = re.compile(r"-{3,}\n")
_CLOSING = "---\n"
_KNOWN = frozenset(
    ["name", "description", "model", "inputs", "inputSchema", "outputs", "outputSchema"]
    + ["sample", "template"]
)


class Prompty(Record, hide=("source", "lines")):
    """One Prompty file. The keys are those of prompt flow, whichever generation it was."""

    name: str
    description: str = ""
    api: str = "chat"
    """``chat`` or ``completion``; what the file says otherwise."""
    configuration: JsonObject = field(default_factory=dict)
    """``type``, ``connection`` or credentials, ``azure_deployment`` or ``model``."""
    parameters: JsonObject = field(default_factory=dict)
    """Passed to the model as they are."""
    response: Literal["first", "all"] = "first"
    inputs: dict[str, JsonObject] = field(default_factory=dict)
    """By name: ``type``, and ``default``, ``description``, ``is_chat_input`` where given."""
    outputs: dict[str, JsonObject] = field(default_factory=dict)
    sample: JsonObject = field(default_factory=dict)
    """Example values of the inputs."""
    template: str
    """With the files that it includes."""
    source: TemplateSource
    """Where each part of the template stands."""
    path: Path
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each key of the front matter."""
    extra: JsonObject = field(default_factory=dict)
    """The other keys of the front matter: ``authors``, ``tags``, ``tools`` and so on."""

    def line_of(self, key: str) -> int | None:
        """The line on which a key of the front matter stands; None when it is not there."""
        return self.lines.get(key)


def load_prompty(path: str | Path, *, environment: Mapping[str, str] | None = None) -> Prompty:
    """Read the Prompty file at ``path``.

    ``${env:NAME}`` is looked up in ``environment``; without it, references stay as they are.
    Raises NotFoundError for a missing file and FlowDefinitionError, with the line where it is
    known, for front matter that cannot be used.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise NotFoundError(f"The prompt {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise FlowDefinitionError(
            f"The file is not UTF-8 text (byte {error.start}).", place=Place(str(path))
        ) from None
    return parse_prompty(text, path=path, environment=environment)


def parse_prompty(
    text: str, *, path: Path, environment: Mapping[str, str] | None = None
) -> Prompty:
    """The Prompty file with the content ``text``; files it names are taken from beside ``path``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    matter, template = split_prompty(text, str(path))
    first = text.count("\n", 0, len(text) - len(template)) + 1
    source = with_included(template, file=path, line=first)
    references = References(environment=environment or {}, file=path)
    lines = _lines(text[: len(text) - len(template)])
    with _placed(path, None):
        return _prompty(references.resolve(matter), source, references, lines)


def _lines(front: str) -> dict[str, int]:
    """The line of each key that stands at the left edge of the front matter."""
    return {match[1]: front.count("\n", 0, match.start()) + 1 for match in _KEY.finditer(front)}


@contextmanager
def _placed(path: Path, line: int | None) -> Iterator[None]:
    """For the block, errors that do not know where they come from come from there."""
    try:
        yield
    except FlowDefinitionError as error:
        error.place = error.place or Place(str(path), line)
        raise


def split_prompty(text: str, file: str) -> tuple[dict[str, Any], str]:
    """Front matter and template.

    Prompt flow lets the last line of dashes end the front matter. Where that is not YAML, the
    first one does, so that a template may hold such lines.
    """
    opening = _OPENING.search(text)
    if opening is None:
        return {}, text
    start, first = opening.end(), text.find(_CLOSING, opening.end())
    last = text.rfind(_CLOSING, start)
    if last < 0:
        raise FlowDefinitionError(
            "The front matter has no end.",
            hint="Close it with a line of three dashes before the template.",
            place=Place(file, text.count("\n", 0, opening.start()) + 1),
        )
    try:
        return _matter(text[start:last], text, start, file), text[last + len(_CLOSING) :]
    except FlowDefinitionError:
        if first == last:
            raise
    return _matter(text[start:first], text, start, file), text[first + len(_CLOSING) :]


def _matter(yaml: str, text: str, start: int, file: str) -> dict[str, Any]:
    # Blank lines in front keep the line numbers of messages those of the file.
    lines_before = "\n" * text.count("\n", 0, start)
    found = parse_yaml(lines_before + yaml.rstrip("-"), file=file)
    if not isinstance(found or {}, dict):
        raise FlowDefinitionError("The front matter is not a mapping.", place=Place(file))
    return found or {}


def _prompty(
    matter: dict[str, Any],
    source: TemplateSource,
    references: References,
    lines: Mapping[str, int],
) -> Prompty:
    file = references.file
    with _placed(file, lines.get("template")):
        _check_engine(matter.get("template"))
    with _placed(file, lines.get("model")):
        model = _model(matter)
    with _placed(file, lines.get("sample")):
        sample = _sample(matter.get("sample"), references)
    with _placed(file, lines.get("inputs") or lines.get("inputSchema")):
        inputs = fields_of(matter.get("inputs") or matter.get("inputSchema"), what="inputs")
    with _placed(file, lines.get("outputs") or lines.get("outputSchema")):
        outputs = fields_of(matter.get("outputs") or matter.get("outputSchema"), what="outputs")
    return Prompty(
        name=str(matter.get("name") or file.stem),
        description=str(matter.get("description") or ""),
        api=str(model["api"]),
        configuration=model["configuration"],
        parameters=model["parameters"],
        response=model["response"],
        inputs=inputs or {name: {"type": type_name(value)} for name, value in sample.items()},
        outputs=outputs,
        sample=sample,
        template=source.text,
        source=source,
        path=file,
        lines=lines,
        extra={key: value for key, value in matter.items() if key not in _KNOWN},
    )


def _model(matter: Mapping[str, Any]) -> dict[str, Any]:
    model = model_of(matter)
    if model["response"] not in {"first", "all"}:
        raise FlowDefinitionError(f"'model.response' is '{model['response']}', not first or all.")
    return model


def _check_engine(template: Any) -> None:
    engine = engine_of(template)
    if engine not in {"jinja2", "jinja", "prompty"}:
        raise FlowDefinitionError(
            f"The template engine '{engine}' is not supported, only jinja2.",
            hint="Write the template in Jinja and set 'template: jinja2'.",
        )


def _sample(found: Any, references: References) -> dict[str, Any]:
    """The sample: a mapping, or the name of a JSON file that holds one."""
    if isinstance(found, str) and found.endswith((".json", ".yaml", ".yml")):
        found = references.read(found.removeprefix("file:"))
    if not isinstance(found or {}, dict):
        raise FlowDefinitionError("'sample' must be a mapping or the name of a JSON file.")
    return found or {}
