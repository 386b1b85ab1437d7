"""Guided sessions: a person builds elsewhere and says how it went; the story chooses each build.

The same story as in `run`. Where a session stands is found by telling the story again with the
answers so far: undo drops the last answer, replay gives them again. Knows neither click nor the
terminal.
"""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bisect_deps import interpreters
from bisect_deps.builders.base import Capabilities
from bisect_deps.config import now
from bisect_deps.errors import InputError
from bisect_deps.evidence import diagnose
from bisect_deps.files import write_whole
from bisect_deps.formats import open_manifest, parse_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.index import Index
from bisect_deps.journal import digest
from bisect_deps.model import (
    Candidate,
    EditAction,
    IndexSettings,
    Outcome,
    Probe,
    Target,
    Verdict,
)
from bisect_deps.probing import Inquiry, Story, edited
from bisect_deps.progress import Silent
from bisect_deps.reports.diff import unified
from bisect_deps.reports.json import to_json
from bisect_deps.resolver import Resolver
from bisect_deps.search.strategy import Prefer
from bisect_deps.session import Conclusion, solve
from bisect_deps.sessions import Given, Start, Store, Word
from bisect_deps.steps.base import Context
from bisect_deps.steps.telling import verdict_of

# A person who builds elsewhere builds one file at a time, and each time the whole of it.
PERSON = Capabilities(max_parallel=1, typical=600.0)
OUTCOMES = {Word.GOOD: Outcome.PASS, Word.BAD: Outcome.FAIL, Word.SKIP: Outcome.UNRESOLVED}


class Changed(InputError):
    """A file is not as depbisect wrote it; `diff` shows what was changed by hand."""

    def __init__(self, place: str, diff: str, hint: str) -> None:
        super().__init__("changed by hand since depbisect wrote it", place=place, hint=hint)
        self.diff = diff


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, with its answer and the probe that it makes."""

    inquiry: Inquiry
    given: Given
    probe: Probe


@dataclass(slots=True)
class Position:
    """Where a session stands: the next question or the conclusion, and all that was answered.

    `left` is how many builds are still to come if one culprit, or two, are to be found.
    """

    asked: list[Asked] = field(default_factory=list)
    inquiry: Inquiry | None = None
    conclusion: Conclusion | None = None
    left: tuple[int, int] = (0, 0)

    @property
    def candidate(self) -> Candidate:
        """Return what belongs in the file now: the build asked for, or the fix, or the original."""
        if self.inquiry is not None:
            return self.inquiry.candidate
        fixes = self.conclusion.fixes if self.conclusion else ()
        return fixes[0].candidate if fixes else Candidate()


class Guided:
    """A session that is open: its store is locked, its files are at hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.start, self.answers = store.read()
        self.originals = store.originals(self.start)
        self.manifest = _manifest(store.root, self.start, self.originals)
        self._position: Position | None = None

    @property
    def position(self) -> Position:
        """Return where the session stands; the story is told once per set of answers."""
        if self._position is None:
            given = [(each, self.store.log(each)) for each in self.answers]
            self._position = _tell(self.manifest, self._context, given)
        return self._position

    def answer(self, given: Given) -> None:
        """Take an answer to the build asked for, and write the next file to build.

        Raises InputError where the session is over, Changed where the file is not the one asked
        about, and InputError for an answer that contradicts an earlier one, unless it is `sure`.
        """
        here = self.position
        if here.inquiry is None:
            raise InputError(
                "this session has its answer already",
                hint="depbisect report shows it; depbisect undo takes the last answer back",
            )
        self.check_written()
        doubtful = contradicted(here, given.word)
        if doubtful is not None and not given.sure:
            at = here.asked.index(doubtful) + 1
            raise InputError(
                f"{given.word.value!r} does not fit answer {at}, {doubtful.given.word.value!r}: "
                "a build does not turn green by adding lines",
                hint=f"if you are sure, say it again with --sure; if answer {at} was wrong, "
                f"depbisect undo {len(here.asked) - at + 1}",
            )
        self.store.answer(given)
        self._go_on()

    def undo(self, steps: int) -> None:
        """Take back the last answers and write the file that was asked for then."""
        if not 1 <= steps <= len(self.answers):
            raise InputError(
                f"there are {len(self.answers)} answers to take back, not {steps}",
                hint="depbisect status shows them",
            )
        self.store.undo(steps)
        self._go_on()

    def write(self) -> list[Path]:
        """Write what is to be built now; return the files that were changed."""
        wanted = self.manifest.render(self.position.candidate.edits)
        written = []
        for path, data in _targets(self.store.root, self.start, wanted).items():
            if not path.exists() or path.read_bytes() != data:
                write_whole(path, data)
                written.append(path)
        return written

    def reset(self, *, force: bool = False) -> None:
        """Put the original back byte for byte and end the session. Raises Changed."""
        if not force:
            self.check_written("to put the original back all the same: depbisect reset --force")
        if self.start.to is None:
            for key, data in self.originals.items():
                write_whole(self.store.root / key, data)
        for key in self.manifest.render(self.position.candidate.edits):
            if key not in self.originals and self.start.to is None:
                (self.store.root / key).unlink(missing_ok=True)
        self.store.end()

    def check_written(self, hint: str = "depbisect status --write writes it again") -> None:
        """Raise Changed where a file on disk is neither what was asked for nor the original."""
        wanted = self.manifest.render(self.position.candidate.edits)
        for path, data in _targets(self.store.root, self.start, wanted).items():
            now_there = path.read_bytes() if path.exists() else b""
            if now_there != data:
                name = path.name
                diff = unified({name: data}, {name: now_there})
                raise Changed(str(path), diff, hint)

    def verdict(self) -> Verdict:
        """Return the verdict of a session that is over."""
        here = self.position
        conclusion = here.conclusion
        assert conclusion is not None
        target = Target(
            python=self._context.interpreter.version if self._context.interpreter else "",
            platform=self._context.interpreter.platform if self._context.interpreter else "",
            builder="manual",
            installer="",
            index_as_of=self.start.index_as_of,
        )
        return verdict_of(
            self.manifest,
            target,
            conclusion.kind,
            conclusion.case,
            conclusion.fixes,
            [each.probe for each in here.asked],
            summary=conclusion.summary,
            builds=len(here.asked),
            passing=conclusion.passing,
        )

    def status(self) -> dict[str, Any]:
        """Return the state of the session, as `status --json` shows it."""
        here = self.position
        edits = self.manifest.describe(here.candidate.edits)
        return {
            "schema": "depbisect.session/1",
            "state": "done" if here.inquiry is None else "ask",
            "original": self.start.file,
            "build": None
            if here.inquiry is None
            else {
                "file": self.start.to or self.start.file,
                "edits": [
                    {
                        "line": each.line,
                        "name": each.name,
                        "action": each.action.value,
                        "to": None if each.action is EditAction.DROP else each.after,
                    }
                    for each in edits
                ],
            },
            "answered": len(here.asked),
            "steps_left": {"one_culprit": here.left[0], "two_culprits": here.left[1]},
            "report": to_json(self.verdict()) if here.inquiry is None else None,
        }

    def script(self) -> Iterator[str]:
        """Yield the lines that `replay` reads: the start and every answer that stands."""
        yield f"# depbisect session of {self.start.file}, {len(self.answers)} answers"
        yield " ".join(["depbisect", *_start_words(self.start)])
        for number, each in enumerate(self.position.asked, start=1):
            yield f"# build {number}: {said(self.manifest, each.inquiry.candidate)}"
            yield " ".join(["depbisect", *_answer_words(self.store, each.given)])

    @property
    def _context(self) -> Context:
        return _context(self.start, self.manifest)

    def _go_on(self) -> None:
        self.start, self.answers = self.store.read()
        self._position = None
        self.write()


def begin(store: Store, start: Start, manifest: Manifest, log: bytes | None) -> Guided:
    """Begin a session and write the first file to build; a log given is the first answer.

    Raises InputError where a session is under way, or one file cannot hold the candidates.
    """
    if store.exists:
        raise InputError(
            "a session is under way in this folder already",
            hint="depbisect status shows it; depbisect reset puts the original back",
        )
    if start.to is not None and not start.to.endswith(("/", os.sep)) and len(manifest.files) > 1:
        raise InputError(
            "the file includes others, which one file cannot hold",
            place=start.to,
            hint=f"give a folder: --to {start.to}/",
        )
    store.begin(start, manifest.files)
    guided = Guided(store)
    if log is not None:
        store.answer(Given(Word.BAD, store.keep_log(log)))
        guided = Guided(store)
    guided.write()
    return guided


def new_start(
    file: Path,
    *,
    to: str | None = None,
    python: str | None = None,
    index_as_of: str | None = None,
    index_url: str | None = None,
    evidence: bool = True,
    check_note: str = "",
) -> tuple[Start, Manifest]:
    """Return the start of a session about a file, and the file read. Raises InputError."""
    manifest = open_manifest(file)
    interpreters.find(python)
    names: dict[str, str] = {}
    for at, key in enumerate(manifest.files):
        names[key] = f"{at}-{Path(key).name}"
    start = Start(
        file=next(iter(manifest.files)),
        files=names,
        to=to,
        python=python,
        index_as_of=index_as_of or now(),
        index_url=index_url,
        evidence=evidence,
        check_note=check_note,
    )
    return start, manifest


def contradicted(here: Position, word: Word) -> Asked | None:
    """Return an earlier answer that this one contradicts, None where it fits all.

    What fails with some lines commented out fails with them too, as far as anyone knows.
    """
    if here.inquiry is None or word is Word.SKIP:
        return None
    mine = set(here.inquiry.candidate.edits)
    for asked in here.asked:
        other = set(asked.inquiry.candidate.edits)
        only_drops = all(edit.action is EditAction.DROP for edit in mine ^ other)
        more_is_green = word is Word.GOOD and asked.given.word is Word.BAD and mine < other
        less_is_red = word is Word.BAD and asked.given.word is Word.GOOD and other < mine
        if only_drops and (more_is_green or less_is_red):
            return asked
    return None


def said(manifest: Manifest, candidate: Candidate) -> str:
    """Return in words how a candidate differs from the original."""
    if not candidate.edits:
        return "the file as it is"
    texts = {each.number: each.text for each in manifest.requirements}
    out = [
        texts[e.number]
        for e in candidate.edits
        if e.action is EditAction.DROP and e.number in texts
    ]
    pins = [f"{e.name}{e.to}" for e in candidate.edits if e.action is not EditAction.DROP]
    parts = [f"with {', '.join(pins)}"] if pins else []
    if len(out) == len(manifest.requirements):
        parts.append("every line commented out")
    elif out:
        parts.append(f"without {', '.join(out)}")
    return "; ".join(parts)


def read_script(text: str) -> list[list[str]]:
    """Return the commands of a session's log, each as its words. Raises InputError."""
    commands = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise InputError(f"cannot be read: {error}", place=f"line {number}") from None
        if words and words[0] == "depbisect":
            commands.append(words[1:])
        elif words:
            raise InputError(
                f"not a command of a session: {line.strip()}",
                place=f"line {number}",
                hint="give what depbisect log printed",
            )
    return commands


def _tell(manifest: Manifest, context: Context, answers: Sequence[tuple[Given, bytes]]) -> Position:
    """Tell the story with the answers so far, up to the first question that none answers."""
    counter = _Counter(len(manifest.requirements))
    here = Position()
    waiting = iter(answers)
    known: dict[str, Probe] = {}
    story: Story[Conclusion] = solve(replace(context, progress=counter))
    try:
        inquiries = next(story)
        while True:
            probes: list[Probe] = []
            for inquiry in inquiries:
                key = _key(manifest, inquiry)
                if key not in known:
                    answer = next(waiting, None)
                    if answer is None:
                        here.inquiry, here.left = inquiry, counter.left
                        return here
                    known[key] = _probe(manifest, inquiry, answer, len(known) + 1)
                    here.asked.append(Asked(inquiry, answer[0], known[key]))
                probes.append(replace(known[key], kind=inquiry.kind))
            inquiries = story.send(probes)
    except StopIteration as stop:
        here.conclusion = stop.value
        return here


class _Counter(Silent):
    """Keeps how many builds the story expects to be left."""

    def __init__(self, requirements: int) -> None:
        steps = math.ceil(math.log2(max(2, requirements)))
        self.left = (steps + 2, 2 * steps + 4)

    def steps_left(self, one: int, two: int) -> None:
        """Keep the newest estimate."""
        self.left = (one, two)


def _key(manifest: Manifest, inquiry: Inquiry) -> str:
    """Return what a person sees of a question: equal keys are the same files to build."""
    files = manifest.render(inquiry.candidate.edits)
    parts = [part for name, data in files.items() for part in (name, data)]
    return digest(*parts, inquiry.repeat)


def _probe(manifest: Manifest, inquiry: Inquiry, answer: tuple[Given, bytes], number: int) -> Probe:
    given, log = answer
    diagnosis = None
    if log and given.word is Word.BAD:
        requirements = edited(manifest.requirements, inquiry.candidate.edits)
        diagnosis = diagnose(log, requirements=requirements, exit_status=1)
    return Probe(
        number=number,
        kind=inquiry.kind,
        candidate=inquiry.candidate,
        outcome=OUTCOMES[given.word],
        log=f"answers/{given.log}" if given.log else "",
        signature=diagnosis.signature if diagnosis else "",
        diagnosis=diagnosis,
    )


def _context(start: Start, manifest: Manifest) -> Context:
    interpreter = interpreters.find(start.python)
    index = IndexSettings(index_url=start.index_url, exclude_newer=start.index_as_of)
    return Context(
        manifest=manifest,
        interpreter=interpreter,
        capabilities=PERSON,
        progress=Silent(),
        index=Index(index, interpreter) if start.evidence else None,
        resolver=Resolver(interpreter, index) if start.evidence else None,
        has_check=True,
        slots=1,
        prefer=Prefer.BUILDS,
    )


def _manifest(folder: Path, start: Start, originals: Mapping[str, bytes]) -> Manifest:
    """Return the original file, read from what the session kept of it and its includes."""
    kept = {os.path.normpath(folder.absolute() / key): data for key, data in originals.items()}

    def read(path: str) -> bytes:
        normal = os.path.normpath(path)
        return kept[normal] if normal in kept else Path(path).read_bytes()

    return parse_manifest(originals[start.file], folder / start.file, read=read)


def _targets(folder: Path, start: Start, files: Mapping[str, bytes]) -> dict[Path, bytes]:
    """Return where the files of a candidate are written."""
    if start.to is None:
        return {folder / key: data for key, data in files.items()}
    place = Path(start.to)
    if start.to.endswith(("/", os.sep)):
        return {place / key.replace("../", ""): data for key, data in files.items()}
    return {place: files[start.file]}


def _start_words(start: Start) -> list[str]:
    words = ["start", start.file, "--exclude-newer", start.index_as_of]
    for flag, value in (
        ("--to", start.to),
        ("--python", start.python),
        ("--index-url", start.index_url),
        ("--check-note", start.check_note),
    ):
        words += [flag, value] if value else []
    words += [] if start.evidence else ["--no-evidence"]
    return [shlex.quote(word) for word in words]


def _answer_words(store: Store, given: Given) -> list[str]:
    words: list[str] = [given.word.value]
    if given.log:
        words += ["--log", os.path.relpath(store.answers / given.log, store.root)]
    words += ["--reason", given.reason] if given.reason else []
    words += ["--sure"] if given.sure else []
    return [shlex.quote(word) for word in words]
