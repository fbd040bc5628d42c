"""PFClient: prompt flow's Python client over Flowgrade's rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowgrade.promptflow.client.connections import ConnectionOperations
from flowgrade.promptflow.client.flows import FlowOperations
from flowgrade.promptflow.client.run import Run
from flowgrade.promptflow.client.runs import RunOperations
from flowgrade.promptflow.host import host


class PFClient:
    """The project's flows, runs and connections, by prompt flow's names.

    Settings of prompt flow (``config``) have no effect: those of the Flowgrade project hold.
    """

    def __init__(self, **more: Any) -> None:
        own = host()
        self.runs = RunOperations(own)
        self.flows = FlowOperations(own)
        self.connections = ConnectionOperations(own)

    def run(
        self,
        flow: str | Path | Callable[..., Any] | None = None,
        *,
        data: str | Path | Sequence[Mapping[str, Any]] | None = None,
        run: str | Run | None = None,
        resume_from: str | Run | None = None,
        stream: bool = False,
        **fields: Any,
    ) -> Run:
        """Run a flow over data, over the rows of ``run``, or over both; returns when it ended.

        ``fields`` are the others of ``Run``: ``column_mapping``, ``variant``, ``connections``,
        ``environment_variables``, ``name``, ``display_name``, ``tags``, ``init``, ``code``.
        ``resume_from`` begins a new run with the completed rows of another. With ``stream`` the
        end of a run that failed raises.
        """
        made = Run(flow=flow, data=data, run=run, resume_from=resume_from, **fields)
        ended = self.runs.create_or_update(made)
        return self.runs.stream(ended) if stream else ended

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
        """Call a flow once, or one of its nodes."""
        return self.flows.test(
            flow,
            inputs=inputs,
            variant=variant,
            node=node,
            environment_variables=environment_variables,
            init=init,
        )

    def stream(self, run: str | Run, raise_on_error: bool = True) -> Run:
        """The run at its end; raises for one that failed."""
        return self.runs.stream(run, raise_on_error)

    def get_details(self, run: str | Run, max_results: int = 100, all_results: bool = False) -> Any:
        """The rows of a run as a DataFrame; needs pandas."""
        return self.runs.get_details(run, max_results, all_results)

    def get_metrics(self, run: str | Run) -> dict[str, Any]:
        """What the aggregation of a run logged."""
        return self.runs.get_metrics(run)

    def visualize(self, runs: Any, **options: Any) -> Path:
        """Write a page of runs side by side; returns its path."""
        return self.runs.visualize(runs, **options)
