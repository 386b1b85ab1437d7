"""What every report shares: text made safe to show, and the phrases that all of them use."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bisect_deps.knowledge.wrong_names import meant_by
from bisect_deps.model import (
    RESOLVER_NUMBERS,
    STDIN,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Fix,
    FixEdit,
    Member,
    Narrowing,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    PythonFor,
    Tried,
    Verdict,
    VerdictKind,
)
from bisect_deps.text import counted, ended, listed, shown, some

# How the notes on lines of a fix go on that are not at fault.
_MOVES = re.compile(r" (?:is added|moves along): ")

# From this confidence on, a verdict needs no word about chance.
SURE = 0.995


def title(culprit: Culprit) -> str:
    """Return the requirements of a culprit as the user wrote them, a combination with `+`."""
    texts = [shown(m.requirement.text) or m.label for m in culprit.members]
    return " + ".join(dict.fromkeys(texts))


def pulled_in(member: Member) -> str:
    """Return in a sentence how what broke is pulled in; "" where it is the user's own line."""
    if not member.via:
        return ""
    first, *between = member.via
    if member.used:
        return shown(f"{first} uses {member.label}.")
    through = f" through {', then '.join(between)}" if between else ""
    return shown(f"{first} pulls in {member.label}{through}.")


def advice_of(culprit: Culprit, verdict: Verdict) -> str:
    """Return what to do about a culprit; "" where a proven fix or a list of packages says it."""
    return "" if verdict.fix is not None or culprit.install else culprit.advice


def keeping(culprit: Culprit, verdict: Verdict) -> str:
    """Return how the version that a fix moves might be kept; "" where no log tells."""
    built_with = any(fix.style == "build-constraint" for fix in verdict.other_fixes)
    if verdict.fix is None or verdict.fix.style == "build-constraint" or built_with:
        return ""
    if not culprit.remedies or len(culprit.members) > 1:
        return ""
    wanted = listed([f"`{shown(remedy)}`" for remedy in culprit.remedies])
    kept = culprit.members[0].label
    return f"the build constraint {wanted} may still build {kept}; --alternatives tries that."


def turning_point(narrowing: Narrowing, probes: Sequence[Probe] | None = None) -> str:
    """Return in one phrase at which versions the outcome turns, and no more than was seen.

    With `probes`, what shows a version is named behind it.
    """
    failing, passing = narrowing.last_failing, narrowing.first_passing
    ordered = by_version(narrowing)
    seen = {tried.version: shown_by(tried, probes) for tried in ordered}
    if _turns(ordered) > 1:
        return listed(
            [
                f"{tried.version} {OUTCOME_WORDS[tried.outcome]}{seen[tried.version]}"
                for tried in ordered
            ]
        )
    fails = f"fails at {failing}{seen.get(failing, '')}" if failing else ""
    passes = f"passes at {passing}{seen.get(passing, '')}" if passing else ""
    if failing and passing:
        following = "" if narrowing.not_built or left_out(narrowing) else ", the next release"
        ends = (fails, passes) if _version_key(passing) > _version_key(failing) else (passes, fails)
        return f"{', '.join(ends)}{following}"
    failed = [
        f"{tried.version}{seen[tried.version]}"
        for tried in ordered
        if tried.outcome is Outcome.FAIL
    ]
    if len(failed) > 1 and not passing:
        return f"fails at every version that was built: {listed(failed)}"
    return passes or fails or "was not built at any other version"


def by_version(narrowing: Narrowing) -> list[Tried]:
    """Return what narrowing tried, oldest version first."""
    return sorted(narrowing.tried, key=lambda tried: _version_key(tried.version))


def with_ends(narrowing: Narrowing) -> Narrowing:
    """Return a narrowing whose two ends are among what was tried, also where others showed them."""
    ends = (narrowing.last_failing, Outcome.FAIL), (narrowing.first_passing, Outcome.PASS)
    known = {tried.version for tried in narrowing.tried}
    missing = [Tried(end, outcome) for end, outcome in ends if end and end not in known]
    return replace(narrowing, tried=(*narrowing.tried, *missing))


def how_also(narrowing: Narrowing, probes: Sequence[Probe]) -> str:
    """Return how the versions besides those at the turn were tried: law 10, no build is claimed."""
    ends = {narrowing.last_failing, narrowing.first_passing}
    others = [tried for tried in narrowing.tried if tried.version not in ends]
    asked = [t for t in others if t.probe is not None and _is_resolvers(t.probe, probes)]
    if not asked:
        return "also built"
    return "also asked of the resolver" if asked == others else "also tried"


def also_built(narrowing: Narrowing) -> str:
    """Return what the versions did that were built besides those at the turn; "" for none."""
    ends = {narrowing.last_failing, narrowing.first_passing}
    ordered = by_version(narrowing)
    if len(ends - {None}) < 2 or _turns(ordered) > 1:
        return ""
    did: dict[Outcome, list[str]] = {}
    for tried in ordered:
        if tried.version not in ends:
            did.setdefault(tried.outcome, []).append(tried.version)
    verbs = {Outcome.PASS: ("passes", "pass"), Outcome.FAIL: ("fails", "fail")}
    parts = []
    for outcome, versions in did.items():
        one, several = verbs.get(outcome, ("gives no answer", "give no answer"))
        parts.append(f"{some(versions, 5)} {one if len(versions) == 1 else several}")
    return "; ".join(parts)


def between(narrowing: Narrowing) -> str:
    """Return which versions between the neighbours were not built; "" where they are neighbours."""
    if not narrowing.not_built:
        return ""
    were = "was" if len(narrowing.not_built) == 1 else "were"
    return f"between them {some(narrowing.not_built, 2)} {were} not built"


def shown_by(tried: Tried, probes: Sequence[Probe] | None) -> str:
    """Return what shows how a version does, in parentheses; "" for none."""
    if probes is None or tried.probe is None:
        return ""
    return f" ({named_probe(tried.probe, probes)})"


def left_out(narrowing: Narrowing) -> str:
    """Return which versions at the turn were not built, and why, reason by reason.

    Nobody expects a pre-release to be tried where none was asked for: they are not listed.
    """
    versions: dict[str, list[str]] = {}
    for item in _passed_over(narrowing):
        if item.reason and not _version_key(item.version)[1].is_prerelease:
            versions.setdefault(item.reason, []).append(item.version)
    return "; ".join(f"{some(found, 3)} ({reason})" for reason, found in versions.items())


def _passed_over(narrowing: Narrowing) -> list[Tried]:
    """Return what was left out between the failing and the passing version; all without both."""
    ends = [str(end) for end in (narrowing.last_failing, narrowing.first_passing) if end]
    if len(ends) < 2:
        return list(narrowing.skipped)
    low, high = sorted(map(_version_key, ends))
    return [item for item in narrowing.skipped if low < _version_key(item.version) < high]


def _turns(ordered: Sequence[Tried]) -> int:
    reported = [tried.outcome for tried in ordered if tried.outcome is not Outcome.UNRESOLVED]
    return sum(outcome is not other for outcome, other in pairwise(reported))


def _version_key(version: str) -> tuple[bool, Version, str]:
    try:
        return (True, Version(version), version)
    except InvalidVersion:
        return (False, Version("0"), version)


OUTCOME_WORDS = {
    Outcome.PASS: "passes",
    Outcome.FAIL: "fails",
    Outcome.UNRESOLVED: "no answer",
}


def probe_name(number: int, kind: ProbeKind) -> str:
    """Return what people call a probe: `build 7`, or `resolver answer 2`, which built nothing.

    In reports of 0.1.0, only the kind tells the one from the other.
    """
    if number > RESOLVER_NUMBERS:
        return f"resolver answer {number - RESOLVER_NUMBERS}"
    return f"resolver answer {number}" if kind is ProbeKind.RESOLVE else f"build {number}"


def named_probe(number: int, probes: Sequence[Probe]) -> str:
    """Return what people call the probe of a number."""
    kind = ProbeKind.RESOLVE if _is_resolvers(number, probes) else ProbeKind.SUBSET
    return probe_name(number, kind)


def _is_resolvers(number: int, probes: Sequence[Probe]) -> bool:
    return number > RESOLVER_NUMBERS or any(
        probe.number == number and probe.kind is ProbeKind.RESOLVE for probe in probes
    )


def outcome_words(probe: Probe) -> str:
    """Return how a build ended, or what the resolver said."""
    if probe.kind is ProbeKind.RESOLVE and probe.outcome is not Outcome.UNRESOLVED:
        return "finds a solution" if probe.outcome is Outcome.PASS else "finds no solution"
    return OUTCOME_WORDS[probe.outcome]


def built(verdict: Verdict) -> list[Probe]:
    """Return the builds that a run made itself, in order."""
    return [probe for probe in verdict.probes if _is_build(probe) and not probe.from_journal]


def builds_text(verdict: Verdict) -> str:
    """Return how many builds were made and how many were known, as many as the reports list."""
    made = built(verdict)
    again = sum(probe.tries > 1 for probe in made)
    found = sum(probe.tries < 1 for probe in made)
    known = sum(_is_build(probe) and probe.from_journal for probe in verdict.probes)
    parts = [counted(len(made), "build") if made else "nothing was built"]
    parts += [f"{again} of them made more than once"] if again else []
    parts += [f"{found} of them found where they are made"] if found else []
    parts += [f"{known} more known from before" if made else f"{known} known from before"][
        : bool(known)
    ]
    return ", ".join(parts)


def _is_build(probe: Probe) -> bool:
    return probe.kind is not ProbeKind.RESOLVE


PHASE_WORDS = {
    Phase.RESOLVE: "while choosing versions",
    Phase.DOWNLOAD: "while downloading",
    Phase.METADATA: "while reading its metadata",
    Phase.BUILD: "while building it from source",
    Phase.INSTALL: "while installing",
    Phase.CHECK: "after installing, in the check",
}

CAUSE_WORDS = {
    Cause.COMPILE_ERROR: "its source does not compile here",
    Cause.SYSTEM_DEP_MISSING: "it needs a program or library that this system lacks",
    Cause.BUILD_API_REMOVED: "it is built with something that newer tools have removed",
    Cause.SETUP_SCRIPT_ERROR: "its own setup script fails",
    Cause.BUILD_DEP_MISSING: "it needs something to be built that it does not declare",
    Cause.BUILD_DEP_FAILED: "what it needs to be built cannot be built itself",
    Cause.NO_MATCHING_VERSION: "the package index has no such version",
    Cause.REQUIRES_PYTHON: "it does not support this Python",
    Cause.NO_COMPATIBLE_WHEEL: "it has no ready-made file for this Python and system",
    Cause.RESOLVER_CONFLICT: "the requirements contradict each other",
    Cause.RESOLVER_BACKTRACKING: "the resolver tries one old release after the other",
    Cause.HASH_MISMATCH: "the downloaded file is not the one that the hash names",
    Cause.INVALID_REQUIREMENT: "the line is not a valid requirement",
    Cause.INVALID_METADATA: "its metadata are invalid",
    Cause.VCS_ERROR: "its source repository could not be fetched",
    Cause.NETWORK: "the network failed",
    Cause.RESOURCES: "the machine ran out of memory, disk or time",
    Cause.IMPORT_ERROR: "it installs, but cannot be imported",
    Cause.ABI_MISMATCH: "its compiled code does not fit another installed project",
    Cause.TEST_FAILURE: "it installs, but the check fails",
    Cause.RUNTIME_ERROR: "it installs, but a program stops with an error of its own",
    Cause.JSON_SERIALIZATION: "it installs, but the result cannot be written as JSON",
    Cause.NONE: "nothing is wrong",
    Cause.UNKNOWN: "the reason is not known",
}


def sentence(culprit: Culprit) -> str:
    """Return the one-sentence cause of a culprit, ending in a full stop."""
    text = shown(culprit.summary).rstrip()
    if not text:
        subject = listed([member.label for member in culprit.members])
        text = f"{subject}: {CAUSE_WORDS[culprit.cause]} ({PHASE_WORDS[culprit.phase]})"
    return ended(text)


# Words of ours, which begin a sentence; a name that begins one stays as it is written.
_BEGINNINGS = frozenset(
    {"a", "an", "code", "it", "its", "no", "one", "requirements", "the", "what"}
)


def reason(culprit: Culprit) -> str:
    """Return the cause of a culprit for where its line stands beside it, and is not said twice."""
    said = sentence(culprit)
    [*members] = culprit.members
    if len(members) == 1 and not members[0].via:
        [member] = members
        for name in (title(culprit), member.name, f"{member.name}=={member.version}"):
            said = said.removeprefix(f"{name}: ")
    begins = said.partition(" ")[0] in _BEGINNINGS
    return said[:1].upper() + said[1:] if begins else said


def together(culprit: Culprit) -> str:
    """Return what holds of the members of a combination, as far as it was shown; "" for one."""
    if len(culprit.members) < 2:
        return ""
    if culprit.proof.passing_probe is not None:
        return "Together they fail; without any one of them, the rest can pass."
    if culprit.phase is Phase.RESOLVE:
        return "Together nothing suits them; without any one of them, the rest can be resolved."
    return "Together they fail."


def proof_text(culprit: Culprit, probes: Sequence[Probe] = ()) -> str:
    """Return how the culprit was proven, or what of the proof is missing."""
    fails, passes = culprit.proof.failing_probe, culprit.proof.passing_probe
    with_it = "with them together" if len(culprit.members) > 1 else "with it"
    without = _without(culprit, next((probe for probe in probes if probe.number == passes), None))
    fails_with = "" if fails is None else _fails(fails, probes, with_it)
    passes_without = "" if passes is None else _passes(passes, probes, without)
    if fails_with and passes_without:
        return f"{fails_with}, {passes_without}"
    if fails_with:
        return f"{fails_with}; that it passes {without} was not shown"
    if passes_without:
        return f"{passes_without}; that it fails {with_it} was not shown"
    return "no build of its own shows it"


def _fails(number: int, probes: Sequence[Probe], with_it: str) -> str:
    name = named_probe(number, probes)
    if _is_resolvers(number, probes):
        return f"the resolver refuses {with_it.removeprefix('with ')} ({name})"
    return f"{name} fails {with_it}"


def _passes(number: int, probes: Sequence[Probe], without: str) -> str:
    name = named_probe(number, probes)
    if _is_resolvers(number, probes):
        return f"the resolver finds a solution {without} ({name})"
    return f"{name} passes {without}"


def note_text(note: Note, probes: Sequence[Probe] = ()) -> str:
    """Return a sentence of the verdict with the build or the fact that shows it."""
    said, shows = shown(note.text).rstrip(), []
    if note.probe is not None:
        name = named_probe(note.probe, probes)
        shows += [] if name in said else [name]
    shows += [shown(note.fact).rstrip(".")] if note.fact else []
    return ended(f"{said.removesuffix('.')} ({'; '.join(shows)})" if shows else said)


def line_reasons(verdict: Verdict) -> list[str]:
    """Return why lines of the fix change that no culprit names, one sentence each.

    Where neither a build nor the resolver shows it, that is what the sentence says. None where
    nobody is accused: a run was interrupted, which the fix's own reason says.
    """
    fix = verdict.fix
    if fix is None or fix.style == "build-constraint" or not verdict.culprits:
        return []
    members = [member for culprit in verdict.culprits for member in culprit.members]
    own = {(member.requirement.file, member.requirement.line) for member in members}
    names = _culprit_names(verdict)
    reasons = [note_text(note, verdict.probes) for note in _line_notes(verdict)]
    for edit in fix.edits:
        is_own = (edit.file, edit.line) in own or canonicalize_name(edit.name) in names
        own_note = re.compile(rf"{re.escape(edit.name)}(?![\w.-])")
        is_told = any(own_note.match(note.text) for note in verdict.notes)
        if not (is_own or is_told or edit.action is EditAction.DROP):
            change = shown(_fix_change(edit))
            reasons.append(f"{change}: no build of its own shows that this is needed.")
    return list(dict.fromkeys(reasons))


def other_notes(verdict: Verdict) -> list[str]:
    """Return the notes of a verdict as sentences, without those of `line_reasons`."""
    taken = _line_notes(verdict)
    notes = [note_text(note, verdict.probes) for note in verdict.notes if note not in taken]
    return list(dict.fromkeys(notes))


def _culprit_names(verdict: Verdict) -> set[str]:
    """Return the projects of all culprits: a constraint of one moves with its line."""
    members = [member for culprit in verdict.culprits for member in culprit.members]
    return {canonicalize_name(member.name) for member in members}


def _line_notes(verdict: Verdict) -> list[Note]:
    if verdict.fix is None:
        return []
    names = _culprit_names(verdict)
    lines = tuple(
        f"{edit.name}{edit.after or ''} "
        for edit in verdict.fix.edits
        if canonicalize_name(edit.name) not in names
    )
    return [
        note for note in verdict.notes if note.text.startswith(lines) and _MOVES.search(note.text)
    ]


def made_for(python: PythonFor, facts_shown: int | None = None) -> str:
    """Return for which Python a file was made, what shows it, and how to build for it.

    `facts_shown` is how many facts are enough, None for all.
    """
    facts = "; ".join(shown(fact).rstrip(".") for fact in python.facts[:facts_shown])
    version = shown(python.version)
    said = f"This file was made for Python {version}" + (f": {facts}" if facts else "")
    if python.probe is not None:
        return f"{said}; --python {version} builds it as it is (build {python.probe})."
    if python.failing_probe is not None:
        return f"{said}; as it is, it fails on that Python, too (build {python.failing_probe})."
    if python.path is not None:
        return f"{said}; that Python is here; to build for it: --python {version}."
    return (
        f"{said}; that Python is not installed here: uv python install {version}, then "
        f"--python {version}."
    )


def unpinned_lines(unpinned: Mapping[str, str]) -> str:
    """Return the lines that pin nothing with their verified versions, and how to pin them."""
    lines = some([f"{shown(text)} ({shown(version)})" for text, version in unpinned.items()], 6)
    return f"{lines}; to pin them as verified, run the same command again with --lock FILE."


def _without(culprit: Culprit, passing: Probe | None) -> str:
    """Return how the passing build differs: the culprit is out, or at another version."""
    several = len(culprit.members) > 1
    numbers = {member.requirement.number for member in culprit.members}
    names = {member.name for member in culprit.members}
    edits = passing.candidate.edits if passing is not None else ()
    # What a line pulls in may move by an edit of its own, beside the line's.
    for edit in sorted(edits, key=lambda edit: edit.name not in names):
        if edit.number not in numbers and edit.name not in names:
            continue
        if edit.action is EditAction.DROP:
            return f"without {shown(edit.name)}" if several else "without it"
        return shown(f"with {edit.text}")
    there = (passing.installed if passing is not None else None) or {}
    for member in culprit.members:
        if member.version and there.get(member.name, member.version) != member.version:
            return shown(f"with {member.name} {there[member.name]}")
    added = [edit.text for edit in edits if edit.action is EditAction.ADD]
    if added and not several:
        return shown(f"with {listed(added)} added")
    if passing is not None and passing.kind is ProbeKind.FIX and not several:
        # It is still in the file, so what fixed it is no version: other build tools.
        return "with the fix"
    return "once one of them is out" if several else "without it"


# The summary where a file asks for nothing: that its build passes shows nothing of it.
NO_REQUIREMENT = "The file names no requirement."
STATUS_WORDS = {
    VerdictKind.PASSES: "Passes",
    VerdictKind.FIXED: "Fix found",
    VerdictKind.CULPRITS: "Culprits found, no fix",
    VerdictKind.INCONCLUSIVE: "No clear answer",
    VerdictKind.UNAVAILABLE: "Could not build",
}


def file_of(member: Member, verdict: Verdict) -> str:
    """Return a member's file as seen from the working folder.

    Members name files as seen from the folder of the file that was bisected.
    """
    if PurePath(verdict.file).is_absolute():
        return member.requirement.file
    folder = PurePath(verdict.file).parent
    return PurePath(os.path.normpath(folder / member.requirement.file)).as_posix()


def status_word(verdict: Verdict, written: Sequence[str] = ()) -> str:
    """Return the verdict in a word or two; a fix counts as made once files hold it."""
    if verdict.kind is VerdictKind.PASSES and verdict.summary == NO_REQUIREMENT:
        return "Nothing to install"
    return "Fixed" if written else STATUS_WORDS[verdict.kind]


def doubts(verdict: Verdict) -> list[str]:
    """Return what is not certain about a verdict, one sentence each."""
    found = []
    if verdict.confidence < SURE:
        found.append(
            f"Some builds may fail by chance: this verdict is {verdict.confidence:.0%} certain."
        )
    unanswered = sum(
        probe.outcome is Outcome.UNRESOLVED and probe.kind is not ProbeKind.RESOLVE
        for probe in verdict.probes
    )
    if unanswered:
        builds, they = counted(unanswered, "build"), "it" if unanswered == 1 else "they"
        found.append(
            f"{builds} gave no clear answer: {they} failed for another reason, or took too long."
        )
    return found


def removal(verdict: Verdict) -> str:
    """Return how leaving lines out is taken for a fix, where that is what passes; else ""."""
    left_out = verdict.fallback.dropped if verdict.fallback is not None else frozenset()
    if verdict.target.is_by_hand or not left_out:
        return ""
    return " (with --allow-removal, that counts as a fix)"


def statements(verdict: Verdict) -> list[str]:
    """Return the first paragraphs of a report: the verdict, then the Python of the file."""
    python = verdict.python_for
    return [headline(verdict), *([made_for(python)] if python is not None else [])]


def headline(verdict: Verdict) -> str:
    """Return the verdict in one sentence: of what breaks, told by it, else its own summary."""
    file = file_name(verdict)
    if verdict.kind is VerdictKind.FIXED:
        return f"{_broken(verdict)}; with {_changed(verdict)} below it passes."
    if verdict.kind is VerdictKind.CULPRITS:
        return f"{_broken(verdict)}; {_without_a_fix(verdict)}."
    if verdict.summary:
        return ended(shown(verdict.summary))
    return {
        VerdictKind.PASSES: f"{file} builds as it is; there is nothing to fix.",
        VerdictKind.INCONCLUSIVE: f"The builds do not show which lines of {file} are at fault.",
        VerdictKind.UNAVAILABLE: f"{file} could not be built at all.",
    }[verdict.kind]


def _changed(verdict: Verdict) -> str:
    edits = len(verdict.fix.edits) if verdict.fix is not None else 0
    return "the change" if edits == 1 else f"the {edits} changes" if edits else "the changes"


def _without_a_fix(verdict: Verdict) -> str:
    if all(culprit.cause is Cause.SYSTEM_DEP_MISSING for culprit in verdict.culprits):
        return "this machine lacks what is needed, and no version is to blame"
    if verdict.fallback is not None:
        return "no fix was found that keeps every line"
    return "no change that was tried makes it pass"


def _broken(verdict: Verdict) -> str:
    python = ".".join(verdict.target.python.split(".")[:2])
    where = f" on Python {shown(python)}" if python else ""
    members = [member for culprit in verdict.culprits for member in culprit.members]
    if not members:
        return f"{file_name(verdict)} fails{where}"
    lines = {member.requirement.number for member in members}
    file = shown(some(list(dict.fromkeys(file_of(member, verdict) for member in members)), 3))
    if any(len(culprit.members) > 1 for culprit in verdict.culprits):
        if len(verdict.culprits) == 1:
            return f"{len(lines)} lines of {file} do not go together{where}"
        return f"{len(verdict.culprits)} problems in {file} break the build{where}"
    if len(verdict.culprits) != len(lines):
        problems = counted(len(verdict.culprits), "problem")
        verb = "breaks" if len(verdict.culprits) == 1 else "break"
        return f"{problems} in {file} {verb} the build{where}"
    verb = "breaks" if len(lines) == 1 else "break"
    return f"{counted(len(lines), 'line')} of {file} {verb} the build{where}"


def changes(edits: Sequence[Edit], most: int | None = 6) -> str:
    """Return the edits of a candidate in a few words: `without a and b, with c<2`."""
    out = [edit.name for edit in edits if edit.action is EditAction.DROP]
    moved = [edit.text for edit in edits if edit.action is not EditAction.DROP]
    parts = [f"without {some(out, most)}"] if out else []
    parts += [f"with {some(moved, most)}"] if moved else []
    return shown(", ".join(parts))


def fix_changes(fix: Fix) -> list[str]:
    """Return each edit of a fix in words."""
    return [shown(_fix_change(edit)) for edit in fix.edits]


def _fix_change(edit: FixEdit) -> str:
    if edit.action is EditAction.DROP:
        return f"leave out {edit.name}"
    if edit.action is EditAction.ADD and edit.file.endswith("build-constraints.txt"):
        return f"build with {edit.name}{edit.after or ''}"
    if edit.action is EditAction.ADD:
        return f"add {edit.name}{edit.after or ''}"
    before, after = edit.before or "", edit.after or ""
    if edit.action is EditAction.REPLACE:
        return f"{before or edit.name} to {after}"
    if before.startswith("==") and after.startswith("=="):
        before, after = before.strip("= "), after.strip("= ")
    return f"{edit.name} {before or 'of any version'} to {after or 'any version'}"


def usage(verdict: Verdict, fix: Fix) -> str:
    """Return how to have the fix written, in one or two sentences."""
    root = "" if verdict.files else PurePath(verdict.file).name
    changed = list(dict.fromkeys(edit.file for edit in fix.edits))
    if all(edit.action is EditAction.ADD and edit.file != root for edit in fix.edits) and changed:
        return shown(
            f"run the same command again with --write to have {listed(changed)} written beside "
            f"{file_name(verdict)}, which stays as it is, or with -o FOLDER/ to write all files "
            "there. Nothing is built twice."
        )
    if not verdict.files and changed in ([], [root]):
        places, elsewhere = file_name(verdict), "-o FILE to write the fixed file there"
    else:
        places, elsewhere = listed(changed), "-o FOLDER/ to write all files there"
    if STDIN in (verdict.file, *verdict.files):
        return f"run the same command again with {elsewhere}. Nothing is built twice."
    if verdict.target.is_by_hand:
        return shown(f"make this change in {places}, if the session has not left it there.")
    return shown(
        f"run the same command again with --write to change {places} in place, or with "
        f"{elsewhere}. Nothing is built twice."
    )


def loss(fix: Fix) -> str:
    """Return in a sentence what a fix leaves out that may be needed; "" for nothing."""
    if fix.style == "needless":
        return ""
    added = {edit.name for edit in fix.edits if edit.action is EditAction.ADD}
    names = [
        edit.name
        for edit in fix.edits
        if edit.action is EditAction.DROP and edit.name and meant_by(edit.name) not in added
    ]
    if not names:
        return ""
    them = "it" if len(names) == 1 else "them"
    return shown(
        f"it leaves out {listed(names)}. Code that needs {them} will not run until you add a "
        "version, or another project, that installs."
    )


def file_name(verdict: Verdict) -> str:
    """Return the file as the user named it, or several; without the folders of an absolute path."""
    paths = [PurePath(file) for file in verdict.files or (verdict.file,)]
    return shown(listed([path.name if path.is_absolute() else str(path) for path in paths]))


def log_path(file: str, log: str) -> str:
    """Return where a probe's log lies, for a file as the user named it."""
    return shown((PurePath(file).parent / ".depbisect" / log).as_posix())
