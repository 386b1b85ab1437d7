"""Which versions to pin a file to, and the edits that write them.

Versions come from where somebody knows them: an environment, a freeze, a lock, the last verified
run, or what the resolver makes of the file today. Nothing is built here.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from bisect_deps.errors import DepbisectError, ExitCode, IndexUnavailable, InputError
from bisect_deps.formats import parse_manifest, read_known_good
from bisect_deps.formats.base import Manifest, applies
from bisect_deps.index import Index
from bisect_deps.model import (
    Edit,
    EditAction,
    IndexSettings,
    Interpreter,
    Release,
    Requirement,
    exactly,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolution, Resolver
from bisect_deps.system.files import read_regular
from bisect_deps.system.trust import be_ours
from bisect_deps.text import counted, listed

ENV, STDIN, INDEX, RUN = "env", "-", "index", "run"
# Asks any Python from 3.6 on what is installed beside it; what is linked to a folder is no release.
_LIST = """
import json
try:
    from importlib.metadata import distributions
    found = [(d.metadata["Name"], d.version) for d in distributions()]
except ImportError:
    import pkg_resources
    found = [(d.project_name, d.version) for d in pkg_resources.working_set]
print(json.dumps({name: version for name, version in found if name}))
"""


class CannotPin(DepbisectError):
    """The lines have no versions that suit them together."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """Versions by normalised name, and where they are from, in words.

    `checks` and `imports` are what a build with them passed after its install.
    """

    versions: Mapping[str, str]
    origin: str
    checks: tuple[str, ...] = ()
    imports: bool = False


@dataclass(frozen=True, slots=True)
class Pins:
    """What pinning a file means: its edits, what was left as it is and why, the origin.

    `kept` are pins of the file that differ from what the origin knows.
    """

    edits: tuple[Edit, ...]
    left: tuple[str, ...]
    kept: tuple[str, ...]
    origin: str
    transitive: int = 0


@dataclass(slots=True)
class Pinner:
    """Pins a manifest for one Python. `transitive`: also what the lines pull in. `hashes`: with."""

    manifest: Manifest
    interpreter: Interpreter
    index: IndexSettings
    transitive: bool = False
    hashes: bool = False
    _left: list[str] = field(default_factory=list)

    def pins(self, known: KnownVersions | None) -> Pins:
        """Return the edits; `known` None asks the resolver of today.

        Raises CannotPin, IndexUnavailable, InputError, BuilderUnavailable.
        """
        resolution = self._resolution(known) if known is None or self._asks_for_more else None
        versions = dict(known.versions) if known is not None else {}
        if known is None and resolution is not None:
            versions = dict(resolution.releases)
        chosen = dict(self._chosen(versions))
        is_wanted = resolution is not None and self._asks_for_more
        more = self._pulled_in(resolution, chosen) if resolution and is_wanted else {}
        wanted = {name: version for _, (name, version) in chosen.items()} | more
        digests = self._digests(wanted) if self.hashes else {}
        edits = [
            Edit(EditAction.REPIN, name, number, exactly(version), digests.get(name, ()))
            for number, (name, version) in chosen.items()
        ]
        edits += [
            Edit(
                EditAction.ADD, name, None, exactly(version), digests.get(name, ()), constraint=True
            )
            for name, version in sorted(more.items())
        ]
        origin = known.origin if known is not None else "the newest that suit each other"
        kept = () if known is None else tuple(self._kept(known))
        return Pins(tuple(edits), tuple(self._left), kept, origin, len(more))

    @property
    def _asks_for_more(self) -> bool:
        # With hashes, an installer demands those of everything that it installs.
        return self.transitive or self.hashes

    def _resolution(self, known: KnownVersions | None) -> Resolution:
        lines = [own.text for own in self._installed() if not own.constraint]
        limits = [own.text for own in self._installed() if own.constraint]
        if known is not None:
            limits += [f"{name}=={version}" for name, version in known.versions.items()]
        found = Resolver(self.interpreter, self.index).resolve(lines, constraints=limits)
        if found.infrastructure:
            raise IndexUnavailable("the resolver got no answer from the index")
        if not found.resolved:
            raise CannotPin(
                f"no versions suit these lines together:\n{found.log.strip()}",
                place=str(self.manifest.path),
                hint=f"depbisect run {self.manifest.path} finds out which line to change",
            )
        return found

    def _installed(self) -> Iterator[Requirement]:
        return (own for own in self.manifest.requirements if applies(own, self._markers))

    @property
    def _markers(self) -> Mapping[str, str]:
        return self.interpreter.markers

    def _chosen(self, versions: Mapping[str, str]) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield number, name and version of each line that is to be pinned; note all others."""
        held = {own.name for own in self._installed() if own.pin and own.constraint}
        for own in self.manifest.requirements:
            if own.constraint or (own.pin and not self.hashes) or own.name in held:
                continue
            version = own.pin or versions.get(own.name)
            reason = self._why_not(own, version)
            if reason:
                self._left.append(f"{own.file}:{own.line}: {own.text}: {reason}")
            elif version is not None:
                yield own.number, (own.name, version)

    def _kept(self, known: KnownVersions) -> Iterator[str]:
        for own in self._installed():
            version = known.versions.get(own.name)
            if own.pin and version and not _allows(f"=={own.pin}", version):
                place = f"{own.file}:{own.line}"
                yield f"{place}: {own.text}: {known.origin} has {version}; a pin is not changed"

    def _why_not(self, own: Requirement, version: str | None) -> str:
        if own.url or not own.name:
            return "a URL or a path has no version to pin"
        if not applies(own, self._markers):
            return f"does not apply to Python {self.interpreter.version} here"
        if version is None:
            return "no version of it is known there"
        if own.pin is None and not _allows(own.specifier, version):
            return f"{version} is known, which this line does not allow"
        return ""

    def _pulled_in(
        self, resolution: Resolution, chosen: Mapping[int, tuple[str, str]]
    ) -> dict[str, str]:
        """Return what the lines pull in and no line pins."""
        named = {name for name, _ in chosen.values()}
        named |= {own.name for own in self.manifest.requirements if own.pin}
        return {n: v for n, v in resolution.releases.items() if n not in named}

    def _digests(self, wanted: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return the hashes of all files of each release. Raises InputError without any."""
        with Index(self.index, self.interpreter) as index:
            index.prefetch(wanted)
            found = {}
            for name, version in wanted.items():
                release = index.release(Release(name, version))
                hashes = release.hashes if release is not None else ()
                if not hashes:
                    raise InputError(
                        f"the index has no hashes of {name} {version}",
                        place=str(self.manifest.path),
                        hint="pin without --hashes, or from an index that has the release",
                    )
                found[name] = tuple(sorted(hashes))
        return found


def _allows(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def known_from(
    source: str, folder: Path, interpreter: Interpreter, stdin: bytes | None
) -> KnownVersions | None:
    """Return the versions that a source knows, None for the index of today.

    `source` is `env`, `-` (a freeze on standard input), `run` (the last verified one), `index`, or
    a lock's or freeze's path. Raises InputError.
    """
    if source == INDEX:
        return None
    if source == ENV:
        return KnownVersions(installed_in(interpreter), f"the environment of {interpreter.path}")
    if source == RUN:
        return _last_run(folder)
    if source == STDIN:
        manifest = parse_manifest(stdin or b"", Path("freeze.txt"), folder=folder)
        pins = {own.name: own.pin for own in manifest.requirements if own.name and own.pin}
        if not pins:
            hint = "pipe the output of pip freeze in"
            raise InputError("no pinned version in it", place="standard input", hint=hint)
        return KnownVersions(pins, "standard input")
    path = folder / source if (folder / source).is_file() else Path(source)
    if not path.exists():
        hint = "give env, -, run, index, or the path of a lock or freeze"
        raise InputError("no such file", place=source, hint=hint)
    return KnownVersions(read_known_good(path, interpreter.markers), source)


def installed_in(interpreter: Interpreter) -> dict[str, str]:
    """Return what is installed beside a Python. Raises InputError where it does not say."""
    try:
        answer = subprocess.run(
            [interpreter.path, "-c", _LIST],
            capture_output=True,
            text=True,
            timeout=POLICY.reading_timeout,
            check=True,
            # Python imports from the current folder first: a project may have a json.py.
            cwd="/",
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise InputError(
            "it does not say what is installed beside it", place=interpreter.path
        ) from error
    return {canonicalize_name(name): version for name, version in found.items()}


def _last_run(folder: Path) -> KnownVersions:
    path = folder / ".depbisect" / "report.json"
    hint = "run depbisect run first, or pin --from index"
    be_ours(path.parent)
    try:
        report = json.loads(read_regular(path))
        if not isinstance(report, dict):
            raise ValueError("no report")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("there is no run to pin from", place=str(folder), hint=hint) from error
    environment = report.get("environment")
    if report.get("verdict") not in ("passes", "fixed") or not environment:
        raise InputError("the last run verified no environment", place=str(path), hint=hint)
    versions: dict[str, str] = {
        canonicalize_name(name): str(version) for name, version in environment.items()
    }
    target = report.get("target", {})
    checks, imports = tuple(target.get("checks", ())), bool(target.get("imports"))
    return KnownVersions(versions, "the last verified run", checks, imports)


def default_source(folder: Path, locks: Sequence[str]) -> str:
    """Return where versions come from if nobody says: a verified run, else a lock, else today."""
    try:
        _last_run(folder)
    except DepbisectError:
        return next(iter(locks), INDEX)
    return RUN


def changed(manifest: Manifest, rendered: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of the rendered files that differ from what the user has."""
    return {name: data for name, data in rendered.items() if data != manifest.files.get(name)}


def described(pins: Pins, names: Iterable[str]) -> str:
    """Return what was pinned in one sentence without its end: `2 requirements (a.txt), from …`."""
    count = sum(edit.action is EditAction.REPIN for edit in pins.edits)
    said = counted(count, "requirement")
    if pins.transitive:
        said += f" and the {pins.transitive} that {'it pulls' if count == 1 else 'they pull'} in"
    return f"{said} ({listed(tuple(names))}), from {pins.origin}"
