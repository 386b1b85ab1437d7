"""A package index that exists in memory alone, and what goes wrong with its releases.

Tiny worlds, for laws that are judged by brute force: at most a dozen projects, a handful of
releases each. `SimulatedIndex` is the real index over such a world: only its pages are made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from bisect_deps.index import Index
from bisect_deps.index.pages import Page
from bisect_deps.index.releases import File, ReleaseFacts
from bisect_deps.model import BreakageKind, Cause, IndexSettings, Interpreter, Phase

PYTHON = Interpreter(
    "python",
    "3.12.1",
    "cpython",
    "linux-x86_64",
    tags=("cp312-cp312-linux_x86_64", "py3-none-any"),
    markers={
        "implementation_name": "cpython",
        "implementation_version": "3.12.1",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": "3.12.1",
        "python_version": "3.12",
        "sys_platform": "linux",
    },
)
_EXTRA = re.compile(r"extra == [\"'](\w+)[\"']")
# Wheel tags that PYTHON accepts, and some that it does not.
HERE = "py3-none-any"
ELSEWHERE = "cp27-cp27m-win32"
AS_OF = "2026-01-01T00:00:00Z"
SETTINGS = IndexSettings(index_url="https://index.example/simple/", exclude_newer=AS_OF)


@dataclass(frozen=True, slots=True)
class Listing:
    """One release as the index lists it. `wheel` is its wheel's tag, "" without one.

    `uploaded` is ISO 8601, UTC. A resolver that may not build learns what it requires from a wheel
    only; an installer always does.
    """

    version: str
    requires: tuple[str, ...] = ()
    uploaded: str = "2020-01-01T00:00:00Z"
    wheel: str = HERE
    sdist: bool = False
    requires_python: str | None = None
    yanked: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What fails where all `members` are installed in one of their versions.

    `members` maps names to versions: the user first, then what lacks what it uses, then others.
    `phase` is BUILD or METADATA for a release that cannot be installed (one member), else CHECK.
    `name` is a word that no other fault of the world has. Logs show the lowest `place` first.
    `remedy`: for a build, a build constraint that avoids it; at check, a requirement
    (`tools<3`) that does. `blind` is the side that a poor log leaves out.
    """

    name: str
    members: tuple[tuple[str, frozenset[str]], ...]
    phase: Phase = Phase.CHECK
    cause: Cause = Cause.IMPORT_ERROR
    kind: BreakageKind = BreakageKind.NAME_GONE
    place: int = 0
    remedy: str = ""
    blind: str = "lacks"

    @property
    def names(self) -> frozenset[str]:
        """Return the projects that take part."""
        return frozenset(name for name, _ in self.members)

    @property
    def installs(self) -> bool:
        """Say whether the install works and what is installed fails when it is used."""
        return self.phase is Phase.CHECK

    def remedied_by(self, constraints: Iterable[str]) -> bool:
        """Say whether one of these bounds is its remedy, or a stricter one (`tools<2`)."""
        tool, _, bound = self.remedy.partition("<")
        given = [line.partition("<") for line in constraints]
        return self.remedy in constraints or any(
            name == tool and bool(bound) and parse(lower) < parse(bound) for name, _, lower in given
        )

    def within(self, installed: Mapping[str, str]) -> bool:
        """Say whether it fails with these releases; a remedy that is installed avoids it."""
        if not all(installed.get(name) in versions for name, versions in self.members):
            return False
        if self.installs and self.remedy:
            wanted = read(self.remedy)
            version = installed.get(wanted.name)
            return version is None or not allows(wanted.specifier, version)
        return True


@dataclass(frozen=True)
class World:
    """Projects with their releases, oldest first, and what fails among them.

    `needed` are the projects that the user's own check imports. `flakes` maps releases
    (`name==version`) to how often their build fails for no reason.
    """

    projects: Mapping[str, tuple[Listing, ...]]
    faults: tuple[Fault, ...] = ()
    needed: frozenset[str] = frozenset()
    flakes: Mapping[str, float] = field(default_factory=dict)

    def listing(self, name: str, version: str) -> Listing | None:
        """Return a release, None where there is none."""
        return self._by_version.get((name, version))

    @cached_property
    def _by_version(self) -> dict[tuple[str, str], Listing]:
        return {
            (name, listing.version): listing
            for name, listings in self.projects.items()
            for listing in listings
        }


@dataclass(frozen=True, slots=True)
class Line:
    """A requirement as an installer reads it; `applies` says whether its marker holds.

    `extras` are those that it asks for; `within` is the extra that it is a part of, "" for none.
    """

    name: str
    specifier: str
    applies: bool = True
    extras: tuple[str, ...] = ()
    within: str = ""

    @property
    def with_extras(self) -> str:
        """Return the requirement without its version clause: all that has to be there."""
        return f"{self.name}[{','.join(self.extras)}]" if self.extras else self.name

    @property
    def pin(self) -> str | None:
        """Return the one version that it allows, else None."""
        clause = self.specifier
        exact = clause.startswith("==") and "," not in clause and not clause.endswith(".*")
        return clause.lstrip("=") if exact else None


class SimulatedIndex(Index):
    """The real index over a world; it opens no connection and starts no thread."""

    def __init__(self, world: World, settings: IndexSettings = SETTINGS) -> None:
        self.settings = settings
        self.interpreter = PYTHON
        self.world = world
        self._on = {}
        self._found = {}
        self._facts = {}

    @property
    def silent_on_age(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def prefetch(self, names: Iterable[str]) -> None:
        pass

    def _fetch(self, name: str) -> list[Page] | None:
        listings = self.world.projects.get(name)
        if listings is None:
            return None
        files = [file for listing in listings for file in files_of(name, listing)]
        return [Page(lambda: files)]


def files_of(name: str, listing: Listing) -> list[File]:
    """Return a release's files as the index lists them."""
    stem = f"{name.replace('-', '_')}-{listing.version}"
    names = [f"{stem}-{listing.wheel}.whl"] if listing.wheel else []
    names += [f"{stem}.tar.gz"] if listing.sdist else []
    return [
        File(
            filename=filename,
            version=listing.version,
            url=f"https://index.example/files/{filename}",
            is_wheel=filename.endswith(".whl"),
            requires_python=listing.requires_python,
            yanked="withdrawn" if listing.yanked else None,
            uploaded=listing.uploaded,
            hashes={"sha256": f"{abs(hash_of(filename)):064x}"},
        )
        for filename in names
    ]


def hash_of(text: str) -> int:
    """Return a number for a text, the same in every process."""
    number = 0
    for char in text:
        number = (number * 131 + ord(char)) % (1 << 61)
    return number


def in_sight(releases: Iterable[ReleaseFacts]) -> list[str]:
    """Return the versions that a fix may take: installable, not yanked, no pre-release."""
    return [
        release.version
        for release in releases
        if release.installable and release.yanked is None and not release.parsed.is_prerelease
    ]


@cache
def read(text: str) -> Line:
    """Read a requirement. Raises ValueError for what an installer cannot read."""
    try:
        parsed = Parsed(text)
    except InvalidRequirement as error:
        raise ValueError(str(error)) from error
    marker = parsed.marker
    within = next(iter(_EXTRA.findall(str(marker or ""))), "")
    applies = marker is None or marker.evaluate({"extra": within, **PYTHON.markers})
    extras = tuple(sorted(parsed.extras))
    return Line(canonicalize_name(parsed.name), str(parsed.specifier), applies, extras, within)


@cache
def allows(specifier: str, version: str) -> bool:
    """Say whether a version clause allows a version, pre-release or not."""
    return _specifiers(specifier).contains(parse(version), prereleases=True)


@cache
def names_prerelease(specifier: str) -> bool:
    """Say whether a clause names a pre-release itself."""
    return bool(_specifiers(specifier).prereleases)


@cache
def parse(version: str) -> Version:
    """Return the version in its PEP 440 order."""
    return Version(version)


@cache
def _specifiers(specifier: str) -> SpecifierSet:
    return SpecifierSet(specifier)
