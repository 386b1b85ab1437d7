"""The whole story of a run on one screen, and the session that gives it its collaborators.

`solve` tells what happens, as a story that yields questions: a build answers them in `run`, a
person in a guided session. Knows neither HTTP nor click nor rich.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bisect_deps.builders.base import BuilderOptions
from bisect_deps.config import Settings
from bisect_deps.elsewhere import try_elsewhere
from bisect_deps.errors import JournalError
from bisect_deps.formats.base import Manifest, users_files
from bisect_deps.journal import STATE_FOLDER, Journal
from bisect_deps.model import (
    BuildStatus,
    Candidate,
    IndexSettings,
    Interpreter,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Verdict,
    VerdictKind,
)
from bisect_deps.opening import close, manifest_of, open_run
from bisect_deps.probing import BudgetSpent, Inquiry, Prober, Story, drive
from bisect_deps.progress import Overview, Progress
from bisect_deps.reports.base import listed
from bisect_deps.reports.json import dumps
from bisect_deps.steps.accusing import fresh, isolated, judge_leads, leads_from_facts, suspicions
from bisect_deps.steps.base import Alternative, Case, Context, ask, installs, noting_passes
from bisect_deps.steps.building import is_worth_it, keep_by_older_tools
from bisect_deps.steps.checking import mend_check
from bisect_deps.steps.mending import mend_install
from bisect_deps.steps.narrowing import narrow_all
from bisect_deps.steps.restoring import mend_by_memory
from bisect_deps.steps.telling import verdict_of


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the story ended with; `fixes` are proven green, the recommended one first."""

    kind: VerdictKind
    case: Case
    summary: str
    fixes: tuple[Alternative, ...] = ()
    passing: Probe | None = None
    notes: tuple[str, ...] = field(default=())


def solve(context: Context, case: Case | None = None) -> Story[Conclusion]:
    """Tell which requirements break the build, and a fix that a build proved; the whole story.

    What becomes known on the way goes into `case`.
    """
    case = Case() if case is None else case
    try:
        return (yield from noting_passes(context, case, _solve(context, case)))
    except BudgetSpent as spent:
        case.notes += suspicions(context, case)
        case.notes.append("Go on with a larger --max-builds; no finished build is repeated.")
        return Conclusion(VerdictKind.INCONCLUSIVE, case, f"Stopped early: {spent.message}.")


def _solve(context: Context, case: Case) -> Story[Conclusion]:
    baseline = yield from _baseline(context, case)
    if baseline.outcome is Outcome.PASS and not (context.has_check or context.imports):
        context = replace(context, imports=True)
        baseline = yield from _imports(context, case, baseline)
    if baseline.outcome is Outcome.PASS:
        return Conclusion(VerdictKind.PASSES, case, "The file builds as it is.", passing=baseline)
    if baseline.outcome is Outcome.UNRESOLVED:
        return _unresolved(case, baseline)

    probe = baseline
    fixes: Sequence[Alternative] = yield from mend_by_memory(context, case, baseline)
    if not fixes and not installs(probe):
        probe = yield from mend_install(context, case, probe)
    if fixes:
        pass
    elif probe.outcome is Outcome.PASS:
        fixes = [Alternative(case.candidate, probe.number, "bump", "")]
    elif installs(probe):
        fixes = yield from mend_check(context, case, probe)
    try:
        if is_worth_it(context, fixes):
            fixes = yield from keep_by_older_tools(context, case, fixes)
        if not fixes:
            return _unmended(case, probe)
        yield from narrow_all(context, case, fixes[0].candidate, fixes[0].probe)
    except BudgetSpent as spent:
        if not fixes:
            raise
        case.notes.append(f"Nothing finer than this fix was looked for: {spent.message}.")
    for found in case.culprits:
        found.passing_probe = found.passing_probe or fixes[0].probe
    return Conclusion(VerdictKind.FIXED, case, "", tuple(fixes), probe)


def _baseline(context: Context, case: Case) -> Story[Probe]:
    """Build the file as it is, and beside it alone what the index says something against."""
    context.progress.phase("Building the file as it is")
    leads = fresh(case, leads_from_facts(context, case))
    questions = [baseline_inquiry(context), *(isolated(context, lead) for lead in leads)]
    baseline, *alone = yield questions
    if not installs(baseline):
        judge_leads(case, leads, alone)
    return baseline


def baseline_inquiry(context: Context) -> Inquiry:
    """Return the first question of every story: the file as it is."""
    purpose = "does the file build as it is?"
    return Inquiry(Candidate(), ProbeKind.WHOLE, purpose, imports=context.imports)


def _imports(context: Context, case: Case, installed: Probe) -> Story[Probe]:
    context.progress.phase("It builds; importing what it installed")
    probe = yield from ask(
        installed.candidate,
        ProbeKind.WHOLE,
        "do the modules of every requirement import?",
        imports=True,
    )
    if probe.outcome is Outcome.FAIL:
        case.notes.append(
            "The file installs; importing what it installed fails, and that was bisected."
        )
        return probe
    return installed if probe.outcome is Outcome.UNRESOLVED else probe


def _unresolved(case: Case, baseline: Probe) -> Conclusion:
    diagnosis = baseline.diagnosis
    if diagnosis is not None and diagnosis.infrastructure:
        return Conclusion(
            VerdictKind.UNAVAILABLE,
            case,
            "The build stopped for a reason outside the file: "
            f"{diagnosis.cause.value} trouble while building.",
            passing=baseline,
        )
    return Conclusion(
        VerdictKind.INCONCLUSIVE,
        case,
        "The file as it is could not be built to an end, so nothing can be compared with it.",
        passing=baseline,
    )


def _unmended(case: Case, probe: Probe) -> Conclusion:
    if case.culprits:
        return Conclusion(
            VerdictKind.CULPRITS, case, "No version was found that builds.", passing=probe
        )
    return Conclusion(
        VerdictKind.INCONCLUSIVE,
        case,
        "No requirement could be proven to be at fault.",
        passing=probe,
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """A run's verdict, the bytes of the files it read, and where its releases came from."""

    verdict: Verdict
    originals: dict[str, bytes]
    index: IndexSettings
    interpreter: Interpreter


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that a person gave: to which question, how it ended, the log if there is one."""

    inquiry: Inquiry
    status: BuildStatus
    log: bytes


@dataclass(frozen=True, slots=True)
class Handover:
    """What a guided session leaves to a run: the original file, and the answers as given."""

    manifest: Manifest
    told: tuple[Told, ...]


def run(settings: Settings, progress: Progress, handover: Handover | None = None) -> Finished:
    """Bisect the failing build of a file: open the session, tell the story, write the report.

    Raises DepbisectError for whatever keeps a run from starting; the file itself is never touched.
    """
    began = time.monotonic()
    manifest = manifest_of(settings) if handover is None else handover.manifest
    state = settings.file.resolve().parent / STATE_FOLDER
    with Journal(state, fresh=not settings.resume) as journal:
        opened = open_run(settings, manifest, journal, progress)
        left: list[str] = []
        try:
            progress.run_started(opened.target, _overview(settings, manifest))
            prober = Prober(
                manifest, opened.builder, journal, progress, opened.limits, settings.checks
            )
            context = replace(opened.context, record=prober.resolved)
            _take_over(prober, context, settings, handover)
            conclusion = drive(solve(context), prober)
            left += _elsewhere(settings, opened.options, prober, conclusion)
        finally:
            left += close(opened.builder, progress)
        verdict = verdict_of(
            manifest,
            opened.target,
            conclusion.kind,
            conclusion.case,
            conclusion.fixes,
            prober.probes,
            summary=conclusion.summary,
            builds=prober.builds,
            seconds=time.monotonic() - began,
            passing=conclusion.passing,
        )
        notes = (*verdict.notes, *map(Note, (*opened.notes, *left)))
        verdict = replace(verdict, notes=notes, files=tuple(map(str, settings.files)))
        try:
            journal.keep("report.json", dumps(verdict).encode())
        except JournalError as error:
            # What was found is told all the same.
            progress.note(f"the report was not kept: {error}")
    progress.finished(verdict)
    return Finished(verdict, users_files(manifest), opened.seen, opened.interpreter)


def _take_over(
    prober: Prober, context: Context, settings: Settings, handover: Handover | None
) -> None:
    """Give the prober what is known without a build: the user's log, a session's answers."""
    if settings.log is not None:
        prober.give(baseline_inquiry(context), settings.log.read_bytes())
    for each in handover.told if handover is not None and settings.resume else ():
        inquiry = replace(each.inquiry, imports=each.inquiry.imports or context.imports)
        prober.give(inquiry, each.log, each.status)


def _elsewhere(
    settings: Settings, options: BuilderOptions, prober: Prober, conclusion: Conclusion
) -> list[str]:
    """Return what another Python makes of the file as it is, where all ways out are wanted."""
    broken = conclusion.kind in (VerdictKind.FIXED, VerdictKind.CULPRITS)
    if not (settings.alternatives and broken and settings.builder == "local"):
        return []
    by_imports = any(found.phase is Phase.CHECK for found in conclusion.case.culprits)
    as_written = Inquiry(
        Candidate(),
        ProbeKind.WHOLE,
        "does the file build as it is on another Python?",
        imports=settings.imports or (by_imports and not settings.checks),
    )
    told = try_elsewhere(prober, options, as_written)
    return [told] if told else []


def _overview(settings: Settings, manifest: Manifest) -> Overview:
    file = listed([str(path) for path in settings.files]) or str(settings.file)
    return Overview(file, len(manifest.requirements), tuple(users_files(manifest))[1:])
