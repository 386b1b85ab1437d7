"""Writes what a run found to where the user asked for it, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.model import Verdict


def write_fix(
    verdict: Verdict,
    originals: Mapping[str, bytes],
    file: Path,
    output: str | None,
    in_place: bool,
) -> list[str]:
    """Write the verified fix and return the paths written; none without a fix or an order to.

    `output` that ends in `/`, or is a folder, takes the fixed file and all that it includes. Raises
    InputError where one file cannot hold the fix.
    """
    if verdict.fix is None or (output is None and not in_place):
        return []
    changed = verdict.fix.files
    root = next(iter(originals))
    if in_place:
        _be_unchanged(originals, file.parent)
        return [write_whole(file.parent / name, data) for name, data in changed.items()]
    assert output is not None
    if output.endswith(("/", os.sep)) or Path(output).is_dir():
        whole = {**originals, **changed}
        return [write_whole(_inside(Path(output), name), data) for name, data in whole.items()]
    others = [name for name in changed if name != root]
    if others:
        raise InputError(
            f"the fix also changes {', '.join(others)}",
            place=output,
            hint=f"give a folder: -o {output.removesuffix('.txt')}/",
        )
    return [write_whole(Path(output), changed.get(root, originals[root]))]


def write_whole(path: Path, data: bytes) -> str:
    """Replace a file in one step, keeping its mode; the old one stays till the new is whole.

    A pipe or a device is written to, not replaced. Returns the path; raises InputError.
    """
    real = path.resolve()
    try:
        if real.exists() and not real.is_file():
            real.write_bytes(data)
            return str(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        mode = real.stat().st_mode & 0o7777 if real.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
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
            hint="name a file in a folder that you may write to",
        ) from None
    return str(path)


def _be_unchanged(originals: Mapping[str, bytes], folder: Path) -> None:
    for name, data in originals.items():
        if (folder / name).read_bytes() != data:
            raise InputError(
                "the file was changed while the run went on; nothing was written",
                place=str(folder / name),
                hint="run again, or write the fix elsewhere with -o",
            )


def _inside(folder: Path, name: str) -> Path:
    # An include from outside the root file's folder keeps its own name inside the new folder.
    return folder / name.replace("../", "")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
