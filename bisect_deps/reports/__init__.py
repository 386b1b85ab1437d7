"""Ways to show a verdict: a table of formats, and one file for each.

A format is one file here with `render(verdict) -> str`, and one line in the table: the option
`--NAME FILE` of `run` and `report` comes from it. It names every culprit, and is never empty.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from bisect_deps.model import Verdict

# Format to what `--help` says of it. Its module is named alike.
REPORTS: dict[str, str] = {
    "json": "Write the report as JSON",
    "html": "Write the report as HTML",
    "markdown": "Write it as Markdown, as for a job's summary",
    "sarif": "Write the culprits as SARIF, for code scanning",
    "github": "Write them as GitHub annotations",
}


def render(name: str, verdict: Verdict, state: Path, written: tuple[str, ...] = ()) -> str:
    """Return the verdict in a format of the table.

    `state` is the state folder with the logs, `written` the files that already hold the fix; a
    format that can use them has `render_run(verdict, state, written)`.
    """
    module = importlib.import_module(f"bisect_deps.reports.{name}")
    whole: Callable[[Verdict, Path, tuple[str, ...]], str] | None
    whole = getattr(module, "render_run", None)
    text: str = whole(verdict, state, written) if whole else module.render(verdict)
    return text
