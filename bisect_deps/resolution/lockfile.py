"""The environment that a build verified, as a lock: pins with hashes, or `pylock.toml` (PEP 751).

What was installed is taken as it is; nothing is resolved again. Must not know how it was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock, is_valid_pylock_path
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from bisect_deps.errors import InputError
from bisect_deps.index import File, Index, ReleaseFacts
from bisect_deps.model import IndexSettings, Interpreter, Release, Target, Verdict, VerdictKind
from bisect_deps.system.files import write_output


def write_lock(
    path: Path, verdict: Verdict, index: IndexSettings, interpreter: Interpreter
) -> list[str]:
    """Write the environment of the verdict's fix, or of a file that passes; return what was.

    Nothing is written where nothing was verified. A file named `pylock.toml` or `pylock.NAME.toml`
    becomes one, any other a requirements file with hashes. Raises InputError, IndexUnavailable.
    """
    if verdict.kind not in (VerdictKind.FIXED, VerdictKind.PASSES):
        return []
    if not verdict.environment and not _is_empty(verdict):
        raise InputError(
            "it is not known what the build installed, so nothing was locked",
            place=str(path),
            hint="run with --builder local, whose builds can be read",
        )
    with Index(index, interpreter, merged=verdict.target.installer == "pip") as known:
        releases = _releases(verdict.environment, known, path)
    is_pylock = is_valid_pylock_path(path)
    text = pylock(releases, verdict.target) if is_pylock else pins(releases, verdict.target)
    return [write_output(path, text.encode())]


def pins(releases: Mapping[str, ReleaseFacts], target: Target) -> str:
    """Return the releases as a requirements file in which every pin has its hashes."""
    lines = [
        f"# The complete environment that depbisect verified for {_place(target)}.",
        "# pip install --require-hashes --requirement THIS_FILE",
    ]
    for name, release in releases.items():
        hashes = (f"    --hash={digest}" for digest in _hashes(release))
        lines.append(" \\\n".join([f"{name}=={release.version}", *hashes]))
    return "\n".join(lines) + "\n"


def pylock(releases: Mapping[str, ReleaseFacts], target: Target) -> str:
    """Return the releases as the text of a `pylock.toml`."""
    major, minor, *_ = target.python.split(".")
    lock = Pylock(
        lock_version=Version("1.0"),
        requires_python=SpecifierSet(f"=={major}.{minor}.*"),
        created_by="depbisect",
        packages=[_package(name, release) for name, release in releases.items()],
    )
    lock.validate()
    document = tomlkit.document()
    document.add(
        tomlkit.comment(f"The complete environment that depbisect verified: {target.python}")
    )
    document.update(lock.to_dict())
    return tomlkit.dumps(document)


def _place(target: Target) -> str:
    as_of = f", index as of {target.index_as_of}" if target.index_as_of else ""
    return f"Python {target.python} on {target.platform}{as_of}"


def _is_empty(verdict: Verdict) -> bool:
    """Say whether a build that is known in full put nothing in place."""
    number = verdict.fix.probe if verdict.fix else None
    passed = [
        probe
        for probe in verdict.probes
        if probe.number == number or (number is None and probe.installed is not None)
    ]
    return bool(passed) and all(probe.installed == {} for probe in passed)


def _releases(environment: Mapping[str, str], index: Index, path: Path) -> dict[str, ReleaseFacts]:
    """Return each installed release as the index has it, by name."""
    index.prefetch(environment)
    found: dict[str, ReleaseFacts] = {}
    unknown: list[str] = []
    for name in sorted(environment):
        release = index.release(Release(name, environment[name]))
        if release is None or not _hashes(release):
            unknown.append(f"{name} {environment[name]}")
        else:
            found[name] = release
    if unknown:
        raise InputError(
            f"no hashes are known of {', '.join(unknown)}, so nothing was locked",
            place=str(path),
            hint="a lock holds releases of an index; publish what comes from a URL or a folder",
        )
    return found


def _hashes(release: ReleaseFacts) -> list[str]:
    """Return `sha256:...` of every file, sorted; those of a folder are read for it."""
    return sorted(f"sha256:{digest}" for file in release.files if (digest := _sha256(file)))


def _sha256(file: File) -> str | None:
    known = file.hashes.get("sha256")
    local = _local(file)
    if known or local is None:
        return known
    return hashlib.sha256(local.read_bytes()).hexdigest()


def _local(file: File) -> Path | None:
    return None if "://" in file.url else Path(file.url)


def _package(name: str, release: ReleaseFacts) -> Package:
    wheels: list[PackageWheel] = []
    sdist: PackageSdist | None = None
    for file in release.files:
        digest = _sha256(file)
        if digest is None:
            continue
        local = _local(file)
        url, path = (file.url, None) if local is None else (None, str(local))
        hashes = {"sha256": digest}
        if file.is_wheel:
            wheels.append(PackageWheel(name=file.filename, url=url, path=path, hashes=hashes))
        elif sdist is None or file.filename.endswith(".tar.gz"):
            sdist = PackageSdist(name=file.filename, url=url, path=path, hashes=hashes)
    return Package(
        name=canonicalize_name(name),
        version=Version(release.version),
        wheels=wheels or None,
        sdist=sdist,
    )
