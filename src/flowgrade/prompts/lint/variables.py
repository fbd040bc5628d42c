"""Rules about variables and inputs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Subject
from flowgrade.prompts.template import variables_of

_BUILT_IN = frozenset({"range", "dict", "lipsum", "cycler", "joiner", "namespace", "loop"})


def undefined_variable(subject: Subject) -> Iterator[Found]:
    """The template uses what no input declares."""
    if subject.prompty is None:
        return
    known = list(subject.prompty.inputs)
    for name in variables_of(subject.template, name=str(subject.path)):
        if name in known or name in _BUILT_IN:
            continue
        near = get_close_matches(name, known, n=1)
        yield Found(
            subject.source.place(next(subject.offsets(name), 0)),
            f"The variable '{name}' is not among the inputs; without a value it is empty.",
            f"Did you mean '{near[0]}'?" if near else f"Declare {name} under inputs.",
        )


def unused_input(subject: Subject) -> Iterator[Found]:
    """An input is declared and not used."""
    if subject.prompty is None:
        return
    used = variables_of(subject.template, name=str(subject.path))
    declared = "inputs" if "inputs" in subject.matter else "inputSchema"
    for name in subject.prompty.inputs:
        if name not in used:
            yield Found(
                subject.field_place(declared, name),
                f"The input '{name}' is not used by the template.",
                f"Use {{{{ {name} }}}} in the template, or delete the input.",
            )


def wrong_sample(subject: Subject) -> Iterator[Found]:
    """The sample does not fit the inputs."""
    prompty = subject.prompty
    if prompty is None or not prompty.sample or "inputs" not in subject.matter:
        return
    for name in prompty.sample:
        if name not in prompty.inputs:
            near = get_close_matches(name, list(prompty.inputs), n=1)
            yield Found(
                subject.field_place("sample", name),
                f"The sample has '{name}', which is not among the inputs.",
                f"Did you mean '{near[0]}'?" if near else "Declare it, or delete it.",
            )
    for name, spec in prompty.inputs.items():
        if spec.get("default") is None and name not in prompty.sample:
            yield Found(
                subject.field_place("sample"),
                f"The sample lacks the input '{name}', which has no default.",
                f"Add a value for {name}.",
            )
