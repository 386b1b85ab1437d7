"""The whole story of a run on one screen, and the session that gives it its collaborators.

`solve` tells what happens, as a story that yields questions: a build answers them in `run`, a
person in a guided session. Knows neither HTTP nor click nor rich.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bisect_deps import interpreters
from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder, BuilderOptions
from bisect_deps.config import Settings, instant, now
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.formats import open_manifest, read_known_good
from bisect_deps.formats.base import Manifest
from bisect_deps.index import Index, on_platform
from bisect_deps.journal import STATE_FOLDER, Journal, digest
from bisect_deps.model import (
    BuildStatus,
    Candidate,
    IndexSettings,
    Interpreter,
    Outcome,
    Probe,
    ProbeKind,
    Target,
    Verdict,
    VerdictKind,
)
from bisect_deps.probing import BudgetSpent, Inquiry, Limits, Prober, Story, drive
from bisect_deps.progress import Overview, Progress
from bisect_deps.reports.json import dumps
from bisect_deps.resolver import Resolver
from bisect_deps.search.strategy import Prefer
from bisect_deps.secret import Secret
from bisect_deps.steps.accusing import fresh, isolated, judge_leads, leads_from_facts, suspicions
from bisect_deps.steps.base import Alternative, Case, Context, ask, installs
from bisect_deps.steps.building import is_worth_it, keep_by_older_tools
from bisect_deps.steps.checking import mend_check
from bisect_deps.steps.mending import mend_install
from bisect_deps.steps.narrowing import narrow_all
from bisect_deps.steps.restoring import mend_by_memory
from bisect_deps.steps.sources import UNDATED, sources, tells_dates
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
        return (yield from _solve(context, case))
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
    if is_worth_it(context, fixes):
        fixes = yield from keep_by_older_tools(context, case, fixes)
    if not fixes:
        return _unmended(case, probe)

    best = fixes[0]
    for found in case.culprits:
        found.passing_probe = found.passing_probe or best.probe
    yield from narrow_all(context, case, best.candidate, best.probe)
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
    manifest = open_manifest(settings.file) if handover is None else handover.manifest
    interpreter = interpreters.find(settings.python)
    meant = on_platform(interpreter, settings.platform) if settings.platform else interpreter
    folder = settings.file.resolve().parent
    with Journal(folder / STATE_FOLDER) as journal:
        index = _index_as_of(settings, manifest, interpreter, journal)
        as_of = index.exclude_newer or ""
        seen = sources(index, manifest, settings.installer, Path.cwd())
        asks_index = settings.builder == "local" or settings.evidence
        if (
            settings.index.exclude_newer is None
            and asks_index
            and not tells_dates(seen, manifest, interpreter)
        ):
            index, seen = replace(index, exclude_newer=None), replace(seen, exclude_newer=None)
            progress.note(UNDATED)
        options = _builder_options(settings, interpreter, index, folder)
        builder = make_builder(settings.builder, options)
        left = [] if meant.platform == interpreter.platform else [_unproven(meant, interpreter)]
        try:
            _be_able(builder, settings)
            _be_ready(builder)
            target = _target(settings, interpreter, builder, as_of)
            progress.run_started(target, _overview(settings, manifest))
            limits = _limits(settings, builder)
            prober = Prober(manifest, builder, journal, progress, limits, settings.checks)
            context = _context(settings, manifest, meant, seen, builder, progress)
            context = replace(context, record=prober.resolved)
            if settings.log is not None:
                prober.give(baseline_inquiry(context), settings.log.read_bytes())
            for each in handover.told if handover is not None and settings.resume else ():
                inquiry = replace(each.inquiry, imports=each.inquiry.imports or context.imports)
                prober.give(inquiry, each.log, each.status)
            conclusion = drive(solve(context), prober)
        finally:
            _close(builder, progress, left)
        verdict = verdict_of(
            manifest,
            target,
            conclusion.kind,
            conclusion.case,
            conclusion.fixes,
            prober.probes,
            summary=conclusion.summary,
            builds=prober.builds,
            seconds=time.monotonic() - began,
            passing=conclusion.passing,
        )
        verdict = replace(verdict, notes=(*verdict.notes, *left))
        (journal.folder / "report.json").write_text(dumps(verdict), encoding="utf-8")
    progress.finished(verdict)
    return Finished(verdict, dict(manifest.files), seen, interpreter)


def _index_as_of(
    settings: Settings, manifest: Manifest, interpreter: Interpreter, journal: Journal
) -> IndexSettings:
    """Fix the instant as of which the index is read: given, or the earlier run's, or now."""
    asked = (
        settings.builder,
        settings.installer,
        interpreter.path,
        interpreter.version,
        settings.checks,
        settings.imports,
        settings.good,
        settings.index.exclude_newer,
    )
    files = [part for name, data in manifest.files.items() for part in (name, data)]
    facts = {"index_as_of": settings.index.exclude_newer or now()}
    fixed = journal.begin(digest(*files, asked), facts, fresh=not settings.resume)
    return replace(settings.index, exclude_newer=str(fixed["index_as_of"]))


def _builder_options(
    settings: Settings, interpreter: Interpreter, index: IndexSettings, folder: Path
) -> BuilderOptions:
    environment = os.environ
    return BuilderOptions(
        folder=folder,
        cwd=Path.cwd(),
        interpreter=interpreter,
        index=index,
        installer=settings.installer,
        jobs=settings.jobs,
        build_cmd=settings.build_cmd,
        algorithms=settings.algorithms,
        api_address=settings.api_address or environment.get("ALGORITHMIA_API"),
        api_key=_secret(environment.get("ALGORITHMIA_API_KEY")),
        bearer_token=_secret(environment.get("ALGORITHMIA_BEARER_TOKEN")),
        check_input=settings.check_input,
        call_timeout=settings.call_timeout,
    )


def _secret(value: str | None) -> Secret | None:
    return Secret(value) if value else None


def _be_able(builder: Builder, settings: Settings) -> None:
    if (settings.checks or settings.imports) and not builder.describe().check:
        raise InputError(
            f"the {settings.builder} builder runs no commands, so it can neither --check nor "
            "--imports",
            hint="give --check-input JSON, which calls the built version, or use another builder",
        )
    if settings.lock and not builder.describe().installed:
        raise InputError(
            f"the {settings.builder} builder cannot tell what it installed, so there is nothing to "
            "--lock",
            hint="use --builder local, whose builds can be read",
        )


def _close(builder: Builder, progress: Progress, left: list[str]) -> None:
    """Close the builder; what it had to leave is told, and hides neither verdict nor error."""
    try:
        builder.close()
    except BuilderUnavailable as error:
        left.append(f"{error}. {error.hint or ''}".strip())
        progress.note(left[-1])


def _be_ready(builder: Builder) -> None:
    troubles = builder.preflight()
    if troubles:
        raise BuilderUnavailable(troubles[0], hint="depbisect doctor says what to mend")


def _target(settings: Settings, interpreter: Interpreter, builder: Builder, as_of: str) -> Target:
    return Target(
        python=interpreter.version,
        platform=interpreter.platform,
        builder=settings.builder,
        installer=_installer(builder),
        index_as_of=as_of,
    )


def _installer(builder: Builder) -> str:
    """Return what installs, with its version, where the builder says so: `uv 0.13.9`."""
    parts = builder.identity().split("; ")
    return next((part for part in parts if part.startswith(("uv ", "pip "))), "")


def _unproven(meant: Interpreter, here: Interpreter) -> str:
    return (
        f"Index and resolver were read for {meant.platform}; the builds ran on {here.platform}, "
        f"so nothing is proven for {meant.platform}."
    )


def _overview(settings: Settings, manifest: Manifest) -> Overview:
    names = list(manifest.files)
    return Overview(str(settings.file), len(manifest.requirements), tuple(names[1:]))


def _limits(settings: Settings, builder: Builder) -> Limits:
    return Limits(
        slots=builder.describe().max_parallel,
        max_builds=settings.max_builds,
        timeout=settings.timeout,
        retries=settings.retries,
    )


def _known_good(
    settings: Settings, interpreter: Interpreter
) -> tuple[Mapping[str, str], str | None]:
    """Return the versions of a known good file, or the instant of a known good day."""
    if settings.good is None:
        return {}, None
    path = Path(settings.good)
    if path.exists():
        return read_known_good(path, interpreter.markers), None
    try:
        return {}, instant(settings.good)
    except InputError as error:
        raise InputError(
            f"--good {settings.good}: no such file, and no date",
            hint="give a lock, a pip freeze, or a date such as 2026-11-21",
        ) from error


def _has_check(settings: Settings) -> bool:
    """Say whether a green build has also been tried out."""
    return (
        bool(settings.checks) or settings.check_input is not None or settings.builder == "command"
    )


def _context(
    settings: Settings,
    manifest: Manifest,
    interpreter: Interpreter,
    seen: IndexSettings,
    builder: Builder,
    progress: Progress,
) -> Context:
    good, good_date = _known_good(settings, interpreter)
    capabilities = builder.describe()
    prefer = settings.prefer or ("time" if capabilities.cheap_single else "builds")
    merged = settings.installer == "pip"
    return Context(
        manifest=manifest,
        interpreter=interpreter,
        capabilities=capabilities,
        progress=progress,
        index=Index(seen, interpreter, merged=merged) if settings.evidence else None,
        resolver=Resolver(interpreter, seen, merged=merged, platform=settings.platform)
        if settings.evidence
        else None,
        has_check=_has_check(settings),
        imports=settings.imports,
        slots=capabilities.max_parallel,
        prefer=Prefer(prefer),
        good=good,
        good_date=good_date,
        add_constraints=settings.fix_style == "constraints",
        alternatives=settings.alternatives,
    )
