"""The case: a file, the Python and the builder it is for, and what can be asked without a build.

Frozen for the whole run. Index facts and the resolver are asked through it directly, since they
cost no build: they guide, and only builds prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bisect_deps.builders.base import Capabilities
from bisect_deps.fix.failure import involved
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.formats.base import Manifest, applies
from bisect_deps.index import Index, ReleaseFacts
from bisect_deps.index.made_for import came_out
from bisect_deps.model import (
    Candidate,
    Edit,
    EditAction,
    Interpreter,
    Member,
    Narrow,
    Probe,
    ProbeKind,
    Release,
    Requirement,
    exactly,
)
from bisect_deps.progress import Progress
from bisect_deps.resolution.edits import edited, pinned_to
from bisect_deps.resolution.pins import hashes_of, repinned
from bisect_deps.resolution.uv_resolver import Resolution, Resolver
from bisect_deps.search.strategy import Prefer


class Recorder(Protocol):
    """Keeps what the resolver alone said of a candidate as a probe that costs no build."""

    def __call__(self, candidate: Candidate, resolution: Resolution) -> Probe:
        """Return the probe."""


@dataclass(frozen=True)
class Case:
    """What a run is about, and its collaborators; `index` and `resolver` None without evidence.

    `good` are versions known to have worked (name to version), `good_date` the instant of a known
    good day. `served` opens the index that builds are served by, to be looked at afresh, and only
    for whether it can be believed. `same_tool` says that the resolver is the installer's own, so
    that what it refuses, the installer refuses. `tell` hears of proven fixes, each with its probe,
    and whether nothing more is taken from it; `announced` returns the last one that the user was
    told of, None for none. `checks` are the user's commands. `unheard` keeps and returns, when a
    run ends, the answers that the story has not been given. `warm` lets builds
    whose releases are known be made in environments that were used before.
    """

    manifest: Manifest
    interpreter: Interpreter | None
    capabilities: Capabilities
    progress: Progress
    index: Index | None = None
    served: Callable[[], Index] | None = None
    resolver: Resolver | None = None
    same_tool: bool = True
    has_check: bool = False
    checks: Sequence[str] = ()
    imports: bool = False
    slots: int = 1
    prefer: Prefer = Prefer.BUILDS
    good: Mapping[str, str] = field(default_factory=dict)
    good_date: str | None = None
    add_constraints: bool = False
    alternatives: bool = False
    allow_removal: bool = False
    narrow: Narrow = Narrow.QUICK
    annotate: bool = False
    warm: bool = True
    record: Recorder | None = None
    tell: Callable[[Candidate, int, bool], None] | None = None
    announced: Callable[[], Candidate | None] | None = None
    unheard: Callable[[], Sequence[tuple[Inquiry, Probe]]] | None = None

    # --- the file's lines ---------------------------------------------------------------------

    @cached_property
    def requirements(self) -> Sequence[Requirement]:
        """The requirements that the target's markers select, constraints left out."""
        return tuple(line for line in self.standing if not line.constraint)

    @cached_property
    def constraints(self) -> Sequence[Requirement]:
        """The lines of constraints files that the target's markers select."""
        return tuple(line for line in self.standing if line.constraint)

    @cached_property
    def standing(self) -> Sequence[Requirement]:
        """All lines that the target's markers select, in the file's order."""
        markers = self.interpreter.markers if self.interpreter is not None else None
        return tuple(
            line for line in self.manifest.requirements if markers is None or applies(line, markers)
        )

    @property
    def python_came_out(self) -> datetime | None:
        """When the Python that is built for came out; None where that is not known."""
        return None if self.interpreter is None else came_out(self.interpreter.minor)

    @property
    def cheap(self) -> bool:
        """Say whether builds are cheap enough to look for a second way."""
        return self.prefer is Prefer.TIME

    def named(self, name: str) -> tuple[Requirement, ...]:
        """Return the requirements of a project, as written."""
        wanted = canonicalize_name(name)
        return tuple(line for line in self.requirements if line.name == wanted)

    def limited(self, name: str) -> tuple[Requirement, ...]:
        """Return the constraints of a project, as written."""
        wanted = canonicalize_name(name)
        return tuple(line for line in self.constraints if line.name == wanted)

    def current(self, candidate: Candidate) -> list[Requirement]:
        """Return the requirements as a candidate has them, added lines left out."""
        return edited(self.requirements, candidate.edits)

    def pins(self, candidate: Candidate) -> dict[str, str]:
        """Return the versions that lines of the file itself pin, constraints included."""
        return {line.name: line.pin for line in edited(self.standing, candidate.edits) if line.pin}

    # --- candidates ---------------------------------------------------------------------------

    def settled(self, base: Candidate, versions: Mapping[str, str]) -> Candidate:
        """Return `base` with these projects at exactly these versions, each where it stands.

        A line that names the project is pinned, a constraint that pins it moved; a project that no
        line names is added. A line that holds the version as it is written stays as it is.
        """
        edits = {_key(edit): edit for edit in base.edits}
        for name, version in versions.items():
            lines, limits = self.named(name), self.limited(name)
            edits.pop(name, None)
            for line in (*lines, *limits):
                edits.pop(line.number, None)
            for line in self._deciding(lines, limits, version):
                edits[line.number] = self.pin(line, version)
            if not lines and not limits:
                edits[name] = self.add(name, version)
        return candidate_of(edits.values())

    def _deciding(
        self, lines: Sequence[Requirement], limits: Sequence[Requirement], version: str
    ) -> Iterator[Requirement]:
        """Yield the lines to pin: those that do not allow the version, and one that settles it.

        A constraint settles it where one pins the project, or where no line names it.
        """
        pinned = any(line.pin for line in limits)
        settling = limits if pinned or not lines else lines
        for line in (*lines, *limits):
            if line.url or _is_at(line, version):
                continue
            if line in settling or not allows(line, version):
                yield line

    def pin(self, requirement: Requirement, version: str) -> Edit:
        """Return the edit that pins a requirement, hashes too where it had some."""
        written = self.manifest.requirements[requirement.number]
        return repinned(written, version, self.index)

    def add(self, name: str, version: str) -> Edit:
        """Return the edit that pins a project which no line names."""
        # With a hash on one line, pip and uv ask every line for one.
        hashed = any(line.hashes for line in self.manifest.requirements)
        hashes = hashes_of(self.index, name, version) if hashed else ()
        limits = self.add_constraints
        return Edit(EditAction.ADD, name, None, exactly(version), hashes, constraint=limits)

    def at_version(self, edit: Edit, version: str) -> Edit:
        """Return the edit with another version, with that version's hashes where it had some."""
        hashes = hashes_of(self.index, edit.name, version) if edit.hashes else ()
        return replace(edit, to=exactly(version), hashes=hashes)

    # --- what resolves ------------------------------------------------------------------------

    def resolve(
        self,
        candidate: Candidate,
        *,
        loosened: Mapping[int, str] | None = None,
        preferences: Mapping[str, str] | None = None,
        until: Mapping[str, str] | None = None,
    ) -> Resolution | None:
        """Return what a candidate resolves to; None where nobody can say.

        `loosened` maps numbers to the clause that replaces their `==`; `until` maps projects to
        the instant after which their releases are out of sight.
        """
        if self.resolver is None:
            return None
        clauses = loosened or {}
        lines: list[str] = []
        limits: list[str] = []
        for line in edited(self.standing, candidate.edits):
            clause = clauses.get(line.number) if line.pin is not None else None
            text = pinned_to(line, f"{clause}{line.pin}").text if clause else line.text
            (limits if line.constraint else lines).append(text)
        for edit in candidate.edits:
            if edit.action is EditAction.ADD:
                (limits if edit.constraint else lines).append(edit.text)
        return self.resolver.resolve(
            lines,
            constraints=limits,
            preferences=preferences,
            exclude_newer_package=until,
        )

    def releases_of(self, candidate: Candidate) -> Mapping[str, str] | None:
        """Return the versions that a candidate resolves to; None for none, or where unknown."""
        resolution = self.resolve(candidate)
        if resolution is None or not resolution.resolved:
            return None
        return resolution.releases

    def is_guessed(self, candidate: Candidate) -> bool:
        """Say whether what a candidate resolves to holds sources, which may ask for more."""
        resolution = self.resolve(candidate)
        return resolution is not None and bool(resolution.needs_build)

    def exact(self, candidate: Candidate) -> tuple[str, ...] | None:
        """Return all releases that a candidate resolves to, as pins; None where that is not known.

        The resolver cannot tell what addresses and paths are, nor what a release requires that
        only a build would tell.
        """
        if not (self.warm and self.capabilities.warm and self.same_tool):
            return None
        if any(line.url or line.editable for line in self.current(candidate)):
            return None
        resolution = self.resolve(candidate)
        if resolution is None or not resolution.resolved or resolution.needs_build:
            return None
        return tuple(str(Release(*pair)) for pair in sorted(resolution.releases.items()))

    def installed(self, probe: Probe) -> Mapping[str, str]:
        """Return what a probe installed, as its builder, the resolver or the lines tell.

        Law 5: what was installed is compared, not what was written. What a source required, the
        resolver does not tell: what the log names counts at the newest release that suits.
        """
        if probe.installed:
            return probe.installed
        releases = self.releases_of(probe.candidate) or self.pins(probe.candidate)
        unseen = [name for name in involved(probe) if name not in releases]
        bare = [Edit(EditAction.ADD, name, None, "") for name in unseen]
        found = self.releases_of(with_edits(probe.candidate, bare)) if bare else None
        seen = {name: found[name] for name in unseen if name in found} if found else {}
        return {**seen, **releases}

    def member(
        self,
        name: str,
        version: str | None,
        resolution: Resolution | None = None,
        user: str = "",
        moving: Iterable[str] = (),
    ) -> Member | None:
        """Return a project as a member of a culprit: its own line, or the line that pulls it in.

        Of several lines, one that is `moving` it; else that by which its `user` is installed,
        which breaks with it; a user with a line of its own is meant where it is not seen to ask for
        it, too. Else the first that asks for a source, of which a build alone tells what it needs.
        """
        if direct := self.line_at_fault(name):
            return Member(direct, name, version)
        for known in (resolution, self.resolve(Candidate())):
            if known is None:
                continue
            led = (known.chain_from(mover, name) for mover in moving if self.named(mover))
            chain = next(filter(None, led), ()) or self._chain_for(name, known, user)
            if chain:
                top = self.named(chain[0])[0]
                return Member(top, name, version, tuple(link for link in chain if link != name))
        if own := self.named(user) if user else ():
            return Member(own[0], name, version, (user,), used=True)
        if resolution is None:
            return None
        behind = (self._chain(source.name, resolution) for source in resolution.needs_build)
        chain = next(filter(None, behind), ())
        return Member(self.named(chain[0])[0], name, version, chain) if chain else None

    def sees(self, candidate: Candidate, member: Member) -> bool:
        """Say whether the resolver tells if a member is pulled in: of a source, it cannot."""
        resolution = self.resolve(candidate)
        if resolution is None:
            return False
        sources = {release.name for release in resolution.needs_build}
        return member.name in resolution.releases or sources.isdisjoint(member.via)

    def _chain_for(self, name: str, resolution: Resolution, user: str) -> tuple[str, ...]:
        """Return the chain to a project through its user, where that asks for it; else any.

        () where the user has a line of its own and does not.
        """
        asked_for = _upwards(name, resolution, lambda link: link == user)
        above = self._chain(user, resolution) if asked_for else ()
        if above and name not in above:
            return (*above, *asked_for[1:])
        return () if user and self.named(user) else self._chain(name, resolution)

    def _chain(self, name: str, resolution: Resolution) -> tuple[str, ...]:
        """Return the shortest chain from a line of the user's file to a project; () for none."""
        return _upwards(name, resolution, lambda link: bool(self.named(link)))

    def line_at_fault(self, name: str) -> Requirement | None:
        """Return the line that decides a project's version: the one that pins it, if any does."""
        lines = [*self.named(name), *self.limited(name)]
        pinned = [line for line in lines if line.pin]
        own = [line for line in lines if not line.constraint]
        return next(iter((*pinned, *own)), None)

    # --- releases -----------------------------------------------------------------------------

    def releases(self, name: str) -> Sequence[ReleaseFacts]:
        """Return the final releases that an installer would take here, oldest first."""
        if self.index is None:
            return ()
        return [
            release
            for release in self.index.releases(name)
            if release.installable and release.yanked is None and not release.parsed.is_prerelease
        ]

    def newest_of(self, lines: Sequence[Requirement]) -> str | None:
        """Return the newest release that all these lines of a project allow; None for none."""
        known = [release.version for release in self.releases(lines[0].name)] if lines else []
        return next((v for v in reversed(known) if all(allows(line, v) for line in lines)), None)

    def is_pure(self, name: str) -> bool:
        """Say whether all wheels of a project are for any system: its sources compile nothing."""
        releases = self.index.releases(name) if self.index is not None else ()
        wheels = [file.filename for r in releases for file in r.files if file.is_wheel]
        return bool(wheels) and all(wheel.endswith("-none-any.whl") for wheel in wheels)

    def release(self, name: str, version: str) -> ReleaseFacts | None:
        """Return one release as the index has it."""
        return self.index.release(Release(name, version)) if self.index is not None else None


def candidate_of(edits: Iterable[Edit]) -> Candidate:
    """Return the candidate of these edits, in the manifest's order, added lines last by name."""
    return Candidate(
        tuple(
            sorted(
                edits,
                key=lambda edit: (
                    edit.number is None,
                    edit.number if edit.number is not None else 0,
                    edit.name,
                ),
            )
        )
    )


def with_edits(base: Candidate, edits: Iterable[Edit]) -> Candidate:
    """Return `base` with more edits; a later edit of the same requirement replaces the earlier."""
    return candidate_of({_key(edit): edit for edit in (*base.edits, *edits)}.values())


def without(base: Candidate, names: Iterable[str]) -> Candidate:
    """Return `base` without its edits of these projects."""
    gone = set(names)
    return Candidate(tuple(edit for edit in base.edits if edit.name not in gone))


def taken_back(base: Candidate, edit: Edit) -> Candidate:
    """Return `base` without one edit."""
    return Candidate(tuple(other for other in base.edits if other != edit))


def dropped(requirement: Requirement) -> Edit:
    """Return the edit that comments a requirement out: a way to find, never a fix by itself."""
    return Edit(EditAction.DROP, requirement.name, requirement.number)


def allows(requirement: Requirement, version: str) -> bool:
    """Say whether a requirement's version clause allows a version."""
    try:
        return SpecifierSet(requirement.specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def is_older(one: str, other: str) -> bool:
    """Say whether one version comes before another; False where PEP 440 knows one of them not."""
    try:
        return Version(one) < Version(other)
    except InvalidVersion:
        return False


def parsed_requirement(text: str) -> tuple[str, str] | None:
    """Return the normalised name and the version clause of a requirement; None for no such."""
    try:
        parsed = Parsed(text)
    except InvalidRequirement:
        return None
    return canonicalize_name(parsed.name), str(parsed.specifier)


def _upwards(name: str, resolution: Resolution, is_top: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the shortest chain to a project from one that asks for it in the end; () for none."""
    paths: list[tuple[str, ...]] = [(name,)]
    seen = {name, ""}
    for path in paths:
        if is_top(path[0]):
            return path
        for parent in resolution.parents.get(path[0], ()):
            if parent not in seen:
                seen.add(parent)
                paths.append((parent, *path))
    return ()


def _key(edit: Edit) -> int | str:
    return edit.name if edit.number is None else edit.number


def _is_at(requirement: Requirement, version: str) -> bool:
    pin = requirement.pin
    if pin is None:
        return False
    try:
        return pin == version or Version(pin) == Version(version)
    except InvalidVersion:
        return False


def is_compiled(case: Case, name: str, version: str | None) -> bool:
    """Say whether an installer would have to compile a release here."""
    release = case.release(name, version) if version is not None else None
    return release is not None and release.needs_build


def baseline_inquiry(case: Case) -> Inquiry:
    """Return the first question of every story: the file as it is."""
    purpose = "does the file build as it is?"
    return Inquiry(Candidate(), ProbeKind.WHOLE, purpose, imports=case.imports)
