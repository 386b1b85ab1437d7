"""All minimal conflicts that the resolver alone can show: zero builds, each certified by uv.

The resolver's explanation is only a hint where to look: what is reported fails to resolve by itself
and resolves without any one of its members. Found one after the other until the rest resolves.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.prose import uv_edges
from bisect_deps.errors import IndexUnavailable
from bisect_deps.index import Fact, FactKind, Index
from bisect_deps.model import Requirement
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from bisect_deps.text import listed

Numbers = frozenset[int]

# So few are taken away one by one.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Conflict:
    """Requirements that no resolution suits together, though it suits any that lack one of them.

    `contested` is the project that they cannot agree on (None where it is not known), `sentence`
    says so to people. `log` is uv's output for exactly these requirements.
    """

    members: Numbers
    sentence: str
    contested: str | None = None
    log: str = ""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What resolving alone showed.

    `rest` is the resolution of all but `removed`, an irreducible choice of one member of each
    conflict. `left_out` could not be judged without a build (paths, checkouts, unreadable lines).
    `asked` are the questions in their order: which requirements, and uv's answer. `complete` says
    that there are no other minimal conflicts, as far as the resolver can judge.
    """

    found: tuple[Conflict, ...]
    removed: Numbers
    rest: Resolution
    left_out: Numbers = frozenset()
    complete: bool = True
    asked: tuple[tuple[Numbers, Resolution], ...] = ()


def find_conflicts(
    requirements: Sequence[Requirement],
    resolver: Resolver,
    index: Index | None = None,
    *,
    limit: int = 20,
) -> Conflicts:
    """Return the minimal conflicts among the requirements, at most `limit` of them.

    They are all that there are, overlapping ones too, unless the finding says otherwise. With an
    index, releases without any wheel are not fetched. Costs one question, and about three and one
    a member for each conflict; overlapping ones are looked for in `POLICY.conflict_calls` at most.
    Raises IndexUnavailable.
    """
    oracle = _Oracle(requirements, resolver, index)
    whole = oracle.judged
    answer = oracle.ask(whole)
    if answer.answered is ResolverOutcome.INVALID:
        whole = oracle.readable()
        answer = oracle.ask(whole)
    found, complete = _all_minimal(oracle, whole, limit) if answer.conflicting else ([], True)
    removed = _one_of_each(oracle, found)
    removed = _irreducible(oracle, found, removed, whole)
    answer = oracle.ask(whole - removed)
    return Conflicts(
        found=tuple(_explained(oracle, members) for members in found),
        removed=removed,
        rest=answer,
        left_out=frozenset(r.number for r in requirements) - whole,
        complete=complete,
        asked=tuple(oracle.asked.items()),
    )


def as_limits(clauses: Iterable[str]) -> list[Requirement]:
    """Return clauses (`name>=2`) as constraint lines, numbered below those of any file."""
    return [
        Requirement(-place, canonicalize_name(Parsed(text).name), "", text, "", 0, constraint=True)
        for place, text in enumerate(clauses, 1)
    ]


def is_judged(requirement: Requirement) -> bool:
    """Say whether the resolver can judge it without a build: no path, checkout or archive."""
    if requirement.editable or not requirement.name:
        return False
    url = (requirement.url or "").partition("#")[0]
    return not url or (url.startswith(("http://", "https://")) and url.endswith(".whl"))


@dataclass(slots=True)
class _Oracle:
    """Requirements by number, and what uv answered for sets of them."""

    requirements: Sequence[Requirement]
    resolver: Resolver
    index: Index | None
    asked: dict[Numbers, Resolution] = field(default_factory=dict)
    by_number: dict[int, Requirement] = field(default_factory=dict)
    facts: dict[int, tuple[Fact, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_number = {r.number: r for r in self.requirements}
        if self.index is not None:
            self._look_at(self.index)

    def _look_at(self, index: Index) -> None:
        index.prefetch(r.name for r in self.requirements if not r.url and not r.editable)
        if index.silent_on_age:
            self.resolver.keep_pages()
        self.facts = {r.number: index.facts(r) for r in self.requirements}
        for requirement in self.requirements:
            kinds = {fact.kind for fact in self.facts[requirement.number]}
            if FactKind.NO_USABLE_WHEEL in kinds:
                chosen = next(fact.version for fact in self.facts[requirement.number])
                self.resolver.assume(
                    release.release
                    for release in index.releases(requirement.name)
                    if release.version == chosen and not release.has_wheel
                )

    @property
    def judged(self) -> Numbers:
        """Return the requirements that can be resolved without a build."""
        return frozenset(r.number for r in self.requirements if is_judged(r))

    def readable(self) -> Numbers:
        """Return those of the judged that uv can read, each asked alone."""
        return frozenset(
            number
            for number in self.judged
            if self.ask(frozenset({number})).answered is not ResolverOutcome.INVALID
        )

    def ask(self, numbers: Numbers) -> Resolution:
        """Return uv's answer for these requirements. Raises IndexUnavailable."""
        if numbers not in self.asked:
            lines, limits = self._question(numbers)
            answer = self.resolver.resolve(lines, constraints=limits)
            if answer.infrastructure:
                # A line may name a place of its own: that is no index.
                raise IndexUnavailable(
                    f"the resolver cannot reach {answer.unreachable or 'the package index'}",
                    hint="check the network and --index-url, then run again",
                )
            self.asked[numbers] = answer
        return self.asked[numbers]

    def look_ahead(self, sets: Iterable[Numbers]) -> None:
        """Have these asked side by side: they are likely to be asked one after the other."""
        wanted = [numbers for numbers in sets if numbers and numbers not in self.asked]
        if len(wanted) > 1:
            self.resolver.ask_ahead(map(self._question, wanted))

    def _question(self, numbers: Numbers) -> tuple[list[str], list[str]]:
        kept = [self.by_number[number] for number in sorted(numbers)]
        lines = [line.text for line in kept if not line.constraint]
        return lines, [line.text for line in kept if line.constraint]

    def conflicts(self, numbers: Numbers) -> bool:
        return self.ask(numbers).conflicting

    def hinted(self, answer: Resolution, among: Numbers) -> Numbers:
        """Return the requirements whose project the explanation names."""
        names = set(answer.blamed)
        return frozenset(n for n in among if self.by_number[n].name in names)

    def removed_first(self, number: int) -> tuple[bool, int]:
        """Order the members of a conflict: constraints go first, then later lines."""
        return (self.by_number[number].constraint, number)


def _all_minimal(oracle: _Oracle, whole: Numbers, limit: int) -> tuple[list[Numbers], bool]:
    """Return the minimal conflicts within `whole`, which conflicts, and whether they are all.

    Each conflict is taken apart by removing one of its members, until the rest resolves: a hitting
    set tree (Reiter 1987). A line that conflicts by itself is in no other minimal conflict.
    """
    found: list[Numbers] = []
    resolving: list[Numbers] = []
    singles: Numbers = frozenset()
    before = len(oracle.asked)
    waiting: deque[Numbers] = deque([frozenset()])
    seen: set[Numbers] = set()
    while waiting:
        removed = waiting.popleft() | singles
        if removed in seen or any(other <= removed for other in resolving):
            continue
        seen.add(removed)
        known = next((members for members in found if not members & removed), None)
        if known is None:
            asked = len(oracle.asked) - before
            if len(found) >= limit or (found and asked >= POLICY.conflict_calls):
                return found, False
            answer = oracle.ask(whole - removed)
            if not answer.conflicting:
                resolving.append(removed)
                continue
            known = _minimal(oracle, whole - removed, answer)
            found.append(known)
        if len(known) == 1:
            singles |= known
        waiting.extend(removed | {number} for number in sorted(known))
        oracle.look_ahead(whole - removed - {number} for number in sorted(known))
    return found, True


def _one_of_each(oracle: _Oracle, found: Sequence[Numbers]) -> Numbers:
    """Return members whose removal leaves no conflict whole: the last line of each."""
    removed: Numbers = frozenset()
    for members in found:
        if not members & removed:
            removed |= {max(members, key=oracle.removed_first)}
    return removed


def _minimal(oracle: _Oracle, numbers: Numbers, answer: Resolution) -> Numbers:
    """Return a minimal conflict within `numbers`, which conflict.

    Starts from what the explanation names, if that alone conflicts: then a member a question.
    Otherwise by halves, as QuickXplain (Junker 2004).
    """
    hinted = oracle.hinted(answer, numbers)
    alone = next(
        (frozenset({n}) for n in numbers if _stops(oracle.facts.get(n, ()))),
        None,
    )
    if alone and oracle.conflicts(alone):
        return alone
    if 1 < len(hinted) <= _FEW and hinted != numbers:
        oracle.look_ahead([hinted, *(hinted - {number} for number in sorted(hinted))])
    if hinted and hinted != numbers and oracle.conflicts(hinted):
        numbers = hinted
    if len(numbers) <= _FEW:
        return by_deletion(oracle.conflicts, numbers)
    return by_halves(oracle.conflicts, frozenset(), frozenset(), sorted(numbers))


def _stops(facts: Iterable[Fact]) -> bool:
    return any(fact.kind.stops for fact in facts)


def by_deletion(conflicts: Callable[[Numbers], bool], numbers: Numbers) -> Numbers:
    """Return a minimal part of `numbers` that conflicts: one question a member."""
    for number in sorted(numbers, reverse=True):
        if len(numbers) > 1 and conflicts(numbers - {number}):
            numbers -= {number}
    return numbers


def by_halves(
    conflicts: Callable[[Numbers], bool], base: Numbers, added: Numbers, rest: Sequence[int]
) -> Numbers:
    """Return a smallest part of `rest` that conflicts beside `base`; `added` came into it last."""
    if added and conflicts(base):
        return frozenset()
    if len(rest) == 1:
        return frozenset(rest)
    middle = len(rest) // 2
    first, second = frozenset(rest[:middle]), frozenset(rest[middle:])
    in_second = by_halves(conflicts, base | first, first, sorted(second))
    in_first = by_halves(conflicts, base | in_second, in_second, sorted(first))
    return in_first | in_second


def _irreducible(
    oracle: _Oracle, found: Sequence[Numbers], removed: Numbers, whole: Numbers
) -> Numbers:
    """Return `removed` without what later removals made unnecessary."""
    for number in sorted(removed):
        needed = any(members & removed == {number} for members in found)
        if not needed and oracle.ask(whole - (removed - {number})).resolved:
            removed -= {number}
    return removed


def _explained(oracle: _Oracle, members: Numbers) -> Conflict:
    log = oracle.ask(members).log
    texts = [_shown(oracle.by_number[number]) for number in sorted(members)]
    if len(members) == 1:
        [number] = members
        facts = (fact.sentence for fact in oracle.facts.get(number, ()) if fact.kind.stops)
        sentence = next(facts, None) or _alone(texts[0], log)
        return Conflict(members, sentence, oracle.by_number[number].name, log)
    contested = _contested(oracle, members)
    if contested is None:
        return Conflict(members, f"no resolution suits {listed(texts)} together", None, log)
    return Conflict(members, _sentence(oracle, members, contested), contested, log)


def _alone(text: str, log: str) -> str:
    """Return why a line cannot be resolved by itself, in the resolver's own first words."""
    said = re.search(
        r"Because (.+?),? (?:we can conclude|and you require|and only)", log, re.DOTALL
    )
    if said is None:
        return f"{text} cannot be resolved, whatever else the file asks for"
    reason = " ".join(said[1].split())
    return reason if reason.startswith(f"{text} ") else f"{text} cannot be resolved: {reason}"


def _sentence(oracle: _Oracle, members: Numbers, contested: str) -> str:
    own = [n for n in sorted(members) if oracle.by_number[n].name == contested]
    others = [_wish(oracle, members, n, contested) for n in sorted(members) if n not in own]
    asked = listed([_shown(oracle.by_number[number]) for number in own])
    if own and others:
        return f"{listed(others)}, and the file has {asked}"
    if own:
        return f"no release of {contested} suits {asked} together"
    return f"{listed(others)}: no release of {contested} suits them together"


def _contested(oracle: _Oracle, members: Numbers) -> str | None:
    """Return the project that takes another version without one member than without another.

    Of several a member's own, else one that the explanation names.
    """
    views = [oracle.ask(members - {number}).releases for number in members]
    own = {oracle.by_number[number].name for number in members}
    seen: dict[str, set[str]] = {}
    for view in views:
        for name, version in view.items():
            seen.setdefault(name, set()).add(version)
    told = oracle.ask(members).blamed
    moving = (name for name, versions in seen.items() if len(versions) > 1)
    return min(moving, key=lambda name: (name not in own, name not in told, name), default=None)


def _wish(oracle: _Oracle, members: Numbers, number: int, contested: str) -> str:
    """Return in words what one member wants of the contested project: what its release requires.

    Where the resolver tells no requirement, which release it takes when it may choose.
    """
    requirement = oracle.by_number[number]
    for other in sorted(members - {number}):
        view = oracle.ask(members - {other})
        chain = view.chain(contested)
        if chain and chain[0] == requirement.name:
            parent = chain[-2]
            log, extras = oracle.ask(members).log, requirement.extras if len(chain) == 2 else None
            asked = _required(log, parent, view.releases[parent], contested, extras)
            wish = f"requires {asked}" if asked else f"takes {contested} {view.releases[contested]}"
            through = f" through {' > '.join(chain[1:-1])}" if len(chain) > 2 else ""
            return f"{_shown(requirement)} {wish}{through}"
    return _shown(requirement)


def _required(
    log: str, parent: str, version: str, name: str, extras: Iterable[str] | None = None
) -> str:
    """Return what a release requires of a project, as the resolver words it (`core>=2`), or "".

    With `extras` it is the release with no others.
    """
    for asking, wanted in uv_edges(log):
        try:
            asks, asked = Parsed(asking), Parsed(wanted)
        except InvalidRequirement:
            continue
        same = (canonicalize_name(asks.name), canonicalize_name(asked.name)) == (parent, name)
        if extras is not None and not asks.extras <= set(extras):
            continue
        if same and asked.specifier and asks.specifier.contains(version, prereleases=True):
            return wanted
    return ""


def _shown(requirement: Requirement) -> str:
    """Return a requirement as the file has it, without its marker."""
    return requirement.text.partition(";")[0].strip()
