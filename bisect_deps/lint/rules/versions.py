"""DB1xx: what the version clauses of the requirements allow a rebuild to choose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from bisect_deps.lint.rules._pinning import (
    declared,
    drift_finding,
    is_pinned,
    joined_specifier,
    repin_to_index,
)
from bisect_deps.lint.rules.base import (
    Change,
    Example,
    Finding,
    Item,
    Profile,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    exact_pin,
    specifiers,
    version_of,
)

# As the parser orders the clauses.
_RANGE = r"<=?(?P<high>\d{1,9})[\d.]*,>=?(?P<low>\d{1,9})[\d.]*"
_RANGES_BELONG = {Profile.LIBRARY: Severity.OFF, Profile.DEV: Severity.WARNING}
# Where no version is left, or the lock has another one, nobody asks what else the clause allows.
_MOOT = ("DB107", "DB402", "DB403", "DB702")
_MILD = {Profile.LIBRARY: Severity.WARNING, Profile.DEV: Severity.WARNING}


def _clauses(specifier: str) -> list[str]:
    return [clause.strip() for clause in specifier.split(",") if clause.strip()]


@lru_cache(maxsize=4096)
def _shape(specifier: str) -> str:
    """Return `none`, `pin`, `wildcard`, `compatible` or `range`: what the clause leaves open."""
    clauses = _clauses(specifier)
    if not clauses:
        return "none"
    if exact_pin(specifier):
        return "pin"
    if any(clause.startswith("==") for clause in clauses):
        return "wildcard"
    return "compatible" if any(clause.startswith("~=") for clause in clauses) else "range"


def _floating(scope: Scope, shape: str) -> list[Item]:
    of_shape = [
        item for item in scope.items if item.pin is None and _shape(item.parts.specifier) == shape
    ]
    return [item for item in declared(scope, of_shape) if not is_pinned(scope, item)]


def _check_unpinned(scope: Scope) -> Iterator[Finding]:
    for item in declared(scope):
        if item.profile is Profile.LIBRARY:
            yield from _check_lower_bound(scope, item)
        elif not item.parts.specifier and not is_pinned(scope, item):
            yield from _check_bare(scope, item)


def _check_bare(scope: Scope, item: Item) -> Iterator[Finding]:
    beside = [
        other
        for other in scope.together(item)
        if other.parts.specifier and other.parts.marker in (None, item.parts.marker)
    ]
    if any(not other.constraint for other in beside):
        return  # the line that bears the range is reported, by the rule for its range
    message = f"{item.parts.name} has no version: a rebuild takes whatever is newest"
    if beside:
        held = ",".join(dict.fromkeys(other.parts.specifier for other in beside))
        message = f"{item.parts.name} has no version and a constraint only holds it to {held}"
    yield drift_finding(scope, item, message)


def _check_lower_bound(scope: Scope, item: Item) -> Iterator[Finding]:
    if item.name in scope.fixed and any(o.parts.url for o in scope.together(item)):
        return  # it comes from a place of its own
    bounded = joined_specifier(scope, item)
    if item.name in scope.locked and not item.line.group:
        return  # the compiled file says which version
    if item.parts.url is None and not any(sign in bounded for sign in (">", "~=", "==")):
        missing = "lower bound" if item.parts.specifier else "version"
        message = f"{item.parts.name} has no {missing}: any old release satisfies it"
        yield Finding(item.document, item.span, message, item.name, item.line)


def _check_range(scope: Scope) -> Iterator[Finding]:
    for item in _floating(scope, "range"):
        yield drift_finding(scope, item, f"{item.shown} allows other versions on a rebuild")


def _check_wildcard(scope: Scope) -> Iterator[Finding]:
    for item in _floating(scope, "wildcard"):
        yield drift_finding(scope, item, f"{item.shown} is a range, not a pin")


def _check_compatible(scope: Scope) -> Iterator[Finding]:
    for item in _floating(scope, "compatible"):
        message = f"{item.shown} allows {_series(item.parts.specifier)} on a rebuild"
        yield drift_finding(scope, item, message)


@lru_cache(maxsize=4096)
def _series(specifier: str) -> str:
    version = next(c[2:].strip() for c in _clauses(specifier) if c.startswith("~="))
    parsed = version_of(version)
    if parsed is None or len(parsed.release) < 2:
        return "later versions"
    return "any " + ".".join(str(number) for number in parsed.release[:-1]) + ".x from it"


def _check_arbitrary_equality(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        pin = item.pin
        if pin is None or "===" not in item.parts.specifier or item.parts.specifier_span is None:
            continue
        message = f"{item.shown}: === compares the text of versions and nothing else"
        repair = None
        written = item.document.slice(item.parts.specifier_span)
        if version_of(pin) and "$" not in written:
            change = Change(item.document, item.parts.specifier_span, written.replace("===", "=="))
            repair = Repair(Safety.SAFE, f"write =={pin}", (change,))
            message += f"; use =={pin}"
        else:
            message += f"; {pin} is not a version that the packaging specifications know"
        yield Finding(
            item.document, item.parts.specifier_span, message, item.name, item.line, repair
        )


def _check_redundant(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        span = item.parts.specifier_span
        if span is None or "," not in item.parts.specifier:
            continue
        if _spans_a_major_version(item.parts.specifier):
            continue
        clauses = _clauses(item.parts.specifier)
        kept = _without_redundant(clauses)
        if len(kept) == len(clauses):
            continue
        said = ",".join(kept)
        repair = Repair(Safety.SAFE, f"write {said}", (Change(item.document, span, said),))
        message = f"{item.parts.specifier} says no more than {said}"
        yield Finding(item.document, span, message, item.name, item.line, repair)


def _without_redundant(clauses: list[str]) -> list[str]:
    """Return the clauses that the others do not imply, only where versions are certain."""
    whole = specifiers(",".join(clauses))
    pin = exact_pin(",".join(clauses))
    if whole is None or "===" in ",".join(clauses):
        return clauses
    if pin is not None and whole.contains(pin, prereleases=True):
        return [f"=={pin}"]
    if whole.prereleases:
        return clauses  # a clause with a pre-release lets pre-releases in, whatever its bound
    kept = list(dict.fromkeys(clauses))
    for signs, strongest in (((">=", ">"), max), (("<=", "<"), min)):
        bounds = [clause for clause in kept if clause.startswith(signs)]
        versions = {clause: version_of(clause.lstrip("<>=").strip()) for clause in bounds}
        known = [version for version in versions.values() if version is not None]
        if len(known) == len(bounds) > 1:
            limit = strongest(known)
            weaker = [clause for clause in bounds if versions[clause] != limit]
            kept = [clause for clause in kept if clause not in weaker]
    return kept


def _check_unsatisfiable(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        if item.parts.specifier_span is None or "," not in item.parts.specifier:
            continue
        if _spans_a_major_version(item.parts.specifier):
            continue
        parsed = specifiers(item.parts.specifier)
        if parsed is not None and parsed.is_unsatisfiable():
            message = f"no version can satisfy {item.parts.specifier}: pip finds nothing to install"
            span = item.parts.specifier_span
            yield Finding(item.document, span, message, item.name, item.line)


@lru_cache(maxsize=4096)
def _spans_a_major_version(specifier: str) -> bool:
    """Say whether it is a range such as `>=1.5,<3`, which no parser need look at."""
    found = re.fullmatch(_RANGE, specifier)
    return found is not None and int(found["low"]) < int(found["high"])


def _check_prerelease(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        parsed = version_of(item.pin or "") if item.parts.specifier_span else None
        if parsed is None or not parsed.is_prerelease or item.pin is None:
            continue
        message, repair = f"{item.pin} is a pre-release", None
        final = scope.facts.newest(item.name, f">={item.pin}") if scope.facts else None
        if final is not None:
            message += f"; the final release {final} exists"
            repair = repin_to_index(scope, item, final)
        yield Finding(
            item.document, item.span, f"{item.shown}: {message}", item.name, item.line, repair
        )


def _check_local_version(scope: Scope) -> Iterator[Finding]:
    elsewhere = {"--index-url", "--extra-index-url", "--find-links"}
    if any(o.name in elsewhere for d in scope.documents for line in d.lines for o in line.options):
        return
    for item in scope.items:
        pin = item.pin
        if pin and "+" in pin and item.parts.url is None:
            message = (
                f"{item.shown} is a local version: the public index has none of these, and the "
                "file names no other index"
            )
            yield Finding(item.document, item.span, message, item.name, item.line)


RULES = (
    Rule(
        code="DB101",
        name="unpinned",
        options=("from", "constraint", "profile", "target"),
        beside=("DB702",),
        severity=Severity.ERROR,
        profiles=_MILD,
        summary="a requirement without any version",
        why=(
            "A requirement without a version installs whatever the index holds on the day of the "
            "build. The same file then gives other results next month, and one day none at all. "
            "All lines of a project are judged together: a bare name is pinned when another line "
            "or a constraints file pins it. In the profile `library`, where ranges belong, only "
            "the missing lower bound is reported."
        ),
        source="pip: Repeatable Installs; hadolint DL3013; the resolver's lowest-version warnings",
        check=_check_unpinned,
        bad=(
            "flask\n",
            "coverage[toml]\nflask==3.0.3\n",
            'flask==2.0 ; python_version < "3.10"\nflask\n',
            Example({"requirements.txt": "-c c.txt\nflask\n", "c.txt": "flask>=2\n"}),
            Example({"requirements.txt": "flask<4\n"}, profile=Profile.LIBRARY),
        ),
        good=(
            "flask==3.0.3\n",
            "coverage[toml]\ncoverage==7.10.1\n",
            Example({"requirements.txt": "-c c.txt\nflask\n", "c.txt": "flask==3.0.3\n"}),
            Example({"requirements.txt": "flask>=2\n"}, profile=Profile.LIBRARY),
        ),
        fix="adds the pin: safe when the version comes from --from, a lock beside the file or the "
        "last verified run; unsafe when it is the newest on the index",
    ),
    Rule(
        code="DB102",
        name="range",
        options=("from", "constraint", "profile", "target"),
        beside=_MOOT,
        severity=Severity.ERROR,
        profiles=_RANGES_BELONG,
        summary="a version range where a rebuild should find one version",
        why=(
            "`requests>=2.0` is true of many releases, and the newest of them is taken at every "
            "build. An upper bound limits the damage and does not end it. An application that is "
            "rebuilt pins; ranges belong into the metadata of libraries and into the input of a "
            "tool that locks."
        ),
        source="pip: Repeatable Installs; Python Packaging User Guide: install_requires vs "
        "requirements files",
        check=_check_range,
        bad=("requests>=2.0\n", "requests>=2,<3\n", "requests!=2.31\n"),
        good=(
            "requests==2.32.3\n",
            "requests==2.32.3,>=2\n",
            Example({"requirements.txt": "requests>=2\n"}, profile=Profile.LIBRARY),
            Example({"requirements.txt": "-c c.txt\nrequests>=2\n", "c.txt": "requests==2.32.3\n"}),
        ),
        fix="replaces the range by a pin, as for DB101",
    ),
    Rule(
        code="DB103",
        name="wildcard-pin",
        options=("from", "constraint", "profile", "target"),
        beside=_MOOT,
        severity=Severity.ERROR,
        profiles=_RANGES_BELONG,
        summary="`==1.*`, which looks like a pin and is a range",
        why=(
            "`==` with a trailing `.*` matches every release of the series, so each new one is "
            "taken. Checkers that only look for `==` let it pass."
        ),
        source="Version specifiers specification: version matching",
        check=_check_wildcard,
        bad=("numpy==1.*\n", "numpy==1.26.*,!=1.26.1\n"),
        good=("numpy==1.26.4\n", "numpy==1.*\nnumpy==1.26.4\n"),
        fix="replaces the range by a pin, as for DB101",
    ),
    Rule(
        code="DB104",
        name="compatible-release",
        options=("from", "constraint", "profile", "target"),
        beside=_MOOT,
        severity=Severity.WARNING,
        profiles=_RANGES_BELONG,
        summary="`~=`, which allows later releases of a series",
        why=(
            "`pandas~=2.1` stands for `>=2.1,==2.*`: every later 2.x is taken at the next build. "
            "The author promised a series and not one version, so a rebuild may break with the "
            "next of them."
        ),
        source="Version specifiers specification: compatible release",
        check=_check_compatible,
        bad=("pandas~=2.1\n", "pandas~=2.1.3\n"),
        good=("pandas==2.1.4\n",),
        fix="replaces the clause by a pin, as for DB101",
    ),
    Rule(
        code="DB105",
        name="arbitrary-equality",
        severity=Severity.WARNING,
        summary="`===`, which compares text only",
        why=(
            "`===` was made for versions that no specification describes. It compares the text, so "
            "`===1.0` does not find a release that calls itself 1.0.0. For a regular version `==` "
            "says the same and is understood by every tool. Whoever wrote it mostly meant `==`."
        ),
        source="Version specifiers specification: arbitrary equality",
        check=_check_arbitrary_equality,
        bad=("flask===3.0.3\n", "pytz===2004d\n"),
        good=("flask==3.0.3\n",),
        fix="writes `==`",
    ),
    Rule(
        code="DB106",
        name="redundant-specifier",
        severity=Severity.INFO,
        summary="clauses that the others already imply",
        why=(
            "`==4.2,>=4` is `==4.2`. The rest costs every reader a moment, and a later edit of the "
            "pin may turn it into a contradiction."
        ),
        source="Version specifiers specification: the comma is a logical and",
        check=_check_redundant,
        bad=("django==4.2,>=4\n", "django>=4,>=4.2\n", "django<5,<6,>=4\n"),
        good=("django==4.2\n", "django>=4,<5\n"),
        fix="keeps only the clauses that matter",
    ),
    Rule(
        code="DB107",
        name="unsatisfiable",
        severity=Severity.ERROR,
        summary="clauses that no version can satisfy",
        why=(
            "The clauses of one line must all hold. When they exclude each other, pip reports that "
            "it could not find a version, which reads as if the index were at fault."
        ),
        source="pip: No matching distribution found",
        check=_check_unsatisfiable,
        bad=("a==1,>=2\n", "a>=2,<1\n", "a~=2.1,<2\n"),
        good=("a>=1,<2\n", "a==1.0,==1.0.0\n"),
    ),
    Rule(
        code="DB108",
        name="prerelease-pin",
        severity=Severity.WARNING,
        summary="a pin to an alpha, beta, candidate or development release",
        why=(
            "A pre-release was never meant to last: authors withdraw them, and fixes go only into "
            "the final release. With --online the rule names the final release where there is one."
        ),
        source="Version specifiers specification: handling of pre-releases",
        check=_check_prerelease,
        bad=("black==24.1b1\n", "black==24.1.dev5\n"),
        good=("black==24.1.0\n", "black==24.1.post1\n"),
        fix="pins the final release (unsafe, with --online)",
    ),
    Rule(
        code="DB109",
        name="local-version-pin",
        severity=Severity.WARNING,
        summary="a pin with a local version such as `+cu118` and no index that could have it",
        why=(
            "A local version never stands on a public index: such files come from an index of "
            "their maker. Without --index-url, --extra-index-url or --find-links in the file the "
            "pin only installs where somebody has set that up by hand."
        ),
        source="Version specifiers specification: local version identifiers",
        check=_check_local_version,
        bad=("torch==2.1.0+cu118\n",),
        good=(
            "torch==2.1.0\n",
            "--find-links https://wheels.example/torch\ntorch==2.1.0+cu118\n",
        ),
    ),
)
