"""Follows which project a tool works on, and which step: pip, uv, poetry, pdm, conda.

Each announces its steps in its own way; all become episodes. `Frames` builds on it. Knows no
signature and no cause.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from bisect_deps.evidence.announcements import (
    ARCHIVE,
    ARROW_NAMES,
    BLOCK,
    BLOCK_END,
    BUILD_PATH,
    EGG_INFO,
    FILE_LINE,
    FROM_CHAIN,
    HEADLINE,
    HOOK_FRAME,
    INSTALLING,
    NOT_THERE,
    OUTPUT,
    OUTPUT_END,
    POETRY_NOTE,
    STAGE,
    STEP,
    SUCCESS,
    UV_CHAIN,
    UV_HOOK,
    UV_STEP,
    direct_reference,
    how_ended,
    phase_of_hook,
)
from bisect_deps.evidence.facts import Episode, Hit, Project, project_of
from bisect_deps.evidence.lines import Line
from bisect_deps.evidence.tracebacks import Tracebacks
from bisect_deps.evidence.walks import Walks
from bisect_deps.model import Phase
from bisect_deps.signatures.base import Trait

MOST_COLLECTED = 20_000


class Steps:
    """What one channel's tool is doing: `collected` projects, the `episode` at hand, `hits` so far.

    `success`, `progress` are the last lines that showed them; `chains` what led to a project;
    `reached` says that the installer had something from its index; `building` are the projects
    whose build uv announced and did not end, `fetching` those of repositories under way.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.collected: OrderedDict[str, Project] = OrderedDict()
        self.episode: Episode | None = None
        self.success: int = 0
        self.progress: int = 0
        self.chains: dict[str, tuple[str, ...]] = {}
        self.rooted_by_project = False
        self._current: Project | None = None
        self._block: int | None = None
        self._output: int | None = None
        self._uv = False
        self._wrapped = False
        self._arrow = False
        self._said = ""
        self._installed = False
        self._chain_text: tuple[int, str] | None = None
        self.reached = False
        self.building: dict[str, Project] = {}
        self.fetching: dict[str, Project] = {}
        self.walks = Walks()
        self._tracebacks = Tracebacks()

    @property
    def quoting(self) -> bool:
        """Say whether the line at hand is a build script's output, not the installer's own word."""
        return self._block is not None or self._output is not None

    def follow(self, line: Line, text: str, bare: str) -> None:
        """Take one line that announces, names or ends a step."""
        self._follow_output(text)
        if self._block is not None and self._in_block(line, text, bare):
            return
        if block := BLOCK.match(text):
            self._block = len(block["indent"])
            if self.episode is None or not self.episode.started:
                self._open_by_headline(line.number).started = "output"
            return
        handler = _HANDLERS.get(bare.split(" ", 1)[0])
        if handler is not None:
            handler(self, line, text, bare)
        if SUCCESS.match(bare):
            self._succeeded(line, bare)
        if line.alarming:
            self._follow_hook(bare)
            self._follow_chain(bare)
            self._follow_names(line, text, bare)

    def _open_by_headline(self, number: int) -> Episode:
        """Return the step that the headline of a block names, where nothing announced one."""
        told = HEADLINE.match(self._said)
        if told is None:
            return self._open(self._current, Phase.METADATA, number)
        project = self._current
        if told["name"] and (project is None or project.key != Project(told["name"]).key):
            key = Project(told["name"]).key
            project = self.collected.get(key, Project(told["name"]))
        return self._open(project, Phase.INSTALL if told["install"] else Phase.BUILD, number)

    def _follow_output(self, text: str) -> None:
        if marker := OUTPUT.match(text):
            self._output = len(marker["indent"] or "")
        elif self._output is not None:
            indent = len(text) - len(text.lstrip())
            if indent < self._output or (not self._output and OUTPUT_END.match(text)):
                self._output = None

    def _succeeded(self, line: Line, bare: str) -> None:
        self._installed = not bare.startswith(("Resolved", "Prepared"))
        self.walks.end()
        if self._installed:
            self._succeed(line.number)
            self.episode = None
            self._current = None
        self.progress = line.number
        self.reached = True

    def _follow_hook(self, bare: str) -> None:
        episode = self.episode
        if episode is None:
            return
        if self._uv and " to determine " in bare and "`" in bare:
            episode.phase, episode.hooked = Phase.METADATA, True
        elif self._uv and (hook := UV_HOOK.search(bare)):
            episode.phase, episode.hooked = phase_of_hook(hook["hook"] or hook["old"]), True
        elif hook := HOOK_FRAME.search(bare):
            self._hook(hook)

    def _follow_chain(self, bare: str) -> None:
        if self._chain_text is not None:
            left, told = self._chain_text
            told = f"{told} {bare}"
            self._learn_chain(told)
            self._chain_text = (left - 1, told) if left > 1 else None
        if "was included because" in bare:
            self._chain_text = (6, bare)
            self._learn_chain(bare)

    def _follow_names(self, line: Line, text: str, bare: str) -> None:
        """Take the name that a path or the arrow under a headline gives."""
        tells = "cwd:" in bare or "failed with error code" in bare
        if tells and (path := BUILD_PATH.search(text)):
            if self.episode is None:
                self._current = Project(path["name"])
            self._rename(path["name"])
        if self._arrow and (names := ARROW_NAMES.match(bare)):
            self._name_all(names["names"], line.number)
        if not bare.startswith("note:"):
            self._arrow = bare.startswith("×")

    def _learn_chain(self, told: str) -> None:
        match = UV_CHAIN.search(told)
        if not match:
            return
        steps = list(UV_STEP.finditer(match["rest"]))
        if not steps:
            return
        if self.rooted_by_project:
            steps = steps[1:]
        chain = tuple(
            f"{step['name']}=={step['version']}" if step["version"] else step["name"]
            for step in steps
        )
        self.chains[Project(match["name"]).key] = chain

    def _succeed(self, number: int) -> None:
        self.success = number
        if self.episode is not None and not self.episode.failed:
            self.episode = None

    def _in_block(self, line: Line, text: str, bare: str) -> bool:
        indent = len(text) - len(text.lstrip())
        if BLOCK_END.match(text):
            self._block = None
            self._tracebacks.reset()
            return True
        if self._block is not None and indent < self._block:
            self._block = None
            return False
        if self.episode is not None:
            if self.episode.project is None:
                self._name_by_output(bare)
            if hook := HOOK_FRAME.search(bare):
                self._hook(hook)
            if self.episode.build_requires:
                self._inner(line, bare)
        return True

    def _name_by_output(self, bare: str) -> None:
        """Take the name from what the build writes, for a tool that names nothing."""
        if egg := EGG_INFO.search(bare):
            self._rename(egg["name"] or egg["said"])
        elif path := BUILD_PATH.search(bare):
            self._rename(path["name"])

    def _hook(self, hook: re.Match[str]) -> None:
        if self.episode is not None and not self.episode.build_requires:
            self.episode.phase = phase_of_hook(hook["hook"] or hook["called"])

    def _inner(self, line: Line, bare: str) -> None:
        """Follow the installer that runs inside the installer, for the build requirements."""
        if self.episode is None:
            return
        for prefix in ("Collecting ", "Processing "):
            if bare.startswith(prefix):
                rest = bare.removeprefix(prefix)
                named = direct_reference(rest, (), None, False) or project_of(rest)
                self.episode.inner = named or self.episode.inner
        if step := STEP.match(bare):
            self._name_inner(step["name"])
        if names := ARROW_NAMES.match(bare):
            self._name_inner(names["names"].split(",")[0])
        if wanted := NOT_THERE.search(bare):
            self._name_inner(wanted["name"])

    def _name_inner(self, name: str) -> None:
        inner = self.episode.inner if self.episode else None
        if self.episode and (inner is None or inner.key != Project(name).key):
            self.episode.inner = Project(name)

    def _open(
        self, project: Project | None, phase: Phase, number: int, tool: str = "pip"
    ) -> Episode:
        self.episode = Episode(project, phase, number, tool=tool)
        return self.episode

    def _rename(self, name: str) -> None:
        if self.episode is None or name in ("overlay", "setup.py"):
            return
        known = self.episode.project
        if known is None or known.key != Project(name).key:
            self.episode.project = self.collected.get(Project(name).key, Project(name))

    def _name_all(self, names: str, number: int) -> None:
        if names.startswith("See above"):
            return
        for name in names.replace(" ", "").split(","):
            if name:
                self._closed(name, number)

    def _closed(self, name: str, number: int) -> Episode:
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
        told = any(
            hit.episode is episode and Trait.CLOSES in hit.signature.traits for hit in self.hits
        )
        own = episode.phase is Phase.METADATA and episode.tool == "pip"
        return own and episode.failed and not episode.build_requires and not told

    def _better_named(self, guessed: Project | None, name: str) -> Project:
        """Return the project that pip names; what it was taken from, a path, stays its text."""
        known = self.collected.get(Project(name).key)
        if known is None and guessed is not None and "/" in guessed.text:
            return replace(guessed, name=name)
        return known or Project(name)

    def _failed_list(self, line: Line, text: str, bare: str) -> None:
        """Take pip's summary, `Failed to build one two`, where it names what it collected."""
        names = bare.removeprefix("Failed to build ").split()
        if bare.startswith("Failed to build ") and all(
            Project(name).key in self.collected for name in names
        ):
            self._name_all(",".join(names), line.number)

    # --- handlers by first word -----------------------------------------------------------

    def _collecting(self, line: Line, text: str, bare: str) -> None:
        rest = bare.split(" ", 1)[1] if " " in bare else ""
        if rest.startswith("package metadata"):
            return
        indent = len(text) - len(text.lstrip())
        if indent >= 2 and self.episode and self.episode.build_requires and not self.episode.done:
            self.episode.inner = project_of(rest) or self.episode.inner
            return
        chain: tuple[str, ...] = ()
        at = None
        rooted = False
        if match := FROM_CHAIN.search(rest):
            rest = rest[: match.start()]
            steps = match["chain"].split("->")
            if file := FILE_LINE.search(steps[-1]):
                at, rooted = int(file["line"]), True
                steps = steps[:-1]
            chain = tuple(reversed(steps))
        project = direct_reference(rest, chain, at, rooted) or project_of(
            rest.split(" from ")[0], chain=chain, line=at, rooted=rooted
        )
        if project is None:
            return
        self._current = project
        self.episode = Episode(project, Phase.DOWNLOAD, line.number)
        self._uv = self._installed = False
        self.progress = line.number
        self.collected[project.key] = project
        if len(self.collected) > MOST_COLLECTED:
            self.collected.popitem(last=False)

    def _walking(self, line: Line, text: str, bare: str) -> None:
        """Take a resolver's word that it goes through the releases of a project."""
        self.walks.take(line.number, bare)

    def _downloading(self, line: Line, text: str, bare: str) -> None:
        self.reached = self.reached or bare.startswith("Downloading ")
        self.walks.take(line.number, bare)
        match = ARCHIVE.search(bare)
        nested = self.episode is not None and self.episode.build_requires and not self.episode.done
        known = self.collected.get(Project(match["name"]).key) if match and not nested else None
        if match and known and (self._current is None or known.key != self._current.key):
            # A release taken after others: pip says `Collecting` only for a project's first.
            self._current = replace(known, version=match["version"])
            self.episode = Episode(self._current, Phase.DOWNLOAD, line.number)
        if match and self._current and not self._current.version:
            name = match["name"]
            if Project(name).key == self._current.key:
                self._current = replace(self._current, version=match["version"])
                self.collected[self._current.key] = self._current
        if self.episode is None or not self.episode.failed:
            self.progress = line.number

    def _stage(self, line: Line, text: str, bare: str) -> None:
        if not STAGE.match(bare):
            return
        indent = len(text) - len(text.lstrip())
        build_requires = "build dependencies" in bare or "backend dependencies" in bare
        if self.episode and self.episode.build_requires and not build_requires and indent >= 4:
            return
        ended = how_ended(bare)
        phase = Phase.BUILD if build_requires else Phase.METADATA
        started = (
            self.episode is not None and self.episode.started == bare.split(":", maxsplit=1)[0]
        )
        if ended is None or not started:
            self._open(self._current, phase, line.number).build_requires = build_requires
            if self.episode is not None:
                self.episode.started = bare.split(":", maxsplit=1)[0]
        self._end(ended)

    def _step(self, line: Line, text: str, bare: str) -> None:
        match = STEP.match(bare)
        if not match:
            if bare.startswith("Building wheels for collected packages"):
                self.walks.end()
                self.episode = None
            elif bare.startswith("Running setup.py (path:"):
                self._open(self._current, Phase.METADATA, line.number)
            elif bare.startswith("Building "):
                self._building(line, bare)
            return
        name = match["name"]
        install = match["command"] in ("install", "develop")
        if match["command"] == "clean":
            return
        phase = Phase.INSTALL if install else Phase.BUILD
        ended = how_ended(bare)
        key = Project(name).key
        if (
            ended is None
            or self.episode is None
            or self.episode.project is None
            or (self.episode.project.key != key or self.episode.phase is not phase)
        ):
            self._open(self.collected.get(key, Project(name)), phase, line.number).started = name
        self._end(ended)
        if install and ended is True:
            for hit in self.hits:
                past = hit.episode
                if past and past.project and past.project.key == key:
                    past.done = True

    def _building(self, line: Line, bare: str) -> None:
        """Take uv's announcement, `Building name==version` or `Building name @ file:///...`."""
        named = project_of(bare[9:].split(" @ ", maxsplit=1)[0])
        if named is not None and (named.version or " @ " in bare):
            self.collected[named.key] = replace(named, text=bare[9:])
            self.building[named.key] = self.collected[named.key]
            self.progress = line.number

    def _updating(self, line: Line, text: str, bare: str) -> None:
        """Take uv's announcement, `Updating URL (reference)`, and `Updated` at its end."""
        word, _, rest = bare.partition(" ")
        url = rest.split(" (", 1)[0]
        if "://" not in url:
            self._operation(line, text, bare)
        elif word == "Updated":
            self.fetching.pop(url, None)
        elif named := direct_reference(url, (), None, False):
            self.fetching[url] = named

    def _built(self, line: Line, text: str, bare: str) -> None:
        named = project_of(bare.removeprefix("Built ").split(" @ ", maxsplit=1)[0])
        if named is not None:
            self.building.pop(named.key, None)

    def _end(self, ended: bool | None) -> None:
        if self.episode is None or ended is None:
            return
        if ended:
            self.episode.done = True
            self.episode = Episode(self.episode.project, self.episode.phase, self.episode.opened)
        else:
            self.episode.failed = True

    def _installing(self, line: Line, text: str, bare: str) -> None:
        if bare.startswith(("Installing build dependencies", "Installing backend dependencies")):
            self._stage(line, text, bare)
        elif bare.startswith("Installing collected packages"):
            self.walks.end()
            self.episode = None
            self._current = None
            self.progress = line.number
            self._open(None, Phase.INSTALL, line.number)
        else:
            self._operation(line, text, bare)

    def _operation(self, line: Line, text: str, bare: str) -> None:
        if match := INSTALLING.match(bare):
            project = Project(match["name"], match["version"])
            self.collected[project.key] = project
            failed = "ailed" in match["end"]
            if failed or not (self.episode and self.episode.failed):
                self._current = project
                episode = self._open(project, Phase.BUILD, line.number, "poetry")
                episode.failed = failed
                episode.started = "operation"
            self.progress = line.number

    def _headline(self, line: Line, text: str, bare: str) -> None:
        self._said = bare
        self._wrapped = bare.startswith("×") and text.startswith("  ×")
        self._uv = self._uv or self._wrapped

    def _note(self, line: Line, text: str, bare: str) -> None:
        if match := POETRY_NOTE.search(bare):
            project = Project(match["name"], match["version"])
            if self.episode is None:
                self._open(project, Phase.BUILD, line.number, "poetry")
            elif self.episode.project is None or self.episode.project.key != project.key:
                self.episode.project = project


def _is_same_place(text: str, name: str) -> bool:
    """Say whether pip names the path or URL that it works on, in whatever spelling of its slashes."""
    if "/" not in name or "/" not in text:
        return False
    place = name.partition(":")[2].lstrip("/") or name
    return text.rstrip("/").endswith(place.rstrip("/").lstrip("./"))


_Handler = Callable[[Steps, Line, str, str], None]
_HANDLERS: dict[str, _Handler] = {
    "Collecting": Steps._collecting,
    "Processing": Steps._collecting,
    "Obtaining": Steps._collecting,
    "Downloading": Steps._downloading,
    "Using": Steps._downloading,
    "Preparing": Steps._stage,
    "Getting": Steps._stage,
    "Checking": Steps._stage,
    "Building": Steps._step,
    "Built": Steps._built,
    "Updating": Steps._updating,
    "Updated": Steps._updating,
    "Running": Steps._step,
    "Installing": Steps._installing,
    "-": Steps._operation,
    "•": Steps._operation,
    "✖": Steps._operation,
    "×": Steps._headline,
    "Note:": Steps._note,
    "INFO:": Steps._walking,
    "DEBUG": Steps._walking,
    "Failed": Steps._failed_list,
}
