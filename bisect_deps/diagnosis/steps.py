"""What one channel's tool is doing: the state that the followers of all tools share.

Knows no tool, no signature and no cause: the files of `tools/` change it line by line.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from bisect_deps.diagnosis.announcements import phase_of_hook
from bisect_deps.diagnosis.facts import Episode, Hit, Project
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.signatures.base import Trait
from bisect_deps.diagnosis.tracebacks import Tracebacks
from bisect_deps.diagnosis.walks import Walks
from bisect_deps.model import Phase

MOST_COLLECTED = 4_000


class Steps:
    """What one channel's tool is doing: `collected` projects, the `episode` at hand, `hits` so far.

    `success`, `progress` are the last lines that showed them; `chains` what led to a project;
    `reached` says that the installer had something from its index; `building` are the projects
    whose build uv announced and did not end, `fetching` those of repositories under way;
    `answered` is the line at which an installer's answer begins, after all its complaints.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.collected: OrderedDict[str, Project] = OrderedDict()
        self.episode: Episode | None = None
        self.success: int = 0
        self.progress: int = 0
        self.chains: dict[str, tuple[str, ...]] = {}
        self.rooted_by_project = False
        self.current: Project | None = None
        self.block: int | None = None
        self.output: int | None = None
        self.in_uv = False
        self.wrapped = False
        self.arrow = False
        self.said = ""
        self.installed = False
        self.chain_text: tuple[int, str] | None = None
        self.reached = False
        self.building: dict[str, Project] = {}
        self.fetching: dict[str, Project] = {}
        self.answered = 0
        self.walks = Walks()
        self.tracebacks = Tracebacks()

    @property
    def quoting(self) -> bool:
        """Say whether the line at hand is a build script's output, not the installer's own word."""
        return self.block is not None or self.output is not None

    def take_success(self, line: Line, bare: str) -> None:
        """Take a tool's word that something went well."""
        self.installed = not bare.startswith(("Resolved", "Prepared"))
        self.walks.end()
        if self.installed:
            self.succeed(line.number)
            self.episode = None
            self.current = None
        self.progress = line.number
        self.reached = True

    def hook(self, hook: re.Match[str]) -> None:
        """Take the backend's hook in a traceback as the phase of the step at hand."""
        if self.episode is not None and not self.episode.build_requires:
            self.episode.phase = phase_of_hook(hook["hook"] or hook["called"])

    def succeed(self, number: int) -> None:
        """Take a line as the last that showed success."""
        self.success = number
        if self.episode is not None and not self.episode.failed:
            self.episode = None

    def open(
        self, project: Project | None, phase: Phase, number: int, tool: str = "pip"
    ) -> Episode:
        """Begin a step of a tool on a project."""
        self.episode = Episode(project, phase, number, tool=tool)
        return self.episode

    def rename(self, name: str) -> None:
        """Name the project of the step at hand, as it was collected where it was."""
        if self.episode is None or name in ("overlay", "setup.py"):
            return
        known = self.episode.project
        if known is None or known.key != Project(name).key:
            self.episode.project = self.collected.get(Project(name).key, Project(name))

    def take_name(self, project: Project) -> None:
        """Name the project of the step at hand by where it is built."""
        self.rename(project.name)
        working = self.episode.project if self.episode else None
        if self.episode and working and project.version and not working.version:
            self.episode.project = replace(working, version=project.version)

    def begin_amid(self, phase: Phase, number: int, tool: str) -> Episode:
        """Begin amid what a build script wrote, of a step that nobody announced."""
        episode = self.open(None, phase, number, tool)
        episode.started = "output"
        self.block, self.in_uv = 0, tool == "uv"
        return episode

    def end_amid(self) -> None:
        """Take that the script's output, in which the log began, is over."""
        self.block = None
        self.tracebacks.reset()

    def name_all(self, names: str, number: int) -> None:
        """Take the projects of a list as failed."""
        if names.startswith("See above"):
            return
        for name in names.replace(" ", "").split(","):
            if name:
                self.closed(name, number)

    def closed(self, name: str, number: int) -> Episode:
        """Return the episode that failed for `name`, opened now where there was none."""
        key = Project(name).key
        current = self.episode
        if current and current.project and _is_same_place(current.project.text, name):
            current.failed = True
            return current
        if current and (current.project is None or current.project.key == key):
            current.project = current.project or self.collected.get(key, Project(name))
            current.failed = True
            return current
        if current and self._is_unnamed(current):
            current.project = self._better_named(current.project, name)
            return current
        for hit in reversed(self.hits):
            past = hit.episode
            if past and past.project and past.project.key == key and not past.runtime:
                past.failed = True
                return past
        fresh = Episode(self.collected.get(key, Project(name)), Phase.BUILD, number, failed=True)
        idle = current is None or not (current.failed or current.started or current.runtime)
        if idle:
            self.episode = fresh
        return fresh

    def _is_unnamed(self, episode: Episode) -> bool:
        """Say whether it failed in a step whose project pip tells only afterwards."""
        reported = any(
            hit.episode is episode and Trait.CLOSES in hit.signature.traits for hit in self.hits
        )
        own = episode.phase is Phase.METADATA and episode.tool == "pip"
        return own and episode.failed and not episode.build_requires and not reported

    def _better_named(self, guessed: Project | None, name: str) -> Project:
        """Return the project that pip names; what it was taken from, a path, stays its text."""
        known = self.collected.get(Project(name).key)
        if known is None and guessed is not None and "/" in guessed.text:
            return replace(guessed, name=name)
        return known or Project(name)

    def end(self, ended: bool | None) -> None:
        """End the step at hand well or badly; None where it only goes on."""
        if self.episode is None or ended is None:
            return
        if ended:
            self.episode.done = True
            self.episode = Episode(self.episode.project, self.episode.phase, self.episode.opened)
        else:
            self.episode.failed = True


def _is_same_place(text: str, name: str) -> bool:
    """Say whether pip names the path or URL that it works on, in whatever spelling of its slashes."""
    if "/" not in name or "/" not in text:
        return False
    place = name.partition(":")[2].lstrip("/") or name
    return text.rstrip("/").endswith(place.rstrip("/").lstrip("./"))


Handler: TypeAlias = Callable[[Steps, Line, str, str], None]
