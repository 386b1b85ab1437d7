"""The verdict as one HTML page that needs nothing else: no font, no request, and no script.

One script makes the buttons that copy a diff; without it they are not there.

All text is data: it is made safe, escaped, and the page's own policy forbids whatever might slip
through. Styles stand in `report.css`, structure in `report.html.j2`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bisect_deps import __version__
from bisect_deps.model import Culprit, Evidence, Member, Narrowing, Phase, Probe, ProbeKind, Verdict
from bisect_deps.reports._drawing import Drawing, drawn
from bisect_deps.reports._pages import TONES, environment, resource
from bisect_deps.reports.base import (
    OUTCOME_WORDS,
    advice_of,
    between,
    builds_text,
    by_version,
    changes,
    doubts,
    file_of,
    headline,
    keeping,
    left_out,
    line_reasons,
    log_path,
    loss,
    made_for,
    named_probe,
    other_notes,
    outcome_words,
    probe_name,
    proof_text,
    reason,
    removal,
    status_word,
    together,
    turning_point,
    unpinned_lines,
    usage,
    with_ends,
)
from bisect_deps.system.files import read_regular
from bisect_deps.text import counted, duration, instant, is_own_line, listed

LINES_BEFORE, LINES_AFTER = 4, 2
LAST_LINES = 40
LARGEST_LOG = 16_000_000
LONGEST_LINE = 2_000

_NAMED_PROBE = re.compile(r"\b(?:build|resolver answer) \d+")
_TRIES = {
    ProbeKind.WHOLE: "the file as it is",
    ProbeKind.RESOLVE: "the file as it is",
    ProbeKind.ISOLATED: "one requirement alone",
    ProbeKind.SUBSET: "the file as it is, again",
    ProbeKind.VERSION: "another version",
    ProbeKind.FIX: "the fixed file",
}


def render(
    verdict: Verdict, *, logs: Mapping[str, str] | None = None, written: Sequence[str] = ()
) -> str:
    """Return the page.

    `logs` gives the text of kept logs by the path that probes and evidence name; what is missing is
    left out. `written` names the files that already hold the fix.
    """
    kept, drawing = logs or {}, drawn(verdict)
    page = environment().from_string(resource("report.html.j2"))
    return page.render(
        verdict=verdict,
        file=listed(verdict.files) or verdict.file,
        version=__version__,
        style=Markup(resource("report.css")),
        script=Markup(resource("report.js")),
        script_hash=_hash(resource("report.js")),
        drawing=drawing,
        not_drawn=_not_drawn(drawing) if drawing else "",
        status={"word": status_word(verdict, written), "tone": TONES[verdict.kind]},
        headline=headline(verdict),
        facts=list(_facts(verdict)),
        written=listed(written),
        tried="built and checked" if _is_checked(verdict) else "built",
        usage=usage(verdict, verdict.fix) if verdict.fix else "",
        loss=loss(verdict.fix) if verdict.fix else "",
        known_to_pass=_known_to_pass(verdict),
        culprits=[_culprit(culprit, verdict, kept) for culprit in verdict.culprits],
        doubts=doubts(verdict),
        made_for=list(_linked(made_for(verdict.python_for))) if verdict.python_for else [],
        line_reasons=[list(_linked(said)) for said in line_reasons(verdict)],
        notes=[list(_linked(said)) for said in other_notes(verdict)],
        unpinned=unpinned_lines(verdict.unpinned) if verdict.unpinned else "",
        probes=_probes(verdict, kept),
    )


def _is_checked(verdict: Verdict) -> bool:
    """Say whether what a build installed was used, too."""
    target = verdict.target
    of_check = any(culprit.phase is Phase.CHECK for culprit in verdict.culprits)
    return bool(target.checks) or target.imports or of_check


def render_run(verdict: Verdict, state: Path, written: tuple[str, ...]) -> str:
    """Return the page with the logs that are in the state folder."""
    return render(verdict, logs=kept_logs(state, verdict), written=written)


def kept_logs(folder: Path, verdict: Verdict) -> dict[str, str]:
    """Return the logs that a verdict names, as far as they are in the state folder.

    A log of more than LARGEST_LOG bytes is left out: a page that no browser opens helps nobody.
    """
    paths = [probe.log for probe in verdict.probes]
    paths += [item.log for culprit in verdict.culprits for item in culprit.evidence]
    return dict(_readable(folder.resolve(), paths))


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of a log; `hit` where it is evidence, `jump` where lines before it are left out."""

    number: int
    text: str
    hit: bool = False
    jump: bool = False


def _readable(folder: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in dict.fromkeys(path for path in paths if path):
        # A report may come from elsewhere: it shows nothing from outside the state folder.
        real = (folder / path).resolve()
        try:
            if real.is_relative_to(folder):
                yield path, read_regular(real, most=LARGEST_LOG).decode("utf-8", "replace")
        except OSError:
            continue


def _facts(verdict: Verdict) -> Iterator[tuple[str, str]]:
    target = verdict.target
    facts = [
        (
            "Builds",
            _capital(builds_text(verdict).replace(" builds", "", 1).replace(" build", "", 1)),
        ),
        ("Time", duration(verdict.seconds)),
        ("Time to the fix", _maybe(verdict.seconds_to_fix)),
        ("Python", target.python),
        ("Platform", target.platform),
        ("Installer", target.installer),
        ("Builder", "" if target.is_here else target.builder),
        ("Index as of", instant(target.index_as_of)),
        ("Sandbox", target.sandbox),
    ]
    return ((name, value) for name, value in facts if value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _maybe(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _known_to_pass(verdict: Verdict) -> str:
    if verdict.fix or verdict.fallback is None:
        return ""
    return (changes(verdict.fallback.edits, most=None) or "as it is") + removal(verdict)


def _culprit(culprit: Culprit, verdict: Verdict, logs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "members": [(member, file_of(member, verdict)) for member in _distinct(culprit.members)],
        "sentence": reason(culprit),
        "together": together(culprit),
        "routes": [{"steps": m.via, "end": m.label} for m in culprit.members if m.via],
        "excerpts": list(_excerpts(culprit.evidence, verdict.file, logs)),
        "strips": [_strip(narrowing, verdict.probes) for narrowing in culprit.narrowings],
        "advice": advice_of(culprit, verdict),
        "keeping": keeping(culprit, verdict),
        "install": culprit.install,
        "proof": list(_linked(proof_text(culprit, verdict.probes))),
    }


def _linked(text: str) -> Iterator[tuple[str, str]]:
    """Split a text at the probes that it names: each part with the probe's anchor, or ""."""
    end = 0
    for match in _NAMED_PROBE.finditer(text):
        yield text[end : match.start()], ""
        yield match[0], _anchor(match[0])
        end = match.end()
    yield text[end:], ""


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _distinct(members: Sequence[Member]) -> list[Member]:
    return list({member.requirement.number: member for member in members}.values())


def _excerpts(
    evidence: Sequence[Evidence], file: str, logs: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for log in dict.fromkeys(item.log for item in evidence):
        quoted = {item.line: item.text for item in evidence if item.log == log}
        lines = _lines(logs.get(log, ""))
        rows = _around(quoted, lines)
        yield {"path": log_path(file, log) if log else "", "rows": rows}


def _around(quoted: Mapping[int, str], lines: Sequence[str]) -> list[LogRow]:
    """Return the quoted lines with their neighbours, as far as the log is at hand."""
    numbers = set(quoted)
    for number in quoted:
        numbers |= set(range(number - LINES_BEFORE, number + LINES_AFTER + 1))
    near = sorted(
        n for n in numbers if n in quoted or (0 < n <= len(lines) and not is_own_line(lines[n - 1]))
    )
    return [
        LogRow(
            number,
            (quoted.get(number) or lines[number - 1])[:LONGEST_LINE],
            hit=number in quoted,
            jump=before is not None and before != number - 1,
        )
        for before, number in zip([None, *near], near, strict=False)
    ]


def _strip(narrowing: Narrowing, probes: Sequence[Probe]) -> dict[str, Any]:
    tried = by_version(with_ends(narrowing))
    ends = {narrowing.last_failing, narrowing.first_passing}
    points = [
        {
            "version": point.version,
            "outcome": point.outcome.value,
            "words": OUTCOME_WORDS[point.outcome],
            "anchor": _anchor(named_probe(point.probe, probes)) if point.probe else "",
            "turn": number > 0 and {point.version, tried[number - 1].version} == ends,
        }
        for number, point in enumerate(tried)
    ]
    return {
        "name": narrowing.name,
        "phrase": "; ".join(filter(None, (turning_point(narrowing), between(narrowing)))),
        "points": points,
        "skipped": left_out(narrowing),
    }


def _probes(verdict: Verdict, logs: Mapping[str, str]) -> list[dict[str, Any]]:
    longest = max((probe.seconds for probe in verdict.probes), default=0.0) or 1.0
    alone = {c.proof.failing_probe: c for c in verdict.culprits if len(c.members) == 1}
    return [
        {
            "anchor": _anchor(probe_name(probe.number, probe.kind)),
            "name": probe_name(probe.number, probe.kind).capitalize(),
            "outcome": probe.outcome.value,
            "words": outcome_words(probe),
            "what": _what(probe, alone.get(probe.number)) + _elsewhere(probe, verdict),
            "told": probe.reported,
            "time": duration(float(probe.seconds)) + (", before" if probe.from_journal else ""),
            "share": round(max(100 * probe.seconds / longest, 0.5), 1),
            "path": log_path(verdict.file, probe.log) if probe.log else "",
            "rows": _end(logs.get(probe.log, "")),
        }
        for probe in verdict.probes
    ]


def _not_drawn(drawing: Drawing) -> str:
    lines, builds = drawing.lines_left_out, drawing.builds_left_out
    parts = [f"{counted(lines, 'line')} that few builds changed"] if lines else []
    parts += [f"the first {counted(builds, 'build')}"] if builds else []
    return listed(parts)


def _elsewhere(probe: Probe, verdict: Verdict) -> str:
    """Return on which other Python a build was made, where one was."""
    other = verdict.python_for
    if other is None or probe.number not in (other.probe, other.failing_probe):
        return ""
    return f", on Python {other.version}"


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _what(probe: Probe, culprit: Culprit | None) -> str:
    if probe.isolated:
        return f"{probe.isolated} alone"
    if probe.kind is ProbeKind.ISOLATED and culprit:
        return f"{culprit.members[0].requirement.text} alone"
    return changes(probe.candidate.edits) or _TRIES[probe.kind]


def _lines(log: str) -> list[str]:
    """Split at line feeds alone, as evidence counts; of a line drawn over, the last state stays."""
    lines = log.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip("\r").rpartition("\r")[2][:LONGEST_LINE] for line in lines]


def _end(log: str) -> list[LogRow]:
    lines = _lines(log)
    first = max(len(lines) - LAST_LINES, 0)
    rows = enumerate(lines[first:], first + 1)
    return [LogRow(number, text) for number, text in rows if not is_own_line(text)]
