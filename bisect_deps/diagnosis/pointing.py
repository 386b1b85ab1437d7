"""Whom a failure points at: the user's own requirement, through chains, paths and broken pairs.

A dependency is attributed to the requirement that brought it, by the chain in the log where there is
one. Says how certain that is by the way it was found, and words nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.facts import Episode, Project, project_of
from bisect_deps.diagnosis.failures import Failure
from bisect_deps.diagnosis.known import may_bring
from bisect_deps.diagnosis.modules import GONE
from bisect_deps.diagnosis.prose import Story
from bisect_deps.diagnosis.requirements import Listed, UserList
from bisect_deps.diagnosis.signatures.base import Blame
from bisect_deps.diagnosis.tracebacks import TOOLS
from bisect_deps.model import Breakage, BreakageKind, Cause, Phase

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

_THROUGH = 0.7
_METHOD = re.compile(r"Error: ([A-Z][A-Za-z0-9]{3,80})\.\w{1,80}\(\)")
_SHORTEST_CLASS = 4
# Where the line itself, or what it names, cannot be had.
_REFUSALS = (Cause.INVALID_REQUIREMENT, Cause.VCS_ERROR)
# What a program or a test of the user's own raises is no release's.
_OWN_FAULT = (Cause.RUNTIME_ERROR, Cause.TEST_FAILURE)


@dataclass(frozen=True, slots=True)
class Pointed:
    """A project that a failure points at, its requirement, and how the log shows it."""

    project: Project
    listed: Listed | None
    via: tuple[str, ...]
    certainty: float
    group: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a failure is attributed to requirements by.

    The user's list, and what broke of the environment when it was used.
    """

    user: UserList
    breakages: Sequence[Breakage] = ()

    def breakage(self, failure: Failure) -> Breakage | None:
        """Return the breakage that is this failure, None for a failure of the install."""
        if failure.episode is None or not failure.episode.runtime:
            return None
        lines = {hit.line for hit in failure.hits}
        found = [
            breakage
            for breakage in self.breakages
            if {line.line for line in breakage.evidence} & lines
        ]
        return found[-1] if found else None


def pointed_at(failure: Failure, context: Context) -> list[Pointed]:
    """Return whom the failure points at, best first; nobody where no requirement is at fault."""
    user = context.user
    if listed := failure.listed or _own_line(failure, user):
        return [Pointed(Project(listed.label), listed, (), 0.95)]
    if failure.episode is not None and failure.episode.runtime:
        return _runtime(failure, failure.episode, context)
    if failure.story is not None and not (failure.episode and failure.episode.build_requires):
        reported = _reported(failure, failure.story, user)
        if reported:
            return reported
    if failure.project is None:
        return _by_place(failure, user)
    if other := failure.best.groups.get("other"):
        sides = (failure.project, _installed(other, failure))
        return [_own(failure, project, user) for project in sides]
    return [_own(failure, failure.project, user)]


def _own_line(failure: Failure, user: UserList) -> Listed | None:
    """Return the user's line that an installer refuses: as it quotes, numbers or locates it."""
    if failure.cause not in _REFUSALS or not user:
        return None
    for hit in (failure.best, *failure.hits):
        below = [text for number, text in hit.around if number > hit.line][:4]
        for text in (hit.text, *below):
            if found := user.placed(text) or user.of_path(text):
                return found
        words = [value for key, value in hit.groups.items() if key.rstrip("0123456789") == "line"]
        words += [text for text, under in pairwise(below) if under.strip(" ^~") == ""]
        for text in words:
            if found := user.quoted(text):
                return found
    return None


def _by_place(failure: Failure, user: UserList) -> list[Pointed]:
    """Return the requirement whose URL or path the failure's own lines mention."""
    for hit in (failure.best, *failure.hits):
        for text in (hit.text, *(text for _, text in hit.around)):
            if "/" in text and (found := user.of_path(text)):
                return [Pointed(Project(found.label), found, (), 0.85)]
    if len(user.items) == 1 and _at_work(failure.episode):
        return [Pointed(Project(user.items[0].label), user.items[0], (), 0.7)]
    if (found := _mentioned(failure, user)) is not None:
        return [Pointed(Project(found.label), found, (), 0.6)]
    local = [item for item in user.items if item.path and not item.key]
    unnamed = failure.episode is not None and failure.episode.tool == "uv"
    if unnamed and len(local) == 1:  # uv names a path only where its metadata tells the name
        return [Pointed(Project(local[0].label), local[0], (), 0.8)]
    return []


def _at_work(episode: Episode | None) -> bool:
    """Say whether a step of some project failed, whose name nobody tells."""
    if episode is None or episode.runtime:
        return False
    return episode.failed or episode.phase in (Phase.METADATA, Phase.BUILD)


def _mentioned(failure: Failure, user: UserList) -> Listed | None:
    """Return the one requirement whose name a build script without one writes by the way."""
    episode = failure.episode
    if episode is None or not _at_work(episode):
        return None
    named = (item for item in user.items if item.key and item.key not in _TEST_TOOLS)
    found = [item for item in named if item.key in episode.words]
    return found[0] if len(found) == 1 else None


def _own(failure: Failure, project: Project, user: UserList) -> Pointed:
    """Return the project with the user's requirement that is it, or that brought it."""
    frames = failure.frames
    project = project if project.chain else frames.steps.collected.get(project.key, project)
    chain = project.chain or frames.steps.chains.get(project.key, ())
    chain = _complete(chain, frames.steps.collected)
    if not user:
        return _shown(project, chain)
    if found := user.of(project):
        known = found.key == project.key or (not found.key and not _is_guessed(project))
        named = project if known else replace(project, name=found.label)
        return Pointed(named, found, (), 0.95)
    if project.line and not chain and (found := user.at(project.line)):
        return Pointed(project, found, (), 0.9)
    for index, step in enumerate(chain):
        head = project_of(step)
        if head and (found := user.named(head.name) or user.of_path(step)):
            return Pointed(project, found, _names(chain[index:]), 0.92)
    head = project_of(chain[0]) if chain else project
    if found := _by_path(head, user):
        return Pointed(project, found, _names(chain), 0.8)
    guessed, certainty = _guess(project, user)
    return Pointed(project, guessed, (guessed.key,) if guessed else (), certainty)


def _is_guessed(project: Project) -> bool:
    """Say whether the name is a part of the path or URL that the project was taken from."""
    return project.name in project.text


def _shown(project: Project, chain: tuple[str, ...]) -> Pointed:
    """Return what the log alone shows, where nobody gave the user's list."""
    head = project_of(chain[0]) if chain else None
    if head is not None:
        return Pointed(project, Listed(chain[0], head.key, project.line or 0), _names(chain), 0.85)
    if project.rooted:
        return Pointed(project, Listed(project.text, project.key, project.line or 0), (), 0.9)
    return Pointed(project, None, (), 0.85)


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


def _reported(failure: Failure, story: Story, user: UserList) -> list[Pointed]:
    """Return whom a resolver's explanation names, the user's own requirements first."""
    frames = failure.frames
    named: list[Pointed] = []
    culprit = failure.project if failure.best.signature.blame is Blame.NAMED else None
    parents = [_as_collected(project, frames.steps.collected) for project in story.parents]
    wishes = [_as_collected(project, frames.steps.collected) for project in story.wishes]
    if failure.cause is not Cause.RESOLVER_CONFLICT and failure.cause is not Cause.HASH_MISMATCH:
        groups = failure.best.groups
        name = groups.get("name") or groups.get("only") or groups.get("only2")
        wanted = next(
            (wishe for wishe in (*wishes, *parents) if name and wishe.key == Project(name).key),
            None,
        )
        if wanted is not None:
            wishes = [wanted, *(wish for wish in wishes if wish.key != wanted.key)]
    for project in (*wishes, *parents):
        pointed = _point(project, failure, user)
        if pointed is not None and not any(_req(pointed) == _req(other) for other in named):
            named.append(pointed)
    for line in story.file_lines:
        item = user.at(line)
        if item and not any(other.listed == item for other in named):
            project = project_of(item.text) or Project(item.label)
            named.append(Pointed(project, item, (), 0.85))
    if not named and story.wanted:
        wanted_by = (_as_collected(project, frames.steps.collected) for project in story.wanted[:2])
        named.extend(_own(failure, project, user) for project in wanted_by)
    if not named and culprit is not None:
        named.append(_own(failure, culprit, user))
    if not named and (text := _written(failure)) and not _is_file(text):
        named.append(_as_written(text, failure, user))
    limit = 1 if failure.cause not in (Cause.RESOLVER_CONFLICT, Cause.HASH_MISMATCH) else 4
    return [replace(target, group=limit > 1) for target in named[:limit]]


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
    """Say whether a log quotes a requirements file itself, or an option: no requirement."""
    return text.endswith((".txt", ".in", ".toml", ".lock", ".cfg")) or text.startswith("--")


def _as_written(text: str, failure: Failure, user: UserList) -> Pointed:
    listed = next((item for item in user.items if item.text == text), None)
    project = project_of(text) or Project(text)
    if listed is None:
        return _own(failure, project, user)
    return Pointed(project, listed, (), 0.9)


def _req(pointed: Pointed) -> str:
    return pointed.listed.text if pointed.listed else pointed.project.key


def _as_collected(project: Project, collected: Mapping[str, Project]) -> Project:
    known = collected.get(project.key)
    if known is None:
        return project
    return replace(known, version=project.version or known.version, text=project.text or known.text)


def _point(project: Project, failure: Failure, user: UserList) -> Pointed | None:
    if not user:
        shown = Listed(project.text or project.label, project.key, 0)
        return Pointed(project, shown if not project.chain else None, (), 0.85)
    own = _own(failure, project, user)
    return own if own.listed is not None else None


# --- errors of what is installed --------------------------------------------------------------


def _runtime(failure: Failure, episode: Episode, context: Context) -> list[Pointed]:
    """Return both sides of a broken pair: who used a name, and who no longer has it."""
    user = context.user
    told = failure.project if failure.best.signature.blame is Blame.NAMED else None
    refused = bool(episode.tool) or failure.cause is Cause.NO_MATCHING_VERSION
    if refused and told is not None:  # a tool's crash repeats whom it refused
        return [_own(failure, told, user)]
    if episode.packages and canonicalize_name(episode.packages[0]) in TOOLS:
        return []
    breakage = context.breakage(failure)
    if breakage is None or (breakage.own and failure.cause in _OWN_FAULT):
        return []
    through = list(breakage.through)
    raised = [name for name in through if name not in _TEST_TOOLS] or through
    user_of, lacking = breakage.user or None, breakage.lacks or None
    missing = breakage.kind is BreakageKind.MODULE_GONE
    gone = missing and breakage.what.partition(".")[0] in GONE
    private = "._" in breakage.what  # nobody's own code imports that: it is half of a project
    known = private or bool(lacking and user.named(lacking)) or bool(breakage.module)
    if missing and not raised and not known:
        return []  # the user's own code imports what the list forgot
    sides: list[str] = []
    forgotten = missing and lacking and user and user.named(lacking) is None
    if gone or (forgotten and not private):
        sides = [user_of] if user_of else []
    else:
        sides = [side for side in (lacking, user_of) if side]
    if not sides and not gone and not missing:
        sides = _last_resort(episode.packages, user) or _by_class(failure.best.text, user)
    found: list[Pointed] = []
    for side in dict.fromkeys(sides):
        project = _installed(side, failure)
        pointed = _own(failure, project, user)
        # A requirement that the error went through is known better than one that is guessed.
        if user and pointed.certainty < _THROUGH:
            pointed = _through(pointed, raised, user)
        found.append(pointed)
    found.sort(key=lambda target: target.listed is None)
    return [
        replace(target, certainty=target.certainty * (0.8 if len(found) > 1 else 0.9))
        for target in found
    ]


def _by_class(text: str, user: UserList) -> list[str]:
    """Return the requirement that a class of the error is named after: `TyperArgument.f()`.

    Some programs show none of their own frames.
    """
    match = _METHOD.search(text)
    if match is None:
        return []
    name = match[1].lower()
    keys = (item.key for item in user.items if len(item.key) >= _SHORTEST_CLASS)
    found = [key for key in keys if name.startswith(key.replace("-", ""))]
    return found if len(found) == 1 else []


def _last_resort(packages: Sequence[str], user: UserList) -> list[str]:
    """Return the one requirement that is no test tool, where nothing else points anywhere."""
    others = [item.key for item in user.items if item.key and item.key not in _TEST_TOOLS]
    return others if len(others) == 1 and not packages else []


def _installed(name: str, failure: Failure) -> Project:
    frames = failure.frames
    known = frames.steps.collected.get(canonicalize_name(name))
    return known or Project(name)


def _through(pointed: Pointed, raised: Sequence[str], user: UserList) -> Pointed:
    """Return the suspect with the nearest of the user's requirements that the error went through."""
    for index in range(len(raised) - 1, -1, -1):
        if found := user.named(raised[index]):
            return Pointed(pointed.project, found, tuple(raised[index:]), _THROUGH)
    return pointed
