"""Which Python a file was made for, told by the files of its pinned releases alone.

A file of another age shows by several pins at once: their wheels are for other Pythons, or their
requires-python refuses this one, and there is one Python on which all of that is right. Pure: index
values in, a minor version and the sentences that show it out. It proves nothing; a build does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bisect_deps.index.facts import is_needed
from bisect_deps.index.releases import ReleaseFacts, allows_python, instant, wheel_tags
from bisect_deps.index.targets import accepted_tags, on_python
from bisect_deps.model import Interpreter, PythonFor, Requirement
from bisect_deps.text import some

Pin: TypeAlias = tuple[Requirement, ReleaseFacts]

# The day of each version's first final release. Source: the release schedules (PEP 494, 537, 569,
# 596, 619, 664, 693, 719, 745).
RELEASED = {
    "3.6": "2016-12-23",
    "3.7": "2018-06-27",
    "3.8": "2019-10-14",
    "3.9": "2020-10-05",
    "3.10": "2021-10-04",
    "3.11": "2022-10-24",
    "3.12": "2023-10-02",
    "3.13": "2024-10-07",
    "3.14": "2025-10-07",
}
# One old pin is a culprit; two that want the same other Python tell the age of the file.
FEWEST = 2
# A file that was kept up until this Python was out has old pins; it is not old itself.
_MOST_YOUNGER = 0.25


@dataclass(frozen=True, slots=True)
class _Python:
    """How pins do on one Python, by their indices.

    `idle` are those that their markers leave out, `allowed` what requires-python lets in, `wheels`
    where a wheel runs.
    """

    idle: frozenset[int]
    allowed: frozenset[int]
    wheels: frozenset[int]

    def fit(self, sources: frozenset[int]) -> frozenset[int]:
        """Return the pins that are right here; `sources` have no wheel for any Python."""
        return self.idle | self.wheels | (sources & self.allowed)


def came_out(minor: str) -> datetime | None:
    """Return when a Python version's first final release was; None for one not known here."""
    return instant(RELEASED[minor]) if minor in RELEASED else None


def made_for(pins: Sequence[Pin], interpreter: Interpreter) -> PythonFor | None:
    """Return the Python that a file's pins were made for; None where this one will do.

    `pins` are pinned requirements with their releases, judged for `interpreter`. It is the newest
    version on which most of them fit, among those where at least two fit that do not fit here, and
    where none is lost that fits here. A pin fits where a wheel runs; one that has no wheel for any
    Python of this platform fits where requires-python allows it. A file of which more than a
    quarter was uploaded after this Python came out is made for no older one.
    """
    if interpreter.implementation.lower() not in ("cpython", "") or len(pins) < FEWEST:
        return None
    here = _here(pins, interpreter)
    others = {
        minor: _there(pins, on_python(interpreter, minor))
        for minor in _known_to(pins)
        if minor != interpreter.minor
    }
    wheels = here.wheels.union(*(other.wheels for other in others.values()))
    sources = frozenset(range(len(pins))) - wheels
    fit_here = here.fit(sources)
    fits = {minor: other.fit(sources) for minor, other in others.items()}
    better = [m for m, fit in fits.items() if fit_here <= fit and len(fit - fit_here) >= FEWEST]
    if _is_kept_up(pins, interpreter.minor):
        better = [minor for minor in better if _order(minor) > _order(interpreter.minor)]
    if not better:
        return None
    best = max(better, key=lambda minor: (len(fits[minor]), _order(minor)))
    compared = _Compared(pins, interpreter, here, best, others[best], sources)
    return PythonFor(best, tuple(_sentences(compared)))


def _known_to(pins: Sequence[Pin]) -> list[str]:
    """Return the Pythons that were out when the last file of these releases came, oldest first."""
    dates = [file.uploaded for _, release in pins for file in release.files if file.uploaded]
    if not dates:
        return list(RELEASED)
    last = max(map(instant, dates))
    return [minor for minor, day in RELEASED.items() if instant(day) <= last]


def _is_kept_up(pins: Sequence[Pin], minor: str) -> bool:
    """Say whether many of the pins were uploaded after this Python came out."""
    dates = [instant(release.uploaded) for _, release in pins if release.uploaded]
    if minor not in RELEASED:
        return False
    younger = sum(date >= instant(RELEASED[minor]) for date in dates)
    return younger > len(dates) * _MOST_YOUNGER


def _order(minor: str) -> tuple[int, ...]:
    return tuple(map(int, minor.split(".")))


def _here(pins: Sequence[Pin], interpreter: Interpreter) -> _Python:
    numbered = list(enumerate(pins))
    return _Python(
        frozenset(n for n, (own, _) in numbered if not is_needed(own, interpreter)),
        frozenset(n for n, (_, release) in numbered if release.python_ok),
        frozenset(n for n, (_, r) in numbered if r.python_ok and r.usable_wheel),
    )


def _there(pins: Sequence[Pin], other: Interpreter) -> _Python:
    accepted = frozenset(accepted_tags(other))
    idle, allowed, wheels = set(), set(), set()
    for number, (own, release) in enumerate(pins):
        files = [f for f in release.files if allows_python(f.requires_python, other.version)]
        if not is_needed(own, other):
            idle.add(number)
        if files:
            allowed.add(number)
        if any(f.is_wheel and not accepted.isdisjoint(wheel_tags(f.filename)) for f in files):
            wheels.add(number)
    return _Python(frozenset(idle), frozenset(allowed), frozenset(wheels))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The pins on the target and on the better Python."""

    pins: Sequence[Pin]
    interpreter: Interpreter
    here: _Python
    other: str
    there: _Python
    sources: frozenset[int]

    def named(self, numbers: Iterable[int]) -> str:
        """Return the first few of these releases, and how many more there are."""
        releases = [self.pins[number][1] for number in sorted(numbers)]
        return some([f"{release.project} {release.version}" for release in releases])


def _sentences(compared: _Compared) -> Iterator[str]:
    here, there, minor = compared.here, compared.there, compared.interpreter.minor
    needed = frozenset(range(len(compared.pins))) - there.idle
    ready = there.wheels & needed
    if ready == needed:
        count, rest = "both" if len(needed) == 2 else f"all {len(needed)}", ""
    else:
        count, rest = f"{len(ready)} of {len(needed)}", ""
        if needed - ready <= compared.sources:
            place = compared.interpreter.platform
            rest = f" (the others have none for any Python on {place})"
    yield f"{count} pinned releases have a wheel for Python {compared.other}{rest}"
    refused = there.fit(compared.sources) - here.allowed - here.idle
    lacking = ready - here.wheels - here.idle - refused
    if lacking:
        verb = "has" if len(lacking) == 1 else "have"
        yield f"{compared.named(lacking)} {verb} none for Python {minor}"
    if refused:
        verb = "refuses" if len(refused) == 1 else "refuse"
        yield f"{compared.named(refused)} {verb} Python {minor} (requires-python)"
    yield from _dates(compared.pins, minor)


def _dates(pins: Sequence[Pin], minor: str) -> Iterator[str]:
    dated = [(instant(r.uploaded), r) for _, r in pins if r.uploaded]
    if not dated or minor not in RELEASED:
        return
    came_out = f"Python {minor} came out ({RELEASED[minor]})"
    moment, newest = max(dated, key=lambda pair: pair[0])
    older = sum(uploaded < instant(RELEASED[minor]) for uploaded, _ in dated)
    if older == len(dated):
        name = f"{newest.project} {newest.version}"
        yield f"the newest, {name}, is of {moment:%Y-%m-%d}, before {came_out}"
    elif older:
        yield f"{older} of them were uploaded before {came_out}"
