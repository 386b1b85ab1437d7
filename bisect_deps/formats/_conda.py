"""What conda's own words ask for: a name and a version as conda means it.

Source: conda, Package match specifications.
"""

from __future__ import annotations

import re

from bisect_deps.formats._ranges import conda_clause
from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Parts

_MATCH = re.compile(
    r"(?:(?P<channel>[\w./:-]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)(?:\[[^\]]*\])?"
    r"\s*(?P<version>[=<>!~ ].*)?"
)


def conda_parts(text: str, code: Mapped) -> Parts | None:
    """Return what a match specification declares, None for what is none.

    `text` is what conda reads, `code` the same as it stands in the file.
    """
    found = _MATCH.fullmatch(text)
    if found is None:
        return None
    parts = Parts(found["name"], insertion=code.ends[-1] if code.text else None)
    version = (found["version"] or "").strip()
    # A text over several lines, or with escapes, is not in the file as it is read: none is edited.
    if version and version in code.text:
        start = code.text.index(version)
        span = code.span(start, start + len(version))
        number, _, build = _split_build(version)
        clause = f"=={number.lstrip('= ')}" if build else conda_clause(number)
        parts = parts._replace(specifier=clause, specifier_span=span)
    return parts


def _split_build(version: str) -> tuple[str, str, str]:
    """Return the version and the build of `=1.2=py310_0`, or of `1.2 py310_0` after a name."""
    found = re.fullmatch(r"(={0,2}\s*[\w.*+!]+)(\s*=\s*|\s+)([\w.*]+)", version)
    return (found[1], found[2], found[3]) if found else (version, "", "")
