"""Writes what a run found to where the user asked for it, whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.journal import STATE_FOLDER
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
        return [_write(file.parent / name, data) for name, data in changed.items()]
    assert output is not None
    if output.endswith(("/", os.sep)) or Path(output).is_dir():
        whole = {**originals, **changed}
        return [_write(_inside(Path(output), name), data) for name, data in whole.items()]
    others = [name for name in changed if name != root]
    if others:
        raise InputError(
            f"the fix also changes {', '.join(others)}",
            place=output,
            hint=f"give a folder: -o {output.removesuffix('.txt')}/",
        )
    return [_write(Path(output), changed.get(root, originals[root]))]


def write_text(target: str, text: str) -> None:
    """Write a report to a file, or to standard output for `-`."""
    if target == "-":
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    _write(Path(target), text.encode())


def read_logs(verdict: Verdict, folder: Path) -> dict[str, str]:
    """Return the kept logs of a verdict's probes by the path that the probes name."""
    logs: dict[str, str] = {}
    for probe in verdict.probes:
        path = folder / STATE_FOLDER / probe.log
        if probe.log and path.is_file():
            logs[probe.log] = path.read_bytes().decode("utf-8", "replace")
    return logs


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


def _write(path: Path, data: bytes) -> str:
    """Replace a file in one step, keeping its mode; the old one stays till the new is whole."""
    real = path.resolve()
    try:
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
        raise InputError(f"cannot be written: {error.strerror}", place=str(path)) from None
    return str(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
