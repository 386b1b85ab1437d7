"""Many files: each has its own run; what one proved about a release is known to the next.

Runs share one instant of the index and one memory. It answers whole builds and builds of one
release alone by their key, and takes a release that was proven not to build for what it is in every
file that pins it under the same options. Knows neither click nor the console.
"""

from __future__ import annotations

import json
import sysconfig
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bisect_deps.builders._scratch import option_lines
from bisect_deps.errors import DepbisectError, InputError
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.model import (
    BuildStatus,
    Culprit,
    Mention,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    Release,
    Requirement,
    Verdict,
    VerdictKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.progress import Silent
from bisect_deps.reports.json import from_json
from bisect_deps.run.driver import Recalled
from bisect_deps.run.journal import digest, read
from bisect_deps.run.output import write_fix
from bisect_deps.run.running import Finished, Shared, run
from bisect_deps.run.settings import RunSettings, settled
from bisect_deps.run.setup import manifest_of
from bisect_deps.system.files import hint_for_missing, read_regular, write_whole
from bisect_deps.system.trust import STATE_FOLDER, make_state_folder

FOLDER = Path(STATE_FOLDER) / "fleet"
# Where a release itself is at fault, whatever stands beside it.
_OWN = (Phase.METADATA, Phase.BUILD)
# Fields of a row that JSON has as lists.
_LISTS = ("culprits", "known", "written")
# How much of a task's digest names its folder.
_STATE = 24


@dataclass(frozen=True, slots=True)
class Task:
    """One file for one Python."""

    settings: RunSettings
    inputs: str

    @property
    def name(self) -> str:
        """Return the file as the user named it."""
        return str(self.settings.file)


@dataclass(frozen=True, slots=True)
class Broken:
    """A release that was proven not to build: by which file's run, under which options.

    `log` is the path of the log that shows it.
    """

    name: str
    version: str
    options: str
    python: str | None
    file: str
    log: str

    def __str__(self) -> str:
        """Return it as a pin."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one task. `known` are releases whose failure another file had shown.

    `verdict` is a `VerdictKind` value, or `error` with the sentence in `summary`.
    """

    file: str
    python: str | None
    inputs: str
    verdict: str
    summary: str
    builds: int = 0
    seconds: float = 0.0
    culprits: tuple[str, ...] = ()
    diff: str = ""
    known: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    written: tuple[str, ...] = ()
    resumed: bool = False

    @property
    def is_good(self) -> bool:
        """Say whether the file passes, or a fix of it was verified."""
        return self.verdict in (VerdictKind.PASSES.value, VerdictKind.FIXED.value)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet is to do: `slots` runs at once; `write` puts verified fixes in place."""

    tasks: Sequence[Task]
    home: Path
    slots: int = 1
    write: bool = False
    fresh: bool = False


class Knowledge:
    """The memory that the runs share; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Recalled] = {}
        self._broken: dict[tuple[str, str, str, str | None], Broken] = {}

    def learn(self, key: str, answer: Recalled) -> None:
        """Take note of a build that has ended."""
        with self._lock:
            self._answers[key] = answer

    def learn_broken(self, releases: Iterable[Broken]) -> None:
        """Take note of releases that were proven not to build."""
        with self._lock:
            for release in releases:
                known = (release.name, release.version, release.options, release.python)
                self._broken.setdefault(known, release)

    def answer(self, key: str) -> Recalled | None:
        """Return how a build of that key ended."""
        with self._lock:
            return self._answers.get(key)

    def broken(self, requirement: Requirement, options: str, python: str | None) -> Broken | None:
        """Return what is known of a pinned release that does not build."""
        if not requirement.pin or requirement.url or requirement.constraint:
            return None
        with self._lock:
            return self._broken.get((requirement.name, requirement.pin, options, python))


@dataclass(slots=True)
class _View:
    """The memory as one run sees it; `known` are the releases that it was told of."""

    knowledge: Knowledge
    options: str
    python: str | None
    known: dict[str, Broken] = field(default_factory=dict)

    def recall(
        self, key: str, inquiry: Inquiry, requirements: Sequence[Requirement]
    ) -> Recalled | None:
        """Return an equal build of another run, or that of a release known not to build."""
        answer = self.knowledge.answer(key)
        if answer is not None or inquiry.build_constraints or inquiry.repeat:
            return answer
        for requirement in requirements:
            is_asked = inquiry.isolated in (
                None,
                str(Release(requirement.name, requirement.pin or "")),
            )
            if requirement.marker or not is_asked:
                continue
            found = self.knowledge.broken(requirement, self.options, self.python)
            if found is not None:
                self.known[str(found)] = found
                log = Path(found.log).read_text(encoding="utf-8", errors="replace")
                return Recalled(BuildStatus.FAILED, log)
        return None

    def learn(self, key: str, answer: Recalled) -> None:
        """Pass a build on to the others."""
        self.knowledge.learn(key, answer)

    def reported(self) -> list[str]:
        """Return from which file's run each known release is known."""
        return [
            f"That {found} does not build was shown by the run of {found.file}, with the same "
            "Python, installer and index; it was not built again."
            for _, found in sorted(self.known.items())
        ]


class Fleet:
    """Runs the tasks of a plan; `tell` hears of each row as it is done."""

    def __init__(self, plan: Plan, tell: Callable[[Row], None]) -> None:
        self._plan = plan
        self._tell = tell
        self._folder = plan.home / FOLDER
        self._knowledge = Knowledge()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._waiting: list[Task] = []
        self._running: dict[int, frozenset[tuple[str, str]]] = {}
        self._pins: dict[str, frozenset[tuple[str, str]]] = {}
        self._rows: dict[str, Row] = {}
        self._failure: BaseException | None = None

    def run(self) -> list[Row]:
        """Return the rows in the order of the tasks. Raises KeyboardInterrupt, DepbisectError."""
        self._open()
        self._waiting = [task for task in self._plan.tasks if not self._resume(task)]
        self._pins = {task.inputs: _pins(task.settings) for task in self._waiting}
        # Until 3.11 Python fills them while other threads read, and uv is looked for with them.
        sysconfig.get_config_vars()
        slots = min(self._plan.slots, max(1, len(self._waiting)))
        threads = [threading.Thread(target=self._work, args=(slot,)) for slot in range(slots)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                time.sleep(POLICY.fleet_look)
        except BaseException:
            self._stop.set()
            raise
        finally:
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure
        return [self._rows[task.inputs] for task in self._plan.tasks]

    def _open(self) -> None:
        """Read the rows of an earlier call, and fix the instant of the index."""
        make_state_folder(self._plan.home / STATE_FOLDER)
        self._folder.mkdir(exist_ok=True)
        self._record = self._folder / "rows.jsonl"
        instant = self._folder / "as-of"
        if self._plan.fresh:
            for path in (self._record, instant):
                path.unlink(missing_ok=True)
        if not instant.exists():
            write_whole(instant, settled().encode())
        self._as_of = instant.read_text(encoding="utf-8").strip()
        self._earlier = dict(_rows(self._record))

    def _resume(self, task: Task) -> bool:
        """Take over what an earlier call found out about the very same task."""
        row = self._earlier.get(task.inputs)
        state = self._state(task)
        if (state / "journal.jsonl").exists() and not self._plan.fresh:
            for key, answer in _answers(state):
                self._knowledge.learn(key, answer)
        if row is None:
            return False
        self._knowledge.learn_broken(row.broken)
        if self._plan.write and row.verdict == VerdictKind.FIXED.value:
            return False  # The file is as it was before that fix: its own journal has it again.
        self._rows[task.inputs] = replace(row, resumed=True, file=task.name)
        self._tell(self._rows[task.inputs])
        return True

    def _state(self, task: Task) -> Path:
        return self._folder / task.inputs[:_STATE]

    def _work(self, slot: int) -> None:
        try:
            while not self._stop.is_set():
                task = self._next(slot)
                if task is None:
                    return
                self._done(task, self._run(task))
        except BaseException as error:
            self._failure = self._failure or error
            self._stop.set()

    def _next(self, slot: int) -> Task | None:
        """Return the task that has least in common with those that run: its answers may come."""
        with self._lock:
            self._running.pop(slot, None)
            if not self._waiting:
                return None
            busy = frozenset[tuple[str, str]]().union(*self._running.values())
            apart = (task for task in self._waiting if self._pins[task.inputs].isdisjoint(busy))
            task = next(apart, None) or min(
                self._waiting, key=lambda task: len(self._pins[task.inputs] & busy)
            )
            self._waiting.remove(task)
            self._running[slot] = self._pins[task.inputs]
            return task

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise KeyboardInterrupt

    def _run(self, task: Task) -> Row:
        began = time.monotonic()
        settings = replace(task.settings, jobs=1, as_of=self._as_of, resume=not self._plan.fresh)
        about = (task.name, task.settings.python, task.inputs)
        try:
            view = _View(self._knowledge, _options(settings), settings.python)
            shared = Shared(self._state(task), view, self._sleep)
            finished = run(settings, Silent(), None, shared)
            if finished.interrupted:
                raise KeyboardInterrupt
        except DepbisectError as error:
            return Row(*about, "error", str(error))
        row = _row(about, finished.verdict, view, shared.state, time.monotonic() - began)
        return replace(row, written=self._write(settings, finished))

    def _write(self, settings: RunSettings, finished: Finished) -> tuple[str, ...]:
        if not self._plan.write:
            return ()
        return tuple(write_fix(finished.verdict, finished.originals, settings.file, None, True))

    def _done(self, task: Task, row: Row) -> None:
        self._knowledge.learn_broken(row.broken)
        with self._lock:
            self._rows[task.inputs] = row
            if row.verdict not in ("error", VerdictKind.UNAVAILABLE.value):
                with self._record.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(as_json(row, whole=True)) + "\n")
            self._tell(row)


def task_of(settings: RunSettings) -> Task:
    """Return the task of one file. Raises InputError where the file cannot be read."""
    files = manifest_of(settings).files
    parts = [part for name, data in files.items() for part in (name, data)]
    asked = replace(settings, resume=True, jobs=None, file=Path(settings.file.name))
    return Task(settings, digest(str(settings.file.resolve()), *parts, repr(asked)))


def expand(paths: Sequence[str], listed: str = "") -> list[Path]:
    """Return the files that paths, globs and a list (one a line) name, each once, in order.

    Raises InputError for a path that is not there, and for a glob without a match.
    """
    found: dict[Path, None] = {}
    for text in [*paths, *(line.strip() for line in listed.splitlines() if line.strip())]:
        path = Path(text)
        if path.is_dir():
            matches = sorted(path.rglob("*requirements*.txt"))
        else:
            matches = [path] if path.exists() else _globbed(text)
        if not matches:
            hint = hint_for_missing(Path(text), "give files, folders or globs")
            raise InputError("no such file", place=text, hint=hint)
        found.update(dict.fromkeys(matches))
    return list(found)


def verdicts_of(rows: Sequence[Row], home: Path) -> Iterator[Verdict]:
    """Yield the verdicts of rows, of this call and of earlier ones, as their runs kept them."""
    for row in rows:
        report = home / FOLDER / row.inputs[:_STATE] / "report.json"
        if row.verdict != "error":
            with suppress(OSError, ValueError):
                yield from_json(json.loads(read_regular(report)))


def culprit_counts(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Return each culprit with the number of files that it breaks, most first."""
    counted = Counter(culprit for row in rows for culprit in row.culprits)
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def as_json(row: Row, *, whole: bool = False) -> dict[str, Any]:
    """Return a row as JSON knows it; `whole` with what a resume needs."""
    value = asdict(row)
    value["seconds"] = round(row.seconds, 3)
    if not whole:
        value["broken"] = [str(release) for release in row.broken]
        del value["inputs"]
    return value


def _globbed(text: str) -> list[Path]:
    path = Path(text)
    root = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(root)) if path.is_absolute() else text
    return sorted(found for found in root.glob(pattern) if found.is_file())


def _rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the rows that were recorded; a line that a kill cut short is passed over."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        row = _row_of(line)
        if row is not None:
            yield row.inputs, row


def _row_of(line: str) -> Row | None:
    try:
        value: dict[str, Any] = json.loads(line)
        lists: dict[str, Any] = {name: tuple(value[name]) for name in _LISTS}
        broken = tuple(Broken(**known) for known in value["broken"])
        return Row(**{**value, **lists, "broken": broken})
    except (ValueError, KeyError, TypeError):
        return None


def _answers(state: Path) -> Iterator[tuple[str, Recalled]]:
    """Yield the answers of a run's journal."""
    for key, answered in read(state / "journal.jsonl").answers.items():
        status = BuildStatus(answered.status)
        path = state / answered.log
        if status in (BuildStatus.PASSED, BuildStatus.FAILED) and path.is_file():
            log = path.read_text(encoding="utf-8", errors="replace")
            about = (answered.seconds, answered.installed, answered.modules)
            yield key, Recalled(status, log, *about)


def _options(settings: RunSettings) -> str:
    """Return what decides how a pin is installed: option lines, index, installer, checks aside."""
    lines = b"".join(map(option_lines, manifest_of(settings).files.values()))
    index = settings.index
    about = (lines, settings.builder, settings.installer, repr(index), repr(settings.own))
    return digest(*about)


def _pins(settings: RunSettings) -> frozenset[tuple[str, str]]:
    requirements = manifest_of(settings).requirements
    return frozenset(
        (requirement.name, requirement.pin)
        for requirement in requirements
        if requirement.pin and not requirement.url
    )


def _row(
    about: tuple[str, str | None, str], verdict: Verdict, view: _View, state: Path, seconds: float
) -> Row:
    return Row(
        *about,
        verdict.kind.value,
        verdict.summary,
        builds=verdict.builds,
        seconds=seconds,
        culprits=tuple(map(_named, verdict.culprits)),
        diff=verdict.fix.diff if verdict.fix else "",
        known=tuple(sorted(view.known)),
        broken=tuple(_broken(verdict, view, about[0], state)),
    )


def _named(culprit: Culprit) -> str:
    return " + ".join(str(Mention(member.name, member.version)) for member in culprit.members)


def _broken(verdict: Verdict, view: _View, file: str, state: Path) -> Iterator[Broken]:
    """Yield the releases that the verdict proves not to build, with the log that shows it."""
    probes = {probe.number: probe for probe in verdict.probes}
    for culprit in verdict.culprits:
        number = culprit.proof.failing_probe
        [member, *others] = culprit.members
        if culprit.phase not in _OWN or others or number not in probes:
            continue
        shown = {member.version: probes[number]}
        for narrowing in culprit.narrowings:
            shown |= _tried(narrowing, probes)
        for version, probe in shown.items():
            path = state / probe.log
            if version and path.is_file():
                yield Broken(member.name, version, view.options, view.python, file, str(path))


def _tried(narrowing: Narrowing, probes: Mapping[int, Probe]) -> dict[str | None, Probe]:
    """Return the versions that a build of their own, or of the file, showed not to build."""
    found: dict[str | None, Probe] = {}
    for tried in narrowing.tried:
        probe = probes.get(tried.probe or 0)
        if probe is not None and probe.outcome is Outcome.FAIL and probe.diagnosis is not None:
            failing = [suspect.failing for suspect in probe.diagnosis.suspects[:1]]
            if failing == [Mention(narrowing.name, tried.version)]:
                found[tried.version] = probe
    return found
