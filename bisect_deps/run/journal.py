"""The journal: an append-only record of answers, so that nothing is built twice.

One JSON object a line in `.depbisect/journal.jsonl`, flushed to disk before the next build starts.
A run that was killed goes on by asking its questions again: the journal answers those that were
answered before, known by the digest of the rendered files and the builder's identity. Nothing here
knows what a probe means, and no search state is ever saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from bisect_deps.errors import JournalError
from bisect_deps.model import RESOLVER_NUMBERS, BuildStatus
from bisect_deps.system.files import read_regular
from bisect_deps.system.trust import make_state_folder, open_up, seal, write_new

FORMAT = 1
# The kinds of file that an entry names.
_LOG = re.compile(r"probes/(?:resolver-)?[0-9]{1,9}\.log")
_LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Answered:
    """A finished probe as the journal keeps it. `status` is a `BuildStatus` value.

    `modules` are kept with it since the log is read by them: a replay has to read it alike.
    """

    key: str
    number: int
    kind: str
    status: str
    seconds: float
    log: str
    installed: Mapping[str, str] | None = None
    exit_note: str = ""
    modules: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A build in flight: enough to attach to it again."""

    key: str
    number: int
    handle: Mapping[str, Any]


@dataclass(slots=True)
class Contents:
    """What a journal file holds after reading: runs by their inputs, answers and builds by key."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answered] = field(default_factory=dict)
    started: dict[str, Started] = field(default_factory=dict)
    highest: int = 0
    resolver_highest: int = RESOLVER_NUMBERS

    def take_number(self, number: int) -> None:
        """Note a number as used: a build's, or one of the resolver's answers."""
        if number > RESOLVER_NUMBERS:
            self.resolver_highest = max(self.resolver_highest, number)
        else:
            self.highest = max(self.highest, number)


class Journal:
    """An open journal. One writer at a time; use as a context manager.

    It serves every run of one folder: a run is known by the digest of its inputs, an answer by its
    key. `fresh` sets the whole file aside (`journal.1.jsonl`).
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.folder = folder
        self._fresh = fresh
        self.path = folder / "journal.jsonl"
        self._lock = FileLock(str(folder / "lock"), mode=0o600)
        self._contents = Contents()
        self._stream: Any = None
        self._written: tuple[int, ...] = ()

    def __enter__(self) -> Journal:
        """Lock the state folder and read what is there. Raises JournalError."""
        make_state_folder(self.folder)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise JournalError(
                "another depbisect works on this file",
                place=str(self.folder),
                hint="wait for it to end, or stop it; its answers are kept",
            ) from None
        except (OSError, NotImplementedError) as error:
            raise _unwritable("the lock", self.folder / "lock", error) from None
        # Who had the lock may have sealed it.
        open_up(self.folder)
        if self._fresh and self.path.exists():
            # Set aside unread: it may be one that this version cannot read.
            _set_aside(self.path)
        self._contents = read(self.path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and free the lock."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        seal(self.folder)
        self._lock.release()

    def begin(
        self, inputs: str, facts: Mapping[str, Any], *, fresh: bool = False
    ) -> Mapping[str, Any]:
        """Return the facts that the earlier run of these inputs fixed, else fix and return `facts`.

        Facts are what a run decides once, such as the "index as of" instant.
        """
        if fresh and self.path.exists():
            _set_aside(self.path)
            self._contents = Contents()
        earlier = self._contents.runs.get(inputs)
        if earlier is not None:
            return earlier
        self._contents.runs[inputs] = dict(facts)
        self._append({"type": "run", "format": FORMAT, "inputs": inputs, "facts": dict(facts)})
        return facts

    def answer(self, key: str) -> Answered | None:
        """Return the finished probe of this key, or None."""
        return self._contents.answers.get(key)

    def in_flight(self, key: str) -> Started | None:
        """Return the build that was started for this key and never finished, or None."""
        return self._contents.started.get(key)

    def next_number(self) -> int:
        """Return the next free number of a build; each call gives a new one."""
        self._contents.highest += 1
        return self._contents.highest

    def next_resolver_number(self) -> int:
        """Return the next free number of an answer of the resolver, above RESOLVER_NUMBERS."""
        self._contents.resolver_highest += 1
        return self._contents.resolver_highest

    def keep(self, name: str, data: bytes) -> None:
        """Keep a file beside the journal, such as a build's log. Raises JournalError."""
        path = self.folder / name
        try:
            write_new(path, data)
        except OSError as error:
            raise _unwritable("what belongs to the journal", path, error) from None

    def record_start(self, started: Started) -> None:
        """Note a build before anything waits for it."""
        self._contents.started[started.key] = started
        self._append(
            {
                "type": "started",
                "key": started.key,
                "number": started.number,
                "handle": dict(started.handle),
            }
        )

    def record(self, answered: Answered) -> None:
        """Note a finished probe; on disk when this returns."""
        self._contents.started.pop(answered.key, None)
        self._contents.answers[answered.key] = answered
        entry = {
            "type": "probe",
            "key": answered.key,
            "number": answered.number,
            "kind": answered.kind,
            "status": answered.status,
            "seconds": round(answered.seconds, 3),
            "log": answered.log,
            "installed": None if answered.installed is None else dict(answered.installed),
            "exit_note": answered.exit_note,
        }
        if answered.modules is not None:
            entry["modules"] = dict(answered.modules)
        self._append(entry)

    def _append(self, entry: Mapping[str, Any]) -> None:
        try:
            if self._stream is None:
                _end_last_line(self.path)
                # Unbuffered: what could not be written is not tried again when it is closed.
                self._stream = os.fdopen(_for_its_owner(self.path), "ab", buffering=0)
            elif self._written != _facts(self.path):
                raise JournalError(
                    "the journal was changed by something else, perhaps by a build",
                    place=str(self.path),
                    hint="look at it, then use --fresh; builds in a sandbox cannot reach it",
                )
            line = memoryview(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            try:
                while line:
                    line = line[self._stream.write(line) :]
                os.fsync(self._stream.fileno())
            finally:  # Ctrl-C comes while the disk is waited for: what changed was our own line.
                self._written = _facts(self.path)
        except OSError as error:
            raise _unwritable("the journal", self.path, error) from None


def _for_its_owner(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def _facts(path: Path) -> tuple[int, ...]:
    """Return what shows that a file was changed: no write leaves its change time as it was."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _unwritable(what: str, path: Path, error: Exception) -> JournalError:
    if not path.parent.is_dir():
        return JournalError(
            f"cannot write {what}: the folder was removed while the run went on",
            place=str(path.parent),
            hint="the answers in it are gone; your files are as they were: run again",
        )
    return JournalError(
        f"cannot write {what}: {getattr(error, 'strerror', None) or error}",
        place=str(path),
        hint="free some disk space, or make the folder writable; what was answered is kept",
    )


def read(path: Path) -> Contents:
    """Read a journal file; a last line cut off by a kill is left out. Raises JournalError."""
    contents = Contents()
    try:
        for entry in _entries(path):
            _take(contents, entry, path)
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f"it holds an entry that this version cannot read ({error})",
            place=str(path),
            hint="use --fresh to start over",
        ) from None
    return contents


def _take(contents: Contents, entry: Mapping[str, Any], path: Path) -> None:
    kind = entry.get("type")
    if kind == "run":
        if entry.get("format") != FORMAT:
            raise JournalError(
                f"written by another version of depbisect (format {entry.get('format')})",
                place=str(path),
                hint="use --fresh to start over",
            )
        facts = entry["facts"]
        if not isinstance(facts, dict):
            raise TypeError("facts are no table")
        contents.runs[_text(entry, "inputs")] = facts
    elif kind == "started":
        started = Started(_text(entry, "key"), _number(entry), _handle(entry["handle"]))
        contents.started[started.key] = started
        contents.take_number(started.number)
    elif kind == "probe":
        answered = _answered(entry)
        contents.answers[answered.key] = answered
        contents.started.pop(answered.key, None)
        contents.take_number(answered.number)


def _answered(entry: Mapping[str, Any]) -> Answered:
    """Return an entry's probe. Raises KeyError, TypeError, ValueError for any other content."""
    log, seconds = _text(entry, "log"), entry["seconds"]
    if log and not _LOG.fullmatch(log):
        raise ValueError(f"log {log!r}")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError("seconds are no number")
    return Answered(
        key=_text(entry, "key"),
        number=_number(entry),
        kind=_text(entry, "kind"),
        status=BuildStatus(entry["status"]).value,
        seconds=seconds,
        log=log,
        installed=_table(entry.get("installed")),
        exit_note=_text(entry, "exit_note", ""),
        modules=_table(entry.get("modules")),
    )


def _handle(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise TypeError("a handle without its id")
    if not isinstance(value.get("url"), (str, type(None))):
        raise TypeError("a handle's url is no text")
    _table(value.get("extra"))
    return value


def _text(entry: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = entry[name] if default is None else entry.get(name, default)
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _number(entry: Mapping[str, Any]) -> int:
    value = entry["number"]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("number is no number")
    return value


def _table(value: object) -> Mapping[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise TypeError("not a table of texts")
    return value


def digest(*parts: object) -> str:
    """Return the hex digest of the parts' canonical JSON; bytes are hashed as they are."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = read_regular(path, most=_LARGEST).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"cannot read the journal: {error.strerror}", place=str(path)) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            # A killed writer leaves a part of a line, which a resumed one ends; see _end_last_line.
            continue
        if not isinstance(entry, dict):
            raise JournalError("not a journal", place=f"{path}:{number}", hint="use --fresh")
        yield entry


def _end_last_line(path: Path) -> None:
    """End a line that a killed writer left open, so that the next entry begins on its own."""
    try:
        with path.open("rb+") as stream:
            if stream.seek(0, os.SEEK_END) == 0:
                return
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
    except FileNotFoundError:
        return


def _set_aside(path: Path) -> None:
    number = 1
    while (aside := path.with_name(f"journal.{number}.jsonl")).exists():
        number += 1
    path.replace(aside)
