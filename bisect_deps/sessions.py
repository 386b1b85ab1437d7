"""Guided sessions on disk: the original files and the answers, nothing else.

Everything is replaced in one step, so that a kill or a full disk leaves the session as it was.
Must not know what an answer means.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bisect_deps.errors import InputError, JournalError
from bisect_deps.files import write_whole
from bisect_deps.journal import STATE_FOLDER, digest, make_state_folder

FORMAT = 1


class Word(str, Enum):
    """What a person says of a build."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: the word, the name of its kept log ("" for none), a reason, "I am sure"."""

    word: Word
    log: str = ""
    reason: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """How a session began.

    `file` is the root file's name in its folder, `files` maps every file's key to the name under
    which the original is kept. `to` is where candidates are written, None for the file itself.
    """

    file: str
    files: Mapping[str, str]
    to: str | None = None
    python: str | None = None
    index_as_of: str = ""
    index_url: str | None = None
    evidence: bool = True
    check_note: str = ""


class Store:
    """The session of one folder, in `.depbisect/session/`; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.state = folder / STATE_FOLDER
        self.folder = self.state / "session"
        self.path = self.folder / "session.jsonl"
        self.answers = self.state / "answers"
        self._lock = FileLock(str(self.state / "lock"))

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
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    @property
    def exists(self) -> bool:
        """Say whether a session is under way."""
        return self.path.exists()

    def begin(self, start: Start, originals: Mapping[str, bytes]) -> None:
        """Keep the originals, then the start: without both there is no session."""
        for key, name in start.files.items():
            write_whole(self.folder / "original" / name, originals[key])
        entry = {"type": "start", "format": FORMAT, **asdict(start)}
        write_whole(self.path, _line(entry))

    def answer(self, given: Given) -> None:
        """Add an answer; on disk when this returns."""
        self._append({"type": "answer", **asdict(given), "word": given.word.value})

    def undo(self, steps: int) -> None:
        """Take back the last answers; the record of them stays."""
        self._append({"type": "undo", "steps": steps})

    def keep_log(self, data: bytes) -> str:
        """Keep a log under the digest of its bytes and return its name; it survives `end`."""
        name = f"{digest(data)[:16]}.log"
        write_whole(self.answers / name, data)
        return name

    def log(self, given: Given) -> bytes:
        """Return the bytes of an answer's log; empty where none was given."""
        return (self.answers / given.log).read_bytes() if given.log else b""

    def read(self) -> tuple[Start, list[Given]]:
        """Return the start and the answers that stand. Raises InputError, JournalError."""
        if not self.exists:
            raise InputError(
                "no session is under way in this folder",
                hint="begin one: depbisect start requirements.txt",
            )
        entries = list(self._entries())
        if not entries or entries[0].get("format") != FORMAT:
            raise JournalError(
                "this session was begun by another version of depbisect",
                place=str(self.path),
                hint="go on with that version, or put the original back: depbisect reset --force",
            )
        answers: list[Given] = []
        for entry in entries[1:]:
            if entry["type"] == "undo":
                del answers[max(0, len(answers) - entry["steps"]) :]
            else:
                fields = {key: value for key, value in entry.items() if key != "type"}
                answers.append(Given(**{**fields, "word": Word(entry["word"])}))
        head = {k: v for k, v in entries[0].items() if k not in ("type", "format")}
        return Start(**head), answers

    def originals(self, start: Start) -> dict[str, bytes]:
        """Return the files as they were when the session began, the root file first."""
        kept = self.folder / "original"
        return {key: (kept / name).read_bytes() for key, name in start.files.items()}

    def end(self) -> None:
        """Forget the session; the logs that were given stay."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _append(self, entry: Mapping[str, Any]) -> None:
        write_whole(self.path, self.path.read_bytes() + _line(entry))

    def _entries(self) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(self.path.read_bytes().splitlines(), start=1):
            try:
                entry = json.loads(line)
            except ValueError:
                raise JournalError(
                    "the session's record cannot be read",
                    place=f"{self.path}:{number}",
                    hint="put the original back: depbisect reset --force",
                ) from None
            yield entry


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"
