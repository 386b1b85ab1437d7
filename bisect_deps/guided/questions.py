"""An open session: takes answers, and keeps the files on disk as the next build needs them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bisect_deps.builders.base import Capabilities
from bisect_deps.errors import InputError
from bisect_deps.fix.case import Case, baseline_inquiry
from bisect_deps.fix.verdict import verdict_of
from bisect_deps.formats import listing, open_manifest, open_several
from bisect_deps.formats.base import Manifest
from bisect_deps.guided.sessions import Given, PersonAnswer, Start, Store
from bisect_deps.guided.telling import Position, Telling, build_of, doubt, read_log
from bisect_deps.index import Index, on_platform
from bisect_deps.model import IndexSettings, Interpreter, Target, Verdict
from bisect_deps.progress import Silent
from bisect_deps.reports.diff import unified
from bisect_deps.resolution.sources import sources, tells_dates
from bisect_deps.resolution.uv_resolver import Resolver
from bisect_deps.run.settings import settled
from bisect_deps.search.strategy import Prefer
from bisect_deps.secret import looks_secret
from bisect_deps.system import interpreters
from bisect_deps.system.files import holds, read_regular

# A person who builds elsewhere builds one file at a time, and each time the whole of it.
PERSON = Capabilities(max_parallel=1, check=False)
WRITE_AGAIN = "depbisect status --write puts back what is to be built"


class Changed(InputError):
    """A file is not as depbisect wrote it; `diff` shows what was changed by hand."""

    def __init__(self, place: str, diff: str, hint: str) -> None:
        super().__init__("changed by hand since depbisect wrote it", place=place, hint=hint)
        self.diff = diff


class Doubtful(InputError):
    """An answer that may be a mistake; given again as sure, it is taken."""


class Guided:
    """A session that is open: its store is locked, its files are at hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.start, self.answers = store.read()
        self.originals = store.originals(self.start)
        self.manifest = _manifest(store.root, self.start, self.originals)
        self.case = case_of(self.start, self.manifest)
        self._telling: Telling | None = None

    @property
    def position(self) -> Position:
        """Return where the session stands."""
        return self._reported().position

    def answer(self, given: Given) -> None:
        """Take an answer to the build asked for, and write the next file to build.

        Raises InputError where the session is over or the file held another build, Changed where
        it was changed by hand, Doubtful for an answer that looks like a mistake, unless `sure`.
        """
        here = self.position
        if here.inquiry is None:
            raise InputError(
                "this session has its answer already",
                hint="depbisect report shows it; depbisect undo takes the last answer back",
            )
        self._be_as_asked()
        log = self.store.log(given)
        read = given.word is PersonAnswer.BAD and bool(log)
        found = read_log(self.manifest, here.inquiry, log) if read else None
        doubtful = doubt(here, given.word, self.manifest, log, found)
        if doubtful is not None and not given.sure:
            raise Doubtful(doubtful.reason, hint=doubtful.hint)
        given = replace(given, build=here.build)
        try:
            self.store.answer(given)
        except InputError as error:
            error.hint = "the answer was not taken: make room on the disk, then give it again"
            raise
        self.answers.append(given)
        self._reported().give(given, found)
        self.write_next("the answer is kept")

    def stop(self) -> None:
        """End with the fix that a build has proven, and write it; opened again, it goes on."""
        self.be_ours(WRITE_AGAIN)
        self._reported().stop()
        self.write_next("the session is kept")

    def undo(self, steps: int) -> None:
        """Take back the last answers and write the file that was asked for then."""
        if not 1 <= steps <= len(self.answers):
            has = len(self.answers)
            raise InputError(
                f"there {'is 1 answer' if has == 1 else f'are {has} answers'} to take back",
                hint="depbisect status shows them",
            )
        self.be_ours(WRITE_AGAIN)
        self.store.undo(steps)
        del self.answers[-steps:]
        self._telling = None
        self.write_next("the answer is taken back")

    def write(self) -> None:
        """Write what is to be built now."""
        for path, data in self.targets().items():
            if not holds(path, data):
                self.store.write(path, data)

    def reset(self, *, force: bool = False, keep: bool = False) -> None:
        """End the session and put back what was there before it, or keep what is there now.

        Raises Changed where a file was changed by hand, unless `force`.
        """
        if not keep:
            if not force:
                self.be_ours(
                    "to put the original back all the same: depbisect reset --force; "
                    "to keep the file as it is now: depbisect reset --keep"
                )
            before = self._placed(self.originals)
            was_there = self.start.files if self.start.to is None else self.start.existed
            for path in self.targets():
                if _relative(path, self.store.root) in was_there:
                    self.store.write(path, before[path])
                else:
                    path.unlink(missing_ok=True)
        self.store.end()

    def targets(self) -> dict[Path, bytes]:
        """Return what is to be built now, and where it is written; the root file first."""
        return self._placed(self.manifest.render(self.position.candidate.edits))

    @property
    def place(self) -> Path:
        """Return the file, or the folder, that holds what is to be built."""
        return self.store.root / (self.start.to or self.start.file)

    def verdict(self) -> Verdict:
        """Return the verdict of a session that is over."""
        here = self.position
        conclusion = here.conclusion
        assert conclusion is not None
        own = self.case.interpreter
        target = Target(
            python=own.version if own else self.start.python or "",
            platform=own.platform if own else "",
            builder="manual",
            installer="",
            index_as_of=self.start.index_as_of,
        )
        verdict = verdict_of(
            self.manifest,
            target,
            conclusion,
            here.probes,
            builds=len(here.asked),
        )
        named = (os.path.relpath(self.store.root / key) for key in self.start.named)
        return replace(verdict, files=tuple(named))

    def _reported(self) -> Telling:
        if self._telling is None:
            self._telling = Telling(
                self.manifest, self.case, self.answers, self.store.log, self.store.keep_log
            )
        return self._telling

    def _placed(self, files: Mapping[str, bytes]) -> dict[Path, bytes]:
        return {path: files[key] for key, path in places(self.store.root, self.start, files)}

    def write_next(self, kept: str) -> None:
        """Write what is to be built now; where that fails, say what was kept all the same."""
        try:
            self.write()
        except InputError as error:
            error.hint = f"{kept}; make room on the disk, then: depbisect status --write"
            raise

    def is_as_asked(self) -> bool:
        """Say whether the files hold what is to be built now."""
        return all(_bytes_of(path) == data for path, data in self.targets().items())

    def be_ours(self, hint: str) -> bool:
        """Raise Changed where a file was changed by hand; say whether all are as asked for."""
        as_asked = True
        for path, data in self.targets().items():
            there = _bytes_of(path)
            if there == data:
                continue
            as_asked = False
            if there not in self._ever_written(path):
                name = os.path.relpath(path)
                raise Changed(name, unified({name: data}, {name: there}), hint)
        return as_asked

    def _be_as_asked(self) -> None:
        """Raise where a file is not the one to build now; an older one of ours is replaced."""
        if not self.be_ours(WRITE_AGAIN):
            self.write()
            raise InputError(
                "it held another build than the one asked about, and was written again now",
                place=os.path.relpath(self.place),
                hint="build it as it is now, then answer",
            )

    def _ever_written(self, path: Path) -> set[bytes]:
        """Return what a file held before, or where a command was stopped midway."""
        candidates = [asked.inquiry.candidate.edits for asked in self.position.asked]
        return {
            files[path]
            for edits in ((), *candidates)
            if path in (files := self._placed(self.manifest.render(edits)))
        }


def begin(store: Store, start: Start, manifest: Manifest, log: bytes | None) -> Guided:
    """Begin a session and write the first file to build; a log given is the first answer.

    Raises InputError where a session is under way, or where candidates cannot be written.
    """
    if store.exists:
        raise InputError(
            "a session is under way in this folder already",
            hint="depbisect status shows it; depbisect reset ends it and puts the original back; "
            "depbisect reset --keep ends it and keeps the file as it is now",
        )
    answers = [] if log is None else [_first_answer(store, start, manifest, log)]
    store.begin(start, manifest.files, answers)
    guided = Guided(store)
    guided.write_next("the session has begun")
    return guided


def _first_answer(store: Store, start: Start, manifest: Manifest, log: bytes) -> Given:
    inquiry = baseline_inquiry(case_of(start, manifest))
    found = read_log(manifest, inquiry, log)
    if found.infrastructure:
        raise InputError(
            "the log tells of failure that no line of the file is to blame for "
            f"({found.cause.value.replace('-', ' ')})",
            hint="build once more, and give that log, or leave --log out",
        )
    return Given(PersonAnswer.BAD, store.keep_log(log), build=build_of(manifest, inquiry))


def new_start(
    file: Path,
    *,
    more: Sequence[Path] = (),
    platform: str | None = None,
    to: str | None = None,
    python: str | None = None,
    index_as_of: str | None = None,
    index_url: str | None = None,
    evidence: bool = True,
    check_note: str = "",
) -> tuple[Start, Manifest]:
    """Return the start of a session about a file, and the file read. Raises InputError.

    `more` are further files that are installed together with it.
    """
    file = file if more else listing(file)
    manifest = open_several((file, *more), file) if more else open_manifest(file)
    root = file.absolute().parent
    if index_url is not None and looks_secret(index_url):
        raise InputError(
            "an address with a password cannot be kept in a session",
            hint="put the password into ~/.netrc, or the address into UV_INDEX_URL",
        )
    start = Start(
        files=tuple(manifest.files),
        folder=_relative(Path.cwd(), root),
        to=None if to is None else _relative_to(to, root),
        python=python,
        index_as_of=(index_as_of or settled()) if evidence else "",
        index_url=index_url,
        evidence=evidence,
        check_note=check_note,
        named=tuple(_relative(path.absolute(), root) for path in (file, *more) if more),
        platform=platform,
    )
    existed = []
    for key, path in places(root, start, manifest.files):
        if start.to is None or not path.exists():
            continue
        if not holds(path, manifest.files[key]):
            raise InputError(
                "there is such a file already, and it is not a copy of the one to bisect",
                place=os.path.relpath(path),
                hint="give --to another name",
            )
        existed.append(_relative(path, root))
    start = replace(start, existed=tuple(existed))
    if evidence and index_as_of is None and not _tells_dates(start, manifest):
        start = replace(start, index_as_of="")
    return start, manifest


def places(root: Path, start: Start, keys: Collection[str]) -> list[tuple[str, Path]]:
    """Return where each file of a candidate is written. Raises InputError."""
    if start.to is None:
        return [(key, Path(os.path.normpath(root / key))) for key in keys]
    place = Path(os.path.normpath(root / start.to))
    if start.to.endswith("/"):
        return [(key, place / key.replace("../", "")) for key in keys]
    if len(keys) > 1:
        raise InputError(
            "the file includes others, which one file cannot hold",
            place=os.path.relpath(place),
            hint=f"give a folder: --to {os.path.relpath(place)}/",
        )
    return [(key, place) for key in keys]


def case_of(start: Start, manifest: Manifest) -> Case:
    """Return what the repair works with: facts and the resolver here, builds by a person."""
    interpreter = _interpreter(start)
    index, resolver = None, None
    if start.evidence and interpreter is not None:
        seen = sources(_settings(start), manifest, "uv", manifest.path.absolute().parent)
        index = Index(seen, interpreter)
        resolver = Resolver(interpreter, seen, platform=start.platform)
    return Case(
        manifest=manifest,
        interpreter=interpreter,
        capabilities=PERSON,
        progress=Silent(),
        index=index,
        resolver=resolver,
        has_check=True,
        slots=1,
        prefer=Prefer.BUILDS,
    )


def _interpreter(start: Start) -> Interpreter | None:
    try:
        own = interpreters.find(start.python)
    except InputError as error:
        if not start.evidence:
            return None
        error.hint = f"{error.hint}; or do without what it would tell: --no-evidence"
        raise
    return on_platform(own, start.platform) if start.platform else own


def _tells_dates(start: Start, manifest: Manifest) -> bool:
    interpreter = _interpreter(start)
    assert interpreter is not None
    folder = manifest.path.absolute().parent
    seen = sources(_settings(start), manifest, "uv", folder)
    with Index(seen, interpreter) as index:
        return tells_dates(index, manifest)


def _settings(start: Start) -> IndexSettings:
    return IndexSettings(index_url=start.index_url, exclude_newer=start.index_as_of or None)


def _bytes_of(path: Path) -> bytes:
    """Return what is there, nothing of what is no file."""
    try:
        return read_regular(path)
    except OSError:
        return b""


def _manifest(root: Path, start: Start, originals: Mapping[str, bytes]) -> Manifest:
    """Return the original file, read from what the session kept of it and its includes."""
    kept = {os.path.normpath(root.absolute() / key): data for key, data in originals.items()}

    def read(path: str) -> bytes:
        normal = os.path.normpath(path)
        return kept[normal] if normal in kept else read_regular(path)

    shown = Path(os.path.relpath(root / start.file))
    folder = Path(os.path.normpath(root.absolute() / start.folder))
    if start.named:
        named = [Path(os.path.relpath(root / key)) for key in start.named]
        return open_several(named, shown, folder=folder, read=read)
    return open_manifest(shown, folder=folder, read=read)


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _relative_to(to: str, root: Path) -> str:
    """Return where candidates go, counted from the root file's folder; a folder ends in `/`."""
    is_folder = to.endswith(("/", os.sep)) or Path(to).is_dir()
    return _relative(Path(to).absolute(), root.absolute()) + ("/" if is_folder else "")
