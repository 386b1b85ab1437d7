"""Gives each recognised line of a log its episode, and remembers how the log ended.

One `Frames` per channel of a log. Must not know what a cause means or who is to blame.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from bisect_deps.diagnosis.announcements import (
    CHECK_COMMAND,
    DOCS_DONE,
    ENDING_WORDS,
    ENDINGS_BAD,
    ENDINGS_GOOD,
    FENCE,
    OF_A_PROGRAM,
    PYTEST,
    RETRYING,
    TESTS_DONE,
    UNITTEST,
    UV_PROJECT,
    phase_of_hook,
)
from bisect_deps.diagnosis.beginnings import Beginning
from bisect_deps.diagnosis.facts import Episode, Hit, Project, Section
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.remembered import remembered
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Blame, Signature, SignatureScope, Trait, Weight
from bisect_deps.diagnosis.steps import Steps
from bisect_deps.diagnosis.tools import follow, poetry
from bisect_deps.diagnosis.tracebacks import Trace
from bisect_deps.model import Phase

MOST_HITS = 1600
_FETCHED = re.compile(r"Failed to (?:download|extract|fetch|unzip) (?!and build|distributions)")
_OF_METADATA = re.compile(r"when getting requirements to build|generating (?:package )?metadata")
_HANDLING = re.compile("During handling of the above exception")
_LISTED = re.compile(r",?\s+(?:and\s+)?|,")
# pipenv shows what pip reports inside of it wrapped at the terminal's width.
_WRAPS = "pipenv.patched.pip."
MOST_SECTIONS = 400
MOST_TRACES = 60
AROUND_BEFORE = 14
AROUND_AFTER = 120

# Steps of a build up to where the installed environment stands; "" is outside any step.
INSTALLING = frozenset({"", "install", "resolve", "build", "download"})


_ANY_EXCEPTION = next(
    signature for signature in SIGNATURES if Trait.ANY_EXCEPTION in signature.traits
)


Matches = Callable[[str], Sequence[tuple[Signature, re.Match[str]]]]


class Frames:
    """The state of one channel: feed it lines, then read `hits`, `collected` and the endings.

    `sections` are the steps that use what is installed, as far as they did not end well; the first
    is what stands outside all fences. `stuck` is the episode at which a fenced step failed.
    """

    def __init__(self, matches: Matches) -> None:
        self.steps = Steps()
        self._matches = matches
        self.bad_ending = 0
        self.good_ending = 0
        self.fences: dict[str, int] = {}
        self.step = ""
        self.stuck: Episode | None = None
        self.tests = False
        self.tests_passed = 0
        self.sections = [Section("", code=1)]
        self._stack = self.sections[:]
        self._previous: Line | None = None
        self._quoted = False
        self._seen: dict[tuple[str, int], int] = {}
        self._recent: deque[tuple[int, str]] = deque(maxlen=AROUND_BEFORE)
        self._following: list[tuple[Hit, int]] = []
        self._reported: Trace | None = None
        self._importing = ""
        self._fence_line = 0
        self._backend_lost = False
        self._checking = False
        self._handled: Episode | None = None
        self._beginning: Beginning | None = Beginning()

    @property
    def last_phase(self) -> Phase:
        """Return how far the log got."""
        failed = {step for step, code in self.fences.items() if code}
        if self.tests or self.tests_passed or self._checking or (failed | {self.step}) - INSTALLING:
            return Phase.CHECK
        if self.steps.success or (
            self.steps.episode is not None and self.steps.episode.tool == "poetry"
        ):
            return Phase.INSTALL
        return self.steps.episode.phase if self.steps.episode else Phase.RESOLVE

    @property
    def amid_failure(self) -> bool:
        """Say whether the log ends in what a step that failed wrote, or inside a traceback."""
        failed = (
            self.steps.episode is not None
            and self.steps.episode.failed
            and not self.steps.episode.done
        )
        return failed or self.steps.quoting or self.steps.tracebacks.unfinished

    def feed(self, line: Line) -> None:
        """Take one line, in order."""
        if self._beginning is None:
            self._take(line)
        elif self._beginning.take(line):
            self._begin()

    def _begin(self) -> None:
        """Take the lines that were held until they told where the log begins."""
        beginning, self._beginning = self._beginning, None
        if beginning is None:
            return
        amid = beginning.amid()
        if amid is not None:
            episode = self.steps.begin_amid(amid.phase, beginning.held[0].number, amid.tool)
            episode.build_requires = amid.requires
        for place, line in enumerate(beginning.held):
            if amid is not None and place == amid.lines:
                self.steps.end_amid()
            self._take(line)

    def _take(self, line: Line) -> None:
        text = line.text
        bare = text.strip()
        if not bare:
            self._previous = None
            self.steps.tracebacks.blank()
            return
        if bare.startswith("::depbisect "):
            self._following = []
            self._fence(line, bare)
            return
        self._explain(line)
        self._section.last = (line.number, text)
        if line.alarming or " passed" in bare:
            self._ends(line, bare)
            self._notice(bare)
        follow(self.steps, line, text, bare)
        if line.alarming:
            traced = self._trace(line, text)
            if not self._recognise(line) and traced:
                self._hit(_ANY_EXCEPTION, line, {})
        self._recent.append((line.number, text))

    def close(self, tail: Sequence[Line]) -> None:
        """Take the last lines of the log once more, for how it ended.

        An error that was handled stands where the one that came of it is cut off.
        """
        self._begin()
        if self._handled is not None and self.steps.tracebacks.unfinished:
            self._handled.done = False
        for line in tail:
            self._ends(line, line.text.strip())

    # --- sections and their tracebacks ----------------------------------------------------

    @property
    def _section(self) -> Section:
        return self._stack[-1]

    def _trace(self, line: Line, text: str) -> bool:
        """Keep the traceback that ends here; say whether it does, and nobody went on after it."""
        trace = self.steps.tracebacks.feed(line.number, text)
        if trace is None or not (self.step or self._is_runtime()):
            return False
        kept = self._section.traces
        kept.append(trace)
        if len(kept) > MOST_TRACES:
            del kept[MOST_TRACES // 2]
        return not trace.passed_over and self.steps.tracebacks.tool is None

    def _begin_section(self, line: Line, match: re.Match[str]) -> None:
        section = Section(match["step"], match["project"] or "", match["module"] or "")
        self._stack.append(section)
        if section.step not in INSTALLING and len(self.sections) < MOST_SECTIONS:
            self.sections.append(section)

    def _end_section(self, line: Line, step: str, code: int | None) -> None:
        """Close the section, and those inside it that were left open."""
        if all(section.step != step for section in self._stack):
            return
        while (section := self._stack.pop()).step != step:
            pass
        section.ended, section.code = line.number, code
        if code == 0 and section in self.sections:
            self.sections.remove(section)

    # --- what comes around a headline -----------------------------------------------------

    def _explain(self, line: Line) -> None:
        if self._following:
            kept = []
            for hit, left in self._following:
                hit.around.append((line.number, line.text))
                if left > 1:
                    kept.append((hit, left - 1))
            self._following = kept

    # --- fences and endings ---------------------------------------------------------------

    def _fence(self, line: Line, bare: str) -> None:
        match = FENCE.match(bare)
        if not match:
            self._recognise(line)
            return
        if match["edge"] == "begin":
            self.step, self._fence_line = match["step"], line.number
            self._importing = match["project"] or ""
            self.steps.episode, self.steps.block, self.steps.in_uv = None, None, False
            self.steps.tracebacks.reset(using=match["step"] not in INSTALLING)
            self.steps.tracebacks.pytest = False
            self.steps.progress = line.number
            self._begin_section(line, match)
            return
        code = int(match["code"]) if match["code"] else None
        self.fences[match["step"]] = max(abs(code or 0), self.fences.get(match["step"]) or 0)
        if code == 0 and match["step"] != "imports":
            self.steps.hits = [hit for hit in self.steps.hits if hit.line < self._fence_line]
        if not any(self.fences.values()):
            self.steps.success = line.number
        self._end_section(line, match["step"], code)
        self.stuck = self.steps.episode if code else self.stuck
        self.steps.episode = None
        self.step = "imports" if match["step"] == "import" else ""

    def _ends(self, line: Line, bare: str) -> None:
        ending = _ending(bare)
        if ending is _Ending.BAD:
            self.bad_ending = line.number
        elif ending is _Ending.GOOD:
            self.good_ending = line.number
        elif ending is _Ending.CHECKED:
            self.tests_passed = line.number
            self.steps.succeed(line.number)

    def _notice(self, bare: str) -> None:
        """Take what changes how later lines are read."""
        news = _news(bare)
        if news is PYTEST:
            self.tests = self.steps.tracebacks.pytest = self._section.tests = True
        elif news is UNITTEST:
            self.tests = self._section.tests = True
        elif news is _HANDLING:
            self._handle()
        elif news is OF_A_PROGRAM:
            self.steps.installed = True
        elif news is UV_PROJECT:
            self.steps.rooted_by_project = True
        elif news is CHECK_COMMAND:
            self._checking = True

    def _handle(self) -> None:
        """Take back an error that was handled: the one that comes next stands."""
        if self.steps.episode is not None and self.steps.episode.runtime:
            self.steps.episode.done = True
            self._handled, self.steps.episode = self.steps.episode, None

    # --- signatures -----------------------------------------------------------------------

    def _recognise(self, line: Line) -> bool:
        self._note_backend(line.text)
        found = self._match(line, line.text)
        before = self._previous
        wrapped = before is not None and _WRAPS in before.text
        if wrapped or self.steps.wrapped or self.steps.in_uv:
            goes_on = (
                before is not None and len(before.text) > 45 and self._quoted is self.steps.quoting
            )
            if before is not None and goes_on and found < Weight.NOISE:
                joined = f"{before.text.rstrip()} {line.text.strip()}"
                self._match(Line(before.number, joined, line.channel), joined, known=before.text)
        self._previous, self._quoted = line, self.steps.quoting
        return found >= Weight.NOISE

    def _note_backend(self, text: str) -> None:
        """Take pip's own traceback about a backend for what it quotes: the backend's."""
        if "BackendUnavailable: " in text:
            self._backend_lost = True

    def _match(self, line: Line, text: str, *, known: str = "") -> int:
        """Take the signatures that the text matches; return the heaviest one's weight, else -1.

        What matches the part of it that is `known`, too, was taken before.
        """
        heaviest = -1
        found = self._matches(text)
        again = bool(found) and RETRYING.search(text) is not None
        for signature, match in found:
            if not self._fits(signature):
                continue
            if (again and signature.weight > Weight.NOISE) or (
                known and signature.regex.search(known)
            ):
                continue
            heaviest = max(heaviest, signature.weight)
            groups = {
                key: value.rstrip(".-_") if key.startswith("name") else value
                for key, value in match.groupdict().items()
                if value
            }
            for key in ("name", "version"):
                if key not in groups and (other := groups.get(f"{key}2")):
                    groups[key] = other
            for mention in _each_named(groups):
                self._hit(signature, line, mention)
        return heaviest

    def _fits(self, signature: Signature) -> bool:
        runtime = self._is_runtime()
        if signature.scope is SignatureScope.BUILD:
            return not runtime
        if signature.scope is SignatureScope.RUNTIME:
            return runtime or signature.weight <= Weight.NOISE
        if signature.scope is SignatureScope.JOB:
            return not self.steps.quoting
        if signature.scope is SignatureScope.INSTALLER:
            return not self.steps.quoting and (
                not runtime or self.steps.tracebacks.tool is not None
            )
        return True

    def _is_runtime(self) -> bool:
        if self.step:
            return self.step not in INSTALLING
        if self.steps.quoting or self.steps.in_uv or self._backend_lost:
            return False
        if self.steps.tracebacks.tool is not None:
            return True
        if (
            self.steps.episode is not None
            and not self.steps.episode.runtime
            and self.steps.episode.started
        ):
            return self.tests
        open_traceback = self.steps.tracebacks.outside or self.steps.tracebacks.tool is not None
        return self.steps.installed or self.tests or open_traceback

    def _hit(self, signature: Signature, line: Line, groups: dict[str, str]) -> None:
        episode = self._episode_of(signature, line, groups)
        key = (signature.name, id(episode))
        count = self._seen.get(key, 0)
        self._seen[key] = count + 1
        hit = Hit(signature, line.number, line.text, groups, episode, quoted=self.steps.quoting)
        if len(self._section.hits) < MOST_TRACES:
            self._section.hits.append(hit)
        if count >= 3:
            for index in range(len(self.steps.hits) - 1, -1, -1):
                old = self.steps.hits[index]
                if old.signature is signature and old.episode is episode:
                    self.steps.hits[index] = hit
                    break
        else:
            self.steps.hits.append(hit)
        if signature.blame is Blame.PROSE and len(self._following) < 6:
            hit.around = [*self._recent, (line.number, line.text)]
            self._following.append((hit, AROUND_AFTER))
        if len(self.steps.hits) > MOST_HITS:
            self._forget()

    def _episode_of(
        self, signature: Signature, line: Line, groups: dict[str, str]
    ) -> Episode | None:
        """Return the episode that a recognised line belongs to; closing lines may open one."""
        episode = self.steps.episode
        if Trait.HEADLINE in signature.traits:
            episode = self._uv_headline(signature, line, groups)
        elif Trait.BACKEND in signature.traits and not (episode and episode.tool == "uv"):
            self.steps.in_uv = True
            phase = Phase.METADATA if " determine " in line.text else Phase.BUILD
            episode = self.steps.open(None, phase, line.number, "uv")
            episode.failed = True
        elif (
            Trait.FETCHES in signature.traits and episode is None and len(self.steps.fetching) == 1
        ):
            [fetched] = self.steps.fetching.values()
            episode = self.steps.open(fetched, Phase.DOWNLOAD, line.number, "uv")
            episode.failed = True
        elif Trait.BUILD_REQUIRES in signature.traits and episode is not None:
            episode.build_requires = True
        elif Trait.CLOSES in signature.traits:
            if "name" in groups and self.steps.block is None:
                episode = self.steps.closed(groups["name"].strip(), line.number)
                if episode.opened == line.number and _OF_METADATA.search(line.text):
                    episode.phase = Phase.METADATA
        elif Trait.COMPARES in signature.traits:
            episode = self._compared(line, groups)
        elif Trait.NOTES in signature.traits:
            poetry.note(self.steps, line, line.text, line.text.strip())
            episode = self.steps.episode or self.steps.open(
                self.steps.current,
                phase_of_hook(groups.get("hook", "build_wheel")),
                line.number,
                "poetry",
            )
            episode.failed = True
        elif self._is_runtime() and (
            signature.scope is SignatureScope.RUNTIME
            or (self.steps.tracebacks.outside and signature.blame is not Blame.PROSE)
        ):
            episode = self._runtime(line)
        return episode

    def _compared(self, line: Line, groups: dict[str, str]) -> Episode | None:
        """Return the check of what a project declares: opened by its name, failed by a finding."""
        episode = self.steps.episode
        if name := groups.get("name"):
            project = Project(name, groups.get("version"))
            return self.steps.open(project, Phase.CHECK, line.number, "nix")
        if episode is not None and episode.tool == "nix":
            episode.failed = True
        return episode

    def _forget(self) -> None:
        half = len(self.steps.hits) // 2
        kept = [
            hit
            for hit in self.steps.hits[half // 2 : -half]
            if hit.signature.weight >= Weight.EXACT
        ]
        self.steps.hits = self.steps.hits[: half // 2] + kept[:100] + self.steps.hits[-half:]
        self._seen.clear()

    def _uv_headline(
        self, signature: Signature, line: Line, groups: dict[str, str]
    ) -> Episode | None:
        name = groups.get("name")
        self.steps.in_uv = True
        if not name:
            return self.steps.episode
        current = self.steps.episode
        if current and current.build_requires and current.tool == "uv":
            current.inner = Project(name, groups.get("version"))
            return current
        project = Project(name, groups.get("version"), rooted=False)
        if (
            current
            and current.tool == "uv"
            and current.project
            and current.project.key == project.key
        ):
            return current
        phase = Phase.DOWNLOAD if _FETCHED.search(line.text) else Phase.BUILD
        if "Failed to install: " in line.text:
            phase = Phase.INSTALL
        episode = self.steps.open(project, phase, line.number, "uv")
        episode.failed = True
        return episode

    def _runtime(self, line: Line) -> Episode:
        """Return the episode of the traceback or the test that the line belongs to."""
        reported = self.steps.tracebacks.take()
        current = self.steps.episode
        if (
            current is not None
            and current.runtime
            and (reported is None or reported is self._reported)
        ):
            return current
        tool = self.steps.tracebacks.tool or ""
        phase = Phase.RESOLVE if tool else Phase.CHECK
        self.steps.episode = Episode(None, phase, line.number, runtime=True, tool=tool)
        self.steps.episode.tests = self.tests
        self.steps.episode.importing = self._importing
        self._reported = reported
        if reported is not None:
            self.steps.episode.packages = reported.packages
        return self.steps.episode


class _Ending(Enum):
    """How a line says that a job ended, or a check."""

    BAD = "bad"
    GOOD = "good"
    CHECKED = "checked"


@remembered
def _ending(bare: str) -> _Ending | None:
    worded = any(word in bare for word in ENDING_WORDS)
    if worded and ENDINGS_BAD.search(bare):
        return _Ending.BAD
    if worded and ENDINGS_GOOD.search(bare):
        return _Ending.GOOD
    if DOCS_DONE.match(bare):
        return _Ending.CHECKED
    match = TESTS_DONE.match(bare)
    reported = match["counts"] or match["bare"] or match["unittest"] if match else ""
    passed = "passed" in reported and "failed" not in reported and "error" not in reported
    return _Ending.CHECKED if passed or reported == "OK" else None


@remembered
def _news(bare: str) -> re.Pattern[str] | None:
    """Return the first pattern that the line matches of those that change how others are read."""
    starting = (PYTEST, UNITTEST)
    if found := next((pattern for pattern in starting if pattern.match(bare)), None):
        return found
    inside = (_HANDLING, OF_A_PROGRAM, UV_PROJECT)
    if found := next((pattern for pattern in inside if pattern.search(bare)), None):
        return found
    return CHECK_COMMAND if CHECK_COMMAND.match(bare) else None


def _each_named(groups: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the groups once for each project of a list, its name as `name`; else as they are."""
    listed = next((value for key, value in groups.items() if key.startswith("names")), "")
    if not listed:
        yield groups
    for name in dict.fromkeys(_LISTED.split(listed)):
        if name.strip():
            yield {**groups, "name": name.strip(" .")}
