"""DB9xx: what the linter itself has to say: what was not checked, which ignores are idle.

The linter judges these, since they concern the findings of the other rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.formats.base import Document, Problem, ProblemKind, Span
from bisect_deps.lint.rules.base import Example, Finding, Rule, Scope, Severity, is_template

NOT_JUDGED = "not judged: "
TEMPLATE = "a template: lint what it is rendered to"


def _check_not_read(scope: Scope) -> Iterator[Finding]:
    for document, problem in scope.named(ProblemKind.REMOTE_INCLUDE):
        yield Finding(document, problem.span, problem.message)
    for document, problem in scope.named(ProblemKind.NOT_JUDGED):
        span = _at(document, problem)
        yield Finding(document, span, f"{NOT_JUDGED}{problem.message}", line=None)
    templates: set[int] = set()
    for document, problem in scope.problems:
        if id(document) not in templates and is_template(document, problem):
            templates.add(id(document))
            yield Finding(document, _at(document, problem), f"{NOT_JUDGED}{TEMPLATE}", line=None)


def _at(document: Document, problem: Problem) -> Span:
    """Return where the problem stands, its whole line where no more is known."""
    whole = document.physical[problem.line - 1].span if document.physical else problem.span
    return problem.span if whole.start <= problem.span.start <= whole.end else whole


def _judged_by_linter(_: Scope) -> Iterator[Finding]:
    return iter(())


NOT_CHECKED = Rule(
    code="DB900",
    name="not-checked",
    severity=Severity.WARNING,
    summary="something that could not be checked",
    why=(
        "A check that did not run has not passed. The index did not answer, a file is included by "
        "URL, dependencies are computed by code: what was left out is named, and the exit code is "
        "4 where an online check was asked for."
    ),
    source="our own rule: silence must mean that all was looked at",
    check=_check_not_read,
    bad=(
        "-r https://files.example/base.txt\n",
        Example({"Dockerfile": "FROM scratch\nRUN pip install $PACKAGES\n"}),
        "{% if web %}\nflask==3.0.3\n{% endif %}\n",
    ),
    good=("flask==3.0.3\n",),
)

UNUSED_IGNORE = Rule(
    code="DB901",
    name="unused-ignore",
    severity=Severity.WARNING,
    summary="an ignore comment that silences nothing",
    why=("An ignore that no finding needs any more hides the next one. It is safe to remove."),
    source="ruff RUF100",
    check=_judged_by_linter,
    bad=("flask==3.0.3  # depbisect: ignore[DB101]\n",),
    good=("flask  # depbisect: ignore[DB101] always the newest on purpose\n",),
    fix="removes the comment",
)

BLANKET_IGNORE = Rule(
    code="DB902",
    name="blanket-ignore",
    severity=Severity.INFO,
    summary="an ignore comment without codes",
    why=(
        "`# depbisect: ignore` silences all rules for the line, those of tomorrow too. Name the "
        "codes, and the reason behind the bracket."
    ),
    source="ruff PGH004; mypy ignore-without-code",
    check=_judged_by_linter,
    bad=("flask  # depbisect: ignore\n",),
    good=("flask  # depbisect: ignore[DB101] always the newest on purpose\n",),
)

RULES = (NOT_CHECKED, UNUSED_IGNORE, BLANKET_IGNORE)
