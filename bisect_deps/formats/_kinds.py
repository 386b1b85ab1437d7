"""What is given for a requirements file by mistake: files of another kind, by name and words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bisect_deps.formats.base import Document, LineKind, LogicalLine, Problem, ProblemKind


def of_another_kind(root: Document) -> Problem | None:
    """Return what is wrong with a file whose name or words, most of them, are of another kind."""
    kind, said = _judged(root), _said(root)
    if not kind:
        return None
    message = f"this is {kind} and no requirements file"
    hint = "give it the name that its own tools know it by, or name another file"
    if kind == _LOG:
        hint = f"`depbisect diagnose {root.path}` names the suspects in it"
    number, span = said[0].number, said[0].span
    return Problem(ProblemKind.INVALID_FILE, root.path, number, message, hint, span, fatal=True)


def is_log(root: Document) -> bool:
    """Say whether most of a file's lines are what a build prints."""
    return _judged(root) == _LOG


def _judged(root: Document) -> str:
    """Return what most of a file's lines are, "" for requirements or nothing that is known."""
    invalid = {problem.line for problem in root.problems if problem.fatal}
    lines = [line.text for line in _said(root)]
    return _kind_of(root.path, lines) if 2 * len(invalid) >= len(lines) > 0 else ""


def _said(root: Document) -> list[LogicalLine]:
    return [line for line in root.lines if line.kind is not LineKind.BLANK]


# The ends of names, and the first lines, of what is handed over by mistake.
_LOG = "the log of a build"
_KINDS = (
    (r"\.toml$", r"\[+[\w.\"' -]+\]+\s*(?:#.*)?$", "TOML"),
    (r"\.json$|\.ipynb$", r"[{\[]\s*(?:\"|$)", "JSON"),
    (r"\.ya?ml$", r"---|[\w-]+:(?:\s|$)", "YAML"),
    (r"\.html?$|\.xml$", r"(?i)<(?:!doctype|html|\?xml|head|body)", "a web page or XML"),
    (r"\.md$|\.rst$", r"\A(?!)", "a text for people"),
    (
        r"\.log$",
        r"\$ |Collecting |Looking in |Requirement already |Defaulting to |Processing |Installing "
        r"|Using (?:CPython|Python|pip) |Resolved \d|Preparing |Building |(?i:error|warning): "
        r"|[\u00d7\u2570\u251c] |Traceback \(|#\d+ |Step \d|::",
        _LOG,
    ),
    (r"\.py$", r"(?:import|from|def|class)\s+\w+", "Python"),
)


def _kind_of(path: str, lines: Sequence[str]) -> str:
    for name, start, kind in _KINDS:
        # What a build prints begins with words of any tool.
        begins = lines if kind == _LOG else lines[:1]
        if re.search(name, path) or any(re.match(start, line) for line in begins):
            return kind
    return ""
