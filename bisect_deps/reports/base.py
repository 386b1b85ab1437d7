"""What every report shares: text made safe to show, and the phrases that all of them use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from bisect_deps.model import (
    Cause,
    Culprit,
    Member,
    Narrowing,
    Outcome,
    Phase,
    ProbeKind,
    Verdict,
    VerdictKind,
)

# ECMA-48 control sequences and strings (window titles, links), ended or cut off.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x1b\\|\x07)?"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 and C1 controls, the characters that turn the direction of text (CVE-2021-42574), line
# separators and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_USERINFO = re.compile(r"(?<=://)[^\s/@:'\"]*(?::[^\s/@'\"]*)?@(?=[^\s/])")


def safe(text: str, *, keep_returns: bool = False) -> str:
    """Return text without anything that a terminal would act on; tabs and line feeds stay.

    A carriage return before a line feed goes, or stays where a program is to read the text.
    """
    lines = _SEQUENCE.sub("", text).split("\r\n")
    end = "\r\n" if keep_returns else "\n"
    return end.join(_UNSAFE.sub("\N{REPLACEMENT CHARACTER}", line) for line in lines)


def safe_line(text: str) -> str:
    """Return `safe` text on one line, tabs as spaces."""
    return safe(" ".join(text.splitlines())).expandtabs(4)


def shown(text: str) -> str:
    """Return text as one safe line without credentials; what a report shows passes here."""
    return safe_line(redacted(text))


def redacted(text: str) -> str:
    """Return text with the user and password of every URL as `***`; `${NAME}` stays."""
    return _USERINFO.sub(lambda match: match[0] if _only_names(match[0]) else "***@", text)


def _only_names(userinfo: str) -> bool:
    return all(re.fullmatch(r"\$\{\w+\}|git|", part) for part in userinfo.rstrip("@").split(":"))


def duration(seconds: float) -> str:
    """Return a span of time as people say it: `0.4 s`, `31 s`, `2 min 5 s`, `1 h 4 min`.

    Whole seconds stay whole: `4 s` for 4, `4.0 s` for 4.0.
    """
    if seconds < 9.95 and isinstance(seconds, float):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"


def counted(number: int, noun: str) -> str:
    """Return `1 build`, `2 builds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(items: Sequence[str], joiner: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joiner} {items[-1]}"


def some(items: Sequence[str], most: int | None = 4) -> str:
    """Return the first `most` items as a list, and how many more there are; None: all."""
    more = 0 if most is None else len(items) - most
    return listed([*items[:most], f"{more} more"] if more > 0 else items)


def name_of(member: Member) -> str:
    """Return what broke, with its version where it is known: `numpy 1.19.5`."""
    return f"{member.name} {member.version}" if member.version else member.name


def title(culprit: Culprit) -> str:
    """Return the requirements of a culprit as the user wrote them, a combination with `+`."""
    texts = [shown(m.requirement.text) or name_of(m) for m in culprit.members]
    return " + ".join(dict.fromkeys(texts))


def chain(member: Member) -> tuple[str, ...]:
    """Return the way from the user's requirement to what broke; empty where they are the same."""
    return (*member.via, name_of(member)) if member.via else ()


def turning_point(narrowing: Narrowing) -> str:
    """Return in one phrase which versions fail and which pass."""
    failing, passing = narrowing.last_failing, narrowing.first_passing
    if failing and passing:
        if _version_key(passing) > _version_key(failing):
            return f"{failing} fails, {passing} passes"
        return f"{passing} passes, {failing} fails"
    if passing:
        return f"{passing} passes"
    tried = [t.version for t in narrowing.tried if t.outcome is Outcome.FAIL]
    if len(tried) > 1:
        return f"every version that was built fails: {listed(tried)}"
    return f"{failing} fails" if failing else "no version could be built"


OUTCOME_WORDS = {
    Outcome.PASS: "passes",
    Outcome.FAIL: "fails",
    Outcome.UNRESOLVED: "no answer",
}


def probe_name(number: int, kind: ProbeKind) -> str:
    """Return what people call a probe: a build, or a dry run that chooses versions alone."""
    return f"dry run {number}" if kind is ProbeKind.RESOLVE else f"build {number}"


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
    Cause.HASH_MISMATCH: "the downloaded file is not the one that the hash names",
    Cause.INVALID_REQUIREMENT: "the line is not a valid requirement",
    Cause.INVALID_METADATA: "its metadata are invalid",
    Cause.VCS_ERROR: "its source repository could not be fetched",
    Cause.NETWORK: "the network failed",
    Cause.RESOURCES: "the machine ran out of memory, disk or time",
    Cause.IMPORT_ERROR: "it installs, but cannot be imported",
    Cause.ABI_MISMATCH: "its compiled code does not fit another installed project",
    Cause.TEST_FAILURE: "it installs, but the check fails",
    Cause.NONE: "nothing is wrong",
    Cause.UNKNOWN: "the reason is not known",
}


def sentence(culprit: Culprit) -> str:
    """Return the one-sentence cause of a culprit, ending in a full stop."""
    text = shown(culprit.summary).rstrip()
    if not text:
        subject = listed([name_of(member) for member in culprit.members])
        text = f"{subject}: {CAUSE_WORDS[culprit.cause]} ({PHASE_WORDS[culprit.phase]})"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def proof_text(culprit: Culprit) -> str:
    """Return how the culprit was proven, or what of the proof is missing."""
    fails, passes = culprit.proof.failing_probe, culprit.proof.passing_probe
    several = len(culprit.members) > 1
    with_it = "with them together" if several else "with it"
    without = "without any one of them" if several else "without it"
    if fails is not None and passes is not None:
        return f"build {fails} fails {with_it}, build {passes} passes {without}"
    if fails is not None:
        return f"build {fails} fails {with_it}; that it passes {without} was not shown"
    if passes is not None:
        return f"build {passes} passes {without}; that it fails {with_it} alone was not shown"
    return "not proven by builds of its own"


def tried_versions(narrowing: Narrowing) -> str:
    """Return the versions that were built, oldest first, with what each did."""
    ordered = sorted(narrowing.tried, key=lambda tried: _version_key(tried.version))
    return ", ".join(f"{tried.version} {OUTCOME_WORDS[tried.outcome]}" for tried in ordered)


def instant(text: str) -> str:
    """Return an ISO 8601 instant as people read it: `2026-11-21 00:00 UTC`."""
    matched = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:Z|\+00:00)", text)
    return f"{matched[1]} {matched[2]} UTC" if matched else shown(text)


def headline(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    if verdict.summary:
        return shown(verdict.summary)
    file = shown(verdict.file)
    found = len(verdict.culprits)
    broken = (
        f"{counted(found, 'problem')} in {file} {'breaks' if found == 1 else 'break'} the build"
    )
    return {
        VerdictKind.PASSES: f"{file} builds as it is; there is nothing to fix.",
        VerdictKind.FIXED: f"{broken}; with the changes below it passes.",
        VerdictKind.CULPRITS: f"{broken}; no change that was tried makes it pass.",
        VerdictKind.INCONCLUSIVE: f"the builds do not show which lines of {file} are at fault.",
        VerdictKind.UNAVAILABLE: f"{file} could not be built at all.",
    }[verdict.kind]


def _version_key(version: str) -> tuple[bool, Version, str]:
    try:
        return (True, Version(version), version)
    except InvalidVersion:
        return (False, Version("0"), version)
