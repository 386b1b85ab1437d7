"""The lint rules: one file per family, one line per family in the table."""

from __future__ import annotations

from bisect_deps.rules import dialect, hashes, lines, links, meta, projects, together, versions
from bisect_deps.rules.base import Rule

FAMILIES = (versions, links, hashes, together, lines, dialect, projects, meta)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        (rule for family in FAMILIES for rule in family.RULES), key=lambda rule: rule.code
    )
}
