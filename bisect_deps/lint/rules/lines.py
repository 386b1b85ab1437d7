"""DB406 to DB414: lines that pip rejects, drops or reads otherwise than they look.

The parser finds these; the rules name them, say why, and fix what can be fixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bisect_deps.formats.base import Document, LogicalLine, Problem, ProblemKind, Span
from bisect_deps.lint.rules.base import (
    Change,
    Example,
    Finding,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    is_requirement,
    is_template,
    line_at,
    package_of,
)

Fixer = Callable[[Document, Problem, LogicalLine | None], Repair | None]


def _reported(scope: Scope, fixers: dict[ProblemKind, Fixer | None]) -> Iterator[Finding]:
    """Yield the parser's problems of these kinds, each with what fixes it."""
    kinds = {(id(document), problem.line, problem.kind) for document, problem in scope.problems}
    for document, problem in scope.problems:
        if problem.kind not in fixers or is_template(document, problem):
            continue
        reasons = _FOLLOWS.get(problem.kind, ())
        if any((id(document), problem.line, reason) in kinds for reason in reasons):
            continue
        line = line_at(document, problem.line)
        message = problem.message + (f"; {problem.hint}" if problem.hint else "")
        fixer = fixers[problem.kind]
        repair = fixer(document, problem, line) if fixer is not None else None
        name = package_of(line)
        # What was to be installed and is not fails later, and elsewhere.
        severity = Severity.ERROR if problem.kind in _LOST else None
        yield Finding(document, problem.span, message, name, line, repair, severity)


# What only follows from another problem of its line, which says enough.
_REJECTED = (ProblemKind.INVALID_REQUIREMENT, ProblemKind.INVALID_OPTION)
_FOLLOWS = {
    ProblemKind.DROPPED_WORDS: _REJECTED,
    ProblemKind.DROPPED_EDITABLE: _REJECTED,
    ProblemKind.BAD_INCLUDE: (ProblemKind.EQUALS_IN_INCLUDE,),
}
_LOST = (ProblemKind.DROPPED_INCLUDE, ProblemKind.DROPPED_EDITABLE)


def _check_invalid(scope: Scope) -> Iterable[Finding]:
    return _reported(
        scope,
        {ProblemKind.INVALID_REQUIREMENT: _as_hinted, ProblemKind.INVALID_OPTION: None},
    )


_NAME = r"(?P<name>[\w.\[\],-]+)"
_NUMBERS = r"(?P<version>\d[\w.+!]*|\d[\w.]*\.\*)(?:=[\w_]+)?(?P<rest>\s*;.*)?"
# Lines of one clear meaning, and what was meant.
_MEANINGS = (
    (
        r"(?P<quote>['\"])(?P<text>[\w.\[\],-]+(?:[=<>~!]=[\w.*+!]+)?)(?P=quote)",
        "{text}",
    ),
    (rf"{_NAME}\s*=\s*{_NUMBERS}", "{name}=={version}{rest}"),
    (rf"{_NAME}\s*=>\s*{_NUMBERS}", "{name}>={version}{rest}"),
    (rf"{_NAME}\s*=<\s*{_NUMBERS}", "{name}<={version}{rest}"),
    (rf"{_NAME}\s*~=\s*(?P<version>\d+)", "{name}~={version}.0"),
    (rf"{_NAME}\s*={{0,3}}\s*\^\s*(?P<version>0\.\d+|\d+)[\w.]*", "{name}=={version}.*"),
    (r"(?P<name>[\w.-]+)(?:\s+|@)v?(?P<version>\d[\w.]*)", "{name}=={version}"),
)


def _as_hinted(document: Document, problem: Problem, line: LogicalLine | None) -> Repair | None:
    """Return the edit for a line of one clear meaning; never one that pip would reject again."""
    written = document.slice(problem.span)
    if line is None or line.group or "\n" in written:
        return None
    for pattern, meaning in _MEANINGS:
        if found := re.fullmatch(pattern, written):
            words = {name: text or "" for name, text in found.groupdict().items()}
            text = meaning.format(**words)
            return _rewrite(document, problem.span, text) if is_requirement(text) else None
    return None


def _rewrite(document: Document, span: Span, text: str) -> Repair:
    return Repair(Safety.UNSAFE, f"write {text}", (Change(document, span, text),))


def _check_ignored(scope: Scope) -> Iterable[Finding]:
    return _reported(
        scope,
        {
            ProblemKind.IGNORED_OPTION: _without_effect,
            ProblemKind.DROPPED_INCLUDE: _to_own_line,
            ProblemKind.DROPPED_EDITABLE: _to_own_line,
            ProblemKind.DROPPED_MARKER: None,
            ProblemKind.DROPPED_WORDS: None,
            ProblemKind.LONE_HASH: None,
            ProblemKind.EQUALS_IN_INCLUDE: _without_equals,
        },
    )


def _without_effect(
    document: Document, problem: Problem, line: LogicalLine | None
) -> Repair | None:
    # An include was meant to be read: taking it out would hide that it never was.
    if document.slice(problem.span).startswith(("-r", "-c")):
        return _to_own_line(document, problem, line)
    return _take_out(document, problem, line)


def _take_out(document: Document, problem: Problem, line: LogicalLine | None) -> Repair | None:
    if line is None or not line.body.start < problem.span.start <= line.body.end:
        return None
    start = problem.span.start
    while start > line.body.start and document.text[start - 1] in " \t":
        start -= 1
    gone = Change(document, Span(start, problem.span.end), "")
    what = document.slice(problem.span).split()[0]
    return Repair(Safety.SAFE, f"take out {what}", (gone,))


def _to_own_line(document: Document, problem: Problem, line: LogicalLine | None) -> Repair | None:
    taken = _take_out(document, problem, line)
    if taken is None or line is None:
        return None
    newline = newline_of(document)
    added = Change(
        document, Span(line.span.end, line.span.end), newline + document.slice(problem.span)
    )
    return Repair(Safety.UNSAFE, "give it a line of its own", (*taken.changes, added))


def newline_of(document: Document) -> str:
    """Return the line end that the document uses."""
    return next((line.terminator for line in document.physical if line.terminator in _PLAIN), "\n")


_PLAIN = ("\n", "\r\n", "\r")


def _without_equals(document: Document, problem: Problem, _: LogicalLine | None) -> Repair | None:
    written = document.slice(problem.span)
    flag, equals, value = written.partition("=")
    if not equals or flag not in ("-r", "-c"):
        return None
    return _rewrite(document, problem.span, f"{flag} {value}")


def _check_swallowed(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.SWALLOWED_LINE: _without_backslash})


def _without_backslash(
    document: Document, problem: Problem, line: LogicalLine | None
) -> Repair | None:
    if line is None:
        return None
    before = document.physical[problem.line - 2]
    content = document.slice(before.span)
    bare = content.rstrip("\\").rstrip(" \t")
    if bare == content:
        return None
    span = Span(before.span.start + len(bare), before.span.end)
    return Repair(Safety.SAFE, "take the backslash off", (Change(document, span, ""),))


def _check_hidden(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.HIDDEN_SEPARATOR: _visible})


def _visible(document: Document, problem: Problem, _: LogicalLine | None) -> Repair:
    change = Change(document, problem.span, newline_of(document))
    return Repair(Safety.SAFE, "write a plain line end, which changes nothing for pip", (change,))


def _check_encoding(scope: Scope) -> Iterator[Finding]:
    for document, problem in scope.named(ProblemKind.ENCODING):
        severity = Severity.ERROR if problem.fatal else Severity.WARNING
        repair = None
        if not problem.fatal:
            repair = Repair(Safety.SAFE, "save it as UTF-8", recode=document)
        message = problem.message if problem.fatal else f"{problem.message}; {problem.hint}"
        yield Finding(document, problem.span, message, repair=repair, severity=severity)


def _check_include(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.BAD_INCLUDE: None, ProblemKind.BAD_CONSTRAINT: None})


def _check_variable(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.UNEXPANDED_VARIABLE: None})


def _check_removed(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.REMOVED_OPTION: _without_removed})


def _without_removed(
    document: Document, problem: Problem, line: LogicalLine | None
) -> Repair | None:
    if line is None or line.group or line.body.start == problem.span.start:
        return None
    found = re.match(
        r"--[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'])*"
        r"|[ \t]+(?:\"[^\"]*\"|'[^']*'|[^\s\"'-][^\s]*))?",
        document.text[problem.span.start : line.body.end],
    )
    if found is None:
        return None
    start = problem.span.start
    while document.text[start - 1] in " \t":
        start -= 1
    gone = Change(document, Span(start, problem.span.start + found.end()), "")
    return Repair(Safety.UNSAFE, "take the option out", (gone,))


def _check_unreadable(scope: Scope) -> Iterable[Finding]:
    return _reported(scope, {ProblemKind.INVALID_FILE: None})


RULES = (
    Rule(
        code="DB400",
        name="unreadable-file",
        severity=Severity.ERROR,
        summary="a file that cannot be read in its format",
        why=(
            "TOML that is not closed, a key twice, a broken section, YAML or JSON with an error: "
            "what stands in such a file was not looked at, and no tool will install from it. The "
            "exit code is 2, whatever else is found."
        ),
        source="our own rule: silence must mean that all was looked at",
        check=_check_unreadable,
        bad=(
            Example({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a==1"\n'}),
            Example({"setup.cfg": "[options\ninstall_requires = a\n"}),
        ),
        good=(Example({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1"]\n'}),),
    ),
    Rule(
        code="DB406",
        name="invalid-line",
        severity=Severity.ERROR,
        summary="a line that pip rejects",
        why=(
            "One line that pip cannot read stops the install of the whole file, before anything "
            "else is looked at. The message gives pip's reason and what was most likely meant."
        ),
        source="pip: Requirements File Format; Dependency specifiers specification",
        check=_check_invalid,
        bad=(
            "flask=3.0.3\n",
            '"flask==3.0.3"\n',
            "numpy=1.26.4=py312h_0\n",
            "<<<<<<< HEAD\n",
            "--no-such-option\n",
            "flask==3.0.3 ; python_version < 3\n",
        ),
        good=("flask==3.0.3\n", "flask==3.0.3;\n"),
        fix="writes what was most likely meant, where there is only one reading (unsafe)",
    ),
    Rule(
        code="DB407",
        name="ignored-option",
        severity=Severity.WARNING,
        summary="an option, include or marker that pip reads and ignores",
        why=(
            "pip accepts `--pre` after a requirement, a second -r on a line and a marker after an "
            "unquoted -e, and acts on none of them. `-r=x.txt` reads a file named `=x.txt`. What "
            "the author asked for does not happen, and nothing says so."
        ),
        source="pip: run with 26.3",
        check=_check_ignored,
        bad=(
            "flask==3.0.3 --pre\n",
            Example(
                {"requirements.txt": "-r a.txt -r b.txt\n", "a.txt": "a==1\n", "b.txt": "b==1\n"}
            ),
            '-e git+https://git.example/t#egg=t ; python_version < "3"\n',
        ),
        good=("--pre\nflask==3.0.3\n",),
        fix="takes out what has no effect; gives a dropped include its own line (unsafe)",
    ),
    Rule(
        code="DB408",
        name="swallowed-line",
        severity=Severity.ERROR,
        summary="a requirement that a backslash at the end of a comment hides",
        why=(
            "pip joins lines before it takes comments off. A comment after a requirement that "
            "ends in a backslash takes the next line with it: that requirement is never installed."
        ),
        source="pip: run with 26.3; uv keeps the line",
        check=_check_swallowed,
        bad=("flask==3.0.3  # the web \\\nclick==8.1.7\n",),
        good=("flask==3.0.3  # the web\nclick==8.1.7\n", "flask==3.0.3 \\\n  --hash=sha256:x\n"),
        fix="takes the backslash off",
    ),
    Rule(
        code="DB409",
        name="hidden-separator",
        severity=Severity.ERROR,
        summary="a line separator that editors do not show",
        why=(
            "pip splits a file at form feeds, Unicode separators and other characters that look "
            "like nothing. Text behind one of them in a comment is a requirement of its own to "
            "pip, and is invisible in a review."
        ),
        source="pip: run with 26.3; str.splitlines",
        check=_check_hidden,
        bad=("# just a note\fevil==1\n", "# note\u2028evil==1\n"),
        good=("# just a note\nflask==3.0.3\n",),
        fix="writes a plain line end, so that everyone sees what pip reads",
    ),
    Rule(
        code="DB410",
        name="encoding",
        severity=Severity.WARNING,
        summary="a file that is not UTF-8",
        why=(
            "pip reads UTF-16 with a mark and the machine's own encoding as a last resort; uv and "
            "most editors only UTF-8. The same bytes then mean other names on another machine, or "
            "nothing."
        ),
        source="pip: Requirements File Format, encoding; uv refuses",
        check=_check_encoding,
        bad=(Example({"requirements.txt": "flask==3.0.3\n".encode("utf-16")}),),
        good=("# caf\u00e9\nflask==3.0.3\n",),
        fix="saves the file as UTF-8",
    ),
    Rule(
        code="DB412",
        name="bad-include",
        severity=Severity.ERROR,
        summary="an include that is missing or circular, or a constraint that pip rejects",
        why=(
            "A path after -r or -c is relative to the file that names it. A missing file, a circle "
            "or an editable in a constraints file stops the install."
        ),
        source="pip: Requirements File Format; run with 26.3",
        check=_check_include,
        bad=(
            "-r missing.txt\n",
            "-r requirements.txt\n",
            Example({"requirements.txt": "-c c.txt\n", "c.txt": "-e .\n"}),
        ),
        good=(Example({"requirements.txt": "-r base.txt\n", "base.txt": "a==1\n"}),),
    ),
    Rule(
        code="DB413",
        name="unexpanded-variable",
        severity=Severity.WARNING,
        summary="a variable in a form that pip does not expand",
        why=(
            "pip expands `${NAME}` in capitals and nothing else. `$TOKEN`, `${token}` and "
            "`%TOKEN%` are sent as they stand, as the password, and the error speaks of access "
            "and not of the variable. Whether `${TOKEN}` is set is a matter of where the build "
            "runs, and is not judged here."
        ),
        source="pip: Requirements File Format, using environment variables",
        check=_check_variable,
        bad=(
            "--index-url https://$TOKEN@index.example/simple\n",
            "tool @ https://me:${token}@files.example/tool-1.0.zip --hash=sha256:"
            + "0" * 64
            + "\n",
        ),
        good=("--index-url https://${TOKEN}@index.example/simple\n",),
    ),
    Rule(
        code="DB414",
        name="removed-option",
        severity=Severity.ERROR,
        summary="an option that pip no longer has",
        why=(
            "--install-option, --global-option and --build-option are gone. pip 25.3 and later "
            "reject the whole file for one of them; --config-settings took their place."
        ),
        source="pip 23.1 and 25.3 release notes; run with 26.3",
        check=_check_removed,
        bad=('lxml==5.2 --global-option="--with-x"\n', "lxml==5.2 --install-option=--prefix=/x\n"),
        good=("lxml==5.2 --config-settings=with-x=1\n",),
        fix="takes the option out (unsafe)",
    ),
)
