"""The verdict as text for a terminal, a pipe or a CI log.

Written for someone who has never read the documentation: what is wrong, how it is known, what to
write instead. Colour only marks what the words already say.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from bisect_deps.model import (
    Candidate,
    Culprit,
    Evidence,
    Fix,
    Narrowing,
    Probe,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.base import (
    advice_of,
    also_built,
    between,
    builds_text,
    changes,
    doubts,
    file_of,
    fix_changes,
    how_also,
    keeping,
    left_out,
    line_reasons,
    log_path,
    loss,
    other_notes,
    proof_text,
    pulled_in,
    reason,
    removal,
    statements,
    status_word,
    together,
    turning_point,
    unpinned_lines,
    usage,
)
from bisect_deps.text import duration, ended, instant, listed, safe, shown

EVIDENCE_LINES = 6
LONGEST_LINE = 400
NARROWEST, WIDEST = 40, 100

_STYLES = {
    VerdictKind.PASSES: "bold green",
    VerdictKind.FIXED: "bold green",
    VerdictKind.CULPRITS: "bold yellow",
    VerdictKind.INCONCLUSIVE: "bold yellow",
    VerdictKind.UNAVAILABLE: "bold red",
}


def render(
    verdict: Verdict, *, color: bool = False, width: int = 80, written: Sequence[str] = ()
) -> str:
    """Return the verdict as lines of at most `width` columns where words allow it.

    `written` names the files that already hold the fix, so that the text says so instead of
    telling how to write them. Commands and diffs are never wrapped.
    """
    page = _Page(color=color, width=max(NARROWEST, min(width, WIDEST)))
    _head(page, verdict, written)
    for number, culprit in enumerate(verdict.culprits, 1):
        _culprit(page, number, culprit, verdict)
    if verdict.fix:
        _fix(page, verdict.fix, line_reasons(verdict))
        _other_fixes(page, verdict.other_fixes)
        _use(page, verdict, verdict.fix, written)
    elif verdict.fallback is not None:
        _fallback(page, verdict, verdict.fallback)
    _remarks(page, "Not certain:", doubts(verdict))
    _remarks(page, "Notes:", other_notes(verdict))
    _unpinned(page, verdict.unpinned)
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
        if self._out.getvalue() and not self._out.getvalue().endswith("\n\n"):
            self._out.write("\n")

    def say(
        self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0, gutter: str = ""
    ) -> None:
        """Write a paragraph; its lines after the first stand `hang` columns further in.

        `gutter` takes the place of that further indentation.
        """
        texts = ((part, "") if isinstance(part, str) else part for part in parts)
        text = Text.assemble(*((shown(text), style) for text, style in texts))
        text.rstrip()
        later = " " * indent + (gutter or " " * hang)
        for number, line in enumerate(text.wrap(self._console, self._width - len(later))):
            line.rstrip()
            self._write(Text(later if number else " " * indent) + line)

    def title(self, prefix: str, text: str, place: str) -> None:
        """Write a requirement, whole, and its place: beside it, or below where that is full."""
        text, place = shown(text), shown(place)
        beside = len(prefix) + len(text) + 2 + len(place) <= self._width
        start = Text.assemble((prefix, "bold"), (text, "bold red"))
        self._write(Text.assemble(start, (f"  {place}" if beside and place else "", "dim")))
        if place and not beside:
            self._write(Text.assemble(" " * len(prefix), (place, "dim")))

    def code(self, text: str, style: str = "", indent: int = 0) -> None:
        """Write one line as it is, however long."""
        self._write(Text(" " * indent) + Text(shown(text).rstrip(), style=style))

    def whole(self, *parts: str | tuple[str, str]) -> None:
        """Write one line of text with a path in it, however long: half a path cannot be copied."""
        texts = ((part, "") if isinstance(part, str) else part for part in parts)
        self._write(Text.assemble(*((shown(text), style) for text, style in texts)))

    def text(self) -> str:
        """Return all that was written."""
        return self._out.getvalue()

    def _write(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def _head(page: _Page, verdict: Verdict, written: Sequence[str]) -> None:
    status = (status_word(verdict, written), _STYLES[verdict.kind])
    for number, sentences in enumerate(statements(verdict)):
        page.gap()
        page.say(*(() if number else (status, ". ")), sentences)


def _culprit(page: _Page, number: int, culprit: Culprit, verdict: Verdict) -> None:
    page.gap()
    prefix = f"{number}. "
    for text, place in _titles(culprit, verdict):
        page.title(prefix, text, place)
        prefix = " " * (len(prefix) - 2) + "+ "
    page.say(reason(culprit), indent=3)
    if said := together(culprit):
        page.say(said, indent=3)
    for member in culprit.members:
        if way := pulled_in(member):
            page.say(way, indent=3)
    _evidence(page, culprit.evidence, verdict.file)
    for narrowing in culprit.narrowings:
        _narrowing(page, narrowing, verdict.probes)
    page.say(f"Proof: {proof_text(culprit, verdict.probes)}.", indent=3, hang=3)
    if advice := advice_of(culprit, verdict):
        page.say(("Advice: ", "bold"), ended(advice), indent=3, hang=3)
    if kept := keeping(culprit, verdict):
        page.say(("To keep it: ", "bold"), kept, indent=3, hang=3)
    _install(page, culprit.install)


def _titles(culprit: Culprit, verdict: Verdict) -> Iterator[tuple[str, str]]:
    seen = set()
    for member in culprit.members:
        requirement = member.requirement
        if requirement.number in seen:
            continue
        seen.add(requirement.number)
        file = file_of(member, verdict)
        place = f"{file}:{requirement.line}" if requirement.line else file
        yield requirement.text or member.label, place


def _evidence(page: _Page, evidence: Sequence[Evidence], file: str) -> None:
    quoted = list(evidence[:EVIDENCE_LINES])
    if not quoted:
        return
    page.gap()
    digits = max(len(str(item.line)) for item in quoted)
    log = ""
    for item in quoted:
        if item.log and item.log != log:
            log = item.log
            page.code(f"{' ' * digits}--> {log_path(file, log)}:{item.line}", "dim", indent=3)
        gutter = f"{' ' * digits} |   "
        text = item.text.rstrip()
        text = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."
        page.say((f"{item.line:>{digits}} | ", "dim"), (text, "cyan"), indent=3, gutter=gutter)
    if len(evidence) > len(quoted):
        page.code(f"{' ' * digits} | and {len(evidence) - len(quoted)} more", "dim", indent=3)
    page.gap()


def _install(page: _Page, commands: Mapping[str, str]) -> None:
    if not commands:
        return
    page.say(("To install what this machine lacks:", "bold"), indent=3)
    widest = max(len(shown(system)) for system in commands)
    for system, command in commands.items():
        page.code(f"{shown(system) + ':':{widest + 1}} {command}", indent=5)


def _narrowing(page: _Page, narrowing: Narrowing, probes: Sequence[Probe]) -> None:
    unbuilt, also = between(narrowing), also_built(narrowing)
    page.say(
        f"Versions: {narrowing.name} ",
        (turning_point(narrowing, probes), "bold"),
        f"; {unbuilt}" if unbuilt else "",
        f"; {how_also(narrowing, probes)}: {also}." if also else ".",
        indent=3,
        hang=3,
    )
    if passed_over := left_out(narrowing):
        page.say(f"Passed over: {passed_over}.", indent=3, hang=3)


def _fix(page: _Page, fix: Fix, reasons: Sequence[str]) -> None:
    page.gap()
    page.say(("The fix", "bold green"), f", which passes as build {fix.probe}:")
    page.gap()
    for line in safe(fix.diff).splitlines():
        page.code(line, _diff_style(line), indent=2)
    _remarks(page, "Other lines that change, and why:", reasons)
    if lost := loss(fix):
        page.gap()
        page.say(("Warning: ", "bold yellow"), lost)
    if fix.reason:
        page.gap()
        page.say(("Why this one: ", "bold"), ended(fix.reason))


def _diff_style(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "bold"
    return {"-": "red", "+": "green", "@": "cyan", "\\": "dim"}.get(line[:1], "")


def _other_fixes(page: _Page, fixes: Sequence[Fix]) -> None:
    if fixes:
        page.gap()
        page.say(("Other fixes that pass too:", "bold"))
    for fix in fixes:
        files = listed(list(dict.fromkeys(edit.file for edit in fix.edits)))
        what = "; ".join(fix_changes(fix)) or fix.style
        why = f": {ended(fix.reason)}" if fix.reason else ""
        page.say(
            f"- {f'in {files}: ' if files else ''}{what} (build {fix.probe}){why}", indent=2, hang=2
        )
        for command in fix.commands:
            page.code(command, indent=6)


def _use(page: _Page, verdict: Verdict, fix: Fix, written: Sequence[str]) -> None:
    if fix.commands:
        page.gap()
        page.say(("Install it with:", "bold"))
        for command in fix.commands:
            page.code(command, indent=2)
    page.gap()
    if written:
        page.whole(("Written to ", "bold"), f"{listed(written)}.")
        return
    page.say(("To use it: ", "bold"), usage(verdict, fix))


def _fallback(page: _Page, verdict: Verdict, fallback: Candidate) -> None:
    page.gap()
    known = changes(fallback.edits, most=None) or "as it is"
    page.say(("Known to pass: ", "bold"), f"the file {known}{removal(verdict)}.")


def _remarks(page: _Page, heading: str, remarks: Sequence[str]) -> None:
    if remarks:
        page.gap()
        page.say((heading, "bold"))
    for remark in remarks:
        page.say("- ", ended(remark), indent=2, hang=2)


def _unpinned(page: _Page, unpinned: Mapping[str, str]) -> None:
    if unpinned:
        page.gap()
        page.say(("Not pinned: ", "bold"), unpinned_lines(unpinned))


def _foot(page: _Page, verdict: Verdict) -> None:
    target = verdict.target
    made = builds_text(verdict)
    made, by_hand = made[:1].upper() + made[1:], target.is_by_hand
    cost = made if by_hand else f"{made}; {duration(verdict.seconds)}"
    if verdict.seconds_to_fix is not None and not by_hand:
        cost += f" (a fix was proven after {duration(verdict.seconds_to_fix)})"
    where = [target.python and f"Python {target.python}", target.platform, target.installer]
    who = "hand" if by_hand else target.builder
    where.append("" if target.is_here else f"built by {who}")
    page.gap()
    page.say((f"{cost}. {', '.join(part for part in where if part)}.", "dim"))
    if target.index_as_of:
        page.say((f"Package index as of {instant(target.index_as_of)}.", "dim"))
    if target.sandbox:
        page.say((f"Sandbox of the builds: {target.sandbox}.", "dim"))
