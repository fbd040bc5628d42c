"""``PFClient.flows``: test, check and write flows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.flows import Execution, Flow, flow_problems
from flowgrade.promptflow.callables import unwrapped
from flowgrade.promptflow.client.signature import signature_in
from flowgrade.promptflow.host import Host, blocking
from flowgrade.records import JsonObject, Record, loads
from flowgrade.tracing import store_sink

_DEFINITION = "flow.flex.yaml"
_IGNORED = shutil.ignore_patterns(".git", "__pycache__", ".flowgrade", ".promptflow", ".venv")


class ValidationResult(Record, kw_only=False):
    """What ``validate`` found."""

    problems: tuple[FlowgradeError, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def error_messages(self) -> dict[str, str]:
        """Each problem by its place."""
        return {str(one.place or "*"): one.message for one in self.problems}


class FlowOperations:
    """What can be done with flows."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def test(
        self,
        flow: str | Path | Callable[..., Any],
        *,
        inputs: Mapping[str, Any] | str | Path | None = None,
        variant: str | None = None,
        node: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        init: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a flow or one of its nodes once: its outputs, or the node's value.

        ``inputs`` may name a JSON file, or a JSONL file of which the first line counts.
        """
        loaded = self._host.load_flow(flow, variant=variant, init=init)
        given = _read(Path(inputs)) if isinstance(inputs, str | Path) else dict(inputs or {})
        with self._host.surroundings(loaded, environment_variables or {}):
            execution = blocking(call(self._host, loaded, given, node))
        if execution.error is not None:
            raise execution.error
        outputs = execution.outputs or {}
        if node:
            return outputs["output"] if set(outputs) == {"output"} else outputs
        return unwrapped(loaded, outputs)

    def validate(self, flow: str | Path, *, raise_error: bool = False) -> ValidationResult:
        """What is wrong with a flow, as far as it shows without a call."""
        problems = flow_problems(flow, models=self._host.models, indexes=self._host.open_index)
        if problems and raise_error:
            raise problems[0]
        return ValidationResult(tuple(problems))

    def infer_signature(self, entry: Callable[..., Any] | str | Path) -> JsonObject:
        """``inputs``, ``outputs`` and ``init`` as the Python code declares them."""
        return signature_in(self._host, entry)

    def save(
        self, entry: Callable[..., Any] | str, path: str | Path | None = None, code: Any = None
    ) -> Path:
        """Write a ``flow.flex.yaml`` for a function or class ``module:name`` of ``code``.

        With ``path`` the code is copied there first. Returns the file that was written. Raises
        InputError where that file is there already.
        """
        import yaml  # noqa: PLC0415  slow to load

        name = entry if isinstance(entry, str) else f"{entry.__module__}:{entry.__qualname__}"
        source = Path(code or ".")
        folder = Path(path) if path is not None else source
        target = folder / _DEFINITION
        if target.exists():
            raise InputError(f"{target} is there already.", hint="Give another --path.")
        module, _, attribute = name.partition(":")
        file = source.joinpath(*module.split(".")).with_suffix(".py")
        signature = signature_in(self._host, f"{file}:{attribute}" if file.is_file() else name)
        if folder.resolve() != source.resolve():
            shutil.copytree(source, folder, dirs_exist_ok=True, ignore=_IGNORED)
        text = yaml.safe_dump({"entry": name, **signature}, sort_keys=False, allow_unicode=True)
        target.write_text(text, encoding="utf-8")
        return target


async def call(host: Host, flow: Flow, inputs: dict[str, Any], node: str | None) -> Execution:
    """Call the flow, or one node of it; a failure is in the result, the trace in the store."""
    sink = store_sink(host.store)
    async with host.models:
        if node:
            return await flow.aexecute_node(node, inputs, sink=sink)
        flow.body.prepare()
        known = {spec.name for spec in flow.inputs}
        given = inputs or dict(flow.sample)
        fitting = {n: v for n, v in given.items() if not known or n in known}
        return await flow.aexecute(fitting, sink=sink)


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
        first = text.splitlines()[0] if file.suffix == ".jsonl" and text else text
        found = loads(first)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no JSON object.", hint='Write {"input": "value"}.')
    return found
