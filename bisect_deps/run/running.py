"""A run: opens its collaborators, has the repair told and its questions built, writes the report.

Knows neither HTTP nor click nor rich.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.builders.base import BuilderOptions
from bisect_deps.diagnosis.sources import only_log_in
from bisect_deps.errors import BuilderUnavailable, IndexUnavailable, JournalError
from bisect_deps.fix.case import Case, baseline_inquiry
from bisect_deps.fix.conclusion import Conclusion, Way
from bisect_deps.fix.failure import installs
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.formats.base import Manifest, unpinned, users_files
from bisect_deps.index import Index
from bisect_deps.index.made_for import made_for
from bisect_deps.model import (
    STDIN,
    BuildStatus,
    Candidate,
    IndexSettings,
    Interpreter,
    Note,
    Phase,
    ProbeKind,
    PythonFor,
    Release,
    Verdict,
    VerdictKind,
)
from bisect_deps.progress import Overview, Progress
from bisect_deps.reports.base import made_for as made_for_sentence
from bisect_deps.run.driver import Memory, Prober, drive
from bisect_deps.run.journal import Journal
from bisect_deps.run.other_pythons import MadeFor, located, try_other_pythons
from bisect_deps.run.settings import RunSettings
from bisect_deps.run.setup import close, manifest_of, open_run
from bisect_deps.secret import masked
from bisect_deps.system.files import holds
from bisect_deps.system.trust import STATE_FOLDER
from bisect_deps.text import listed

if TYPE_CHECKING:
    from bisect_deps.run.ahead import Ahead

# Of what shows which Python a file was made for: how many pins fit there, and which do not here.
_FACTS_AT_ONCE = 2
_INSTALL_ALONE = (
    "The fix was installed, and nothing of it was imported or run; --imports or --check CMD tries "
    "that, too."
)
# What a run needs once its first build has ended.
_READ_LATER = (
    "bisect_deps.diagnosis.diagnosing",
    "bisect_deps.fix.repair",
    "bisect_deps.fix.verdict",
    "bisect_deps.reports.json",
    "bisect_deps.run.ahead",
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run's verdict, the bytes of the files it read, and where its releases came from.

    `interrupted` says that the verdict is what was known when Ctrl-C came.
    """

    verdict: Verdict
    originals: dict[str, bytes]
    index: IndexSettings
    interpreter: Interpreter
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """An answer that a person gave: to which question, how it ended, the log if there is one."""

    inquiry: Inquiry
    status: BuildStatus
    log: bytes


@dataclass(frozen=True, slots=True)
class Handover:
    """What a guided session leaves to a run: the original file, and the answers as given."""

    manifest: Manifest
    reported: tuple[Reported, ...]


@dataclass(slots=True)
class _Stopwatch:
    """When a run began, when its first fix was proven, and which fixes were announced."""

    began: float
    fixed: float | None = None
    announced: tuple[Candidate, ...] = ()
    complete: bool = False

    def stop(self) -> None:
        """Take what is known now for the first fix, where none was announced."""
        if self.fixed is None:
            self.fixed = time.monotonic() - self.began

    def tell(
        self, manifest: Manifest, progress: Progress, candidate: Candidate, probe: int, last: bool
    ) -> None:
        """Announce the first fix that a build proved, and the first that nothing is taken from."""
        from bisect_deps.fix.verdict import fix_of

        seconds = time.monotonic() - self.began
        ends = last and not self.complete
        self.complete = self.complete or last
        if ends and candidate in self.announced:
            progress.fix_stays()
        elif ends or not self.announced:
            self.fixed = seconds if self.fixed is None else self.fixed
            self.announced = (*self.announced, candidate)
            fix = fix_of(manifest, Way(candidate, probe, ""))
            progress.fix_proven(fix, seconds, smaller=not last)


@dataclass(frozen=True, slots=True)
class Shared:
    """What a run has in common with others at the same time.

    `state` holds its journal, `memory` what the others found out; `sleep` waits between two polls,
    and may raise to end the run.
    """

    state: Path
    memory: Memory
    sleep: Callable[[float], None]


def run(
    settings: RunSettings,
    progress: Progress,
    handover: Handover | None = None,
    shared: Shared | None = None,
    *,
    known: Callable[[], None] = lambda: None,
) -> Finished:
    """Bisect the failing build of a file: open the run, tell the repair, write the report.

    `known` is called once there is an answer, which no interrupt may take away from then on.
    Raises DepbisectError for whatever keeps a run from starting; the file itself is never touched.
    """
    watch = _Stopwatch(time.monotonic())
    manifest = manifest_of(settings) if handover is None else handover.manifest
    state = shared.state if shared else settings.file.resolve().parent / STATE_FOLDER
    with Journal(state, fresh=not settings.resume) as journal:
        opened = open_run(settings, manifest, journal, progress, made_for=made_for_file)
        left: list[str] = []
        opening = ExitStack()
        try:
            progress.run_started(opened.target, _overview(settings, manifest))
            prober = Prober(
                manifest,
                opened.builder,
                journal,
                progress,
                opened.limits,
                settings.checks,
                sleep=shared.sleep if shared else time.sleep,
                memory=shared.memory if shared else None,
            )
            there = opening.enter_context(closing(MadeFor(prober, opened.options)))

            def announced(candidate: Candidate, probe: int, last: bool) -> None:
                watch.tell(manifest, progress, candidate, probe, last)
                there.expect(_as_written(settings, installs(prober.probes[0])))

            def proven(candidate: Candidate) -> None:
                from bisect_deps.fix.repair import is_lossy

                if settings.allow_removal or not is_lossy(opened.case, candidate):
                    announced(candidate, 0, last=False)

            resolver = opened.case.resolver
            case = replace(
                opened.case,
                record=prober.resolved,
                tell=announced,
                announced=lambda: watch.announced[-1] if watch.announced else None,
                unheard=prober.unheard,
                resolver=resolver.guarded(prober.meanwhile) if resolver is not None else None,
            )
            prober.proven = proven
            _take_over(prober, case, settings, handover)

            def after(conclusion: Conclusion) -> None:
                watch.stop()
                if _is_broken(conclusion):
                    there.ask(_as_written(settings, _is_of_check(conclusion)))
                left.extend(
                    _elsewhere(settings, opened.options, prober, conclusion, there.python_for)
                )
                known()

            conclusion = _concluded(
                prober, lambda: _told(case, prober, there, opening, progress), after
            )
            known()
        finally:
            opening.close()
            left += close(opened.builder, progress)
        from bisect_deps.fix.verdict import verdict_of

        verdict = verdict_of(
            manifest,
            opened.target,
            conclusion,
            prober.probes,
            builds=prober.builds,
            seconds=time.monotonic() - watch.began,
            seconds_to_fix=watch.fixed,
        )
        reported = [*_recalled(shared), *_changed(manifest, settings.file.resolve().parent)]
        if opened.builder.describe().check and _is_of_install(settings, conclusion):
            reported.append(_INSTALL_ALONE)
        verdict = replace(
            verdict,
            notes=(*verdict.notes, *map(Note, (*opened.notes, *left, *reported))),
            files=tuple(map(str, settings.files)),
            python_for=there.python_for,
            unpinned=_unpinned(case, verdict),
        )
        _keep(journal, verdict, progress)
    progress.finished(verdict)
    return Finished(
        verdict,
        users_files(manifest),
        opened.seen,
        opened.interpreter,
        interrupted=conclusion.interrupted,
    )


def _told(
    case: Case, prober: Prober, there: MadeFor, opening: ExitStack, progress: Progress
) -> Conclusion:
    """Return what the repair ends with; the first build runs before the repair is read."""
    prober.expect([baseline_inquiry(case)])
    _read_the_rest()
    from bisect_deps.fix.repair import repair

    there.python_for = _python_for(case, progress)
    prober.foresight = opening.enter_context(_ahead(case, prober))
    return drive(repair(case), prober)


def _concluded(
    prober: Prober, told: Callable[[], Conclusion], after: Callable[[Conclusion], None]
) -> Conclusion:
    """Return what is told; what is asked `after` that may fail, and takes nothing away."""
    conclusion: Conclusion | None = None
    try:
        conclusion = told()
        after(conclusion)
    except IndexUnavailable as error:
        return conclusion or _unavailable(error)
    except BaseException as error:
        prober.unheard()
        if conclusion is None or not isinstance(error, KeyboardInterrupt):
            raise
        return replace(conclusion, interrupted=True)
    return conclusion


def _read_the_rest() -> None:
    """Import what is needed once the first build has ended: a tenth of a second while it runs."""
    for name in _READ_LATER:
        importlib.import_module(name)
    from bisect_deps.diagnosis.gate import candidates

    candidates("")  # Files its literals, for the log of that build.


def _keep(journal: Journal, verdict: Verdict, progress: Progress) -> None:
    from bisect_deps.reports.json import dumps

    try:
        journal.keep("report.json", dumps(verdict).encode())
    except JournalError as error:
        # What was found is told all the same.
        progress.note(f"the report was not kept: {error}")


@contextmanager
def _ahead(case: Case, prober: Prober) -> Iterator[Ahead | None]:
    """Look ahead where builds cost nothing but time; else have the resolver asked for a start."""
    is_free = prober.limits.max_builds is None and not case.capabilities.reattach
    if prober.limits.slots < 2 or not is_free:
        with suppress(BuilderUnavailable):  # Whoever needs it will hear of it.
            case.resolve(Candidate())
        try:
            yield None
        finally:
            if case.resolver is not None:
                case.resolver.end()
        return
    from bisect_deps.fix.repair import repair
    from bisect_deps.run.ahead import Ahead

    with closing(Ahead(repair, case, prober.limits.slots)) as ahead:
        yield ahead


def _recalled(shared: Shared | None) -> Sequence[str]:
    return shared.memory.reported() if shared else ()


def _changed(manifest: Manifest, folder: Path) -> list[str]:
    """Say which of the user's files are no longer as they were read: builds run with their rights.

    Nothing is written over them: see `write_fix`.
    """
    changed = [
        name
        for name, data in users_files(manifest).items()
        if name != STDIN and (path := folder / name).exists() and not holds(path, data)
    ]
    return [
        f"{listed(changed)} changed while the run went on, by hand or by a build; the verdict is "
        "for what was read at its start."
    ][: len(changed)]


def _unavailable(error: IndexUnavailable) -> Conclusion:
    """Return what a run ends with where the index is at fault: nothing is accused or written."""
    notes = (Note(error.hint),) if error.hint else ()
    summary = f"{error.message[:1].upper()}{error.message[1:]}."
    return Conclusion(VerdictKind.UNAVAILABLE, summary=summary, notes=notes)


def made_for_file(manifest: Manifest, index: Index) -> PythonFor | None:
    """Return the Python that a file was made for, by what the index says of its pins."""
    lines = [line for line in manifest.requirements if line.pin and not line.url]
    index.prefetch([line.name for line in lines])
    pins = [
        (line, known)
        for line in lines
        if (known := index.release(Release(line.name, line.pin or ""))) is not None
    ]
    return made_for(pins, index.interpreter)


def _unpinned(case: Case, verdict: Verdict) -> Mapping[str, str]:
    """Return the lines that pin nothing with their verified versions, once something passes."""
    proven = verdict.kind in (VerdictKind.PASSES, VerdictKind.FIXED)
    markers = case.interpreter.markers if case.interpreter is not None else {}
    if not proven:
        return {}
    edits = verdict.fix.candidate.edits if verdict.fix is not None else ()
    pinned = {edit.name for edit in edits if edit.to is not None and edit.to.startswith("==")}
    left = [line for line in case.standing if line.name not in pinned]
    return unpinned(left, verdict.environment, markers)


def _python_for(case: Case, progress: Progress) -> PythonFor | None:
    found = made_for_file(case.manifest, case.index) if case.index is not None else None
    if found is None:
        return None
    found = located(found)
    progress.statement(made_for_sentence(found, _FACTS_AT_ONCE))
    return found


def _take_over(
    prober: Prober, case: Case, settings: RunSettings, handover: Handover | None
) -> None:
    """Give the prober what is known without a build: the user's log, a session's answers."""
    if settings.log is not None:
        text = only_log_in(settings.log).decode("utf-8", "surrogateescape")
        data = masked(text).encode("utf-8", "surrogateescape")
        prober.give(baseline_inquiry(case), data)
    for reported in handover.reported if handover is not None and settings.resume else ():
        inquiry = replace(reported.inquiry, imports=reported.inquiry.imports or case.imports)
        prober.give(inquiry, reported.log, reported.status)


def _elsewhere(
    settings: RunSettings,
    options: BuilderOptions,
    prober: Prober,
    conclusion: Conclusion,
    python_for: PythonFor | None,
) -> list[str]:
    """Return what another Python makes of the file as it is, where all ways out are wanted."""
    known = python_for is not None and python_for.probe is not None
    wanted = settings.alternatives and options.here and not known
    if not (wanted and _is_broken(conclusion)):
        return []
    reported = try_other_pythons(prober, options, _as_written(settings, _is_of_check(conclusion)))
    return [reported] if reported else []


def _is_broken(conclusion: Conclusion) -> bool:
    """Say whether the file is known to fail, and there is time to ask where it does not."""
    fails = conclusion.kind in (VerdictKind.FIXED, VerdictKind.CULPRITS)
    return fails and not conclusion.interrupted


def _is_of_check(conclusion: Conclusion) -> bool:
    return any(culprit.phase is Phase.CHECK for culprit in conclusion.culprits)


def _is_of_install(settings: RunSettings, conclusion: Conclusion) -> bool:
    """Say whether a fix was proven by installing it, and nothing that it installs was tried."""
    is_fixed = conclusion.kind is VerdictKind.FIXED
    return is_fixed and not (settings.checks or settings.imports or _is_of_check(conclusion))


def _as_written(settings: RunSettings, by_imports: bool) -> Inquiry:
    return Inquiry(
        Candidate(),
        ProbeKind.WHOLE,
        "does the file build as it is on another Python?",
        imports=settings.imports or (by_imports and not settings.checks),
    )


def _overview(settings: RunSettings, manifest: Manifest) -> Overview:
    file = listed([str(path) for path in settings.files]) or str(settings.file)
    return Overview(file, len(manifest.requirements), tuple(users_files(manifest))[1:])
