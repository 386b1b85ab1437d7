"""Version clauses as the user's file writes them: a pin stays a pin, a range stays a range.

Pure: says how a line would ask for a version that is known to pass and against those known to
fail. Which release a resolver then takes is for the caller to ask.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.model import Requirement

_CLAUSE = re.compile(r"\s*(?P<operator>===|[~=!<>]=|[<>])(?P<gap>\s*)(?P<version>\S+)\s*")
_FROM_BELOW = (">=", ">", "~=", "==")
_FROM_ABOVE = ("<", "<=")


def specifiers(
    requirements: Sequence[Requirement],
    line: Requirement | None,
    passing: str,
    failing: Collection[str] = (),
) -> tuple[str, ...]:
    """Return clauses that allow `passing` and none of `failing`, in the style of the file.

    `line` is the one of `requirements` that changes, None for one that is added. Best first: the
    first that leads a resolver to a release known to pass is the one to take; the last is the pin.
    What the line says already is left out.
    """
    written = line.specifier if line is not None else ""
    pin = _pin(written, passing)
    if not _takes_bounds(requirements, line) or _is_unusual(passing):
        return (pin,)
    wanted = _Wanted.of(passing, failing)
    found = _moved(written, wanted) if written.strip() else _bounds(wanted)
    if not written.strip() and not wanted.failing:
        # Nothing above is known to fail: a range of the file ends with a series, and so does this.
        found = iter([f"<{_next(wanted.passing, 1)}"])
    fitting = (text for text in found if text != written and wanted.fits(text))
    return tuple(dict.fromkeys((*fitting, pin)))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A version to allow, all to keep out, and the nearest of them on either side."""

    passing: Version
    failing: tuple[Version, ...]
    below: Version | None
    above: Version | None

    @staticmethod
    def of(passing: str, failing: Iterable[str]) -> _Wanted:
        """Read the versions; a failing one that is no version is passed over."""
        here = Version(passing)
        out = [Version(text) for text in failing if _is_version(text)]
        below = max((version for version in out if version < here), default=None)
        above = min((version for version in out if version > here), default=None)
        return _Wanted(here, tuple(out), below, above)

    def fits(self, text: str) -> bool:
        """Say whether a specifier allows what passes and nothing that fails."""
        try:
            specifier = SpecifierSet(text)
        except InvalidSpecifier:
            return False
        fails = any(specifier.contains(version, prereleases=True) for version in self.failing)
        return specifier.contains(self.passing) and not fails


@dataclass(frozen=True, slots=True)
class _Clause:
    """One clause as written; `gap` is the space before its version."""

    operator: str
    version: str
    gap: str = ""

    def __str__(self) -> str:
        return f"{self.operator}{self.gap}{self.version}"

    def at(self, version: str) -> str:
        """Return the clause at another version."""
        return f"{self.operator}{self.gap}{version}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its version: (2, 0) in `<2.0`, (1,) in `==1.*`."""
        return Version(self.version.removesuffix(".*")).release

    @property
    def is_exact(self) -> bool:
        """Say whether it allows one version alone."""
        return self.operator.startswith("==") and not self.version.endswith(".*")

    def allows(self, version: Version) -> bool:
        """Say whether the clause by itself allows a version."""
        return SpecifierSet(str(self)).contains(version, prereleases=True)


def _pin(written: str, version: str) -> str:
    """Return the pin, with the signs and the space that a pinned line has."""
    clause = _clause(written)
    return clause.at(version) if clause is not None and clause.is_exact else f"=={version}"


def _takes_bounds(requirements: Sequence[Requirement], line: Requirement | None) -> bool:
    """Say whether a bound suits: the line has one, or else the file has more of them than pins."""
    if any(requirement.hashes for requirement in requirements):
        # With one hash in a file, pip takes nothing but pins.
        return False
    if line is not None and line.specifier.strip():
        return line.pin is None
    pins = sum(requirement.pin is not None for requirement in requirements)
    clauses = sum(bool(requirement.specifier.strip()) for requirement in requirements)
    return clauses - pins > pins


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _is_unusual(text: str) -> bool:
    """Say whether only a pin asks for the version: a pre-release, a local one, or none at all."""
    return not _is_version(text) or Version(text).is_prerelease or bool(Version(text).local)


def _bounds(wanted: _Wanted) -> Iterator[str]:
    """Yield what keeps the failing versions out of a line that has no clause."""
    lower = f">={wanted.passing}" if wanted.below is not None else ""
    uppers = [f"<{limit}" for limit in _limits(wanted)] or [""]
    for upper in uppers:
        if lower or upper:
            yield ",".join(filter(None, (lower, upper)))


def _moved(written: str, wanted: _Wanted) -> Iterator[str]:
    """Yield a line's clauses with those moved that stand in the way, what needs none first."""
    parts = written.split(",")
    separator = ", " if any(part.startswith(" ") for part in parts[1:]) else ","
    clauses = [clause for part in parts if (clause := _clause(part)) is not None]
    is_readable = len(clauses) == len([part for part in parts if part.strip()])
    if not is_readable or any(clause.is_exact for clause in clauses):
        return
    lowest = [""]
    if wanted.below is not None and not any(clause.operator in _FROM_BELOW for clause in clauses):
        lowest.append(f">={_lowest(wanted, 1)}")
    highest = [""]
    if not any(clause.operator in _FROM_ABOVE for clause in clauses):
        highest += [f"<{limit}" for limit in _limits(wanted)]
    choices = [_choices(clause, wanted) for clause in clauses]
    for chosen in product(lowest, *choices, highest):
        yield separator.join(filter(None, chosen))


def _clause(text: str) -> _Clause | None:
    found = _CLAUSE.fullmatch(text)
    if found is None or not _is_version(found["version"].removesuffix(".*")):
        return None
    return _Clause(found["operator"], found["version"], found["gap"])


def _choices(clause: _Clause, wanted: _Wanted) -> list[str]:
    """Return what a clause may become, as it is first; "" takes it out."""
    kept = [str(clause)] if clause.allows(wanted.passing) else []
    width = len(clause.numbers)
    if clause.operator == "!=":
        return kept or [""]
    if clause.operator == "<=":
        return [*kept, clause.at(str(wanted.passing))]
    if clause.operator == "<":
        ends = _limits(wanted) if kept else _ends(wanted.passing, _precision(clause))
        return [*kept, *(clause.at(_padded(end, width)) for end in ends)]
    if kept and not (wanted.below is not None and clause.allows(wanted.below)):
        return kept
    if clause.operator in (">", ">="):
        return [*kept, f">={clause.gap}{_lowest(wanted, width)}"]
    end = ".*" if clause.version.endswith(".*") else ""
    return [*kept, *(clause.at(f"{cut}{end}") for cut in _cuts(wanted.passing, width))]


def _lowest(wanted: _Wanted, width: int) -> str:
    """Return the first `width` numbers of what passes, more where a failing one lies above them."""
    cuts = _cuts(wanted.passing, width)
    return next(cut for cut in cuts if wanted.below is None or Version(cut) > wanted.below)


def _precision(clause: _Clause) -> int:
    """Return how many numbers of its version say something: 1 in `<2.0`, 2 in `<2.1.0`."""
    return max((at for at, number in enumerate(clause.numbers, 1) if number), default=1)


def _limits(wanted: _Wanted) -> list[str]:
    """Return clean bounds between the passing version and the failing one above it.

    First where the series of the failing one begins, then where that of the passing one ends; each
    as coarse as it can be: 3 rather than 3.1. Without a failing one above, none is needed.
    """
    above, passing = wanted.above, wanted.passing
    if above is None:
        return []
    widths = range(1, max(len(above.release), len(passing.release)) + 1)
    begins = (_cut(above, width) for width in widths)
    series = (begins, (_next(passing, width) for width in widths))
    found = [
        next((bound for bound in bounds if passing < Version(bound) <= above), "")
        for bounds in series
    ]
    return list(dict.fromkeys(filter(None, found))) or [str(above)]


def _ends(version: Version, width: int) -> Iterator[str]:
    """Yield where the series of a version ends, from `width` numbers on: 3.3, 3.2.6 for 3.2.5."""
    for numbers in range(width, max(width, len(version.release)) + 1):
        yield _next(version, numbers)


def _cuts(version: Version, width: int) -> Iterator[str]:
    """Yield the first `width` numbers of a version, then more, then all that it says."""
    for numbers in range(width, max(width, len(version.release)) + 1):
        yield _cut(version, numbers)
    yield str(version)


def _cut(version: Version, width: int) -> str:
    return _written(version, _numbers(version, width))


def _next(version: Version, width: int) -> str:
    *first, last = _numbers(version, width)
    return _written(version, [*first, last + 1])


def _numbers(version: Version, width: int) -> list[int]:
    return [*version.release, *[0] * width][:width]


def _written(version: Version, numbers: Iterable[int]) -> str:
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, numbers))


def _padded(text: str, width: int) -> str:
    """Return a version with zeros to at least `width` numbers, where it is numbers alone."""
    version = Version(text)
    is_plain = text == _written(version, version.release)
    return _cut(version, max(width, len(version.release))) if is_plain else text
