"""pdm: the pins it resolves to, and operations that it tries once more where they failed."""

from __future__ import annotations

import re

from bisect_deps.diagnosis.announcements import INSTALLING
from bisect_deps.diagnosis.facts import Project
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import Handler, Steps
from bisect_deps.diagnosis.tools.poetry import operation
from bisect_deps.model import Phase

_PIN = re.compile(
    r"^STATUS: Resolving: new pin (?P<name>[A-Za-z0-9][\w.-]{0,100}) (?P<version>\d\S{0,60})$"
)
_FAILED = re.compile(r"^(?:add|update) (?P<name>[A-Za-z0-9][\w.-]{0,100}) failed:$")


def _status(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the release that the resolver chose."""
    if match := _PIN.match(bare):
        project = Project(match["name"], match["version"])
        steps.collected.setdefault(project.key, project)
        steps.progress, steps.reached = line.number, True


def _done(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take an operation that went well, maybe after it had failed."""
    match = INSTALLING.match(bare)
    if match is None or "successful" not in match["end"]:
        return
    key = Project(match["name"]).key
    for hit in steps.hits:
        past = hit.episode
        if past is not None and past.project is not None and past.project.key == key:
            past.done = True
    steps.progress, steps.reached = line.number, True


def _failed(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the project whose operation's error comes next."""
    if match := _FAILED.match(bare):
        key = Project(match["name"]).key
        project = steps.collected.get(key, Project(match["name"]))
        steps.current = project
        episode = steps.open(project, Phase.BUILD, line.number, "poetry")
        episode.failed, episode.started = True, "operation"


ANNOUNCES: dict[str, Handler] = {
    "STATUS:": _status,
    "✔": _done,
    "✖": operation,
    "add": _failed,
    "update": _failed,
}
