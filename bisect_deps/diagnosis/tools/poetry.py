"""poetry: what it installs, the note at the end, and where a program's own words begin."""

from __future__ import annotations

from bisect_deps.diagnosis.announcements import INSTALLING, POETRY_NOTE
from bisect_deps.diagnosis.facts import Project
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import Handler, Steps
from bisect_deps.model import Phase


def operation(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take an operation on a project, announced or failed."""
    if match := INSTALLING.match(bare):
        project = Project(match["name"], match["version"])
        steps.collected[project.key] = project
        failed = "ailed" in match["end"]
        if failed or not (steps.episode and steps.episode.failed):
            steps.current = project
            episode = steps.open(project, Phase.BUILD, line.number, "poetry")
            episode.failed = failed
            episode.started = "operation"
        steps.progress = line.number


def note(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the project that poetry names at the end, whatever it announced last."""
    if match := POETRY_NOTE.search(bare):
        project = Project(match["name"], match["version"])
        if steps.episode is None:
            steps.open(project, Phase.BUILD, line.number, "poetry")
        elif steps.episode.project is None or steps.episode.project.key != project.key:
            steps.episode.project = project


def _program(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take a traceback at the left edge as that of a program that uses what was installed.

    What a build backend writes stands indented, or behind a bar.
    """
    episode = steps.episode
    if text != bare or episode is None or episode.failed:
        return
    if episode.tool == "poetry":
        steps.episode, steps.installed = None, True


ANNOUNCES: dict[str, Handler] = {
    "-": operation,
    "•": operation,
    "Installing": operation,
    "Updating": operation,
    "Note:": note,
    "Traceback": _program,
}
