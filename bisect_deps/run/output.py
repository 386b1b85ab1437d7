"""Writes what a run found to where the user asked for it, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from bisect_deps.errors import InputError
from bisect_deps.model import STDIN, Verdict
from bisect_deps.system.files import read_regular, write_output, write_whole


def write_fix(
    verdict: Verdict,
    originals: Mapping[str, bytes],
    file: Path,
    output: str | None,
    in_place: bool,
) -> list[str]:
    """Write the verified fix and return the paths written; none without a fix or an order to.

    `output` that ends in `/`, or is a folder, takes the fixed file and all that it includes, as
    they lie to each other. Raises InputError where one file cannot hold the fix.
    """
    if verdict.fix is None or (output is None and not in_place):
        return []
    changed = verdict.fix.files
    root = next(iter(originals))
    if in_place:
        _be_unchanged(originals, file.parent)
        return [write_whole(file.parent / name, data) for name, data in changed.items()]
    assert output is not None
    if is_folder(output):
        whole = _placed(Path(output), {**originals, **changed}, file)
        _be_elsewhere(whole, originals, file.parent)
        return [write_output(path, data) for path, data in whole.items()]
    others = [name for name in changed if name != root]
    if others or verdict.files:
        raise InputError(
            f"the fix also changes {', '.join(others)}"
            if others
            else "one file cannot hold the fix of several",
            place=output,
            hint=f"give a folder: -o {output.removesuffix('.txt')}/",
        )
    _be_elsewhere([Path(output)], originals, file.parent)
    return [write_output(Path(output), changed.get(root, originals[root]))]


def _be_elsewhere(targets: Iterable[Path], originals: Mapping[str, bytes], folder: Path) -> None:
    """Raise InputError where a file that was read would be overwritten: that is for `--write`."""
    mine = {(folder / name).resolve() for name in originals}
    for path in targets:
        if path.resolve() in mine:
            raise InputError(
                "-o would overwrite a file that was read; nothing was written",
                place=str(path),
                hint="use --write to fix it in place, or name another place",
            )


def _be_unchanged(originals: Mapping[str, bytes], folder: Path) -> None:
    for name, data in originals.items():
        if _bytes_of(folder / name) != data:
            raise InputError(
                "the file was changed or removed while the run went on; nothing was written",
                place=str(folder / name),
                hint="run again, or write the fix elsewhere with -o",
            )


def _bytes_of(path: Path) -> bytes | None:
    try:
        return read_regular(path)
    except OSError:
        return None


def is_folder(output: str) -> bool:
    """Say whether `-o` names a folder: one that is there, or a name with a slash at its end."""
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


def _placed(folder: Path, files: Mapping[str, bytes], file: Path) -> dict[Path, bytes]:
    """Return where each file goes below `folder`, so that includes lead where they did.

    Where one lies outside the root file's folder, that folder and those above it come along.
    """
    climbs = max(PurePosixPath(name).parts.count("..") for name in files)
    above = file.absolute().parent.resolve().parts
    home = folder.joinpath(*above[max(1, len(above) - climbs) :]) if climbs else folder
    placed = {
        Path(os.path.normpath(home / _real(name, files))): data for name, data in files.items()
    }
    if any(not path.is_relative_to(os.path.normpath(folder)) for path in placed):
        raise InputError(
            "an included file lies too far away to be written there", place=str(folder)
        )
    return placed


def _real(name: str, files: Mapping[str, bytes]) -> str:
    """Return a name for what came by standard input, every other as it is."""
    if name != STDIN:
        return name
    return "stdin.txt" if "requirements.txt" in files else "requirements.txt"
