"""Files written whole or not at all. Must not know what is in them."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from bisect_deps.errors import InputError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, data: bytes, *, by_way_of: Path | None = None) -> str:
    """Replace a file in one step, keeping its mode; the old one stays till the new is whole.

    The new one grows in `by_way_of` where that is on the same file system, else beside the file. A
    pipe or a device is written to, not replaced. Returns the path; raises InputError.
    """
    real = path.resolve()
    try:
        if real.exists() and not real.is_file():
            real.write_bytes(data)
            return str(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        mode = real.stat().st_mode & 0o7777 if real.exists() else 0o666 & ~_umask()
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


def _workshop(beside: Path, wanted: Path | None) -> Path:
    """Return where a new file grows: a file moves in one step on its own file system only."""
    if wanted is None:
        return beside
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted if wanted.stat().st_dev == beside.stat().st_dev else beside


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
