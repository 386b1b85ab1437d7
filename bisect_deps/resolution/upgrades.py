"""Where the culprits may go: the nearest versions that suit each other and all other lines.

Asks the resolver, so what is offered is mutually compatible; whether it builds is proven elsewhere.
The other lines stay as written while that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bisect_deps.index import Index
from bisect_deps.index.facts import matches, nearest_release
from bisect_deps.index.releases import ReleaseFacts, parsed
from bisect_deps.model import Edit, EditAction, Release, Requirement, exactly
from bisect_deps.resolution.conflicts import as_limits, find_conflicts, is_judged
from bisect_deps.resolution.pins import repinned
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome


class Aim(str, Enum):
    """What an upgrade aims at, in the order in which they are offered.

    NEAREST is to releases with wheels where any has one. WHEELS moves the lines in the way of these
    as well, SOURCES takes what must be compiled: where one release does not compile, the next
    seldom does. LATEST_OF_LINE stays within the major version; WIDER moves the lines in the way as
    well, FEWER drops the culprits that no release can fix. BELOW, WIDER and FEWER are last resorts.
    """

    NEAREST = "nearest"
    WHEELS = "wheels"
    SOURCES = "sources"
    BELOW = "below"
    LATEST_OF_LINE = "latest-of-line"
    LATEST = "latest"
    WIDER = "wider"
    FEWER = "fewer"


# Aims at the version next to the culprit's own.
_NEAR = (Aim.NEAREST, Aim.SOURCES)


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the search for a culprit's version starts: from `version` on, itself `included` or not.

    `excluded` are versions that are known to fail.
    """

    version: str
    included: bool = False
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One way out: the edits, and what the edited lines resolve to.

    `moved` maps each changed project to its new version; `dropped` are those the index lacks for
    this Python.
    """

    aim: Aim
    edits: tuple[Edit, ...]
    moved: Mapping[str, str]
    dropped: frozenset[str]
    resolution: Resolution


def find_upgrades(
    requirements: Sequence[Requirement],
    culprits: Iterable[int],
    resolver: Resolver,
    index: Index,
    *,
    minimums: Mapping[str, Minimum] | None = None,
    beside: Sequence[str] = (),
    dropped: Iterable[str] = (),
) -> Iterator[Upgrade]:
    """Yield ways to move the culprits together, the nearest first, then the newest.

    `minimums` (by project) default to above the pin. `beside` are clauses that must hold as well
    (`jinja2<3.1`), such as caps of transitive culprits; `dropped` are projects given up. All lines
    of a culprit's project move. Releases with a wheel for the target go first, also where others
    must move for one (`Aim.WHEELS`). Where the other
    lines leave no way, the ones in the way move, too (`Aim.WIDER`); and where even so none is left,
    culprits that no release can fix are dropped (`Aim.FEWER`). Costs about three resolutions for
    the first upgrade.
    """
    index.prefetch(r.name for r in requirements if not r.url)
    if index.silent_on_age:
        resolver.keep_pages()
    search = _UpgradeSearch(
        tuple(filter(is_judged, requirements)), resolver, index, dict(minimums or {}), tuple(beside)
    )
    search.gone |= set(dropped)
    search.start(set(culprits))
    seen: set[tuple[Edit, ...]] = set()
    ways: dict[Aim, Callable[[], Upgrade | None]] = {
        Aim.WHEELS: search.wheels,
        Aim.WIDER: search.wider,
        Aim.FEWER: search.fewer,
    }
    is_near = False
    for aim in Aim:
        if (is_near and aim is Aim.SOURCES) or (seen and aim in (Aim.BELOW, *ways)):
            continue
        upgrade = ways[aim]() if aim in ways else search.upgrade(aim)
        if upgrade is not None and upgrade.edits and upgrade.edits not in seen:
            seen.add(upgrade.edits)
            is_near = is_near or aim is Aim.NEAREST
            yield upgrade


@dataclass(slots=True)
class _UpgradeSearch:
    """The culprits' projects and all that bounds them.

    `names` move, `gone` are dropped, `kept` is what the other lines resolve to alone. `exact` are
    versions to take where the nearest is not the next one above. Of `wheeled` only releases with a
    wheel count.
    """

    requirements: Sequence[Requirement]
    resolver: Resolver
    index: Index
    minimums: dict[str, Minimum]
    beside: Sequence[str]
    names: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    kept: Mapping[str, str] = field(default_factory=dict)
    exact: Mapping[str, str] = field(default_factory=dict)
    wheeled: frozenset[str] = frozenset()

    def start(self, culprits: set[int]) -> None:
        names = {r.name for r in self.requirements if r.number in culprits and not r.url}
        self.gone |= {name for name in names if not self._is_for_this_python(name)}
        self.names = names - self.gone
        self._hold_the_others()

    def _is_for_this_python(self, name: str) -> bool:
        return any(release.python_ok for release in self.index.releases(name))

    def upgrade(self, aim: Aim) -> Upgrade | None:
        """Return the upgrade for this aim, or None where no versions suit."""
        if not self.names:
            return self._finished(aim, {}) if self.gone else None
        self.exact = {}
        if aim in _NEAR:
            near = {name: self._exact(name) for name in self.names}
            self.exact = {name: version for name, version in near.items() if version}
        answer = self._first_that_resolves(aim)
        if answer is None and self.exact:
            self.exact = {}
            answer = self._first_that_resolves(aim)
        if answer is None:
            return None
        versions = {name: answer.releases.get(name) for name in self.names}
        return self._finished(aim, {name: v for name, v in versions.items() if v})

    def _first_that_resolves(self, aim: Aim) -> Resolution | None:
        for wheels_only in self._ways(aim):
            answer = self._ask(aim, wheels_only)
            if answer.resolved:
                return answer
        return None

    def _ways(self, aim: Aim) -> list[bool | tuple[str, ...]]:
        """Return what to ask wheels of, the strictest first: all, the culprits, those that can.

        Where not even those can, a release that is compiled may do.
        """
        if aim is Aim.SOURCES:
            return [False]
        with_wheels = [name for name in self.names if self._has_any_wheel(name, aim)]
        ways: list[bool | tuple[str, ...]] = [True, tuple(self.names)]
        if len(with_wheels) < len(self.names):
            ways.append(tuple(with_wheels))
        elif aim is Aim.BELOW:
            ways.append(False)
        return ways

    def _has_any_wheel(self, name: str, aim: Aim) -> bool:
        return self._has_wheel(name, Aim.NEAREST) or self._has_wheel(name, aim)

    def _has_wheel(self, name: str, aim: Aim) -> bool:
        return any(
            release.usable_wheel and release.python_ok and release.yanked is None
            for release in matches(self._clause(name, aim), self.index.releases(name))
        )

    def wheels(self) -> Upgrade | None:
        """Return the nearest upgrade to wheels, with the lines in the way of these moving as well.

        None where a culprit has none: then nothing is gained.
        """
        wheeled = frozenset(n for n in self.names if self._has_wheel(n, Aim.NEAREST))
        if not wheeled:
            return None
        apart = replace(self, names=set(self.names), minimums=dict(self.minimums), wheeled=wheeled)
        upgrade = apart._in_the_way()
        return replace(upgrade, aim=Aim.WHEELS) if upgrade is not None else None

    def wider(self) -> Upgrade | None:
        """Return the nearest upgrade with the lines that stand in the way moving as well."""
        return self._one_of_several() or self._in_the_way()

    def _in_the_way(self) -> Upgrade | None:
        for _ in range(3):
            relaxed = [self._relaxed(r, Aim.NEAREST) for r in self._standing()]
            conflicts = find_conflicts([*relaxed, *as_limits(self.beside)], self.resolver).found
            members = frozenset[int]().union(*(conflict.members for conflict in conflicts))
            names = {r.name for r in relaxed if r.number in members and r.pin and not r.url}
            if not names - self.names:
                return None
            for requirement in relaxed:
                if requirement.name in names - self.names and requirement.pin:
                    # It need not move: its own version is as good as any above.
                    self.minimums[requirement.name] = Minimum(requirement.pin, included=True)
            self.names |= names
            self._hold_the_others()
            upgrade = self.upgrade(Aim.NEAREST)
            if upgrade:
                return replace(upgrade, aim=Aim.WIDER)
        return None

    def fewer(self) -> Upgrade | None:
        """Return the nearest upgrade once those culprits are dropped that no release can fix."""
        for _ in range(len(self.names)):
            relaxed = [self._relaxed(r, Aim.NEAREST) for r in self._standing()]
            mine = {r.number: r.name for r in relaxed if r.name in self.names and not r.url}
            conflicts = find_conflicts([*relaxed, *as_limits(self.beside)], self.resolver).found
            hopeless = [max(found.members & mine.keys(), default=None) for found in conflicts]
            dropped = {mine[number] for number in hopeless if number is not None}
            if not dropped:
                return None
            self.gone |= dropped
            self.names -= dropped
            self._hold_the_others()
            upgrade = self.upgrade(Aim.NEAREST)
            if upgrade:
                return replace(upgrade, aim=Aim.FEWER)
        return None

    def _one_of_several(self) -> Upgrade | None:
        """Return an upgrade that leaves some of several culprits where they are.

        Of a combination only one need move; a culprit with a minimum is known to fail by itself.
        """
        minimums = dict(self.minimums)
        for name in self.names - minimums.keys():
            minimum = self._minimum(name)
            if minimum is not None and len(self.names) > 1:
                self.minimums[name] = replace(minimum, included=True)
        upgrade = self.upgrade(Aim.NEAREST) or self.upgrade(Aim.BELOW)
        self.minimums = minimums
        return replace(upgrade, aim=Aim.WIDER) if upgrade is not None and upgrade.edits else None

    def _hold_the_others(self) -> None:
        """Remember what the other lines resolve to by themselves, to keep them there.

        What they bring in may move: it stands in no line, and would push the culprits away.
        """
        others = [r for r in self._standing() if r.name not in self.names]
        answer = self._resolve(others, "highest", wheels_only=False)
        lines = {r.name for r in others}
        self.kept = {name: v for name, v in answer.releases.items() if name in lines}

    def _standing(self) -> list[Requirement]:
        return [r for r in self.requirements if r.name not in self.gone]

    def _ask(self, aim: Aim, wheels_only: bool | tuple[str, ...]) -> Resolution:
        relaxed = [self._relaxed(r, aim) for r in self._standing()]
        return self._resolve(relaxed, "lowest-direct" if aim in _NEAR else "highest", wheels_only)

    def _resolve(
        self,
        requirements: Sequence[Requirement],
        resolution: str,
        wheels_only: bool | tuple[str, ...],
        *,
        hold: bool = True,
    ) -> Resolution:
        return self.resolver.resolve(
            [r.text for r in requirements if not r.constraint],
            constraints=[*(r.text for r in requirements if r.constraint), *self.beside],
            resolution=resolution,
            wheels_only=wheels_only,
            preferences=self.kept if hold else None,
        )

    def _relaxed(self, requirement: Requirement, aim: Aim) -> Requirement:
        """Return the line as this aim asks for it; the lines of other projects as written."""
        if requirement.name not in self.names or requirement.url:
            return requirement
        return _respecified(requirement, self._clause(requirement.name, aim))

    def _clause(self, name: str, aim: Aim) -> str:
        """Return the versions that the aim allows a culprit's project."""
        if name in self.exact:
            return exactly(self.exact[name])
        minimum = self._minimum(name)
        if minimum is None:
            return ",".join(f"!={version}" for version in self._unsuitable(name, "0"))
        parts = [f"!={version}" for version in minimum.excluded]
        parts += [] if minimum.included else [f"!={minimum.version}"]
        parts += [f"!={version}" for version in self._unsuitable(name, minimum.version)]
        start = parsed(minimum.version)
        if aim is Aim.BELOW:
            parts.append(f"{'<=' if minimum.included else '<'}{minimum.version}")
        else:
            final = start.base_version if start and start.is_prerelease else minimum.version
            parts.append(f">={final.partition('+')[0]}")
        if aim is Aim.LATEST_OF_LINE and start:
            parts.append(f"<{start.major + 1}")
        return ",".join(dict.fromkeys(parts))

    def _minimum(self, name: str) -> Minimum | None:
        """Return where to start: above the pin, or above what a range takes now."""
        if name in self.minimums:
            return self.minimums[name]
        pins = [r.pin for r in self.requirements if r.name == name and r.pin]
        taken = pins or [release.version for release in self._in_range(name)[-1:]]
        return Minimum(taken[0]) if taken else None

    def _exact(self, name: str) -> str | None:
        """Return the version to try first where it is not simply the next one above.

        For a range, what it would take if the newest were not there; for a version that does not
        exist or has none above it, the nearest.
        """
        if name not in self.minimums and not self._is_pinned(name):
            within = self._in_range(name)
            return within[-2].version if len(within) > 1 else None
        minimum = self._minimum(name)
        if minimum is None or minimum.included:
            return None
        bad = {parsed(version) for version in (minimum.version, *minimum.excluded)}
        others = [r for r in self.index.releases(name) if r.parsed not in bad]
        above = matches(f">={minimum.version.partition('+')[0]}", others)
        exists = self.index.release(Release(name, minimum.version)) is not None
        if exists and any(r.installable and r.yanked is None for r in above):
            return None
        near = nearest_release(minimum.version, others)
        return near.version if near else None

    def _is_pinned(self, name: str) -> bool:
        return any(r.pin for r in self.requirements if r.name == name)

    def _in_range(self, name: str) -> list[ReleaseFacts]:
        """Return the releases that all lines of a project allow and an installer would take."""
        fit = list(self.index.releases(name))
        for requirement in self.requirements:
            if requirement.name == name and not requirement.url:
                fit = matches(requirement.specifier, fit)
        return [release for release in fit if release.installable and release.yanked is None]

    def _unsuitable(self, name: str, start: str) -> list[str]:
        """Return releases for other Pythons that uv would take: it reads no upper bounds there."""
        first = parsed(start)
        return [
            release.version
            for release in self.index.releases(name)
            if (name in self.wheeled and not release.usable_wheel)
            or (not release.python_ok and (release.usable_wheel or release.has_sdist))
            if first is not None and release.parsed >= first
        ]

    def _finished(self, aim: Aim, chosen: Mapping[str, str]) -> Upgrade | None:
        """Return the upgrade to these versions, with what the edited lines resolve to."""
        edits: list[Edit] = []
        lines: list[Requirement] = []
        for requirement in self.requirements:
            version = chosen.get(requirement.name)
            if requirement.name in self.gone:
                edits.append(Edit(EditAction.DROP, requirement.name, requirement.number))
            elif version is None or requirement.url or self._stays(requirement, version):
                lines.append(requirement)
            else:
                edits.append(repinned(requirement, version, self.index))
                lines.append(_respecified(requirement, exactly(version)))
        answer = self._resolve(lines, "highest", False, hold=False)
        if answer.answered is not ResolverOutcome.RESOLVED:
            return None
        moved = {edit.name: chosen[edit.name] for edit in edits if edit.name in chosen}
        return Upgrade(aim, tuple(edits), moved, frozenset(self.gone), answer)

    def _stays(self, requirement: Requirement, version: str) -> bool:
        """Say whether a line needs no edit: a pin to this version, or a clause that allows it.

        A clause is enough in a constraints file, and where such a file pins the project.
        """
        if requirement.pin:
            return parsed(requirement.pin) == parsed(version)
        pinned = any(
            r.constraint and r.pin for r in self.requirements if r.name == requirement.name
        )
        return (requirement.constraint or pinned) and _allows(requirement, version)


def _allows(requirement: Requirement, version: str) -> bool:
    try:
        return SpecifierSet(requirement.specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def _respecified(requirement: Requirement, clause: str) -> Requirement:
    """Return the requirement with another version clause."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    text = f"{requirement.name}{extras}{clause}{marker}"
    return replace(requirement, specifier=clause, text=text)
