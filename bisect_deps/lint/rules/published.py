"""DB305, DB306, DB5xx, DB6xx: what the index says of the pinned releases, for the targets."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.lint.rules._old_builds import OLD_BUILDS
from bisect_deps.lint.rules._pinning import repin_to_index
from bisect_deps.lint.rules.base import (
    Example,
    Finding,
    Item,
    Needs,
    Profile,
    Rule,
    Scope,
    Severity,
    specifiers,
)

_OUTSIDE_LOCKS = {Profile.LOCKED: Severity.ERROR}


def _said(scope: Scope, *kinds: str, pinned: bool) -> Iterator[Finding]:
    """Yield what the index says, of pinned lines only or of all."""
    if scope.facts is None:
        return
    for item in scope.items:
        if pinned and item.pin is None:
            continue
        for known in scope.facts.about(item):
            if known.kind in kinds:
                message = known.sentence
                if known.nearest and known.nearest not in message:
                    message += f"; {known.nearest} would do"
                repair = repin_to_index(scope, item, known.nearest)
                yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _check_no_such_version(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "no-such-version", "too-new", pinned=False)


def _check_yanked(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "yanked", pinned=True)


def _check_gone(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "gone", pinned=False)


def _check_python(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "requires-python", pinned=False)


def _check_artifact(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "no-artifact", pinned=False)


def _check_source_build(scope: Scope) -> Iterator[Finding]:
    return _said(scope, "no-usable-wheel", pinned=True)


def _check_old_build(scope: Scope) -> Iterator[Finding]:
    if scope.facts is None:
        return
    for item, version in _pinned(scope):
        concerned, needed, bound = OLD_BUILDS.get(item.name, ("", "", ""))
        allowed = specifiers(concerned)
        if not concerned or allowed is None or not allowed.contains(version, prereleases=True):
            continue
        if any(known.kind == "no-usable-wheel" for known in scope.facts.about(item)):
            message = (
                f"{item.shown} is built from source, and its build script needs {needed}, which "
                f"newer setuptools do not have; build it with the build constraint {bound}"
            )
            yield Finding(item.document, item.span, message, item.name, item.line)


def _check_too_new(scope: Scope) -> Iterator[Finding]:
    if scope.facts is None:
        return
    limit = scope.facts.min_age()
    for item, version in _pinned(scope):
        age = scope.facts.days_old(item.name, version)
        if age is not None and age < limit:
            days = f"{age:.0f} day{'' if round(age) == 1 else 's'}"
            message = f"{item.shown} was published {days} ago; the youngest allowed is {limit} days"
            yield Finding(item.document, item.span, message, item.name, item.line)


def _pinned(scope: Scope) -> Iterator[tuple[Item, str]]:
    for item in scope.items:
        if item.name and item.pin and item.parts.url is None and not item.by_variable:
            yield item, item.pin


def _check_hash_mismatch(scope: Scope) -> Iterator[Finding]:
    if scope.facts is None:
        return
    for item, version in _pinned(scope):
        known = {digest.lower() for digest in scope.facts.hashes(item.name, version)}
        same_kind = _comparable(item, known)
        if same_kind and known and not same_kind & known:
            message = f"no published file of {item.name} {version} has this hash: pip refuses it"
            repair = repin_to_index(scope, item, version)
            yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _comparable(item: Item, known: set[str]) -> set[str]:
    """Return the line's hashes of the algorithms that the index gives."""
    algorithms = {digest.partition(":")[0] for digest in known}
    hashes = {digest.lower() for digest in item.parts.hashes}
    return {digest for digest in hashes if digest.partition(":")[0] in algorithms}


def _check_hash_coverage(scope: Scope) -> Iterator[Finding]:
    if scope.facts is None:
        return
    for item, version in _pinned(scope):
        known = {digest.lower() for digest in scope.facts.hashes(item.name, version)}
        listed = _comparable(item, known)
        if not listed & known:
            continue
        fitting = scope.facts.fitting(item.name, version)
        missed = [target for target, files in fitting if files and not files & listed]
        if missed:
            message = (
                f"the hashes of {item.shown} are not those of the files for {' and '.join(missed)}"
            )
            repair = repin_to_index(scope, item, version)
            yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _check_conflict(scope: Scope) -> Iterator[Finding]:
    if scope.facts is None or not scope.items:
        return
    found = scope.facts.conflict(scope)
    if found is None:
        return
    blamed, why = found
    item = next((item for item in scope.items if item.name in blamed), scope.items[0])
    message = f"these lines cannot be installed together: {why}"
    yield Finding(item.document, item.span, message, item.name, item.line)


def _online(line: str, **files: str) -> Example:
    return Example({"requirements.txt": line, **files}, online=True)


# The index of the examples is described at the head of docs/rules.md, and made in their test.
_ZERO = "--hash=sha256:" + "0" * 64

RULES = (
    Rule(
        code="DB305",
        name="hash-mismatch",
        severity=Severity.ERROR,
        needs=Needs.INDEX,
        summary="a hash that no published file of the release has",
        why=(
            "pip downloads the file, compares and refuses. Mostly the version was changed and the "
            "hashes were left; it may also be that the file was replaced, which is what hashes are "
            "there to show."
        ),
        source="pip: Secure installs; Simple API: hashes",
        check=_check_hash_mismatch,
        bad=(_online(f"fine==1.0 {_ZERO}\n"),),
        good=(_online("fine==1.0\n"),),
        fix="writes the hashes of the published files (unsafe)",
    ),
    Rule(
        code="DB306",
        name="hash-covers-one-file",
        options=("target",),
        severity=Severity.WARNING,
        profiles=_OUTSIDE_LOCKS,
        needs=Needs.INDEX,
        summary="hashes that leave out the files of a target",
        why=(
            "A release has a file for each platform, and pip takes the best for the machine. With "
            "the hash of only the author's own file the install fails on every other platform."
        ),
        source="pip: Secure installs, on several hashes per requirement",
        check=_check_hash_coverage,
        bad=(_online("many==1.0 --hash=<the Windows wheel's>\n"),),
        good=(_online("fine==1.0\n"),),
        fix="writes the hashes of all files of the release (unsafe)",
    ),
    Rule(
        code="DB501",
        name="no-such-version",
        options=("index-url",),
        severity=Severity.ERROR,
        needs=Needs.INDEX,
        summary="a version that the index does not have",
        why=(
            "The version was mistyped, removed by its author, or lives on another index. The "
            "nearest release that the targets can install is named."
        ),
        source="Simple API; pip: No matching distribution found",
        check=_check_no_such_version,
        bad=(_online("fine==7.0\n"), _online("fine>=7\n")),
        good=(_online("fine==1.0\n"),),
        fix="pins the nearest release (unsafe)",
    ),
    Rule(
        code="DB502",
        name="yanked",
        options=("index-url",),
        severity=Severity.WARNING,
        needs=Needs.INDEX,
        summary="a pin to a release that its author withdrew",
        why=(
            "A yanked release is only installed when it is pinned exactly, so a pinned file keeps "
            "installing what its author warns of, and says so in a line of the log that nobody "
            "reads."
        ),
        source="PEP 592; pip-audit #381",
        check=_check_yanked,
        bad=(_online("withdrawn==1.0\n"),),
        good=(_online("withdrawn==1.1\n"),),
        fix="pins the next good release (unsafe)",
    ),
    Rule(
        code="DB503",
        name="project-gone",
        options=("index-url",),
        severity=Severity.ERROR,
        needs=Needs.INDEX,
        summary="a project that the index does not know",
        why=(
            "The name is mistyped or the project was removed. A free name on a public index can be "
            "taken by anyone, and is then installed under yours."
        ),
        source="Simple API; research on typosquatting",
        check=_check_gone,
        bad=(_online("no-such-project==1.0\n"),),
        good=(_online("fine==1.0\n"),),
    ),
    Rule(
        code="DB504",
        name="too-new",
        options=("min-age",),
        severity=Severity.OFF,
        needs=Needs.INDEX,
        summary="a release that is younger than `min-age` days",
        why=(
            "Stolen accounts publish, and most such releases are found within days. Waiting costs "
            "little. Off by default: set `min-age`, or select the rule (then 7 days)."
        ),
        source="Renovate minimumReleaseAge; pinact --min-age; pip --uploaded-prior-to",
        check=_check_too_new,
        bad=(_online("young==1.0\n"),),
        good=(_online("fine==1.0\n"),),
    ),
    Rule(
        code="DB601",
        name="python-excluded",
        options=("target",),
        severity=Severity.ERROR,
        needs=Needs.INDEX,
        summary="a release that does not allow the target's Python",
        why=(
            "Every release says which Pythons it is for, and installers pass over those that do "
            "not fit. A pin leaves them nothing else, so the build fails as if the version did not "
            "exist."
        ),
        source="PEP 503 data-requires-python; seen in hosted rebuilds after a new default Python",
        check=_check_python,
        bad=(_online("modern==2.0\n"),),
        good=(_online("modern==1.0\n"),),
        fix="pins the nearest release that allows the target (unsafe)",
    ),
    Rule(
        code="DB602",
        name="no-artifact",
        options=("target",),
        severity=Severity.ERROR,
        needs=Needs.INDEX,
        summary="a release without any file for the target",
        why=(
            "There is no wheel for this Python and platform, and no source distribution to build "
            "one from: nothing can be installed."
        ),
        source="PEP 425; Simple API",
        check=_check_artifact,
        bad=(_online("elsewhere==1.0\n"),),
        good=(_online("fine==1.0\n"),),
        fix="pins the nearest release with a file (unsafe)",
    ),
    Rule(
        code="DB603",
        name="source-build",
        options=("target",),
        severity=Severity.WARNING,
        needs=Needs.INDEX,
        summary="a pinned release that is compiled on every rebuild",
        why=(
            "Only a source distribution fits the target. Its build takes the newest build tools "
            "of the day, so a pinned source rots although its version is pinned: setuptools 58 "
            "and 82 each broke thousands of them."
        ),
        source="setuptools #2765; setuptools 82 release notes",
        check=_check_source_build,
        bad=(_online("sources==1.0\n"),),
        good=(_online("fine==1.0\n"),),
        fix="pins the nearest release with a wheel (unsafe)",
    ),
    Rule(
        code="DB604",
        name="known-broken-build",
        severity=Severity.WARNING,
        needs=Needs.INDEX,
        summary="a source build that today's build tools are known to break",
        why=(
            "The build script asks for something that setuptools dropped, and the project has no "
            "wheel for the target. An older setuptools still builds it, given as a build "
            "constraint: `pip install --build-constraint FILE`, `uv pip install "
            "--build-constraint FILE`. The list is data and holds only what is confirmed."
        ),
        source="setuptools 58 and 82 release notes; the projects' own trackers",
        check=_check_old_build,
        bad=(_online("anyjson==0.3.3\n"),),
        good=(_online("anyjson==0.4\n"), _online("sources==1.0\n")),
    ),
    Rule(
        code="DB703",
        name="pin-conflict",
        severity=Severity.ERROR,
        needs=Needs.RESOLVER,
        summary="pins that cannot be installed together",
        why=(
            "Each line is fine by itself, and one requires of another what its pin forbids. The "
            "resolver is asked, nothing is built, and its reason is quoted."
        ),
        source="uv pip compile; pip: Dependency Resolution",
        check=_check_conflict,
        bad=(_online("needs==1.0\nfine==1.1\n"),),
        good=(_online("needs==1.0\nfine==1.0\n"),),
    ),
)
