"""From failures to suspects: whose requirement it is, how sure that is, what to do about it.

Maps what broke to the user's own requirements, through chains where it is a dependency of one,
and weighs each suspect. Infrastructure, a pass and the user's own code give no suspect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from packaging.utils import canonicalize_name

from bisect_deps.evidence.advice import advice_for
from bisect_deps.evidence.dressings import safe
from bisect_deps.evidence.facts import Project, project_of
from bisect_deps.evidence.failures import Failure
from bisect_deps.evidence.known import may_bring
from bisect_deps.evidence.masking import signature_of
from bisect_deps.evidence.modules import GONE, STANDARD, TYPES, distribution_of
from bisect_deps.evidence.requirements import Listed, UserList
from bisect_deps.evidence.tracebacks import TOOLS
from bisect_deps.model import Cause, Evidence, Phase, Suspect
from bisect_deps.signatures.base import Blame, Weight

MOST_EVIDENCE = 6
MOST_SUSPECTS = 12

_SITE = re.compile(r"(?:site|dist)-packages[/\\]([\w-]{1,80})")
_EXPLAINS = re.compile(
    r"depends on|you require|The user requested|Because |\(from |Expected|doesn't match|^\S.{0,100}=.{0,100}$|requires "
)
_TEST_TOOLS = frozenset(
    {
        "pytest",
        "pytest-cov",
        "coverage",
        "tox",
        "nose",
        "hypothesis",
        "mock",
        "pip",
        "setuptools",
        "wheel",
    }
)


@dataclass(frozen=True, slots=True)
class _Pointed:
    """A project that a failure points at, its requirement, and how the log shows it."""

    project: Project
    listed: Listed | None
    via: tuple[str, ...]
    certainty: float
    group: bool = False


def suspects_of(
    failures: Sequence[Failure], user: UserList, modules: Mapping[str, str]
) -> tuple[Suspect, ...]:
    """Return the suspects of all failures, best first; infrastructure gives none."""
    found: list[Suspect] = []
    group = 0
    for failure in failures:
        if failure.cause.is_infrastructure or failure.cause is Cause.UNKNOWN:
            continue
        pointed = _pointed(failure, user, modules)
        number = None
        if len(pointed) > 1:
            group += 1
            number = group
        for index, one in enumerate(pointed):
            suspect = _suspect(failure, one, index, number)
            if not any(_same(suspect, other) for other in found):
                found.append(suspect)
    return tuple(found[:MOST_SUSPECTS])


def signature_for(failure: Failure, user: UserList, modules: Mapping[str, str]) -> str:
    """Return the masked signature of a failure."""
    pointed = [] if failure.cause.is_infrastructure else _pointed(failure, user, modules)
    project = pointed[0].project.key if pointed else ""
    return signature_of(failure.phase, failure.cause, project, _telling(failure))


def evidence_of(failure: Failure) -> tuple[Evidence, ...]:
    """Return the lines that show the failure: the telling ones, the opener, the closer."""
    chosen: dict[int, str] = {}
    hits = [
        hit for hit in failure.hits if hit.signature.weight > Weight.NOISE or hit is failure.best
    ]
    best_name = failure.best.signature.name
    same = [hit for hit in hits if hit.signature.name == best_name]
    for hit in (failure.best, *same[:2], *same[-1:]):
        chosen.setdefault(hit.line, hit.text)
    for hit in sorted(hits, key=lambda one: -one.signature.weight):
        if len(chosen) >= MOST_EVIDENCE - 1:
            break
        chosen.setdefault(hit.line, hit.text)
    for number, text in _explanation(failure):
        if len(chosen) >= MOST_EVIDENCE:
            break
        chosen.setdefault(number, text)
    for hit in reversed(hits):
        if hit.signature.fatal and len(chosen) < MOST_EVIDENCE:
            chosen.setdefault(hit.line, hit.text)
            break
    return tuple(Evidence(line, safe(text.strip())) for line, text in sorted(chosen.items()))


def _explanation(failure: Failure) -> Iterator[tuple[int, str]]:
    """Yield the lines of a resolver's explanation that name who wants what."""
    for hit in failure.hits:
        for number, text in hit.around:
            if number >= hit.line and _EXPLAINS.search(text):
                yield number, text


def _telling(failure: Failure) -> str:
    return failure.best.text


def _same(one: Suspect, other: Suspect) -> bool:
    return (
        canonicalize_name(one.name) == canonicalize_name(other.name)
        and one.requirement == other.requirement
    )


# --- whom a failure points at -----------------------------------------------------------------


def _pointed(failure: Failure, user: UserList, modules: Mapping[str, str]) -> list[_Pointed]:
    if failure.episode is not None and failure.episode.runtime:
        return _runtime(failure, user, modules)
    if failure.story is not None and not (failure.episode and failure.episode.build_requires):
        told = _told(failure, user)
        if told:
            return told
    if failure.project is None:
        return _by_place(failure, user)
    if other := failure.best.groups.get("other"):
        sides = (failure.project, _installed(other, failure))
        return [_own(failure, project, user) for project in sides]
    return [_own(failure, failure.project, user)]


def _by_place(failure: Failure, user: UserList) -> list[_Pointed]:
    """Return the requirement whose URL or path the failure's own lines mention."""
    for hit in (failure.best, *failure.hits):
        for text in (hit.text, *(text for _, text in hit.around)):
            if "/" in text and (found := user.of_path(text)):
                return [_Pointed(Project(found.key or found.text), found, (), 0.85)]
    local = [item for item in user.items if item.path and not item.key]
    unnamed = failure.episode is not None and failure.episode.tool == "uv"
    if unnamed and len(local) == 1:  # uv names a path only where its metadata tells the name
        return [_Pointed(Project(local[0].text), local[0], (), 0.8)]
    return []


def _own(failure: Failure, project: Project, user: UserList) -> _Pointed:
    """Return the project with the user's requirement that is it, or that brought it."""
    frames = failure.frames
    assert frames is not None
    project = project if project.chain else frames.collected.get(project.key, project)
    chain = project.chain or frames.chains.get(project.key, ())
    chain = _complete(chain, frames.collected)
    if not user:
        return _shown(project, chain)
    if found := user.of(project):
        return _Pointed(project, found, (), 0.95)
    if project.line and not chain and (found := user.at(project.line)):
        return _Pointed(project, found, (), 0.9)
    for index, step in enumerate(chain):
        head = project_of(step)
        if head and (found := user.named(head.name) or user.of_path(step)):
            return _Pointed(project, found, _names(chain[index:]), 0.92)
    head = project_of(chain[0]) if chain else project
    if found := _by_path(head, user):
        return _Pointed(project, found, _names(chain), 0.8)
    guessed, certainty = _guess(project, user)
    return _Pointed(project, guessed, (guessed.key,) if guessed else (), certainty)


def _shown(project: Project, chain: tuple[str, ...]) -> _Pointed:
    """Return what the log alone shows, where nobody gave the user's list."""
    head = project_of(chain[0]) if chain else None
    if head is not None:
        return _Pointed(project, Listed(chain[0], head.key, project.line or 0), _names(chain), 0.85)
    if project.rooted:
        return _Pointed(project, Listed(project.text, project.key, project.line or 0), (), 0.9)
    return _Pointed(project, None, (), 0.85)


def _complete(chain: tuple[str, ...], collected: Mapping[str, Project]) -> tuple[str, ...]:
    """Return the chain with what led to its head put before it."""
    for _ in range(8):
        head = project_of(chain[0]) if chain else None
        known = collected.get(head.key) if head else None
        if known is None or not known.chain or known.chain[0] in chain:
            break
        chain = (*known.chain, *chain)
    return chain


def _names(chain: Sequence[str]) -> tuple[str, ...]:
    return tuple(project.name for step in chain if (project := project_of(step)))


def _by_path(project: Project | None, user: UserList) -> Listed | None:
    """Return the user's one local path where the project is none that the list names."""
    if project is None:
        return None
    local = [item for item in user.items if item.path and not item.key]
    return local[0] if len(local) == 1 and user.named(project.name) is None else None


def _guess(project: Project, user: UserList) -> tuple[Listed | None, float]:
    """Return the requirement that most likely brought a dependency, and how likely.

    Old installers do not say. What is known to bring other things only is ruled out; of the rest,
    a name with a part in common counts most (`Flask-MySQLdb` and `mysqlclient`), then the order.
    """
    possible = [item for item in user.items if may_bring(item.key, project.key)]
    if len(possible) == 1:
        return possible[0], 0.6
    alike = [item for item in possible if _share_a_part(item.key, project.key)]
    if len(alike) == 1:
        return alike[0], 0.5
    return (possible[0], 0.3) if possible else (None, 0.45)


def _share_a_part(one: str, other: str) -> bool:
    """Say whether two names have at least five letters in a row in common, beyond `python`."""
    plain = one.replace("python", "")
    pieces = {plain[at : at + 5] for at in range(len(plain) - 4)}
    return any(piece in other for piece in pieces if "-" not in piece)


def _told(failure: Failure, user: UserList) -> list[_Pointed]:
    """Return whom a resolver's explanation names, the user's own requirements first."""
    story, frames = failure.story, failure.frames
    assert story is not None
    assert frames is not None
    named: list[_Pointed] = []
    culprit = failure.project if failure.best.signature.blame is Blame.NAMED else None
    parents = [_as_collected(project, frames.collected) for project in story.parents]
    wishes = [_as_collected(project, frames.collected) for project in story.wishes]
    if failure.cause is not Cause.RESOLVER_CONFLICT and failure.cause is not Cause.HASH_MISMATCH:
        name = failure.best.groups.get("name") or failure.best.groups.get("only")
        wanted = next(
            (one for one in (*wishes, *parents) if name and one.key == Project(name).key), None
        )
        if wanted is not None:
            wishes = [wanted, *(one for one in wishes if one.key != wanted.key)]
    for project in (*wishes, *parents):
        pointed = _point(project, failure, user)
        if pointed is not None and not any(_req(pointed) == _req(other) for other in named):
            named.append(pointed)
    for line in story.file_lines:
        item = user.at(line)
        if item and not any(other.listed == item for other in named):
            project = project_of(item.text) or Project(item.key or item.text)
            named.append(_Pointed(project, item, (), 0.85))
    if not named and story.wanted:
        wanted_by = (_as_collected(project, frames.collected) for project in story.wanted[:2])
        named.extend(_own(failure, project, user) for project in wanted_by)
    if not named and culprit is not None:
        named.append(_own(failure, culprit, user))
    if not named and (text := _written(failure)) and not _is_file(text):
        named.append(_as_written(text, failure, user))
    limit = 1 if failure.cause not in (Cause.RESOLVER_CONFLICT, Cause.HASH_MISMATCH) else 4
    return [replace(one, group=limit > 1) for one in named[:limit]]


def _written(failure: Failure) -> str:
    """Return the requirement that the failure's lines quote, "" where they quote none."""
    for hit in (failure.best, *failure.hits):
        for key, value in hit.groups.items():
            if key.rstrip("0123456789") in ("line", "name", "path"):
                return value
    quoting = failure.hits if failure.cause is Cause.INVALID_REQUIREMENT else []
    for hit in quoting:
        for (_, text), (_, below) in pairwise(hit.around):
            if below.strip() and not below.strip(" ^~") and text.strip():
                return text.strip()
    return ""


def _is_file(text: str) -> bool:
    """Say whether a log quotes a requirements file itself, which is no requirement."""
    return text.endswith((".txt", ".in", ".toml", ".lock", ".cfg"))


def _as_written(text: str, failure: Failure, user: UserList) -> _Pointed:
    listed = next((item for item in user.items if item.text == text), None)
    project = project_of(text) or Project(text)
    if listed is None:
        return _own(failure, project, user)
    return _Pointed(project, listed, (), 0.9)


def _req(pointed: _Pointed) -> str:
    return pointed.listed.text if pointed.listed else pointed.project.key


def _as_collected(project: Project, collected: Mapping[str, Project]) -> Project:
    known = collected.get(project.key)
    if known is None:
        return project
    return replace(known, version=project.version or known.version, text=project.text or known.text)


def _point(project: Project, failure: Failure, user: UserList) -> _Pointed | None:
    if not user:
        shown = Listed(project.text or project.label, project.key, 0)
        return _Pointed(project, shown if not project.chain else None, (), 0.85)
    own = _own(failure, project, user)
    return own if own.listed is not None else None


# --- errors of what is installed --------------------------------------------------------------


_THROUGH = 0.7


def _runtime(failure: Failure, user: UserList, modules: Mapping[str, str]) -> list[_Pointed]:
    """Return both sides of a broken pair: who used a name, and who no longer has it."""
    episode, groups = failure.episode, failure.best.groups
    assert episode is not None
    if episode.packages and canonicalize_name(episode.packages[0]) in TOOLS:
        return []
    through = [
        name
        for package in episode.packages
        if (name := distribution_of(package, modules, user.by_key, installed=True)) is not None
    ]
    raised = [name for name in through if canonicalize_name(name) not in _TEST_TOOLS] or through
    user_of = raised[-1] if raised else None
    lacking = _lacking(groups, modules, user)
    if user_of is None and episode.importing:
        user_of = episode.importing
    missing = failure.best.signature.name.startswith("python-no-module")
    gone = (groups.get("module", "").split(".")[0] in GONE) if missing else False
    if missing and not raised and not (lacking and user.named(lacking)) and not episode.importing:
        return []  # the user's own code imports what the list forgot
    sides: list[str] = []
    if failure.best.signature.name == "python-distribution-missing":
        told = (groups.get(key) for key in ("have", "name", "name2", "by", "by2"))
        sides = [side for side in told if side and side != "the"]
    elif gone or (missing and lacking and user and user.named(lacking) is None):
        sides = [user_of] if user_of else []
    else:
        sides = [side for side in (lacking, user_of) if side]
    if not sides and not gone and not missing:
        sides = _last_resort(episode.packages, user)
    found: list[_Pointed] = []
    for side in dict.fromkeys(sides):
        project = _installed(side, failure)
        pointed = _own(failure, project, user)
        # A requirement that the error went through is known better than one that is guessed.
        if user and pointed.certainty < _THROUGH:
            pointed = _through(pointed, raised, user)
        found.append(pointed)
    found.sort(key=lambda one: one.listed is None)
    return [
        replace(one, certainty=one.certainty * (0.8 if len(found) > 1 else 0.9)) for one in found
    ]


def _lacking(groups: Mapping[str, str], modules: Mapping[str, str], user: UserList) -> str | None:
    if name := groups.get("type"):
        return TYPES.get(name)
    if (path := _SITE.search(groups.get("path", ""))) is not None:
        return distribution_of(path.group(1), modules, user.by_key)
    module = groups.get("module")
    if not module or module.split(".")[0] in STANDARD - {"distutils"}:
        return None
    return distribution_of(module, modules, user.by_key)


def _last_resort(packages: Sequence[str], user: UserList) -> list[str]:
    """Return the one requirement that is no test tool, where nothing else points anywhere."""
    others = [item.key for item in user.items if item.key and item.key not in _TEST_TOOLS]
    return others if len(others) == 1 and not packages else []


def _installed(name: str, failure: Failure) -> Project:
    frames = failure.frames
    assert frames is not None
    known = frames.collected.get(canonicalize_name(name))
    return known or Project(name)


def _through(pointed: _Pointed, raised: Sequence[str], user: UserList) -> _Pointed:
    """Return the suspect with the nearest of the user's requirements that the error went through."""
    for index in range(len(raised) - 1, -1, -1):
        if found := user.named(raised[index]):
            return _Pointed(pointed.project, found, tuple(raised[index:]), _THROUGH)
    return pointed


# --- one suspect ------------------------------------------------------------------------------


def _suspect(failure: Failure, pointed: _Pointed, index: int, group: int | None) -> Suspect:
    project, listed = pointed.project, pointed.listed
    failing = project.label
    inner = failure.episode.inner if failure.episode and failure.episode.build_requires else None
    via = pointed.via
    if inner is not None:
        failing, via = inner.label, (*(via or (project.name,)),)
    head = project_of(listed.text) if listed else None
    is_own = listed is None or listed.key == project.key or not via
    version = project.version if is_own else (head.version if head else None)
    name = (listed.key or project.name) if listed and not is_own else project.name
    if not is_own and failing.split("==")[0] not in via:
        via = (*via,)
    advice = advice_for(failure.best, project.name, failure.cause)
    return Suspect(
        name=safe(canonicalize_name(name), 120),
        version=safe(version, 80) if version else (head.version if head and is_own else None),
        requirement=safe(listed.text) if listed else None,
        failing=safe(failing, 200),
        via=tuple(safe(step, 120) for step in via),
        phase=failure.phase,
        cause=failure.cause,
        confidence=_confidence(failure, pointed, index),
        summary=_summary(failure, failing, inner),
        advice=advice,
        signature=signature_of(failure.phase, failure.cause, project.key, _telling(failure)),
        evidence=evidence_of(failure),
        group=group,
    )


def _summary(failure: Failure, failing: str, inner: Project | None) -> str:
    groups = _Blank(failure.best.groups)
    try:
        means = failure.best.signature.means.format_map(groups)
    except (ValueError, IndexError):
        means = failure.best.signature.means
    if inner is not None:
        means = f"a build requirement could not be installed: {means}"
    return safe(f"{failing}: {means}")


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "it"


def _confidence(failure: Failure, pointed: _Pointed, index: int) -> float:
    """Return how likely the suspect is right; the table was fitted once on labelled logs."""
    value = pointed.certainty
    if failure.best.signature.weight < Weight.EXCEPTION:
        value *= 0.95
    if failure.phase is Phase.CHECK:
        value *= 0.9
    if index > 0 and not pointed.group:
        value *= 0.7
    return round(min(value, 0.97), 2)
