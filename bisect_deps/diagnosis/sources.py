"""Logs as people have them: a file, plain or compressed, the zip of a CI run, a folder of logs.

Everything is read in blocks; nothing is unpacked to disk. Must not know what a log says.
"""

from __future__ import annotations

import bz2
import errno
import functools
import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from bisect_deps.errors import InputError
from bisect_deps.system.files import LARGEST, hint_for_missing, open_regular

BLOCK = 1 << 18


class Readable(Protocol):
    """What blocks are read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`, none at the end."""


_OPENERS: dict[bytes, Callable[[str], AbstractContextManager[Readable]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP = b"PK\x03\x04"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
_IGNORED_FOLDERS = frozenset({".git", "node_modules", "__pycache__", ".venv"})


@dataclass(frozen=True, slots=True)
class Log:
    """One log: the name to show, and how to open it."""

    name: str
    _open: Callable[[], AbstractContextManager[Readable]]

    def blocks(self) -> Iterator[bytes]:
        """Yield it in blocks. Raises InputError where it cannot be read."""
        try:
            with self._open() as file:
                yield from blocks_of(file)
        except _UNREADABLE as error:
            why = (error.strerror if isinstance(error, OSError) else str(error)) or "damaged"
            hint = "name a log file, a zip, a folder, or - for standard input"
            if isinstance(error, FileNotFoundError):
                hint = hint_for_missing(Path(self.name), hint)
            raise InputError(f"cannot be read: {why}", place=self.name, hint=hint) from error


def logs_in(place: str) -> list[Log]:
    """Return the logs in a file, a zip or a folder, in the order of their names.

    Of a CI run's zip that has whole jobs and their single steps, the whole jobs. Raises InputError
    for a place that cannot be read or holds no log.
    """
    path = Path(place)
    if path.is_dir():
        found = [log for file in _files(path) for log in _of_file(file)]
    elif path.is_file() and _starts(path).startswith(_ZIP):
        found = _of_zip(path)
    elif (archive := _archive_above(path)) is not None:
        found = [_member(archive, path.relative_to(archive).as_posix())]
    else:
        return [_of_path(path)]
    if not found:
        raise InputError(
            "holds no log", place=place, hint="name a log file, or a zip or folder of logs"
        )
    return found


def only_log_in(place: Path) -> bytes:
    """Return the log at a place, unpacked. Raises InputError for none, several, or what is too large."""
    found = logs_in(str(place))
    if len(found) > 1:
        raise InputError(
            f"holds {len(found)} logs", place=str(place), hint=f"name one, such as {found[0].name}"
        )
    data = bytearray()
    for block in found[0].blocks():
        data += block
        if len(data) > LARGEST:
            raise InputError("is too large for a log that a run takes", place=str(place))
    return bytes(data)


def standard_input(file: Readable) -> Log:
    """Return what is piped in as a log."""
    return Log("-", lambda: nullcontext(file))


def blocks_of(file: Readable) -> Iterator[bytes]:
    """Return a binary file as blocks instead of lines."""
    return iter(lambda: file.read(BLOCK), b"")


def _archive_above(path: Path) -> Path | None:
    """Return the zip that a path leads into, None for any other path."""
    if path.exists():
        return None
    above = next((parent for parent in path.parents if parent.is_file()), None)
    return above if above is not None and _starts(above).startswith(_ZIP) else None


def _of_path(path: Path) -> Log:
    """Return one file as a log, unpacked on the way where it is compressed."""
    start = _starts(path) if path.is_file() else b""
    opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return Log(str(path), lambda: open_regular(path))
    return Log(str(path), lambda: opener(str(path)))


def _of_file(path: Path) -> list[Log]:
    """Return the logs of one file of a folder, none where it holds no text."""
    start = _starts(path)
    if start.startswith(_ZIP):
        return _of_zip(path)
    packed = any(start.startswith(magic) for magic in _OPENERS)
    return [_of_path(path)] if packed or (start and _is_text(start)) else []


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED_FOLDERS)
        for name in sorted(names):
            path = Path(root, name)
            # A link may lead anywhere: a folder's logs are the files in it.
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                yield path


def _starts(path: Path) -> bytes:
    """Return the first bytes of a file, none where it cannot be read: opening it will say why."""
    try:
        with open(path, "rb") as file:
            return file.read(1024)
    except OSError:
        return b""


def _is_text(start: bytes) -> bool:
    return b"\0" not in start or start.startswith(_WIDE)


def _of_zip(path: Path) -> list[Log]:
    try:
        names = [info.filename for info in _archive(path).infolist() if not info.is_dir()]
    except _UNREADABLE as error:
        raise InputError(
            "is no zip that can be read", place=str(path), hint="download it again"
        ) from error
    return [_member(path, name) for name in _whole_jobs(sorted(names, key=_in_order))]


def _member(path: Path, name: str) -> Log:
    return Log(f"{path}/{name}", lambda: _open_member(path, name))


def _open_member(path: Path, name: str) -> AbstractContextManager[Readable]:
    try:
        return _archive(path).open(name)
    except KeyError as error:
        raise FileNotFoundError(errno.ENOENT, "no such log in the zip") from error


def _archive(path: Path) -> zipfile.ZipFile:
    """Return a zip, whose list of names is read once for all its members; a few stay open."""
    about = path.stat()
    return _opened(path, about.st_ino, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _opened(path: Path, *_about: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _whole_jobs(names: list[str]) -> list[str]:
    """Leave the logs of single steps out where the log of their whole job is there.

    A run's zip has `0_build.txt`, and `build/1_Set up job.txt` for each step of it.
    """
    jobs = {PurePosixPath(name).stem.partition("_")[2] for name in names if "/" not in name}
    return [name for name in names if name.partition("/")[0] not in jobs or "/" not in name]


def _in_order(name: str) -> tuple[str, int, str]:
    """Sort `2_x` before `10_x`."""
    path = PurePosixPath(name)
    number = path.name.partition("_")[0]
    return (
        str(path.parent),
        int(number) if number.isdecimal() and len(number) < 9 else 0,
        path.name,
    )
