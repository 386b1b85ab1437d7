"""DB110: conda's own lines, pinned or not as conda says it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bisect_deps.formats.base import is_conda
from bisect_deps.lint.rules.base import Example, Finding, Item, Profile, Rule, Scope, Severity

# One equals sign is a prefix to conda: `=1.26` is any 1.26. A whole version is a pin in all but
# name, since channels publish no fourth number.
_PIN = re.compile(r"==\s*[\w.+!]+|=\s*[\w.+!]+\s*=\s*[\w.*]+|[\w.+!]+\s+[\w.*]+")
_SERIES = re.compile(r"=\s*(?P<numbers>\w+(?:\.\w+)*)(?:\.\*)?")
_WHOLE = 3


def _check_conda(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        if not is_conda(item.line.group):
            continue
        span = item.parts.specifier_span
        written = item.document.slice(span) if span is not None else ""
        said = _allows(item, written)
        if said is not None:
            message, severity = said
            where = span or item.span
            yield Finding(item.document, where, message, "", item.line, severity=severity)


def _allows(item: Item, written: str) -> tuple[str, Severity | None] | None:
    name = item.parts.name
    if not written:
        if name.lower() == "pip":
            return None  # asked for so that the list under pip: can be installed
        return f"{name} has no version: conda takes whatever its channels have today", None
    if _PIN.fullmatch(written):
        return None
    series = _SERIES.fullmatch(written)
    if series is None:
        return f"{name} {written} allows other versions on a rebuild", None
    numbers = series["numbers"].count(".") + 1
    if numbers >= _WHOLE or (name.lower() == "python" and numbers > 1):
        return None
    return f"{name} {written} is any {series['numbers']} to conda", Severity.WARNING


RULES = (
    Rule(
        code="DB110",
        name="conda-unpinned",
        options=("profile",),
        severity=Severity.ERROR,
        profiles={Profile.DEV: Severity.WARNING},
        summary="a package of conda without a version, or with a range",
        why=(
            "conda solves the file anew for every environment, from what its channels have on that "
            "day. `==1.26.4` and `=1.26.4` are pins, `=1.26` is any release of that series, and a "
            "bare name is whatever is newest. `python=3.11` is taken for what it says. For whole "
            "environments, conda-lock or `conda env export` write all versions."
        ),
        source="conda: Package match specifications; nf-core/tools issue 4274",
        check=_check_conda,
        bad=(
            Example({"environment.yml": "dependencies:\n  - numpy\n"}),
            Example({"environment.yml": "dependencies:\n  - pandas>=2\n"}),
            Example({"environment.yml": "dependencies:\n  - numpy=1.26\n"}),
        ),
        good=(
            Example({"environment.yml": "dependencies:\n  - python=3.11\n  - numpy=1.26.4\n"}),
            Example(
                {"environment.yml": "dependencies:\n  - conda-forge::numpy==1.26.4\n  - pip\n"}
            ),
        ),
    ),
)
