"""More scenarios: files in the shapes that users have, and faults in places that are hard to reach.

Drawn like those of `drawing`, each with a plot of that one's. `draw_shape(seed)` gives the same
scenario wherever it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bisect_deps.model import Phase
from tests.fix.drawing import (
    PAIR_KINDS,
    PLOTS,
    SINGLE_KINDS,
    Draft,
    Plot,
    Size,
    add,
    break_check,
    capped_at,
    draw,
)
from tests.fix.simulated import Checks, Scenario
from tests.fix.world import Listing, parse

HERE_ONLY = '; python_version >= "3.8"'
NOT_HERE = '; python_version < "3.8"'
EXTRA = "fast"


def draw_shape(seed: int, shape: str | None = None, size: Size | None = None) -> Scenario:
    """Return the scenario of a seed; `shape` is one of SHAPES, by default any."""
    return draw(seed, shape, size, plots=SHAPES)


def shape_of(plots: Sequence[str]) -> Callable[[Callable[[Draft], bool]], Plot]:
    """Return what turns a way to write the file into a plot: written so, one of `plots` happens."""

    def shaped(write: Callable[[Draft], bool]) -> Plot:
        def plot(draft: Draft) -> bool:
            if not write(draft) or not draft.now():
                return False
            return PLOTS[draft.random.choice(list(plots))](draft)

        plot.__doc__ = write.__doc__
        return plot

    return shaped


ANY = ("single", "pair", "triple", "install", "layers", "conflict")
AT_CHECK = ("single", "pair", "layers", "side effect")


@shape_of(ANY)
def _ranges(draft: Draft) -> bool:
    """Every line is a range with an upper bound."""
    for name in draft.lines:
        version, random = draft.then[name], draft.random
        upper = capped_at(random, version)
        known = [
            own.version for own in draft.projects[name] if parse(own.version) <= parse(version)
        ]
        low = random.choice(known)
        ways = (
            f">={low},<{upper}",
            f"<{upper}",
            f"~={version}",
            f"<={version}",
            f"!={low},<{upper}",
        )
        draft.lines[name] = random.choice(ways)
    return True


@shape_of((*AT_CHECK, "install", "conflict"))
def _limited(draft: Draft) -> bool:
    """A constraints file says what most projects may be, also one that nothing asks for."""
    others = [name for name in draft.projects if name not in draft.limits]
    for name in others:
        if draft.random.random() < 0.6:
            newest = draft.then.get(name, draft.projects[name][0].version)
            upper = capped_at(draft.random, newest)
            draft.limits[name] = draft.random.choice((f"=={newest}", f"<{upper}", f"<={newest}"))
            if name in draft.lines and draft.random.random() < 0.5:
                draft.lines[name] = ""
    return len(draft.limits) > 1


@shape_of(ANY)
def _split(draft: Draft) -> bool:
    """The lines stand in two files, some in both."""
    names = sorted(draft.lines)
    draft.apart |= set(draft.random.sample(names, draft.random.randint(1, len(names))))
    if draft.random.random() < 0.4:
        name = draft.random.choice(sorted(draft.apart))
        draft.beside.append(draft.random.choice((name, f"{name}{draft.lines[name]}")))
    return True


@shape_of(ANY)
def _marked(draft: Draft) -> bool:
    """Lines have markers, and for other Pythons other versions."""
    for name in sorted(draft.lines):
        if draft.random.random() < 0.6:
            draft.lines[name] += HERE_ONLY
            other = draft.random.choice(draft.projects[name]).version
            if draft.random.random() < 0.7:
                draft.beside.append(f"{name}=={other}{NOT_HERE}")
    absent = [name for name in draft.projects if name not in draft.lines]
    for name in absent[:1]:
        draft.beside.append(f"{name}=={draft.projects[name][0].version}{NOT_HERE}")
    return bool(draft.beside)


@shape_of(ANY)
def _extras(draft: Draft) -> bool:
    """A line asks for an extra, which pulls in what nothing else does."""
    lines = [name for name in draft.lines if not draft.lines[name].startswith("[")]
    for name in draft.random.sample(lines, draft.random.randint(1, min(2, len(lines)))):
        below = [
            other
            for other in draft.projects
            if list(draft.projects).index(other) > list(draft.projects).index(name)
        ]
        if not below:
            continue
        other = draft.random.choice(below)
        clause = draft.random.choice(("", f">={draft.projects[other][0].version}"))
        text = f'{other}{clause}; extra == "{EXTRA}"'
        draft.projects[name] = [
            replace(own, requires=(*own.requires, text)) for own in draft.projects[name]
        ]
        draft.lines[name] = f"[{EXTRA}]{draft.lines[name]}"
    return any(text.startswith("[") for text in draft.lines.values())


@shape_of(ANY)
def _commented(draft: Draft) -> bool:
    """Some lines were commented out long ago, also such as stand there in another version."""
    for name in list(draft.projects)[:3]:
        version = draft.random.choice(draft.projects[name]).version
        text = draft.random.choice((f"# {name}=={version}", f"#{name}=={version}  # was too old"))
        draft.beside.append(text)
    for name in sorted(draft.lines):
        if draft.random.random() < 0.4:
            draft.lines[name] += "  # needed by us"
    return True


@shape_of((*AT_CHECK, "install"))
def _drifting(draft: Draft) -> bool:
    """No line says a version, and most have moved since the file was written."""
    for name in draft.lines:
        draft.lines[name] = ""
    draft.limits.clear()
    now = draft.now()
    return sum(now[name] != draft.then.get(name) for name in now) >= 2


@shape_of(AT_CHECK)
def _prefixes(draft: Draft) -> bool:
    """Lines pin a series (`==1.2.*`), exclude a release, or allow everything from one on."""
    for name in draft.lines:
        parsed = parse(draft.then[name])
        ways = (
            f"=={parsed.major}.{parsed.minor}.*",
            f"=={parsed.major}.*",
            f">={parsed},!={draft.projects[name][-1].version}",
        )
        draft.lines[name] = draft.random.choice(ways)
    return True


def _deep(draft: Draft) -> bool:
    """What is pulled in by what is pulled in fails, alone or with the line at the top."""
    chain = _chain(draft)
    if len(chain) < 3:
        return False
    names = (
        [chain[-1]] if draft.random.random() < 0.5 else [draft.random.choice(chain[:-1]), chain[-1]]
    )
    return break_check(draft, names)


def _chain(draft: Draft) -> list[str]:
    """Return a chain of installed releases from a line down, two deep or more if there is one."""
    now = draft.now()
    asked = {
        name: [
            other
            for other in now
            if other != name
            and any(
                text == other
                or text.startswith(
                    (f"{other}<", f"{other}>", f"{other}=", f"{other}!", f"{other}~")
                )
                for text in _listing(draft, name, now[name]).requires
            )
        ]
        for name in now
    }
    paths = [[name] for name in draft.lines if name in now]
    for path in paths:
        more = [
            other for other in asked[path[-1]] if other not in path and other not in draft.lines
        ]
        paths += [[*path, other] for other in more] if len(path) < 6 else []
    return max(paths, key=len, default=[])


def _listing(draft: Draft, name: str, version: str) -> Listing:
    return next(own for own in draft.projects[name] if own.version == version)


def _chained(draft: Draft) -> bool:
    """What fixes the first failure moves another release, and that one fails in its turn."""
    now = draft.now()
    random = draft.random
    movers = [name for name in now if _pulls_differently(draft, name, now)]
    if not movers:
        return False
    first = random.choice(sorted(movers))
    if not break_check(draft, [first]):
        return False
    second = random.choice(sorted(_pulls_differently(draft, first, now)))
    bad = [own.version for own in draft.projects[second] if own.version != now.get(second)]
    bad = random.sample(bad, random.randint(1, len(bad))) if bad else []
    others = [name for name in sorted(now) if name not in (first, second)]
    alone = ((second, frozenset(bad)),)
    if not bad:
        return False
    if not others or random.random() < 0.5:
        return add(draft, alone, Phase.CHECK, SINGLE_KINDS)
    user = random.choice(others)
    return add(draft, ((user, frozenset({now[user]})), *alone), Phase.CHECK, PAIR_KINDS)


def _pulls_differently(draft: Draft, name: str, now: dict[str, str] | object) -> list[str]:
    """Return what other releases of a project ask for in another way than the installed one."""
    assert isinstance(now, dict)
    mine = set(_listing(draft, name, now[name]).requires)
    found = []
    for other in draft.projects:
        for own in draft.projects[name]:
            if any(text.startswith(other) for text in mine ^ set(own.requires)):
                found.append(other)
                break
    return found


def _second_import(draft: Draft) -> bool:
    """Two imports fail, one after the other, each for itself; imports are all that is checked."""
    draft.checks = draft.random.choice((Checks.IMPORTS, Checks.IMPLIED))
    now = draft.now()
    if len(now) < 2:
        return False
    first, second = draft.random.sample(sorted(now), 2)
    if not break_check(draft, [first]):
        return False
    others = [name for name in sorted(now) if name != second]
    pair = [second] if draft.random.random() < 0.5 else [second, draft.random.choice(others)]
    return break_check(draft, pair)


SHAPES: dict[str, Plot] = {
    "ranges": _ranges,
    "limits": _limited,
    "two files": _split,
    "markers": _marked,
    "extras": _extras,
    "comments": _commented,
    "drift": _drifting,
    "series": _prefixes,
    "deep": _deep,
    "chained": _chained,
    "second import": _second_import,
}
