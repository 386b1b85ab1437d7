"""What is known to have worked: a file's pins, a day, or the files and locks of a git revision.

Says which of them was taken. Must not know what it is used for.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.formats import parse_manifest, read_known_good, read_pins
from bisect_deps.formats.base import Manifest, applies
from bisect_deps.formats.lock import versions as versions_in
from bisect_deps.run.revisions import Revision, find_revision, is_shallow
from bisect_deps.run.settings import instant
from bisect_deps.text import counted, listed

# Locks that may lie beside a requirements file; what several say, the first one is asked.
LOCKS = (
    "requirements.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
)


@dataclass(frozen=True, slots=True)
class KnownGood:
    """What worked: versions by name, and for all else the index of an instant (ISO 8601, UTC).

    `reported` says in one sentence what was taken, "" where that is plain.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    date: str | None = None
    reported: str = ""


def _tomorrow() -> str:
    """Return this time tomorrow as `instant` does; a day alone means its end, today's too."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def known_good(
    good: str, files: Sequence[Path], folder: Path, markers: Mapping[str, str]
) -> KnownGood:
    """Return what `--good` names: a file that exists, else a day, else a git revision.

    Of a revision, `files` as they stood then with their includes, and the locks beside them, are
    read; `folder` is the root file's, `markers` the target's environment. Raises InputError.
    """
    path = Path(good)
    if path.exists():
        return KnownGood(read_known_good(path, markers), reported=_rival(good, folder, "the file"))
    try:
        date = instant(good)
    except InputError:
        return _of_revision(good, files, folder, markers)
    if date > _tomorrow():
        raise InputError(f"--good {good} is still to come", hint="name a day on which it worked")
    return KnownGood(date=date, reported=_rival(good, folder, "a day"))


def _rival(good: str, folder: Path, taken: str) -> str:
    """Return what was taken where a git revision has the same name."""
    try:
        revision = find_revision(folder, good)
    except InputError:
        return ""
    if revision is None:
        return ""
    return f"--good {good} is {taken} of that name, and not git revision {revision}."


def _of_revision(
    good: str, files: Sequence[Path], folder: Path, markers: Mapping[str, str]
) -> KnownGood:
    revision = _revision(good, folder)
    names = [os.path.relpath(path, folder) for path in files]
    own = [_absolute(path) for path in files if revision.has(_absolute(path))]
    locks = list(_locks(revision, [folder, *(path.parent for path in files)]))
    if files and not own and not locks:
        raise InputError(
            f"--good {good}: in git revision {revision} there was neither {listed(names)} nor a "
            "lock beside it",
            hint="give a revision that has it, or a lock or a freeze",
        )
    versions: dict[str, str] = {}
    for path in (*locks, *own):
        for name, version in _pins(path, revision, markers).items():
            versions.setdefault(name, version)
    manifests = [
        parse_manifest(revision.read(path), Path(path), read=revision.read) for path in own
    ]
    date = None if locks and not _loose(manifests, markers, versions) else revision.date
    read = [os.path.relpath(path, folder) for path in (*own, *locks)]
    reported = f"Known good is git revision {revision}"
    if read:
        reported += f": {counted(len(versions), 'version')} from {listed(read)}"
    if date is not None:
        reported += "; all else as the index was then"
    return KnownGood(versions, date, f"{reported}.")


def _revision(good: str, folder: Path) -> Revision:
    try:
        revision = find_revision(folder, good)
    except InputError as error:
        raise InputError(
            f"--good {good}: no such file, and no date; nor is it a git revision, since "
            f"{error.message}",
            hint=error.hint or "give a lock, a pip freeze, or a date such as 2026-11-21",
        ) from error
    if revision is not None:
        return revision
    hint = "give a lock, a pip freeze, a date such as 2026-11-21, or a git revision such as HEAD~3"
    if is_shallow(folder):
        hint = "the clone has no older commits: git fetch --unshallow --tags"
    raise InputError(f"--good {good}: no such file, no date, and no git revision here", hint=hint)


def _absolute(path: Path) -> str:
    return os.path.join(os.path.realpath(path.absolute().parent), path.name)


def _locks(revision: Revision, folders: Sequence[Path]) -> Iterator[str]:
    beside = dict.fromkeys(os.path.realpath(folder) for folder in folders)
    for name in LOCKS:
        for folder in beside:
            path = os.path.join(folder, name)
            if revision.has(path):
                yield path


def _pins(path: str, revision: Revision, markers: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a file of the revision pins, nothing where it pins nothing."""
    try:
        return versions_in(read_pins(Path(path), revision.read), markers)
    except InputError as error:
        error.message = f"{error.message} (as of git revision {revision})"
        raise


def _loose(
    manifests: Sequence[Manifest], markers: Mapping[str, str], versions: Mapping[str, str]
) -> bool:
    """Say whether any line of then has a version that nothing of then tells."""
    return any(
        own.name not in versions
        for manifest in manifests
        for own in manifest.requirements
        if own.name and not own.url and not own.constraint and applies(own, markers)
    )
