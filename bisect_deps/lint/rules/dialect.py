"""DB411: text that pip and uv read otherwise. Opt-in, since most projects use one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bisect_deps.formats.base import Document, LineKind, LogicalLine, Option, Span
from bisect_deps.lint.rules.base import Example, Finding, Rule, Scope, Severity, package_of

_IGNORED = ("--pre", "--prefer-binary", "--trusted-host", "--use-feature")
_REFUSED = ("--all-releases", "--only-final", "--no-require-hashes")
_FOREIGN_VCS = re.compile(r"^(?:hg|svn|bzr)\+|^git:", re.IGNORECASE)


def _check_dialect(scope: Scope) -> Iterator[Finding]:
    for document in scope.documents:
        for line in document.lines:
            if line.kind is LineKind.BLANK or line.group:
                continue
            for span, message in _differences(document, line):
                name = package_of(line)
                yield Finding(document, span, message, name, line)


def _differences(document: Document, line: LogicalLine) -> Iterator[tuple[Span, str]]:
    for option in line.options:
        said = _of_option(option, line)
        if said:
            yield option.span, said
    if line.include is not None and document.constraint and not line.include.constraint:
        yield (
            line.include.span,
            "pip makes requirements of -r in a constraints file, uv constraints",
        )
    if line.parts is not None:
        url = line.parts.url or ""
        if line.parts.editable and re.match(r"git\+|git:", url):
            yield line.body, "uv refuses an editable install from version control"
        elif _FOREIGN_VCS.match(url):
            yield line.body, "uv knows no version control but git"
        if re.search(r";\s*$", line.written):
            yield line.body, "uv refuses a semicolon without a marker"
    if document.slice(line.span).endswith("\\") and line.last == len(document.physical):
        yield Span(line.span.end - 1, line.span.end), "uv refuses a backslash at the end of a file"


def _of_option(option: Option, line: LogicalLine) -> str:
    if line.kind is LineKind.REQUIREMENT and option.name not in ("--hash", "--editable"):
        return f"uv refuses {option.written} after a requirement"
    if option.name in _IGNORED:
        return f"uv ignores {option.written} in a file; give it on the command line"
    if option.name in _REFUSED:
        return f"uv refuses {option.written} in a file"
    if option.name == "--extra-index-url":
        return "pip takes the best version of all indexes, uv the first index that has the project"
    if option.written.startswith("--") and option.written != option.name:
        return f"uv refuses the abbreviation {option.written}; write {option.name}"
    return ""


RULES = (
    Rule(
        code="DB411",
        name="dialect",
        severity=Severity.OFF,
        summary="text that another installer reads otherwise",
        why=(
            "pip and uv read most files alike and some not: options that uv ignores, forms that it "
            "refuses, -r inside a constraints file, several indexes. Whoever uses both should "
            "know. Off by default: `--extend-select DB411`."
        ),
        source="uv: Compatibility with pip; both run on 333 public files",
        check=_check_dialect,
        bad=(
            "--pre\nflask==3.0.3\n",
            "-e git+https://git.example/t#egg=t\n",
            "flask==3.0.3;\n",
            Example({"requirements.txt": "-c c.txt\n", "c.txt": "-r d.txt\n", "d.txt": "a==1\n"}),
        ),
        good=("flask==3.0.3\n",),
    ),
)
