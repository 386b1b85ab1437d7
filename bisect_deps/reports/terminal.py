"""The verdict as text for a terminal, a pipe or a CI log.

Written for someone who has never read the documentation: what is wrong, how it is known, what to
write instead. Colour only marks what the words already say.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from bisect_deps.model import (
    Candidate,
    Culprit,
    EditAction,
    Evidence,
    Fix,
    Narrowing,
    Outcome,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.base import (
    chain,
    counted,
    duration,
    headline,
    instant,
    listed,
    proof_text,
    safe,
    sentence,
    shown,
    some,
    title,
    tried_versions,
    turning_point,
)

EVIDENCE_LINES = 4
NARROWEST, WIDEST = 40, 100

_STATUS = {
    VerdictKind.PASSES: ("Passes", "bold green"),
    VerdictKind.FIXED: ("Fixed", "bold green"),
    VerdictKind.CULPRITS: ("Explained, not fixed", "bold yellow"),
    VerdictKind.INCONCLUSIVE: ("No clear answer", "bold yellow"),
    VerdictKind.UNAVAILABLE: ("Could not build", "bold red"),
}


def render(
    verdict: Verdict, *, color: bool = False, width: int = 80, written: Sequence[str] = ()
) -> str:
    """Return the verdict as lines of at most `width` columns where words allow it.

    `written` names the files that already hold the fix, so that the text says so instead of
    telling how to write them. Code, log lines and diffs are never wrapped.
    """
    page = _Page(color=color, width=max(NARROWEST, min(width, WIDEST)))
    _head(page, verdict)
    for number, culprit in enumerate(verdict.culprits, 1):
        _culprit(page, number, culprit)
    if verdict.fix:
        _fix(page, verdict.fix)
        _other_fixes(page, verdict.other_fixes)
        _use(page, verdict, written)
    elif verdict.fallback is not None:
        _fallback(page, verdict.fallback)
    _notes(page, verdict)
    _foot(page, verdict)
    return page.text()


class _Page:
    """Collects lines, wrapped and indented, with or without colour."""

    def __init__(self, *, color: bool, width: int) -> None:
        self._out = io.StringIO()
        self._width = width
        self._console = Console(
            file=self._out,
            force_terminal=color,
            color_system="standard" if color else None,
            no_color=not color,
            width=width,
            highlight=False,
            legacy_windows=False,
        )

    def gap(self) -> None:
        """Leave one line empty."""
        self._out.write("\n")

    def say(self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """Write a paragraph; its lines after the first stand `hang` columns further in."""
        text = Text.assemble(*(self._part(part) for part in parts))
        room = self._width - indent - hang
        for number, line in enumerate(text.wrap(self._console, room)):
            line.rstrip()
            self._write(Text(" " * (indent + (hang if number else 0))) + line)

    def code(self, text: str, style: str = "", indent: int = 0) -> None:
        """Write one line as it is, however long."""
        self._write(Text(" " * indent) + Text(shown(text).rstrip(), style=style))

    def text(self) -> str:
        """Return all that was written."""
        return self._out.getvalue()

    def _part(self, part: str | tuple[str, str]) -> tuple[str, str]:
        text, style = (part, "") if isinstance(part, str) else part
        return shown(text), style

    def _write(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def _head(page: _Page, verdict: Verdict) -> None:
    word, style = _STATUS[verdict.kind]
    page.say((f"{word}: ", style), headline(verdict))


def _culprit(page: _Page, number: int, culprit: Culprit) -> None:
    page.gap()
    page.say((f"{number}. ", "bold"), (title(culprit), "bold red"), _place(culprit), hang=3)
    page.say(sentence(culprit), indent=3)
    if len(culprit.members) > 1:
        page.say("Each of them alone is fine; together they fail.", indent=3)
    for member in culprit.members:
        if way := chain(member):
            page.say("It comes in through ", (" -> ".join(way), "bold"), ".", indent=3)
    _evidence(page, culprit.evidence)
    for narrowing in culprit.narrowings:
        _narrowing(page, narrowing)
    if culprit.advice:
        page.say(("Advice: ", "bold"), culprit.advice, indent=3, hang=3)
    page.say((f"Proof: {proof_text(culprit)}.", "dim"), indent=3, hang=3)


def _place(culprit: Culprit) -> tuple[str, str]:
    places = [
        f"{m.requirement.file}:{m.requirement.line}"
        for m in culprit.members
        if m.requirement.file and m.requirement.line
    ]
    return (f"  {listed(list(dict.fromkeys(places)))}", "dim") if places else ("", "")


def _evidence(page: _Page, evidence: Sequence[Evidence]) -> None:
    shown = list(evidence[:EVIDENCE_LINES])
    if not shown:
        return
    page.gap()
    digits = max(len(str(item.line)) for item in shown)
    log = None
    for item in shown:
        if item.log and item.log != log:
            log = item.log
            page.code(f"{' ' * digits}--> {log}", "dim", indent=5)
        page.code(f"{item.line:>{digits}} | {item.text}", "cyan", indent=5)
    if len(evidence) > len(shown):
        page.code(f"{' ' * digits} | {len(evidence) - len(shown)} more", "dim", indent=5)
    page.gap()


def _narrowing(page: _Page, narrowing: Narrowing) -> None:
    tried = tried_versions(narrowing)
    page.say(
        ("Versions: ", "bold"),
        f"{narrowing.name} {turning_point(narrowing)}",
        (f" (built: {tried})" if tried else "", "dim"),
        ".",
        indent=3,
        hang=3,
    )
    left_out = [f"{item.version} ({item.reason})" for item in narrowing.skipped if item.reason]
    if left_out:
        page.say((f"Not built: {some(left_out)}.", "dim"), indent=3, hang=3)


def _fix(page: _Page, fix: Fix) -> None:
    page.gap()
    page.say(("The fix", "bold green"), f", built and checked as build {fix.probe}:")
    page.gap()
    for line in safe(fix.diff).splitlines():
        page.code(line, _diff_style(line), indent=2)
    if fix.reason:
        page.gap()
        page.say(("Why this one: ", "bold"), fix.reason, hang=3)


def _diff_style(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "bold"
    return {"-": "red", "+": "green", "@": "cyan", "\\": "dim"}.get(line[:1], "")


def _other_fixes(page: _Page, fixes: Sequence[Fix]) -> None:
    if not fixes:
        return
    page.gap()
    page.say(("Other fixes that also pass:", "bold"))
    for fix in fixes:
        page.say(
            "- ",
            "; ".join(edit_texts(fix)) or fix.style,
            f" (build {fix.probe})",
            *([f": {fix.reason}"] if fix.reason else []),
            indent=2,
            hang=2,
        )


def edit_texts(fix: Fix) -> Iterator[str]:
    """Yield each edit of a fix in words."""
    for edit in fix.edits:
        if edit.action is EditAction.DROP:
            yield f"leave out {edit.name}"
        elif edit.action is EditAction.ADD:
            yield f"add {edit.name}{edit.after or ''}"
        else:
            yield f"{edit.name}{edit.before or ''} becomes {edit.name}{edit.after or ''}"


def _use(page: _Page, verdict: Verdict, written: Sequence[str]) -> None:
    page.gap()
    if verdict.fix and verdict.fix.commands:
        page.say(("Install it with:", "bold"))
        for command in verdict.fix.commands:
            page.code(command, indent=2)
        page.gap()
    if written:
        page.say(("Written to ", "bold"), listed(written), ".")
        return
    page.say(
        ("To use it: ", "bold"),
        f"run the same command again with --write to change {shown(verdict.file)} in place, "
        "or with -o FILE to write the fixed file elsewhere. Nothing is built twice.",
    )


def _fallback(page: _Page, fallback: Candidate) -> None:
    page.gap()
    changes = [
        f"leave out {edit.name}"
        if edit.action is EditAction.DROP
        else f"{'add ' if edit.action is EditAction.ADD else ''}{edit.name}{edit.to or ''}"
        for edit in fallback.edits
    ]
    page.say(
        ("The most that is known to pass: ", "bold"),
        f"the file with these changes: {listed(changes)}." if changes else "the file as it is.",
        hang=3,
    )


def _notes(page: _Page, verdict: Verdict) -> None:
    notes = list(_doubts(verdict))
    if notes:
        page.gap()
        page.say(("Good to know:", "bold"))
    for note in notes:
        page.say("- ", note, indent=2, hang=2)


def _doubts(verdict: Verdict) -> Iterable[str]:
    if verdict.confidence < 0.995:
        yield (
            f"Some builds gave different answers when repeated. This verdict is "
            f"{verdict.confidence:.0%} certain."
        )
    yield from verdict.notes


def _foot(page: _Page, verdict: Verdict) -> None:
    target = verdict.target
    answered = sum(probe.from_journal for probe in verdict.probes)
    unresolved = sum(probe.outcome is Outcome.UNRESOLVED for probe in verdict.probes)
    cost = f"{counted(verdict.builds, 'build')} in {duration(verdict.seconds)}"
    if answered:
        cost += f", {counted(answered, 'answer')} from earlier runs"
    if unresolved:
        cost += f", {unresolved} without an answer"
    where = [f"Python {target.python}" if target.python else "", target.platform]
    where += [target.installer, target.builder and f"{target.builder} builder"]
    page.gap()
    page.say((f"{cost}; {', '.join(part for part in where if part)}.", "dim"))
    if target.index_as_of:
        page.say((f"Package index as of {instant(target.index_as_of)}.", "dim"))
