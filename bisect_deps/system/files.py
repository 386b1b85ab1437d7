"""Files read only where they are plain ones, and written whole or not at all.

Must not know what is in them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from bisect_deps.errors import InputError
from bisect_deps.text import alike, shown

# No requirements file, lock or report that people write comes near it.
LARGEST = 64 << 20
# Of a file, in bytes: what is longer cannot be saved. A wheel's name could stand for 10**10 tags.
LONGEST_NAME = 255
_CONTROLLED = frozenset({".git", ".hg", ".svn"})
_PROJECT_FILES = (tuple(_CONTROLLED), ("pyproject.toml", "setup.py", "setup.cfg"))
# The user's own pipes, as `<(command)` names them.
PIPES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_MIB = 1 << 20
# What is read at a time: room for a whole MiB would be asked for with every small file.
_BLOCK = 1 << 16
# Of what is no regular file, or is too large a one.
_ODD = {errno.EINVAL, errno.EFBIG, errno.ENXIO}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def read_regular(path: str | Path, *, most: int = LARGEST, pipe: bool = False) -> bytes:
    """Return a regular file's bytes. Raises OSError for anything else, or more than `most` bytes.

    Pipes, devices and what the kernel makes up (`/proc`, `/sys`) are never read, and never waited
    for; with `pipe`, a pipe that the shell made for this command is.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as stream:
        kind = os.fstat(descriptor)
        if pipe and stat.S_ISFIFO(kind.st_mode) and str(path).startswith(PIPES):
            os.set_blocking(descriptor, True)
        else:
            be_regular(path, kind)
        return _all_of(stream, path, most)


def holds(path: Path, data: bytes) -> bool:
    """Say whether a regular file of these bytes is there."""
    try:
        return read_regular(path) == data
    except OSError:
        return False


def read_settings(path: Path) -> bytes:
    """Return the bytes of a program's settings, none of /dev/null. Raises OSError.

    Raises InputError for what the program would read without end.
    """
    if str(path) == os.devnull:
        return b""
    try:
        return read_regular(path)
    except OSError as error:
        if error.errno not in _ODD:
            raise
        raise InputError(
            f"these settings cannot be read: {error.strerror}",
            place=str(path),
            hint="remove it, or change the variable that names it",
        ) from None


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file of any size, or the shell's own pipe, to be read in parts.

    Raises OSError for anything else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        kind = os.fstat(descriptor)
        if not (stat.S_ISFIFO(kind.st_mode) and str(path).startswith(PIPES)):
            be_regular(path, kind)
        os.set_blocking(descriptor, True)
    except OSError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")


class OutsideProject(OSError):
    """A file that a project names and that is not the project's own: it is not read."""


def hint_for_missing(path: Path, otherwise: str) -> str:
    """Return which file beside a missing one is likely to be meant, or what else to do."""
    try:
        with os.scandir(path.parent) as entries:
            beside = [entry.name for entry in entries if entry.is_file()]
    except OSError:
        return otherwise
    meant = " or ".join(str(path.with_name(name)) for name in alike(path.name, beside))
    return f"did you mean {shown(meant)}?" if meant else otherwise


def project_of(folder: str | Path) -> str:
    """Return the folder of the project that a folder belongs to, without links.

    That is the nearest one under version control, else the nearest with a pyproject.toml, setup.py
    or setup.cfg, else the folder itself. A home folder is no project, whatever is in it.
    """
    here = Path(folder).resolve()
    home = Path(os.path.realpath(os.path.expanduser("~")))
    above = [place for place in (here, *here.parents) if place not in (home, place.parent)]
    above = above[
        : next((at for at, place in enumerate(above) if place in home.parents), len(above))
    ]
    for names in _PROJECT_FILES:
        for place in above:
            if any((place / name).exists() for name in names):
                return str(place)
    return str(here)


def read_inside(path: str, homes: Iterable[str]) -> bytes:
    """Return a file's bytes if it lies in one of the folders. Raises OutsideProject, OSError.

    Links count as what they lead to. What version control keeps is nobody's requirements.
    """
    real = Path(os.path.realpath(path))
    is_inside = any(real.is_relative_to(home) for home in homes)
    if not is_inside or not _CONTROLLED.isdisjoint(real.parts):
        raise OutsideProject(errno.EPERM, "it leads out of the project", path)
    return read_regular(path)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file of the user's own in one step, readable by nobody else. Raises InputError."""
    write_whole(path, data, private=True)


def write_output(path: Path, data: bytes) -> str:
    """Write what a user asked for by name, as `write_whole` does.

    A link of that name that leads out of the current folder may have come with a clone, and is
    refused: the name does not say what would be replaced. Raises InputError.
    """
    here = Path.cwd()
    if path.is_symlink() and path.parent.resolve().is_relative_to(here):
        leads_to = path.resolve()
        if not leads_to.is_relative_to(here):
            raise InputError(
                f"it is a link that leads out of this folder, to {leads_to}",
                place=str(path),
                hint="name that file itself, or remove the link",
            )
    return write_whole(path, data)


def write_whole(
    path: Path, data: bytes, *, by_way_of: Path | None = None, private: bool = False
) -> str:
    """Replace a file in one step, keeping its mode; the old one stays till the new is whole.

    The new one grows in `by_way_of` where that is on the same file system, else beside the file;
    a `private` one is for its owner alone. A pipe or a device is written to, not replaced. Returns
    the path; raises InputError.
    """
    import tempfile

    real = path.resolve()
    try:
        if real.exists() and not real.is_file():
            real.write_bytes(data)
            return str(path)
        if private:
            _make_private(real.parent)
        real.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if private else _mode_of(real)
        workshop = _workshop(real.parent, by_way_of)
        handle, name = tempfile.mkstemp(dir=workshop, prefix=f".{real.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(name, mode)
            os.replace(name, real)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}",
            place=str(path),
            hint="make room on the disk, then try again"
            if error.errno in FULL
            else "name a file in a folder that you may write to",
        ) from None
    return str(path)


def folder_below(top: Path, below: Path, *, make: bool = False) -> Path:
    """Return a folder below another that strangers write to, where no link leads elsewhere.

    Made where it is not, if `make`. Raises OSError where a link or a file stands in the way.
    """
    at = top
    for part in ("", *below.parts):
        at = at / part
        if make:
            with contextlib.suppress(FileExistsError):
                at.mkdir()
        if not stat.S_ISDIR(at.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(at))
    return at


def is_ours_alone(folder: Path) -> bool:
    """Make a folder where it is not, and say whether nobody else writes to it, and we can.

    Nor may anyone else put another in its place: that of another user, in a folder for all.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
        above = [path.stat() for path in folder.parents]
    except OSError:
        return False
    is_shared = stat.S_ISLNK(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022
    is_moved = any(
        found.st_uid not in (0, os.geteuid())
        or (found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX)
        for found in above
    )
    return not is_shared and not is_moved and os.access(folder, os.W_OK)


def be_regular(path: str | Path, found: os.stat_result) -> None:
    """Raise OSError for what could be read without end, or waited for: pipes, devices, /proc."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(found.st_mode):
        kind = "pipe" if stat.S_ISFIFO(found.st_mode) else "device or socket"
        raise OSError(errno.EINVAL, f"it is a {kind}, not a regular file", str(path))
    real = os.path.realpath(path)
    if real.startswith(("/proc/", "/sys/", "/dev/")) and not real.startswith("/dev/shm/"):
        raise OSError(errno.EINVAL, "it shows the system's state, it is no file", str(path))


def _all_of(stream: io.FileIO, path: str | Path, most: int) -> bytes:
    parts, size = [], 0
    while part := stream.read(_BLOCK):
        parts.append(part)
        size += len(part)
        if size > most:
            limit = f"{most // _MIB} MiB" if most >= _MIB else f"{most} bytes"
            raise OSError(errno.EFBIG, f"it is larger than {limit}", str(path))
    return b"".join(parts)


def _workshop(beside: Path, wanted: Path | None) -> Path:
    """Return where a new file grows: a file moves in one step on its own file system only."""
    if wanted is None:
        return beside
    _make_private(wanted)
    return wanted if wanted.stat().st_dev == beside.stat().st_dev else beside


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for its owner alone."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)


def _mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
