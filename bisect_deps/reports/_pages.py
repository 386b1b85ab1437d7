"""What HTML pages share: escaped and safe text, the style, diffs line by line."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from bisect_deps.model import Fix, VerdictKind
from bisect_deps.reports.base import fix_changes
from bisect_deps.text import ended, safe, shown

TONES = {
    VerdictKind.PASSES: "pass",
    VerdictKind.FIXED: "pass",
    VerdictKind.CULPRITS: "unresolved",
    VerdictKind.INCONCLUSIVE: "unresolved",
    VerdictKind.UNAVAILABLE: "fail",
}

# Text in backticks, or an option: `setuptools<81`, --write.
_CODE = re.compile(r"(`[^`\n]+`|(?<![^\s(])--?[A-Za-z][\w-]*)")


def environment() -> Environment:
    """Return what renders a page: all text escaped and made safe, diffs line by line."""
    environment = Environment(autoescape=True, finalize=_finalize, trim_blocks=False)
    environment.filters |= {
        "ended": ended,
        "fix_words": _fix_words,
        "lines": _diff_lines,
        "prose": _prose,
    }
    return environment


def _fix_words(fix: Fix) -> str:
    return "; ".join(fix_changes(fix)) or fix.style


def _prose(text: str) -> Markup:
    """Return a sentence in which what is quoted by backticks, and options, are set as code."""
    parts = _CODE.split(shown(text))
    return Markup().join(_code(part) if at % 2 else part for at, part in enumerate(parts))


def _code(part: str) -> Markup:
    style = "quoted" if part.startswith("`") else "option"
    return Markup('<code class="{}">{}</code>').format(style, part.strip("`"))


def _finalize(value: Any) -> Any:
    is_foreign = isinstance(value, str) and not isinstance(value, Markup)
    return shown(value) if is_foreign else value


def resource(name: str) -> str:
    """Return a file that stands beside this one."""
    return files("bisect_deps.reports").joinpath(name).read_text("utf-8")


def _diff_lines(diff: str) -> list[dict[str, str]]:
    tones = {"-": "removed", "+": "added", "@": "place", "\\": "remark"}
    return [
        {
            "text": line,
            "tone": "file" if line.startswith(("--- ", "+++ ")) else tones.get(line[:1], "same"),
        }
        for line in safe(diff).splitlines()
    ]
