"""A resolver for worlds in memory: complete, deterministic, and of uv's taste.

Direct requirements go first, pins before ranges, newest before older, what is preferred before all.
Goes back to the nearest decision that a dead end follows from (conflict-directed backjumping:
Prosser 1993), which finds the same first solution as plain backtracking does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from packaging.specifiers import SpecifierSet

from bisect_deps.index.releases import cutoff_instant, instant
from bisect_deps.model import IndexSettings, Interpreter, Release
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from tests.fix.world import (
    HERE,
    PYTHON,
    SETTINGS,
    Fault,
    Line,
    World,
    allows,
    names_prerelease,
    parse,
    read,
)

NO_SOLUTION = "  \u00d7 No solution found when resolving dependencies:"


@dataclass(frozen=True, slots=True)
class Demand:
    """What one line or release asks of a project: the versions it allows, as a bitmask."""

    name: str
    mask: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the resolver; equal queries have equal answers.

    `blind`: what only a build would tell is taken to be nothing. `without` are faults that the
    installed releases must not hold (by place in the world's tuple).
    """

    lines: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    wheels_only: bool | tuple[str, ...] = False
    resolution: str = "highest"
    preferences: tuple[tuple[str, str], ...] = ()
    cutoffs: tuple[tuple[str, str], ...] = ()
    blind: bool = False
    without: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """Installed releases (name to version) and who asks for each, "" for a line of the user."""

    releases: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]


class Solver:
    """Answers queries over one world, each once."""

    def __init__(self, world: World, cutoff: str | None = SETTINGS.exclude_newer) -> None:
        self.world = world
        self._cutoff = cutoff_instant(cutoff) if cutoff else None
        self._answers: dict[Query, Solution | None] = {}
        self._blamed: dict[Query, tuple[str, ...]] = {}
        self._masks: dict[tuple[str, str], int] = {}
        self._demands: dict[tuple[str, int, bool, frozenset[str]], tuple[Demand, ...]] = {}
        self._needs_build = {
            Release(name, listing.version)
            for name, listings in world.projects.items()
            for listing in listings
            if not listing.wheel
        }

    def solve(self, query: Query) -> Solution | None:
        """Return what the lines resolve to, None where they conflict.

        Raises ValueError for a line that cannot be read.
        """
        if query not in self._answers:
            self._answers[query] = self._solve(query)
        return self._answers[query]

    def blamed(self, query: Query) -> tuple[str, ...]:
        """Return the projects of the lines and constraints in one minimal conflict."""
        if query not in self._blamed:
            self._blamed[query] = self._find_blamed(query)
        return self._blamed[query]

    def needs_build(self, solution: Solution) -> tuple[Release, ...]:
        """Return the chosen releases of which only a build would tell what they require."""
        chosen = (Release(name, version) for name, version in solution.releases.items())
        return tuple(release for release in chosen if release in self._needs_build)

    def _find_blamed(self, query: Query) -> tuple[str, ...]:
        items = [(False, text) for text in query.lines] + [(True, t) for t in query.constraints]
        for item in reversed(items):
            rest = [other for other in items if other is not item]
            if self.solve(_only(query, rest)) is None:
                items = rest
        return tuple(dict.fromkeys(read(text).name for _, text in items))

    def _solve(self, query: Query) -> Solution | None:
        lines = [line for line in map(read, query.lines) if line.applies]
        limits = [line for line in map(read, query.constraints) if line.applies]
        overrides = [line for line in map(read, query.overrides) if line.applies]
        overriding = {line.name: self._demand(line) for line in overrides}
        written = [*lines, *limits, *overrides]
        usable = _Usable(self, query, written)
        # What lines ask for beside: no release of these worlds asks for an extra of another.
        extras: dict[str, frozenset[str]] = {}
        for line in lines:
            extras[line.name] = extras.get(line.name, frozenset()) | {*line.extras}
        bounds: dict[str, int] = {}
        for line in limits:
            demand = self._demand(line)
            bounds[line.name] = bounds.get(line.name, -1) & demand.mask

        def demands(name: str, place: int) -> Sequence[Demand]:
            asked = self._requires(name, place, query.blind, extras.get(name, frozenset()))
            return [overriding.get(demand.name, demand) for demand in asked]

        search = _Search(
            roots=[overriding.get(line.name, self._demand(line)) for line in lines],
            usable=lambda name: usable.mask(name) & bounds.get(name, -1),
            demands=demands,
            ranked=_ranking(self, query, {line.name for line in lines}),
            pinned={line.name for line in limits if line.pin is not None},
            forbidden=[self._forbidden(self.world.faults[place]) for place in query.without],
        )
        chosen = search.run()
        if chosen is None:
            return None
        versions = {name: self._version(name, place) for name, place in chosen.items()}
        return Solution(versions, _parents(chosen, search.roots, demands))

    def _requires(
        self, name: str, place: int, blind: bool, extras: frozenset[str]
    ) -> tuple[Demand, ...]:
        key = (name, place, blind, extras)
        if key not in self._demands:
            listing = self.world.projects[name][place]
            texts = () if blind and not listing.wheel else listing.requires
            lines = [line for line in map(read, texts) if line.applies]
            asked = [line for line in lines if not line.within or line.within in extras]
            self._demands[key] = tuple(self._demand(line) for line in asked)
        return self._demands[key]

    def _demand(self, line: Line) -> Demand:
        return Demand(line.name, self.mask(line.name, line.specifier), line.pin is not None)

    def mask(self, name: str, specifier: str) -> int:
        """Return the places of the versions that a clause allows, as a bitmask."""
        key = (name, specifier)
        if key not in self._masks:
            self._masks[key] = sum(
                1 << place
                for place, listing in enumerate(self.world.projects.get(name, ()))
                if allows(specifier, listing.version)
            )
        return self._masks[key]

    def place_of(self, name: str, version: str) -> int | None:
        """Return where a version stands in its project, None where it does not."""
        listings = self.world.projects.get(name, ())
        wanted = parse(version)
        places = (p for p, listing in enumerate(listings) if parse(listing.version) == wanted)
        return next(places, None)

    def is_in_sight(self, uploaded: str, cutoff: datetime | None) -> bool:
        """Say whether a release uploaded then is seen with this cutoff, by default the index's."""
        limit = cutoff or self._cutoff
        return limit is None or instant(uploaded) < limit

    def _version(self, name: str, place: int) -> str:
        return self.world.projects[name][place].version

    def _forbidden(self, fault: Fault) -> dict[str, int]:
        found = {}
        for name, versions in fault.members:
            listings = self.world.projects.get(name, ())
            found[name] = sum(
                1 << p for p, listing in enumerate(listings) if listing.version in versions
            )
        return found


class _Usable:
    """Which releases a query may choose at all, whatever asks for them."""

    def __init__(self, solver: Solver, query: Query, written: Sequence[Line]) -> None:
        self._solver = solver
        self._wheels_only = query.wheels_only
        self._cutoffs = {name: cutoff_instant(text) for name, text in query.cutoffs}
        self._yanked = {line.name for line in written if line.pin is not None}
        self._early = {line.name for line in written if names_prerelease(line.specifier)}
        self._masks: dict[str, int] = {}

    def mask(self, name: str) -> int:
        if name not in self._masks:
            self._masks[name] = self._find(name)
        return self._masks[name]

    def _find(self, name: str) -> int:
        listings = self._solver.world.projects.get(name, ())
        cutoff = self._cutoffs.get(name)
        seen = [
            (place, listing)
            for place, listing in enumerate(listings)
            if self._solver.is_in_sight(listing.uploaded, cutoff)
        ]
        early = name in self._early or all(
            parse(listing.version).is_prerelease for _, listing in seen
        )
        mask = 0
        for place, listing in seen:
            fits = listing.wheel == HERE or (listing.sdist and not self._refuses_source(name))
            fits = fits and (not listing.yanked or name in self._yanked)
            fits = fits and (early or not parse(listing.version).is_prerelease)
            if fits and is_old_enough(listing.requires_python):
                mask |= 1 << place
        return mask

    def _refuses_source(self, name: str) -> bool:
        only = self._wheels_only
        return only if isinstance(only, bool) else name in only


@cache
def is_old_enough(requires_python: str | None) -> bool:
    """Say whether PYTHON is not below what a release asks for: uv looks at no upper bound."""
    return all(
        clause.operator in ("<", "<=", "!=")
        or parse(clause.version.removesuffix(".*")) <= parse(PYTHON.version)
        for clause in SpecifierSet(requires_python or "")
    )


class _Search:
    """One search for a set of releases: projects are decided one by one, each with a reason."""

    def __init__(
        self,
        roots: Sequence[Demand],
        usable: Callable[[str], int],
        demands: Callable[[str, int], Sequence[Demand]],
        ranked: Callable[[str, int], Iterable[int]],
        pinned: set[str],
        forbidden: Sequence[Mapping[str, int]],
    ) -> None:
        self.roots = roots
        self._usable = usable
        self._demands = demands
        self._ranked = ranked
        # As in uv, a project stays in the order in which it was met first, and once pinned goes
        # before all that are not, also after going back.
        self._order: dict[str, int] = {}
        self._exact = set(pinned)
        self._forbidden = forbidden
        self._chosen: dict[str, int] = {}

    def run(self) -> dict[str, int] | None:
        """Return the places chosen by name, None where there is no solution."""
        domains: dict[str, int] = {}
        askers: dict[str, frozenset[str]] = {}
        if self._ask("", self.roots, domains, askers) is not None:
            return None
        return dict(self._chosen) if self._extend(domains, askers) is None else None

    def _extend(
        self, domains: dict[str, int], askers: dict[str, frozenset[str]]
    ) -> frozenset[str] | None:
        """Decide what is open; return None when done, else the decisions that leave no way."""
        open_names = [name for name in domains if name not in self._chosen]
        if not open_names:
            return None
        name = min(open_names, key=lambda name: (name not in self._exact, self._order[name]))
        reasons = askers[name]
        for place in self._ranked(name, domains[name]):
            self._chosen[name] = place
            after, asking = dict(domains), dict(askers)
            blocked = self._holds_forbidden(name)
            if blocked is None:
                blocked = self._ask(name, self._demands(name, place), after, asking)
            if blocked is None:
                blocked = self._extend(after, asking)
                if blocked is None:
                    return None
                if name not in blocked:
                    del self._chosen[name]
                    return blocked
            reasons |= blocked - {name}
            del self._chosen[name]
        return reasons

    def _ask(
        self,
        asker: str,
        demands: Sequence[Demand],
        domains: dict[str, int],
        askers: dict[str, frozenset[str]],
    ) -> frozenset[str] | None:
        """Put what `asker` demands upon the rest; return who stands in the way, None for nobody."""
        for demand in demands:
            name = demand.name
            self._order.setdefault(name, len(self._order))
            if demand.exact:
                self._exact.add(name)
            before = domains.get(name)
            left = demand.mask & (self._usable(name) if before is None else before)
            others = askers.get(name, frozenset())
            if name in self._chosen and not demand.mask >> self._chosen[name] & 1:
                return frozenset({name})
            if not left:
                return others
            domains[name] = left
            askers[name] = others | {asker}
        return None

    def _holds_forbidden(self, name: str) -> frozenset[str] | None:
        for masks in self._forbidden:
            if name not in masks or not masks.keys() <= self._chosen.keys():
                continue
            if all(mask >> self._chosen[other] & 1 for other, mask in masks.items()):
                return frozenset(masks)
        return None


def _ranking(solver: Solver, query: Query, direct: set[str]) -> Callable[[str, int], Iterable[int]]:
    preferred = {name: solver.place_of(name, version) for name, version in query.preferences}

    def ranked(name: str, mask: int) -> Iterable[int]:
        places = [place for place in range(mask.bit_length()) if mask >> place & 1]
        lowest = query.resolution == "lowest"
        lowest = lowest or (query.resolution == "lowest-direct" and name in direct)
        if not lowest:
            places.reverse()
        first = preferred.get(name)
        return sorted(places, key=lambda place: place != first)

    return ranked


def _parents(
    chosen: Mapping[str, int],
    roots: Sequence[Demand],
    demands: Callable[[str, int], Sequence[Demand]],
) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {name: set() for name in chosen}
    for demand in roots:
        found[demand.name].add("")
    for name, place in chosen.items():
        for demand in demands(name, place):
            found[demand.name].add(name)
    return {name: tuple(sorted(parents)) for name, parents in found.items()}


def _only(query: Query, items: Sequence[tuple[bool, str]]) -> Query:
    return Query(
        lines=tuple(text for constraint, text in items if not constraint),
        constraints=tuple(text for constraint, text in items if constraint),
        overrides=query.overrides,
        wheels_only=query.wheels_only,
        resolution=query.resolution,
        preferences=query.preferences,
        cutoffs=query.cutoffs,
        blind=query.blind,
    )


class SimulatedResolver(Resolver):
    """Answers as the real resolver does, over a world in memory; it asks no program.

    What a source distribution requires is not known here either, as no build may tell it.
    """

    def __init__(self, solver: Solver, settings: IndexSettings = SETTINGS) -> None:
        self.solver = solver
        self.settings = settings
        self.interpreter: Interpreter = PYTHON
        self.calls = 0
        self.seconds = 0.0
        self._asked: set[Query] = set()

    def end(self) -> None:
        """Do nothing: no question takes time here."""

    def assume(self, releases: Iterable[Release]) -> None:
        """Take these releases to require nothing: here, that is known of them anyway."""

    def keep_pages(self) -> None:
        """Keep pages: there are none."""

    def ask_ahead(self, questions: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        """Ask nothing ahead: it answers at once."""

    def guarded(self, before: Callable[[], None]) -> SimulatedResolver:
        """Return this resolver: it answers at once."""
        return self

    def resolve(
        self,
        lines: Iterable[str],
        *,
        constraints: Iterable[str] = (),
        overrides: Iterable[str] = (),
        wheels_only: bool | Iterable[str] = False,
        resolution: str = "highest",
        preferences: Mapping[str, str] | None = None,
        exclude_newer_package: Mapping[str, str] | None = None,
    ) -> Resolution:
        """Return what the lines resolve to."""
        query = Query(
            lines=tuple(lines),
            constraints=tuple(constraints),
            overrides=tuple(overrides),
            wheels_only=wheels_only
            if isinstance(wheels_only, bool)
            else tuple(sorted(set(wheels_only))),
            resolution=resolution,
            preferences=tuple(sorted((preferences or {}).items())),
            cutoffs=tuple(sorted((exclude_newer_package or {}).items())),
            blind=True,
        )
        if query not in self._asked:
            self._asked.add(query)
            self.calls += 1
        return resolution_of(self.solver, query)


def resolution_of(solver: Solver, query: Query) -> Resolution:
    """Return a query's answer as the real resolver words it."""
    try:
        solution = solver.solve(query)
    except ValueError as error:
        return Resolution(ResolverOutcome.INVALID, log=f"error: {error}")
    if solution is not None:
        needs_build = solver.needs_build(solution) if query.blind else ()
        return Resolution(
            ResolverOutcome.RESOLVED, solution.releases, solution.parents, needs_build=needs_build
        )
    blamed = solver.blamed(query)
    return Resolution(ResolverOutcome.CONFLICT, log=conflict_log(query, blamed), blamed=blamed)


def conflict_log(query: Query, blamed: Sequence[str]) -> str:
    """Return what uv would say of a conflict, as far as a reader of logs needs it."""
    written = [text for text in (*query.lines, *query.constraints) if read(text).name in blamed]
    wishes = " and ".join(f"you require {text}" for text in written)
    return (
        f"{NO_SOLUTION}\n"
        f"  ╰─▶ Because {wishes}, we can conclude that your requirements are unsatisfiable.\n"
    )
