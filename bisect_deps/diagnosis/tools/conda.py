"""conda and mamba: the pip part of an environment, whose complaints they print before its answer."""

from __future__ import annotations

from bisect_deps.diagnosis.announcements import how_ended
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import Handler, Steps


def _pip_output(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take where pip's answer begins, after all that it complained of."""
    if bare.startswith("Pip subprocess output"):
        steps.answered = line.number
        steps.episode, steps.current = None, None


def _ended(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Give the complaints without a name the project whose step pip's answer says to have failed."""
    episode = steps.episode
    if not steps.answered or how_ended(bare) is not False or episode is None:
        return
    if episode.project is None:
        return
    for hit in steps.hits:
        told = hit.episode
        if hit.line < steps.answered and told is not None and told.project is None:
            told.project, told.failed = episode.project, True


ANNOUNCES: dict[str, Handler] = {
    "Pip": _pip_output,
    "Preparing": _ended,
    "Getting": _ended,
    "Building": _ended,
}
