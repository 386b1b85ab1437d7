"""Many files on one HTML page: what became of each, which release breaks how many, every patch.

The page needs nothing else, as that of one file. Must not know how files came to be bisected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from markupsafe import Markup

from bisect_deps import __version__
from bisect_deps.model import VerdictKind
from bisect_deps.reports._marks import code, fenced, plain
from bisect_deps.reports._pages import TONES, environment, resource
from bisect_deps.reports.base import STATUS_WORDS
from bisect_deps.text import counted, duration, ended, safe


class FileRow(Protocol):
    """What became of one file for one Python; `verdict` is a `VerdictKind` value or `error`."""

    @property
    def file(self) -> str:
        """Return the file as the user named it."""

    @property
    def python(self) -> str | None:
        """Return the Python that was asked for."""

    @property
    def verdict(self) -> str:
        """Return the kind of the verdict."""

    @property
    def summary(self) -> str:
        """Return the verdict in a sentence."""

    @property
    def builds(self) -> int:
        """Return how many builds it took."""

    @property
    def seconds(self) -> float:
        """Return how long it took."""

    @property
    def culprits(self) -> tuple[str, ...]:
        """Return what breaks, as pins."""

    @property
    def known(self) -> tuple[str, ...]:
        """Return the releases whose failure another file had shown."""

    @property
    def diff(self) -> str:
        """Return the patch of a verified fix."""

    @property
    def is_good(self) -> bool:
        """Say whether it passes, or a fix of it was verified."""


def _headline(rows: Sequence[FileRow]) -> str:
    good = sum(row.is_good for row in rows)
    return f"{good} of {counted(len(rows), 'file')} pass or have a verified fix."


def render_markdown(rows: Sequence[FileRow], culprits: Sequence[tuple[str, int]]) -> str:
    """Return the same as Markdown, for a job's summary: no heading a file, a patch where one is."""
    blocks = [f"### {_headline(rows)}"]
    blocks += [
        "\n".join(f"- {code(name)} breaks {counted(number, 'file')}" for name, number in culprits)
    ] * bool(culprits)
    for number, row in enumerate(rows, 1):
        shown_as = _file(number, row)
        name, cost = code(shown_as["name"]), plain(shown_as["cost"])
        blocks.append(f"**{shown_as['word']}:** {name}, {cost}  \n{plain(shown_as['summary'])}")
        blocks += [fenced(safe(row.diff), "diff")] * bool(row.diff)
    return "\n\n".join(blocks) + "\n"


def render(rows: Sequence[FileRow], culprits: Sequence[tuple[str, int]]) -> str:
    """Return the page; `culprits` are the releases with the number of files that each breaks."""
    good = sum(row.is_good for row in rows)
    page = environment().from_string(resource("many.html.j2"))
    return page.render(
        version=__version__,
        style=Markup(resource("report.css")),
        headline=_headline(rows),
        tone="pass" if good == len(rows) else "unresolved",
        facts=[
            ("Files", len(rows)),
            ("Builds", sum(row.builds for row in rows)),
            ("Time of all runs", duration(sum(row.seconds for row in rows))),
            ("Releases at fault", len(culprits)),
        ],
        releases=[_release(culprit, number, rows) for culprit, number in culprits],
        files=[_file(at, row) for at, row in enumerate(rows, 1)],
    )


def _release(culprit: str, number: int, rows: Sequence[FileRow]) -> dict[str, Any]:
    broken = [(at, row) for at, row in enumerate(rows, 1) if culprit in row.culprits]
    return {
        "name": culprit,
        "files": counted(number, "file"),
        "where": [{"anchor": f"file-{at}", "name": _name(row)} for at, row in broken],
    }


def _file(number: int, row: FileRow) -> dict[str, Any]:
    kind = VerdictKind(row.verdict) if row.verdict != "error" else None
    return {
        "anchor": f"file-{number}",
        "name": _name(row),
        "word": STATUS_WORDS[kind] if kind else "Error",
        "tone": TONES[kind] if kind else "fail",
        "cost": f"{counted(row.builds, 'build')}, {duration(row.seconds)}",
        "summary": ended(row.summary),
        "culprits": row.culprits,
        "known": row.known,
        "fix": {"diff": row.diff} if row.diff else None,
    }


def _name(row: FileRow) -> str:
    return f"{row.file} (Python {row.python})" if row.python else row.file
