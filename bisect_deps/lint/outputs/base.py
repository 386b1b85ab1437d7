"""What every output format shares: where the rules are documented, how colour is asked for."""

from __future__ import annotations

from typing import NamedTuple

from bisect_deps import __version__
from bisect_deps.lint.diagnostics import Diagnostic
from bisect_deps.lint.rules.base import Rule, Safety

DOCS = "docs/rules.md"
TOOL = "depbisect"
VERSION = __version__


class OutputStyle(NamedTuple):
    """How a report is to be shown: colour for terminals, which fixes count as available.

    `docs` is the address of the rules' page.
    """

    color: bool = False
    unsafe_fixes: bool = False
    docs: str = DOCS


def docs_of(rule: Rule, style: OutputStyle = OutputStyle()) -> str:  # noqa: B008
    """Return where a rule is documented, by default relative to the project's own pages."""
    return f"{style.docs}#{rule.code.lower()}-{rule.name}"


def is_fixable(diagnostic: Diagnostic, style: OutputStyle) -> bool:
    """Say whether `--fix`, as it was called, would fix it."""
    repair = diagnostic.repair
    if diagnostic.generated:
        return False
    return repair is not None and (repair.safety is Safety.SAFE or style.unsafe_fixes)
