"""``PFClient.runs``: the runs of the project."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowgrade.promptflow.client.details import details_frame
from flowgrade.promptflow.client.run import Run, name_of
from flowgrade.promptflow.client.submission import submission
from flowgrade.promptflow.host import Host, blocking
from flowgrade.runs import (
    RunAbout,
    archive_run,
    delete_run,
    describe_run,
    get_run,
    list_runs,
)


class RunOperations:
    """What can be done with runs."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def create_or_update(self, run: Run, **more: Any) -> Run:
        """Do the run; returns when it has ended. Failed rows do not raise."""
        ready = submission(self._host, run)
        return Run.of(blocking(ready.begin(None)))

    def get(self, name: str) -> Run:
        """The run of that name; raises NotFoundError."""
        return Run.of(get_run(self._host.store, name_of(name)))

    def list(
        self,
        max_results: int | None = 50,
        *,
        archived_only: bool = False,
        include_archived: bool = False,
    ) -> list[Run]:
        """The newest runs first."""
        archived = True if archived_only else None if include_archived else False
        found = list_runs(self._host.store, limit=max_results, archived=archived)
        return [Run.of(run) for run in found]

    def stream(self, name: str | Run, raise_on_error: bool = True) -> Run:
        """The run, which is at its end; raises InvalidRunStatusError for one that failed."""
        from flowgrade.promptflow.exceptions import InvalidRunStatusError  # noqa: PLC0415  rare

        run = self.get(name_of(name))
        if raise_on_error and run.status in ("Failed", "Canceled"):
            message = (run.error or {}).get("message", "")
            raise InvalidRunStatusError(f"The run '{run.name}' is {run.status}. {message}".strip())
        return run

    def update(
        self,
        name: str | Run,
        display_name: str | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        **more: Any,
    ) -> Run:
        """Say something else about a run; what is None stays. Tags are added to those it has."""
        store, run = self._host.store, name_of(name)
        about = get_run(store, run).about
        changed = RunAbout(
            display_name=about.display_name if display_name is None else display_name,
            description=about.description if description is None else description,
            tags={**about.tags, **{str(k): str(v) for k, v in (tags or {}).items()}},
        )
        return Run.of(describe_run(store, run, changed))

    def archive(self, name: str | Run) -> Run:
        """Let lists leave the run out."""
        return Run.of(archive_run(self._host.store, name_of(name)))

    def restore(self, name: str | Run) -> Run:
        """Let lists show the run again."""
        return Run.of(archive_run(self._host.store, name_of(name), archived=False))

    def delete(self, name: str | Run) -> None:
        """Delete a run with its rows and traces."""
        delete_run(self._host.store, name_of(name))

    def get_details(
        self, name: str | Run, max_results: int = 100, all_results: bool = False
    ) -> Any:
        """The rows as a DataFrame: ``inputs.NAME`` and ``outputs.NAME``; needs pandas."""
        run = self.get(name_of(name))
        return details_frame(self._host.store, str(run.name), None if all_results else max_results)

    def get_metrics(self, name: str | Run) -> dict[str, Any]:
        """What the aggregation logged."""
        return dict(get_run(self._host.store, name_of(name)).metrics)

    def visualize(
        self,
        runs: str | Run | Sequence[str | Run],
        *,
        html_path: str | Path | None = None,
        open_browser: bool = False,
        **more: Any,
    ) -> Path:
        """Write a page of the runs side by side; returns its path. No browser opens unasked."""
        from flowgrade.promptflow.client.page import runs_page  # noqa: PLC0415  only for the page

        names = [name_of(run) for run in ([runs] if isinstance(runs, str | Run) else runs)]
        file = Path(html_path or f"{'-'.join(names)[:100]}.html").resolve()
        file.write_text(runs_page(self._host.store, names), encoding="utf-8")
        if open_browser:
            webbrowser.open(file.as_uri())
        return file
