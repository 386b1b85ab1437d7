"""What a log shows of an environment that installs and fails when it is used: one value a failure.

Takes the tracebacks of the sections that failed, and says of each which distribution's code failed,
what it lacks, and in which other distribution that is missing or changed. Signatures give kinds by
their groups: `attribute`, `argument`, `module`, `name` say what is missing; `module`, `type`,
`function`, `path` where; `by` who asks for it. Knows no requirements but by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.facts import Section
from bisect_deps.diagnosis.fingerprint import check_signature, fingerprint_of
from bisect_deps.diagnosis.frames import Frames
from bisect_deps.diagnosis.gate import candidates
from bisect_deps.diagnosis.modules import ARGUMENTS, BACKPORTS, BINDINGS, BUILTIN_TYPES, TYPES
from bisect_deps.diagnosis.owners import PYTHONS_MODULES, PYTHONS_OWN, Owners
from bisect_deps.diagnosis.signatures.base import Signature
from bisect_deps.diagnosis.tracebacks import Trace
from bisect_deps.model import Breakage, BreakageKind, Cause, Evidence, Remedy, RemedyKind
from bisect_deps.text import cut

MOST_BREAKAGES = 100
MOST_THROUGH = 40

_RAISES = re.compile(r"^raise\b")
_QUOTED = re.compile(r"[`'\"]@?([A-Za-z_][\w.]{0,80})[`'\"]|access (\w[\w.]{0,80}),")
_IMPORTED_FROM = re.compile(r"^from ([\w.]{1,120}) import\b")
# six makes these modules when they are imported; one that cannot is at fault, whoever asks.
_SIX = re.compile(r"(?:^|\.)six\.moves\b")
# Of a mapping of Python's own, that of the environment's variables alone raises in `os`.
_OS = re.compile(r"(?:^|[/\\])os\.py$|^<frozen os>$")
_VARIABLE = re.compile(r"^KeyError: '(?P<variable>\w{1,120})'$")
_NUMPYS = re.compile(r"(?i)numpy|_ARRAY_API|A[BP]I version")
# A module whose name the caller was given: what is named in a program's settings, say.
_GIVEN = re.compile(r"\b(?:import_module|__import__|import_string)\((?!\s*[rf]?['\"])")
# What was to be loaded is itself what is missing: whoever asked for it lacks it.
_ASKED_FOR = re.compile(
    r"Could not import extension (\S{1,120}) \(exception: No module named '?\1'?\)"
)
_GETTERS = frozenset({"__getattr__", "__getattribute__"})
# They run others' code, or read others' metadata: what is missing is not missing in them.
_LOADERS = frozenset(
    {
        "importlib-metadata",
        "importlib-resources",
        "setuptools",
        "stevedore",
        "pluggy",
        "lazy-loader",
    }
)
_TEST_RUNNERS = frozenset({"pytest", "pluggy", "iniconfig"})
# Told by the side that changed: the one to name is the code outside of it.
_FROM_OUTSIDE = (BreakageKind.ABI, BreakageKind.RAISED)
_LOADING = (
    BreakageKind.NAME_GONE, BreakageKind.MODULE_GONE, BreakageKind.DISTRIBUTION_MISSING
)  # fmt: skip
# What happened, and not what in a distribution is missing or changed.
_UNTOLD = (BreakageKind.OTHER, BreakageKind.SETTING)
_CAUSES = {BreakageKind.ABI: Cause.ABI_MISMATCH}


@dataclass(frozen=True, slots=True)
class _Said:
    """What an error's own words say: the signature that knows them, and its groups."""

    kind: BreakageKind
    signature: Signature | None
    groups: Mapping[str, str]
    text: str


# A level of a traceback: the distribution ("" for the user's own code), and what it ran.
_Level = tuple[str, str, str]


def breakages_of(channels: Sequence[Frames], owners: Owners) -> tuple[Breakage, ...]:
    """Return the breakages of all sections that failed, each channel's in the order of the log."""
    found: list[Breakage] = []
    for section in (section for frames in channels for section in _failed(frames)):
        for breakage in _of_section(section, owners):
            if not any(_same(breakage, known) for known in found):
                found.append(breakage)
    return tuple(found[:MOST_BREAKAGES])


def _failed(frames: Frames) -> Iterator[Section]:
    """Yield the sections that tell of a failure; what stands outside of them only if they do not."""
    outside, *fenced = frames.sections
    imports = any(section.step == "import" for section in fenced)
    inner = [section for section in fenced if not (imports and section.step == "imports")]
    if inner:
        yield from inner
    else:
        traces = [trace for trace in outside.traces if trace.line >= frames.steps.success]
        hits = [hit for hit in outside.hits if hit.line >= frames.steps.success]
        yield replace(outside, traces=traces, hits=hits)


def _same(one: Breakage, other: Breakage) -> bool:
    return (one.signature, one.module) == (other.signature, other.module)


def _of_section(section: Section, owners: Owners) -> Iterator[Breakage]:
    """Yield what broke: of a program its last error, of a test runner's every one."""
    fatal = [trace for trace in section.traces if not trace.passed_over] or section.traces
    for trace in fatal if section.tests else fatal[-1:]:
        yield _of_trace(trace, section, owners)
    if fatal:
        return
    reported = [hit for hit in section.hits if hit.signature.kind not in (None, BreakageKind.OTHER)]
    for hit in reported:
        groups = {key: value for key, value in hit.groups.items() if value}
        said = _Said(hit.signature.kind or BreakageKind.OTHER, hit.signature, groups, hit.text)
        yield _breakage(said, [], [], hit.line, section, owners)
    if not reported and section.step and section.code and section.last[0]:
        number, text = section.last
        said = _Said(BreakageKind.OTHER, None, {}, text)
        yield _breakage(said, [], [], number, section, owners)


def _of_trace(last: Trace, section: Section, owners: Owners) -> Breakage:
    trace = _telling(last, owners)
    levels = _levels(trace, owners)
    way = levels if trace is last else [*_levels(last, owners), *levels]
    said = _said(trace)
    found = _breakage(said, levels, way, trace.line, section, owners)
    shown = dict.fromkeys((_quoted(trace.line, trace.text), _quoted(last.line, last.text)))
    own = not section.module and _is_own(said, levels, found)
    return replace(found, evidence=tuple(shown), own=own)


def _is_own(said: _Said, levels: Sequence[_Level], found: Breakage) -> bool:
    """Say whether a program raised it by what it did itself: nothing is missing anywhere.

    What a distribution raises on purpose when it is called is its answer to the caller; what is
    raised while a distribution is imported, or by accident inside of it, is the distribution's.
    """
    if said.groups.get("path") and hides_standard(said.groups):
        return True
    plain = said.kind in _UNTOLD or _is_builtins(said)
    if found.lacks or not plain:
        return False
    foreign = [level for level in levels if level[0]]
    if not foreign or not levels[-1][0]:
        return bool(levels)
    importing = any(function == "<module>" for _, function, _ in foreign)
    return not importing and not levels[0][0] and _raises(levels[-1])


def hides_standard(groups: Mapping[str, str]) -> bool:
    """Say whether a file of the user's own has the name of a module of Python, and was taken for it."""
    path, top = groups.get("path", ""), groups.get("module", "").partition(".")[0]
    own = bool(path) and "-packages" not in path and not PYTHONS_OWN.search(path)
    return own and path != "unknown location" and top in PYTHONS_MODULES


def _is_builtins(said: _Said) -> bool:
    return said.groups.get("type", "") in BUILTIN_TYPES


def _telling(last: Trace, owners: Owners) -> Trace:
    """Return the error that tells what broke: the one that the last one wraps, or the last."""
    trace = last
    while trace.cause is not None and trace.cause.line:
        inner = trace.cause
        if not trace.on_purpose and _stands_in(_said(trace), _said(inner)):
            return inner
        words = inner.text.split(": ", 1)[-1].strip()
        repeats = len(words) > 7 and words in " ".join([trace.text, *trace.message])
        said = _refused(_said(trace), _levels(trace, owners))
        if said.kind is not BreakageKind.OTHER or not (trace.on_purpose or repeats):
            break
        trace = inner
    return trace


def _stands_in(said: _Said, before: _Said) -> bool:
    """Say whether a module was to be imported in place of one that Python has no more."""
    gone = before.groups.get("module", "").partition(".")[0] in BACKPORTS
    return said.kind is before.kind is BreakageKind.MODULE_GONE and gone


# --- what the error says ------------------------------------------------------------------------


def _said(trace: Trace) -> _Said:
    text = trace.text
    if text.rstrip().endswith(":") or text.count(" ") == 0:
        text = " ".join([text, *(line for line in trace.message if line)][:3])
    best: tuple[Signature, dict[str, str]] | None = None
    for signature in candidates(text):
        if signature.kind is None or (match := signature.regex.search(text)) is None:
            continue
        if best is None or signature.weight > best[0].weight:
            best = signature, {key: value for key, value in match.groupdict().items() if value}
    if trace.frames and _OS.search(trace.frames[-1].path) and (wanted := _VARIABLE.match(text)):
        return _Said(BreakageKind.SETTING, None, wanted.groupdict(), text)
    if best is None or best[0].kind is None:
        return _Said(BreakageKind.OTHER, None, {}, text)
    return _Said(best[0].kind, *best, text)


def _levels(trace: Trace, owners: Owners) -> list[_Level]:
    """Return the levels of a traceback that tell whose code ran; test runners around it go."""
    levels: list[_Level] = []
    for frame in trace.frames:
        owner = owners.of_frame(frame)
        if owner is not None:
            levels.append((owner, frame.function, frame.source))
    first = next((at for at, level in enumerate(levels) if level[0] not in _TEST_RUNNERS), None)
    return levels if first is None else levels[first:]


# --- who, where, what ---------------------------------------------------------------------------


def _breakage(
    said: _Said,
    levels: Sequence[_Level],
    way: Sequence[_Level],
    line: int,
    section: Section,
    owners: Owners,
) -> Breakage:
    said = _refused(said, levels)
    lacks = _lacks(said, levels, owners)
    user = _user(said, levels, lacks, owners)
    if lacks and _SIX.search(said.groups.get("module", "")):
        user = lacks
    if user is None:
        user = canonicalize_name(section.project) if section.project else ""
    if not lacks and said.kind is BreakageKind.ATTRIBUTE_GONE and "module" in said.groups:
        lacks = BINDINGS.get(user, "")
    what = _what(said)
    through = [name for name, _ in groupby(level[0] for level in way) if name]
    cause = _CAUSES.get(said.kind, Cause.IMPORT_ERROR)
    return Breakage(
        kind=said.kind,
        user=user,
        lacks=lacks,
        what=cut(what, 120),
        through=tuple(through[:MOST_THROUGH]),
        module=cut(section.module, 200),
        signature=check_signature(cause, user or lacks, _print(said, what, lacks)),
        remedies=_remedies(said),
        evidence=(_quoted(line, said.text),),
        advice=_advice(said),
    )


def _advice(said: _Said) -> str:
    """Return what whoever runs it has to provide, "" where it is no matter of that."""
    if said.kind is not BreakageKind.SETTING:
        return ""
    if said.signature is not None:
        return said.signature.advice
    return "give it the environment variable {0} (`--pass-env {0}`)".format(said.groups["variable"])


def _quoted(line: int, text: str) -> Evidence:
    return Evidence(line, cut(text.strip()))


def _refused(said: _Said, levels: Sequence[_Level]) -> _Said:
    """Return what a distribution raised at its caller's, another's, code as just that."""
    if said.kind is not BreakageKind.OTHER or not levels or not _raises(levels[-1]):
        return said
    callers = [owner for owner, _, _ in levels if owner != levels[-1][0]]
    return replace(said, kind=BreakageKind.RAISED) if callers and callers[-1] else said


def _raises(level: _Level) -> bool:
    """Say whether an error was raised there by a statement, in place of what a caller asked for."""
    owner, function, source = level
    return bool(owner) and (bool(_RAISES.match(source)) or function in _GETTERS)


def _lacks(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    """Return the distribution in which something is missing or changed, "" for none or unknown."""
    place = _PLACES.get(said.kind)
    return place(said, levels, owners) if place is not None else ""


def _missing_distribution(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    return canonicalize_name(_wanted_name(said.groups))


def _wanted_name(groups: Mapping[str, str]) -> str:
    keys = ("other", "name", "name2", "name3", "have")
    return next((groups[key] for key in keys if groups.get(key)), "")


def _abi_side(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    """Return the distribution that a compiled module does not fit."""
    if "module" in said.groups:
        return owners.of_module(said.groups["module"], exists=True)
    return "numpy" if _NUMPYS.search(said.text) else ""


def _raising(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    return levels[-1][0] if levels else ""


def _imported_from(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    """Return the distribution of the module that a name was to be imported from."""
    if path := said.groups.get("path"):
        if owner := owners.of_path(path):
            return owner
        if path != "unknown location":
            return ""  # Python's own, or a file of the user's
    module = said.groups.get("module", "")
    if not module and levels and (match := _IMPORTED_FROM.match(levels[-1][2])):
        module = match[1]
    if module.startswith("."):
        return levels[-1][0]
    return owners.of_module(module, exists=True) if module else ""


def _module_side(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    return owners.of_module(said.groups["module"], exists=False)


def _attribute_side(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    """Return the distribution of the module or the type that has an attribute no more."""
    if module := said.groups.get("module"):
        return owners.of_module(module, exists=True)
    kind_of_object = said.groups.get("type", "")
    if kind_of_object in BUILTIN_TYPES:
        return ""
    if tabled := TYPES.get(kind_of_object):
        return tabled
    own, _, source = levels[-1] if levels else ("", "", "")
    return _other(owners.mentioned(source), own)


def _refusing(said: _Said, levels: Sequence[_Level], owners: Owners) -> str:
    """Return the distribution whose function refused an argument, where it can be told."""
    owner = said.groups.get("owner", "").split(".")[-1]
    name = owner or said.groups.get("function", "")
    for key in ("argument", "wanted", "function"):
        if found := ARGUMENTS.get((name, said.groups.get(key) or "")):
            return found
    own = levels[-1][0] if levels else ""
    for holder, _, source in reversed(levels):
        if holder != own:
            break
        for inside in (False, True):
            if other := _other(owners.mentioned(source, inside=inside), own):
                return other
    return ""


_PLACES: dict[BreakageKind, Callable[[_Said, Sequence[_Level], Owners], str]] = {
    BreakageKind.DISTRIBUTION_MISSING: _missing_distribution,
    BreakageKind.ABI: _abi_side,
    BreakageKind.RAISED: _raising,
    BreakageKind.NAME_GONE: _imported_from,
    BreakageKind.MODULE_GONE: _module_side,
    BreakageKind.ATTRIBUTE_GONE: _attribute_side,
    BreakageKind.ARGUMENT_GONE: _refusing,
}


def _other(found: Sequence[str], own: str) -> str:
    others = [name for name in found if name != own]
    return others[0] if len(others) == 1 else ""


def _user(said: _Said, levels: Sequence[_Level], lacks: str, owners: Owners) -> str | None:
    """Return whose code failed, "" for the user's own; None where no code is shown at all."""
    groups = said.groups
    by = (
        groups.get("by")
        or groups.get("by2")
        or (groups.get("name", "") if "other" in groups else "")
    )
    if by and by not in ("the", "application"):
        return canonicalize_name(by)
    if shared := groups.get("file"):
        return owners.of_path(shared)
    if not levels:
        return None
    left = list(levels)
    if lacks and (said.kind in _FROM_OUTSIDE or _raises(left[-1])):
        while left and left[-1][0] == lacks:
            left.pop()
    fewest = 0 if said.kind is BreakageKind.DISTRIBUTION_MISSING else 1
    if said.kind in _LOADING:
        while len(left) > fewest and left[-1][0] in _LOADERS and left[-1][0] != lacks:
            left.pop()
    if said.kind is BreakageKind.MODULE_GONE and (
        _ASKED_FOR.search(said.text) or _GIVEN.search(left[-1][2] if left else "")
    ):
        return ""
    return left[-1][0] if left else ""


def _what(said: _Said) -> str:
    """Return the name that is missing, as the log writes it."""
    groups = said.groups
    if said.kind is BreakageKind.ABI:
        reported = groups.get("symbol") or groups.get("module")
        return reported or ("numpy" if _NUMPYS.search(said.text) else _exception(said.text))
    if said.kind is BreakageKind.DISTRIBUTION_MISSING:
        return _wanted_name(groups) + (groups.get("spec") or groups.get("spec2") or "")
    names = (groups.get(key) for key in ("attribute", "argument", "wanted", "function", "module"))
    if said.kind not in _UNTOLD and (name := next(filter(None, names), "")):
        return name
    if said.kind is BreakageKind.RAISED and (quoted := _QUOTED.search(said.text)):
        return quoted[1] or quoted[2]
    return _exception(said.text)


def _exception(text: str) -> str:
    """Return the name of the exception that an error's line begins with, without its module."""
    return text.partition(":")[0].rpartition(".")[2].strip()[:80]


def _print(said: _Said, what: str, lacks: str) -> str:
    """Return what identifies the breakage besides the project: nothing that varies by release."""
    groups, kind = said.groups, said.kind
    if kind is BreakageKind.ABI:
        return f"{kind.value} {lacks or what}"
    if kind in (*_UNTOLD, BreakageKind.RAISED):
        return f"{kind.value} {lacks} {fingerprint_of(said.text)}"
    place = groups.get("type") or groups.get("module") or groups.get("function") or lacks
    return f"{kind.value} {what} of {place}" if place != what else f"{kind.value} {what}"


def _remedies(said: _Said) -> tuple[Remedy, ...]:
    if said.kind is BreakageKind.MODULE_GONE:
        backport = BACKPORTS.get(said.groups["module"].partition(".")[0])
        if backport is not None:
            return (Remedy(RemedyKind.RUN, backport),)
    return said.signature.as_remedies if said.signature is not None else ()
