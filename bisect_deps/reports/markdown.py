"""The verdict as Markdown: for a job's summary, and for the description of a pull request.

Words of logs, files and projects are data: they stand in code, or have their marks escaped, so that
none of them becomes markup, a mention or an image. Must not know where the text goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisect_deps.model import Culprit, Verdict
from bisect_deps.reports._marks import code, fenced, plain
from bisect_deps.reports.base import (
    advice_of,
    builds_text,
    doubts,
    file_of,
    keeping,
    line_reasons,
    loss,
    other_notes,
    proof_text,
    reason,
    statements,
    status_word,
)
from bisect_deps.text import duration, ended, safe, shown

_MOST_EVIDENCE = 8


def render(verdict: Verdict) -> str:
    """Return the verdict as Markdown of GitHub and GitLab, ended by a newline."""
    first, *others = statements(verdict)
    blocks = [f"### {plain(status_word(verdict))}: {plain(first)}", *map(plain, others)]
    for number, culprit in enumerate(verdict.culprits, 1):
        blocks += _culprit(number, culprit, verdict)
    if verdict.fix is not None:
        blocks.append(f"**The fix**, which passes as build {verdict.fix.probe}:")
        blocks.append(fenced(safe(verdict.fix.diff), "diff"))
        if reasons := line_reasons(verdict):
            blocks += ["Other lines that change, and why:", _list(reasons)]
        if lost := loss(verdict.fix):
            blocks.append(f"**Warning:** {plain(lost)}")
        if verdict.fix.reason:
            blocks.append(f"Why this one: {plain(ended(verdict.fix.reason))}")
    remarks = [*doubts(verdict), *other_notes(verdict)]
    blocks += [_list(remarks)] if remarks else []
    blocks.append(f"<sub>{plain(_foot(verdict))}</sub>")
    return "\n\n".join(blocks) + "\n"


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {plain(ended(sentence))}" for sentence in sentences)


def _culprit(number: int, culprit: Culprit, verdict: Verdict) -> Iterator[str]:
    lines = [
        code(member.requirement.text or member.label)
        + (f" ({code(f'{file_of(member, verdict)}:{member.requirement.line}')})")
        for member in culprit.members
    ]
    yield f"**{number}.** {' + '.join(dict.fromkeys(lines))}  \n{plain(reason(culprit))}"
    quoted = [shown(item.text) for item in culprit.evidence[:_MOST_EVIDENCE]]
    if quoted:
        yield fenced("\n".join(quoted))
    yield f"Proof: {plain(proof_text(culprit, verdict.probes))}."
    if advice := advice_of(culprit, verdict):
        yield f"Advice: {plain(ended(advice))}"
    if kept := keeping(culprit, verdict):
        yield f"To keep it: {plain(kept)}"
    if culprit.install:
        commands = [f"{system}: {command}" for system, command in culprit.install.items()]
        yield fenced("\n".join(shown(command) for command in commands))


def _foot(verdict: Verdict) -> str:
    target = verdict.target
    where = [target.python and f"Python {target.python}", target.platform, target.installer]
    cost = f"{builds_text(verdict)}, {duration(verdict.seconds)}"
    return f"depbisect: {cost}; {', '.join(part for part in where if part)}"
