"""Guided sessions on disk: the original files and the answers, nothing else.

Everything is replaced in one step, so that a kill or a full disk leaves the session as it was.
Must not know what an answer means.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bisect_deps.errors import InputError, JournalError
from bisect_deps.run.journal import digest
from bisect_deps.secret import redact, secrets_of
from bisect_deps.system.files import read_regular, write_whole
from bisect_deps.system.trust import STATE_FOLDER, be_ours, make_state_folder, open_up, seal

FORMAT = 1
# Names the session's folder where that is not the current one.
POINTER = "guided"
# Stands for `..` in the name under which an original is kept.
UP = "%up"
_KEPT_LOG = re.compile(r"[0-9a-f]{16}\.log")
_LONGEST_PATH = 1 << 16


class PersonAnswer(str, Enum):
    """What a person says of a build."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: the word, the name of its kept log ("" for none), a reason, "I am sure".

    `build` is the digest of the files that it is about.
    """

    word: PersonAnswer
    log: str = ""
    reason: str = ""
    sure: bool = False
    build: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """How a session began.

    `files` are the keys of all files, the root file first; `folder` is where the installer runs. A
    path counts from the root file's folder: `to` is where candidates are written (None for the file
    itself), `existed` are those of its files that were there before. `index_as_of` is "" where the
    index tells no dates. `named` are the keys of several files that are installed together, empty
    for one; `platform` is the one that facts are read for, None for this one.
    """

    files: tuple[str, ...]
    folder: str = "."
    to: str | None = None
    existed: tuple[str, ...] = ()
    python: str | None = None
    index_as_of: str = ""
    index_url: str | None = None
    evidence: bool = True
    check_note: str = ""
    named: tuple[str, ...] = ()
    platform: str | None = None

    @property
    def file(self) -> str:
        """Return the file's name in its folder; of several, the first."""
        return (self.named or self.files)[0]


class Store:
    """The session of one folder, in `.depbisect/session/`; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.state = folder / STATE_FOLDER
        self.folder = self.state / "session"
        self.path = self.folder / "session.jsonl"
        self.answers = self.state / "answers"
        self._lock = FileLock(str(self.state / "lock"), mode=0o600)

    def __enter__(self) -> Store:
        """Lock the session. Raises JournalError while another terminal uses it."""
        make_state_folder(self.state)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise JournalError(
                "this session is in use in another terminal",
                place=str(self.state),
                hint="let the command there finish, then try again",
            ) from None
        except (OSError, NotImplementedError) as error:
            raise JournalError(
                f"the session cannot be locked: {getattr(error, 'strerror', None) or error}",
                place=str(self.state / "lock"),
                hint="make it a file of yours, or remove it",
            ) from None
        # Who had the lock may have sealed it.
        open_up(self.state)
        return self

    def __exit__(self, *error: object) -> None:
        seal(self.state)
        self._lock.release()

    @property
    def exists(self) -> bool:
        """Say whether a session is under way. Raises as `be_ours` for one that is not ours."""
        if not self.path.exists():
            return False
        be_ours(self.state)
        return True

    def begin(
        self, start: Start, originals: Mapping[str, bytes], answers: Iterable[Given] = ()
    ) -> None:
        """Keep the originals, then the start: without both there is no session."""
        shutil.rmtree(self.folder / "original", ignore_errors=True)
        for key in start.files:
            self.write(self._kept(key), originals[key])
        self._save(start, answers)

    def answer(self, given: Given) -> None:
        """Add an answer; on disk when this returns."""
        start, answers = self.read()
        safe = redact(given.reason, secrets_of(os.environ))
        self._save(start, [*answers, replace(given, reason=" ".join(safe.split()))])

    def undo(self, steps: int) -> None:
        """Take back the last answers."""
        start, answers = self.read()
        self._save(start, answers[: max(0, len(answers) - steps)])

    def keep_log(self, data: bytes) -> str:
        """Keep a log without its secrets and return its name; it survives `end`."""
        text = data.decode("utf-8", "surrogateescape")
        data = redact(text, secrets_of(os.environ)).encode("utf-8", "surrogateescape")
        name = f"{digest(data)[:16]}.log"
        if not (self.answers / name).exists():
            self.write(self.answers / name, data)
        return name

    def log(self, given: Given) -> bytes:
        """Return the bytes of an answer's log; empty where none was given. Raises JournalError."""
        if not given.log:
            return b""
        path = self.answers / given.log
        try:
            return read_regular(path)
        except OSError as error:
            raise JournalError(
                f"a log that was given cannot be read: {error.strerror}",
                place=str(path),
                hint="put it back, or end the session: depbisect reset --force",
            ) from None

    def read(self) -> tuple[Start, list[Given]]:
        """Return the start and the answers that stand. Raises InputError, JournalError."""
        if not self.exists:
            raise InputError(
                "no session is under way in this folder",
                hint="begin one: depbisect start requirements.txt",
            )
        unreadable = JournalError(
            "the session's record cannot be read",
            place=str(self.path),
            hint="to put the original back: depbisect reset --force",
        )
        try:
            head, *entries = [json.loads(line) for line in read_regular(self.path).splitlines()]
            version = head.pop("format")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise unreadable from None
        if version != FORMAT:
            raise JournalError(
                "this session was begun by another version of depbisect",
                place=str(self.path),
                hint="go on with that version, or put the original back: depbisect reset --force",
            )
        try:
            for name in ("files", "existed", "named"):
                head[name] = tuple(head.get(name, ()))
            answers = [Given(**{**entry, "word": PersonAnswer(entry["word"])}) for entry in entries]
            start = Start(**head)
            _be_valid(start, answers)
            return start, answers
        except (ValueError, KeyError, TypeError):
            raise unreadable from None

    def originals(self, start: Start) -> dict[str, bytes]:
        """Return the files as they were when the session began, the root file first.

        Raises JournalError.
        """
        try:
            return {key: read_regular(self._kept(key)) for key in start.files}
        except OSError as error:
            raise JournalError(
                f"the session's copy of a file cannot be read: {error.strerror or error}",
                place=str(error.filename or self.folder),
                hint="to end the session: depbisect reset --force",
            ) from None

    def put_back(self) -> list[Path]:
        """Put all originals back, whatever the record says; return the files written.

        Raises as `be_ours` does: what came with a clone is written nowhere.
        """
        be_ours(self.state)
        kept = self.folder / "original"
        written = []
        for path in sorted(file for file in kept.rglob("*") if file.is_file()):
            parts = [".." if part == UP else part for part in path.relative_to(kept).parts]
            written.append(self.root.joinpath(*parts))
            self.write(written[-1], read_regular(path))
        return written

    def write(self, path: Path, data: bytes) -> None:
        """Replace a file in one step; half a file, after a kill, is in the session's folder."""
        private = path.is_relative_to(self.state)
        write_whole(Path(os.path.relpath(path)), data, by_way_of=self.folder, private=private)

    def end(self) -> None:
        """Forget the session; the logs that were given stay."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, key: str) -> Path:
        parts = [UP if part == ".." else part for part in key.split("/")]
        return self.folder.joinpath("original", *parts)

    def _save(self, start: Start, answers: Iterable[Given]) -> None:
        entries: Sequence[Mapping[str, Any]] = [
            {"format": FORMAT, **asdict(start)},
            *({**asdict(answer), "word": answer.word.value} for answer in answers),
        ]
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
        self.write(self.path, "".join(lines).encode())


def _be_valid(start: Start, answers: Iterable[Given]) -> None:
    """Raise TypeError or ValueError for what no session of ours has."""
    texts = (
        *start.files,
        *start.existed,
        *start.named,
        start.folder,
        start.index_as_of,
        start.check_note,
    )
    texts += tuple(
        text
        for text in (start.to, start.python, start.platform, start.index_url)
        if text is not None
    )
    for given in answers:
        texts += (given.log, given.reason, given.build)
        if given.log and not _KEPT_LOG.fullmatch(given.log):
            raise ValueError(given.log)
    if not start.files or not all(isinstance(text, str) for text in texts):
        raise TypeError("no text")
    if any(Path(key).is_absolute() for key in (*start.files, *start.existed)):
        raise ValueError("an absolute path")


def folder_of(here: Path) -> Path:
    """Return the folder of the session that is known from this one: another where it is noted."""
    pointer = here / STATE_FOLDER / POINTER
    if pointer.is_file() and not Store(here).exists:
        be_ours(pointer.parent)
        there = Path(
            os.path.normpath(here / os.fsdecode(read_regular(pointer, most=_LONGEST_PATH)))
        )
        if there.is_dir():
            return there
    return here
