"""The documentation of the rules, written from the rules themselves: one page, or one rule."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Example, Needs, Profile, Rule, Severity
from bisect_deps.text import printable

_FAMILIES = {
    "1": "Versions",
    "2": "Links and paths",
    "3": "Hashes",
    "4": "Lines and files",
    "5": "What the index says",
    "6": "Targets and builds",
    "7": "Projects and locks",
    "8": "Vulnerabilities",
    "9": "The linter itself",
}
_INTRODUCTION = """\
# Lint rules

Written by `depbisect lint --explain ALL`; the examples are the tests of the rules.
Each rule: what it reports, why that is bad and where we know it from, what to write instead,
whether `--fix` does it, which settings change it.
A rule is selected by code (`DB102`), prefix (`DB1`) or name (`range`).
Severities are those of the profile `publish`; the others are named where they differ.
The examples with `--online` ask an index with these projects: `fine` 1.0 and 1.1; `withdrawn` 1.0
(yanked) and 1.1; `modern` 1.0 and 2.0 (for a Python to come); `elsewhere` 1.0 (a Windows wheel
only); `many` 1.0 (two wheels); `sources` 1.0 and `anyjson` 0.3.3, 0.4 (source only); `young` 1.0
(of today); `needs` 1.0 (requires `fine<1.1`).
"""


def explain(rule: Rule) -> str:
    """Return a rule's page in Markdown."""
    return "\n".join(_page(rule)) + "\n"


def explain_all() -> str:
    """Return the page of all rules: a table, then each rule."""
    lines = [_INTRODUCTION, "| code | name | severity | needs | fix | what |", "|-|-|-|-|-|-|"]
    for rule in all_rules().values():
        anchor = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        cells = (anchor, rule.name, _severity(rule.severity), _needs(rule), _mark(rule))
        lines.append("| " + " | ".join((*cells, rule.summary)) + " |")
    family = ""
    for rule in all_rules().values():
        if rule.code[2] != family:
            family = rule.code[2]
            lines += ["", f"## {_FAMILIES[family]}"]
        lines += ["", *_page(rule)]
    return "\n".join(lines) + "\n"


def _page(rule: Rule) -> Iterator[str]:
    yield f"### {rule.code} {rule.name}"
    yield ""
    yield f"{rule.summary[0].upper()}{rule.summary[1:]}."
    yield ""
    yield f"**Why:** {rule.why} Source: {rule.source}."
    yield ""
    yield from _instead(rule)
    severities = [_severity(rule.severity)]
    severities += [
        f"{_severity(severity)} in `{profile.value}`"
        for profile in Profile
        if (severity := rule.severity_in(profile)) is not rule.severity
    ]
    yield f"- severity: {', '.join(severities)}"
    yield f"- needs: {_needs(rule) or 'nothing, works off-line'}"
    yield f"- fix: {rule.fix or 'none'}"
    yield f"- settings: {', '.join(f'`{name}`' for name in (*rule.options, *_FOR_ALL))}"
    yield f"- since: {rule.since}"
    yield from _examples("Also reported", _others(rule.bad))
    yield from _examples("Not reported", _others(rule.good))


# Settings that every rule heeds.
_FOR_ALL = ("severity", "ignore", "per-file-ignores", "per-package-ignores")


def _instead(rule: Rule) -> Iterator[str]:
    """Yield the line before and after, where both are one plain file."""
    before, after = rule.bad[0], rule.good[0]
    yield "Instead of"
    yield ""
    yield from _block(before)
    yield ""
    yield "write"
    yield ""
    yield from _block(after)
    yield ""


def _others(examples: tuple[str | Example, ...]) -> tuple[str | Example, ...]:
    return examples[1:]


def rules_table() -> str:
    """Return one line a rule, for people: code, severity, fix, name and what it reports."""
    rows = [
        (rule.code, _severity(rule.severity), "fix" if rule.fix else "", rule.name, rule.summary)
        for rule in all_rules().values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def rules_json(docs: str) -> str:
    """Return the rules as a JSON list, for scripts and editors."""
    return (
        json.dumps(
            [
                {
                    "code": rule.code,
                    "name": rule.name,
                    "severity": rule.severity.value,
                    "summary": rule.summary,
                    "why": rule.why,
                    "source": rule.source,
                    "fix": rule.fix or None,
                    "needs": rule.needs.value,
                    "options": list(rule.options),
                    "since": rule.since,
                    "docs": f"{docs}#{rule.code.lower()}-{rule.name}",
                }
                for rule in all_rules().values()
            ],
            indent=2,
        )
        + "\n"
    )


def _examples(title: str, examples: tuple[str | Example, ...]) -> Iterator[str]:
    if not examples:
        return
    yield ""
    yield f"{title}:"
    for example in examples:
        yield ""
        yield from _block(example)


def _block(example: str | Example) -> Iterator[str]:
    files = {"requirements.txt": example} if isinstance(example, str) else example.files
    circumstances = [] if isinstance(example, str) else list(_circumstances(example))
    if circumstances:
        yield f"With {', '.join(circumstances)}:"
        yield ""
    yield "```text"
    for name, content in files.items():
        if len(files) > 1 or name != "requirements.txt":
            yield f"# {name}"
        yield _visible(content)
    yield "```"


def _circumstances(example: Example) -> Iterator[str]:
    if example.online:
        yield "`--online`"
    if example.audit:
        yield "`--audit`"
    if example.profile is not None:
        yield f"`--profile {example.profile.value}`"
    for target in example.targets:
        yield f"`--target {target}`"


def _visible(content: str | bytes) -> str:
    if isinstance(content, bytes):
        return repr(content)
    shown = content.removesuffix("\n").replace("0" * 64, "0000…")
    return printable(shown, lambda char: f"<U+{ord(char):04X}>", keep="\n")


def _severity(severity: Severity) -> str:
    return "off" if severity is Severity.OFF else severity.value


def _needs(rule: Rule) -> str:
    return {
        Needs.NOTHING: "",
        Needs.INDEX: "--online",
        Needs.RESOLVER: "--online",
        Needs.AUDIT: "--audit",
    }[rule.needs]


def _mark(rule: Rule) -> str:
    return "yes" if rule.fix else ""
