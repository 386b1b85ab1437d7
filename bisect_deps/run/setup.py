"""Opens a run: its interpreter, index, builder and settings, made from what the user asked.

Says at once what keeps a run from starting. Must not know what the story will ask.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from bisect_deps.builders import make_builder, options_for, options_of
from bisect_deps.builders.base import Builder, BuilderOptions, notes_of
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.fix.case import Case
from bisect_deps.formats import open_manifest, open_several
from bisect_deps.formats.base import Manifest
from bisect_deps.index import Index, on_platform
from bisect_deps.index.base import place, with_credentials
from bisect_deps.model import STDIN, IndexSettings, Interpreter, PythonFor, Target
from bisect_deps.progress import Progress
from bisect_deps.resolution.sources import UNDATED, sources, tells_dates
from bisect_deps.resolution.uv_resolver import AnswerStore, Resolver
from bisect_deps.run.driver import Limits
from bisect_deps.run.journal import Journal, digest
from bisect_deps.run.known_good import KnownGood, known_good
from bisect_deps.run.remembered import Remembered
from bisect_deps.run.settings import AUTO, RunSettings, settled
from bisect_deps.search.strategy import Prefer
from bisect_deps.system import interpreters
from bisect_deps.system.files import read_regular

# What the resolver answered before, beside the journal.
RESOLUTIONS = "resolutions.jsonl"
# Says for which Python a file was made, from index facts alone; None where they do not tell.
MadeFor: TypeAlias = Callable[[Manifest, Index], "PythonFor | None"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A run's collaborators. `seen` is where the installer looks; `notes` are for the verdict."""

    interpreter: Interpreter
    seen: IndexSettings
    options: BuilderOptions
    builder: Builder
    target: Target
    limits: Limits
    case: Case
    notes: list[str] = field(default_factory=list)


def manifest_of(settings: RunSettings) -> Manifest:
    """Return what the user's file says, or several files together. Raises InputError."""
    stdin = os.path.abspath(STDIN)

    def read(path: str) -> bytes:
        is_stdin = path == stdin and settings.stdin is not None
        return (settings.stdin or b"") if is_stdin else read_regular(path, pipe=True)

    if settings.files:
        return open_several(settings.files, settings.file, read=read)
    return open_manifest(settings.file, read=read)


def open_run(
    settings: RunSettings,
    manifest: Manifest,
    journal: Journal,
    progress: Progress,
    made_for: MadeFor | None = None,
) -> Opened:
    """Return the collaborators of a run; the builder is ready, and is the caller's to close.

    `made_for` is asked where the Python is to be AUTO. Raises InputError, BuilderUnavailable.
    """
    interpreter = _interpreter(settings, manifest, progress, made_for)
    meant = on_platform(interpreter, settings.platform) if settings.platform else interpreter
    known = _known_good(settings, meant)
    if known.reported:
        progress.note(known.reported)
    index = _index_as_of(settings, manifest, interpreter, journal)
    as_of = index.exclude_newer or ""
    seen = sources(index, manifest, settings.installer, Path.cwd())
    pages = Index(seen, meant, merged=settings.installer == "pip")
    if _is_undated(settings, manifest, pages):
        index, seen = replace(index, exclude_newer=None), replace(seen, exclude_newer=None)
        pages = pages.as_of(None)
        progress.note(UNDATED)
    folder = settings.file.resolve().parent
    options = _builder_options(settings, interpreter, index, seen, folder, progress)
    builder = make_builder(settings.builder, options)
    try:
        _be_able(builder, settings, options)
        _be_ready(builder)
        return Opened(
            interpreter=interpreter,
            seen=seen,
            options=options,
            builder=builder,
            target=_target(settings, interpreter, builder, as_of),
            limits=_limits(settings, builder),
            case=_case(
                settings,
                manifest,
                meant,
                pages,
                builder,
                progress,
                known,
                Remembered(journal.folder / RESOLUTIONS, fresh=not settings.resume),
            ),
            notes=[
                *([known.reported] if known.reported else []),
                *(
                    []
                    if meant.platform == interpreter.platform
                    else [_unproven(meant, interpreter)]
                ),
            ],
        )
    except BaseException:
        close(builder, progress)
        raise


def close(builder: Builder, progress: Progress) -> list[str]:
    """Close a builder; return what it had to leave, which hides no verdict, and what it notes."""
    left: list[str] = []
    try:
        builder.close()
    except BuilderUnavailable as error:
        left.append(f"{error}. {error.hint or ''}".strip())
        progress.note(left[0])
    return [*left, *notes_of(builder)]


def choose_python(
    made_for: PythonFor | None,
    present: Sequence[Interpreter],
    default: Interpreter,
    progress: Progress,
) -> Interpreter:
    """Return the Python that a file was made for, `default` where it is unknown or absent.

    `present` is newest first. The choice is announced in one line.
    """
    if made_for is None:
        fact = "The package index does not tell for which Python the file was made"
        progress.note(f"{fact}; it is built for Python {default.version}.")
        return default
    fact = f"The file was made for Python {made_for.version}"
    for interpreter in present:
        if interpreter.implementation == "cpython" and interpreter.minor == made_for.version:
            progress.note(f"{fact}; it is built for {interpreter.version}, which is here.")
            return interpreter
    progress.note(
        f"{fact}, which is not installed here (uv python install {made_for.version}); it is built "
        f"for Python {default.version}."
    )
    return default


def _interpreter(
    settings: RunSettings, manifest: Manifest, progress: Progress, made_for: MadeFor | None
) -> Interpreter:
    if settings.python != AUTO:
        return interpreters.find(settings.python)
    default = interpreters.find(None)
    wanted = None
    if made_for is not None and settings.evidence:
        seen = sources(settings.index, manifest, settings.installer, Path.cwd())
        wanted = made_for(manifest, Index(seen, default))
    return choose_python(wanted, interpreters.find_all(), default, progress)


def _is_undated(settings: RunSettings, manifest: Manifest, index: Index) -> bool:
    """Say whether the index has no upload dates, so that a date would hide all of it."""
    asks_index = options_of(settings.builder).here or settings.evidence
    asked = settings.index.exclude_newer is not None
    return asks_index and not asked and not tells_dates(index, manifest)


def _index_as_of(
    settings: RunSettings, manifest: Manifest, interpreter: Interpreter, journal: Journal
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
    facts = {"index_as_of": settings.index.exclude_newer or settings.as_of or settled()}
    fixed = journal.begin(digest(*files, asked), facts, fresh=not settings.resume)
    return replace(settings.index, exclude_newer=str(fixed["index_as_of"]))


def _builder_options(
    settings: RunSettings,
    interpreter: Interpreter,
    index: IndexSettings,
    seen: IndexSettings,
    folder: Path,
    progress: Progress,
) -> BuilderOptions:
    return options_for(
        settings.builder,
        settings.own,
        folder=folder,
        cwd=Path.cwd(),
        interpreter=interpreter,
        index=index,
        installer=settings.installer,
        jobs=settings.jobs,
        pass_env=settings.pass_env,
        addresses=tuple(_addresses(settings, seen)),
        fresh=not settings.resume,
        tell=progress.note,
    )


def _addresses(settings: RunSettings, seen: IndexSettings) -> Iterator[str]:
    """Yield where the installer looks, with the logins that it would find on this machine.

    Those go to builds on this machine alone, which see neither netrc file nor keyring.
    """
    is_here = options_of(settings.builder).here
    for url in (seen.index_url or "", *seen.extra_index_urls, *seen.find_links):
        yield with_credentials(place(url, logins=seen.logins)) if is_here and "://" in url else url


def _be_able(builder: Builder, settings: RunSettings, options: BuilderOptions) -> None:
    if (settings.checks or settings.imports) and not builder.describe().check:
        raise InputError(
            f"the {settings.builder} builder runs no commands, so it can neither --check nor "
            "--imports",
            hint=options.instead_of_check,
        )
    if settings.lock and not builder.describe().installed:
        raise InputError(
            f"the {settings.builder} builder cannot tell what it installed, so there is nothing to "
            "--lock",
            hint="use --builder local, whose builds can be read",
        )


def _be_ready(builder: Builder) -> None:
    problems = builder.preflight()
    if problems:
        raise BuilderUnavailable(problems[0], hint="depbisect doctor says what to fix")


def _target(
    settings: RunSettings, interpreter: Interpreter, builder: Builder, as_of: str
) -> Target:
    return Target(
        python=interpreter.version,
        platform=interpreter.platform,
        builder=settings.builder,
        installer=_installer(builder),
        index_as_of=as_of,
        sandbox=builder.describe().sandbox,
        checks=settings.checks,
        imports=settings.imports,
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


def _limits(settings: RunSettings, builder: Builder) -> Limits:
    return Limits(
        slots=builder.describe().max_parallel,
        max_builds=settings.max_builds,
        timeout=settings.timeout,
        retries=settings.retries,
    )


def _known_good(settings: RunSettings, interpreter: Interpreter) -> KnownGood:
    """Return the versions and the instant that are known to have worked."""
    if settings.good is None:
        return KnownGood()
    named = settings.files or (settings.file,)
    files = [path for path in named if settings.stdin is None or path != Path(STDIN)]
    folder = settings.file.resolve().parent
    return known_good(settings.good, files, folder, interpreter.markers)


def _case(
    settings: RunSettings,
    manifest: Manifest,
    interpreter: Interpreter,
    index: Index,
    builder: Builder,
    progress: Progress,
    known: KnownGood,
    memory: AnswerStore,
) -> Case:
    capabilities = builder.describe()
    prefer = settings.prefer or ("time" if capabilities.cheap_single else "builds")
    merged = settings.installer == "pip"
    resolver = None
    if settings.evidence:
        resolver = Resolver(
            interpreter, index.settings, merged=merged, platform=settings.platform, memory=memory
        )
        # The index is read as of one instant: within a run no page is fetched twice.
        resolver.keep_pages()
    is_here = options_of(settings.builder).here
    return Case(
        manifest=manifest,
        interpreter=interpreter,
        capabilities=capabilities,
        progress=progress,
        index=index if settings.evidence else None,
        served=(lambda: Index(index.settings, interpreter, kept=False)) if is_here else None,
        resolver=resolver,
        has_check=bool(settings.checks) or capabilities.exercised,
        checks=settings.checks,
        imports=settings.imports,
        slots=capabilities.max_parallel,
        prefer=Prefer(prefer),
        good=known.versions,
        good_date=known.date,
        add_constraints=settings.fix_style == "constraints",
        alternatives=settings.alternatives,
        same_tool=settings.installer == "uv" and is_here,
        allow_removal=settings.allow_removal,
        narrow=settings.narrow,
        annotate=settings.annotate,
    )
