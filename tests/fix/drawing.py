"""Draws scenarios: a world with a history, a file that was written on one of its days, a fault.

The file resolved on the day on which it was written; what it left open has moved since. What fails
is planted in what is installed now. `draw(seed)` gives the same scenario wherever it runs, and
always one that fails. By hand: `python -m tests.fix.drawing 7 8 9` describes three of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from random import Random

from bisect_deps.model import BreakageKind, Candidate, Cause, Phase
from tests.fix.resolving import Query, Solver
from tests.fix.simulated import LIMITS, MORE, ROOT, Checks, Quality, Scenario, described
from tests.fix.world import ELSEWHERE, HERE, Fault, Listing, World, parse

NAMES = ("ash", "birch", "cedar", "dogwood", "elm", "fir", "gorse", "hazel", "ivy", "juniper")
WORDS = ("amber", "beryl", "coral", "diamond", "emerald", "flint", "garnet", "halite", "iolite")
TOOLS = "tools"
ATTEMPTS = 400
# How many scenarios have releases that pass; where none are found, one without is drawn.
FIXABLE = 0.85
CHECK_CAUSES = (Cause.IMPORT_ERROR, Cause.ABI_MISMATCH, Cause.TEST_FAILURE)
BUILD_CAUSES = (Cause.COMPILE_ERROR, Cause.BUILD_API_REMOVED, Cause.SETUP_SCRIPT_ERROR)
BUILD_REMEDIES = ("setuptools<81", "Cython<3", "numpy<2")
PAIR_KINDS = (
    BreakageKind.NAME_GONE,
    BreakageKind.ATTRIBUTE_GONE,
    BreakageKind.ARGUMENT_GONE,
    BreakageKind.MODULE_GONE,
    BreakageKind.ABI,
)
SINGLE_KINDS = (BreakageKind.RAISED, BreakageKind.OTHER, BreakageKind.MODULE_GONE)


@dataclass(frozen=True, slots=True)
class Size:
    """The largest world to draw: projects, releases of each, lines of the file."""

    projects: int = 8
    releases: int = 5
    lines: int = 5


@dataclass(slots=True)
class Draft:
    """A scenario under construction; `then` and `now` are what the file installed and installs.

    `lines` and `limits` map names to all that stands behind them (`[extra]==1.0; marker`), those
    that count here. `beside` are lines that do not, comments among them; `apart` are the names
    whose lines stand in a file of their own. `checks` is how builds are tried out, None for any.
    """

    random: Random
    projects: dict[str, list[Listing]]
    lines: dict[str, str]
    limits: dict[str, str]
    then: Mapping[str, str]
    faults: list[Fault]
    beside: list[str] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)
    checks: Checks | None = None

    @property
    def world(self) -> World:
        return World(
            {name: tuple(listings) for name, listings in self.projects.items()}, tuple(self.faults)
        )

    def now(self) -> Mapping[str, str]:
        """Return what the file installs with today's index, nothing where it conflicts."""
        lines = tuple(f"{name}{clause}".split("  #")[0] for name, clause in self.lines.items())
        limits = tuple(f"{name}{clause}" for name, clause in self.limits.items())
        solution = Solver(self.world).solve(Query(lines, limits))
        return solution.releases if solution is not None else {}


Plot = Callable[[Draft], bool]


def draw(
    seed: int,
    plot: str | None = None,
    size: Size | None = None,
    plots: Mapping[str, Plot] | None = None,
) -> Scenario:
    """Return the scenario of a seed; `plot` names what goes wrong, by default any of `plots`.

    These are PLOTS, where nothing else is said.
    """
    plots = plots if plots is not None else PLOTS
    chosen = plot if plot is not None else Random(f"plot {seed}").choice(sorted(plots))
    fixable = Random(f"fixed {seed}").random() < FIXABLE
    for attempt in range(ATTEMPTS):
        random = Random(f"{seed} {attempt}")
        draft = _draft(random, size or Size())
        if draft is None or not plots[chosen](draft):
            continue
        scenario = _finished(draft, seed, chosen)
        if not _is_seen(scenario):
            continue
        if not fixable or attempt > ATTEMPTS // 2 or scenario.passing_with_tools is not None:
            return scenario
    raise AssertionError(f"no {chosen} scenario for seed {seed}")


def _is_seen(scenario: Scenario) -> bool:
    """Say whether it fails by a conflict or by what was planted."""
    state = scenario.state(Candidate())
    return state.solution is None or bool(state.faults)


# --- the world --------------------------------------------------------------------------------


def _draft(random: Random, size: Size) -> Draft | None:
    count = random.randint(min(3, size.projects), size.projects)
    names = random.sample(NAMES, count)
    dates = {name: _dates(random, random.randint(1, size.releases)) for name in names}
    versions = {name: _versions(random, len(dates[name])) for name in names}
    projects = {
        name: _listings(random, name, names[place + 1 :], versions, dates)
        for place, name in enumerate(names)
    }
    roots = names[: random.randint(1, min(size.lines, max(1, count - 1)))]
    roots += [name for name in names[len(roots) :] if random.random() < 0.2]
    roots = roots[: size.lines]
    random.shuffle(roots)
    day = random.choice(sorted(date for days in dates.values() for date in days))
    then = _resolved_on(projects, roots, day)
    if then is None:
        return None
    draft = Draft(random, projects, {}, {}, then, [])
    _write(draft, roots, size)
    return draft


def _dates(random: Random, count: int) -> list[str]:
    at = datetime(2018, 1, 1, tzinfo=timezone.utc) + timedelta(days=random.randint(0, 1500))
    found = []
    for _ in range(count):
        found.append(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        at += timedelta(days=random.randint(20, 320))
    if count > 1 and random.random() < 0.03:
        found[-1] = "2026-03-01T00:00:00Z"
    return found


def _versions(random: Random, count: int) -> list[str]:
    major, minor, patch = random.randint(0, 3), random.randint(0, 2), 0
    found = []
    for _ in range(count):
        found.append(f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}")
        step = random.random()
        if step < 0.35:
            major, minor, patch = major + 1, 0, 0
        elif step < 0.8:
            minor, patch = minor + 1, 0
        else:
            patch += 1
    return found


def _listings(
    random: Random,
    name: str,
    others: Sequence[str],
    versions: Mapping[str, Sequence[str]],
    dates: Mapping[str, Sequence[str]],
) -> list[Listing]:
    children = [other for other in others if random.random() < min(0.6, 2 / max(1, len(others)))]
    styles = {
        child: random.choice(("bare", "floor", "cap", "lockstep", "mixed")) for child in others
    }
    since = {child: 0 if random.random() < 0.8 else random.randint(0, 3) for child in others}
    files = _files(random, len(versions[name]))
    found = []
    for place, (version, date) in enumerate(zip(versions[name], dates[name], strict=True)):
        requires = tuple(
            child + _clause(random, styles[child], _until(versions[child], dates[child], date))
            for child in children
            if since[child] <= place
        )
        wheel, sdist = files[place]
        found.append(Listing(version, requires, date, wheel, sdist, None))
    return _spoiled(random, found)


def _files(random: Random, count: int) -> list[tuple[str, bool]]:
    """Return wheel and sdist of each release: pure, compiled for ever later Pythons, or source."""
    kind = random.random()
    if kind < 0.75:
        return [(HERE, random.random() < 0.3)] * count
    if kind < 0.9:
        first = random.randint(0, count - 1)
        return [(HERE if place >= first else ELSEWHERE, True) for place in range(count)]
    return [("", True)] * count


def _spoiled(random: Random, listings: list[Listing]) -> list[Listing]:
    """Make a release or two such that installers pass over them."""
    if len(listings) > 2 and random.random() < 0.06:
        listings[-1] = replace(listings[-1], requires_python=">=3.13")
    if len(listings) > 2 and random.random() < 0.1:
        place = random.randrange(len(listings))
        listings[place] = replace(listings[place], yanked=True)
    return listings


def _until(versions: Sequence[str], dates: Sequence[str], day: str) -> list[str]:
    return [version for version, date in zip(versions, dates, strict=True) if date <= day]


def _clause(random: Random, style: str, known: Sequence[str]) -> str:
    """Return what a release asks of a project of which it knows these versions."""
    if style == "mixed":
        style = random.choice(("bare", "floor", "cap", "lockstep", "not"))
    if not known or style == "bare":
        return ""
    newest = known[-1]
    if style == "floor":
        return f">={random.choice(known)}"
    if style == "cap":
        return f"<{capped_at(random, newest)}"
    if style == "not":
        return f"!={random.choice(known)}"
    return random.choice((f"=={newest}", f">={newest},<{capped_at(random, newest)}"))


def capped_at(random: Random, version: str) -> str:
    """Return the version before which a cap keeps compatible releases."""
    parsed = parse(version)
    return f"{parsed.major + 1}" if random.random() < 0.6 else f"{parsed.major}.{parsed.minor + 1}"


def _resolved_on(
    projects: Mapping[str, list[Listing]], roots: Sequence[str], day: str
) -> Mapping[str, str] | None:
    world = World({name: tuple(listings) for name, listings in projects.items()})
    late = datetime.fromisoformat(day.replace("Z", "+00:00")) + timedelta(seconds=1)
    cutoffs = tuple((name, late.strftime("%Y-%m-%dT%H:%M:%SZ")) for name in sorted(projects))
    solution = Solver(world).solve(Query(tuple(roots), cutoffs=cutoffs))
    return solution.releases if solution is not None else None


# --- the file ---------------------------------------------------------------------------------


def _write(draft: Draft, roots: Sequence[str], size: Size) -> None:
    random = draft.random
    frozen = random.random() < 0.25
    for name in roots:
        draft.lines[name] = _specifier(random, draft.then[name], frozen)
    for name in draft.then:
        if frozen and name not in draft.lines and len(draft.lines) < size.lines + 2:
            draft.lines[name] = f"=={draft.then[name]}"
    others = [name for name in draft.then if name not in draft.lines]
    if random.random() < 0.35:
        for name in random.sample(others or list(draft.then), 1):
            version = draft.then[name]
            capped = f"<{capped_at(random, version)}"
            draft.limits[name] = random.choice((f"=={version}", capped, f"<={version}"))


def _specifier(random: Random, version: str, frozen: bool) -> str:
    if frozen or random.random() < 0.5:
        return f"=={version}"
    upper = capped_at(random, version)
    return random.choice(
        (f">={version},<{upper}", f"~={version}", f">={version}", f"<{upper}", "", "", "")
    )


def _finished(draft: Draft, seed: int, plot: str) -> Scenario:
    random = draft.random
    _set_traps(draft)
    checked = any(fault.installs for fault in draft.faults)
    local = random.random() < 0.75
    checks = Checks.NONE
    if checked:
        ways = (Checks.COMMAND, Checks.COMMAND, Checks.IMPORTS, Checks.IMPLIED)
        checks = random.choice(ways) if local else Checks.COMMAND
    if not checked and random.random() < 0.5:
        checks = Checks.COMMAND
    if draft.checks is not None:
        checks, local = draft.checks, local or draft.checks is not Checks.COMMAND
    needed = _needed(draft) if checks is Checks.COMMAND else frozenset()
    texts = [f"{name}{clause}" for name, clause in draft.lines.items() if name not in draft.apart]
    texts += draft.beside
    files = {}
    if draft.apart:
        texts.insert(0, f"-r {MORE}")
        more = (f"{name}{draft.lines[name]}" for name in draft.lines if name in draft.apart)
        files[MORE] = "".join(f"{text}\n" for text in more)
    if draft.limits:
        texts.append(f"-c {LIMITS}")
        limits = (f"{name}{clause}" for name, clause in draft.limits.items())
        files[LIMITS] = "".join(f"{text}\n" for text in limits)
    flakes = _flakes(draft) if plot == "flaky" else {}
    qualities = [Quality.EXACT, Quality.EXACT, Quality.EXACT, Quality.HALF, Quality.SILENT]
    quality = random.choice(qualities if local else [*qualities, Quality.STATUS, Quality.STATUS])
    all_shown = random.random() < (0.5 if checks.imports else 0.1)
    return Scenario(
        world=replace(draft.world, needed=needed, flakes=flakes),
        files={ROOT: "".join(f"{text}\n" for text in texts), **files},
        quality=quality,
        local=local,
        checks=checks,
        shows_all=all_shown,
        seed=seed,
        plot=plot,
    )


def _needed(draft: Draft) -> frozenset[str]:
    share = draft.random.choice((1.0, 1.0, 0.5, 0.0))
    known = [name for name in draft.lines if name in draft.projects]
    return frozenset(name for name in known if draft.random.random() < share)


def _flakes(draft: Draft) -> dict[str, float]:
    installed = draft.now() or draft.then
    name = draft.random.choice(sorted(installed))
    return {f"{name}=={installed[name]}": draft.random.choice((0.05, 0.2, 0.3))}


# --- what goes wrong --------------------------------------------------------------------------


def _install(draft: Draft) -> bool:
    """One to three releases cannot be built."""
    installed = draft.now()
    count = draft.random.choice((1, 1, 1, 2, 2, 3))
    names = draft.random.sample(sorted(installed), min(count, len(installed)))
    return bool(names) and all(_break_build(draft, name) for name in names)


def _conflict(draft: Draft) -> bool:
    """One or two lines were moved, so that they fit the others no more."""
    for _ in range(draft.random.choice((1, 1, 2))):
        pins = {**draft.lines, **draft.limits}
        name = draft.random.choice(sorted(pins))
        version = draft.random.choice(draft.projects[name]).version
        table = draft.lines if name in draft.lines else draft.limits
        table[name] = f"=={version}"
    return not draft.now()


def _missing(draft: Draft) -> bool:
    """A line names a project or version that is not there, or not for this Python."""
    name = draft.random.choice(sorted(draft.lines))
    kind = draft.random.random()
    if kind < 0.6:
        parsed = parse(draft.random.choice(draft.projects[name]).version)
        draft.lines[name] = f"=={parsed.major}.{parsed.minor}.{draft.random.randint(6, 9)}"
    elif kind < 0.7:
        draft.lines["nothing"] = draft.random.choice(("==1.0", ""))
    else:
        place = draft.random.randrange(len(draft.projects[name]))
        listing = draft.projects[name][place]
        draft.projects[name][place] = replace(listing, requires_python=">=3.13")
        draft.lines[name] = f"=={listing.version}"
    return not draft.now()


def _single(draft: Draft) -> bool:
    """One release fails when it is used."""
    installed = draft.now()
    moved = [name for name in installed if installed[name] != draft.then.get(name)]
    pool = moved if moved and draft.random.random() < 0.6 else sorted(installed)
    return bool(pool) and break_check(draft, [draft.random.choice(pool)])


def _pair(draft: Draft) -> bool:
    """Two releases fail together."""
    return _break_some(draft, 2)


def _triple(draft: Draft) -> bool:
    """Three releases fail together, and any two of them do not."""
    return _break_some(draft, 3)


def _layers(draft: Draft) -> bool:
    """Several failures, of which logs show one at a time."""
    kinds = draft.random.choice(
        (
            (_single, _pair),
            (_pair, _pair),
            (_install, _pair),
            (_install, _single),
            (_single, _single, _pair),
            (_hub,),
            (_hub, _single),
        )
    )
    return all(kind(draft) for kind in kinds) and len(draft.faults) > 1


def _hub(draft: Draft) -> bool:
    """Two releases fail with one and the same third."""
    installed = draft.now()
    if len(installed) < 3:
        return False
    lacking, *users = draft.random.sample(sorted(installed), 3)
    return all(break_check(draft, [user, lacking]) for user in users)


def _side_effect(draft: Draft) -> bool:
    """Holding back the release that fails pulls others back, and one of these fails then."""
    installed = draft.now()
    moving = []
    for name in installed:
        clauses = [set(listing.requires) for listing in draft.projects[name]]
        if any(clause != other for clause in clauses for other in clauses):
            moving.append(name)
    if not moving:
        return False
    name = draft.random.choice(moving)
    if not break_check(draft, [name]):
        return False
    if draft.random.random() < 0.5:
        children = [child for child in draft.projects if requires(draft, name, child)]
        child = draft.random.choice(children)
        before = [listing.version for listing in draft.projects[child]]
        older = before[: max(1, before.index(installed[child]))] if child in installed else before
        others = [other for other in sorted(installed) if other not in (name, child)]
        if others and installed.get(child) not in older:
            user = draft.random.choice(others)
            members = ((user, frozenset({installed[user]})), (child, frozenset(older)))
            add(draft, members, Phase.CHECK, PAIR_KINDS)
    return True


def requires(draft: Draft, name: str, child: str) -> bool:
    return any(
        text.startswith(child) for listing in draft.projects[name] for text in listing.requires
    )


def _beside(draft: Draft) -> bool:
    """A release needs another project, or an older release of it, that nothing asks for."""
    installed = draft.now()
    if not installed:
        return False
    draft.projects[TOOLS] = [
        Listing(f"{number}.0", (), f"201{number}-05-01T00:00:00Z") for number in range(6, 10)
    ]
    name = draft.random.choice(sorted(installed))
    remedy = draft.random.choice((TOOLS, f"{TOOLS}<8"))
    members = ((name, frozenset(spread(draft, name, installed[name]))),)
    kinds = (BreakageKind.DISTRIBUTION_MISSING,)
    return add(draft, members, Phase.CHECK, kinds, remedy)


def _flaky(draft: Draft) -> bool:
    """A true culprit, and beside it a release whose build fails now and then."""
    return draft.random.choice((_single, _pair, _install))(draft)


PLOTS: dict[str, Plot] = {
    "install": _install,
    "conflict": _conflict,
    "missing": _missing,
    "single": _single,
    "pair": _pair,
    "triple": _triple,
    "layers": _layers,
    "side effect": _side_effect,
    "beside": _beside,
    "flaky": _flaky,
}


def _break_some(draft: Draft, count: int) -> bool:
    installed = draft.now()
    if len(installed) < count:
        return False
    return break_check(draft, draft.random.sample(sorted(installed), count))


def break_check(draft: Draft, names: Sequence[str]) -> bool:
    installed = draft.now()
    if not set(names) <= installed.keys():
        return False
    members = tuple((name, frozenset(spread(draft, name, installed[name]))) for name in names)
    return add(draft, members, Phase.CHECK, PAIR_KINDS if len(names) > 1 else SINGLE_KINDS)


def _break_build(draft: Draft, name: str) -> bool:
    """Let some releases of a project fail to build: those have no wheel for this Python."""
    installed = draft.now()
    if name not in installed:
        return False
    bad = spread(draft, name, installed[name])
    wheel = draft.random.choice(("", ELSEWHERE))
    # uv compiles what is made for older Pythons only, as if it were for all.
    python = draft.random.choice((None, None, ">=3.6,<3.12"))
    draft.projects[name] = [
        replace(listing, wheel=wheel, sdist=True, requires_python=listing.requires_python or python)
        if listing.version in bad
        else listing
        for listing in draft.projects[name]
    ]
    remedy = draft.random.choice(BUILD_REMEDIES) if draft.random.random() < 0.25 else ""
    phase = Phase.BUILD if draft.random.random() < 0.8 else Phase.METADATA
    return add(draft, ((name, frozenset(bad)),), phase, (BreakageKind.OTHER,), remedy)


def spread(draft: Draft, name: str, version: str) -> list[str]:
    """Return the versions that fail, `version` among them, mostly not the one of the old days."""
    random = draft.random
    known = [listing.version for listing in draft.projects[name]]
    here, last = known.index(version), len(known) - 1
    shape = random.random()
    if shape < 0.2:
        first, end = here, here
    elif shape < 0.55:
        first, end = random.randint(0, here), last
    elif shape < 0.9:
        first, end = 0, random.randint(here, last)
    else:
        first, end = 0, last
    bad = known[first : end + 1]
    good = draft.then.get(name)
    if good in bad and good != version and random.random() < 0.75:
        at = bad.index(good)
        bad = bad[at + 1 :] if known.index(good) < here else bad[:at]
    return bad


def _set_traps(draft: Draft) -> None:
    """Break releases that are not installed now, where a fix may go."""
    for _ in range(draft.random.choice((0, 0, 1, 2))):
        installed = draft.now()
        name = draft.random.choice(sorted(draft.projects))
        others = [
            listing.version
            for listing in draft.projects[name]
            if installed.get(name) != listing.version
        ]
        if not others:
            continue
        bad = ((name, frozenset(draft.random.sample(others, 1))),)
        if draft.random.random() < 0.5 and any(fault.installs for fault in draft.faults):
            add(draft, bad, Phase.CHECK, SINGLE_KINDS)
        elif all(
            listing.wheel != HERE
            for listing in draft.projects[name]
            if listing.version in bad[0][1]
        ):
            add(draft, bad, Phase.BUILD, (BreakageKind.OTHER,))


def add(
    draft: Draft,
    members: tuple[tuple[str, frozenset[str]], ...],
    phase: Phase,
    kinds: Sequence[BreakageKind],
    remedy: str = "",
) -> bool:
    """Add a fault that logs can tell from all others; say whether there was a way."""
    random = draft.random
    causes = list(CHECK_CAUSES if phase is Phase.CHECK else BUILD_CAUSES)
    random.shuffle(causes)
    names = {name for name, _ in members[:2]}
    for cause in causes:
        if any(fault.cause is cause and fault.names & names for fault in draft.faults):
            continue
        word = random.choice([word for word in WORDS if word not in {f.name for f in draft.faults}])
        blind = random.choice(("user", "lacks"))
        place = random.randint(0, 9)
        kind = random.choice(list(kinds))
        draft.faults.append(Fault(word, members, phase, cause, kind, place, remedy, blind))
        return True
    return False


def main() -> None:
    """Describe the scenarios of the seeds that are given."""
    for text in sys.argv[1:]:
        print("\n".join(described(draw(int(text)))), end="\n\n")


if __name__ == "__main__":
    main()
