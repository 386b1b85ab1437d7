"""From hits to failures: what really broke, why, and on which project.

Groups the recognised lines by what they are about, drops what a later success took back, and
lets the heaviest line of each group name the cause. Knows the signatures' names only where one
line changes what another means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.diagnosis.facts import Episode, Hit, Project, project_of
from bisect_deps.diagnosis.frames import Frames
from bisect_deps.diagnosis.prose import Story, read
from bisect_deps.diagnosis.requirements import Listed, UserList
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Blame, Signature, SignatureScope, Trait, Weight
from bisect_deps.diagnosis.walks import Walk
from bisect_deps.model import Cause, Phase

_IGNORED = re.compile(r"(\S{1,60}) Requires-Python ([^;]{1,80})")
_LAST_WINS = Weight.EXCEPTION
_REFUSAL = 4
_UNEXPLAINED = Signature(
    name="step-unexplained",
    pattern=r"(?!)",
    cause=Cause.UNKNOWN,
    means="the step failed and says nothing of why",
    example="",
    weight=Weight.CLOSER,
    literals=("\0",),  # no line has it
)


_WALKS = next(signature for signature in SIGNATURES if Trait.WALKS in signature.traits)


@dataclass(slots=True, eq=False)
class Failure:
    """One thing that broke: its lines, its cause, and the project where the log names one.

    `listed` is the user's requirement where it is known from the start.
    """

    hits: list[Hit]
    best: Hit
    cause: Cause
    phase: Phase
    frames: Frames
    project: Project | None = None
    episode: Episode | None = None
    story: Story | None = None
    fatal: bool = False
    listed: Listed | None = None

    @property
    def is_unexplained(self) -> bool:
        """Say whether it is known only at which release it failed."""
        return self.best.signature is _UNEXPLAINED

    @property
    def line(self) -> int:
        """Return where it begins."""
        return min(hit.line for hit in self.hits)


def failures_of(frames: Frames, *, failed: bool) -> list[Failure]:
    """Return the failures of one channel, in the order of the log.

    `failed` says that the command is known to have failed, whatever the log says last.
    """
    hits = _standing(frames)
    groups = _groups(hits)
    found = [one for group in groups if (one := _failure(group, frames)) is not None]
    if not found and (failed or frames.bad_ending > frames.steps.success):
        found = [one for group in groups if (one := _mere_conflict(group, frames)) is not None]
    if not found and failed:
        found = [
            one for group in groups if (one := _failure(group, frames, reported=True)) is not None
        ]
    found = _disguises(_tests(found, hits), hits)
    found = [_declared(_own_download(failure)) for failure in found]
    found = [_contradiction(failure) for failure in found]
    found = [_backtracking(failure) for failure in found]
    found.sort(key=lambda failure: failure.line)
    return found


def unexplained(frames: Frames, last: tuple[int, str]) -> Failure | None:
    """Return the failure of the step that failed, or was at hand, with nothing said of why.

    `last` is the log's last line that tells anything. None where the log shows no release at work.
    """
    episode = frames.stuck or frames.steps.episode
    if episode is None or episode.project is None or episode.done or episode.runtime:
        building = list(frames.steps.building.values())
        if len(building) != 1:
            return None
        episode = Episode(building[0], Phase.BUILD, last[0], tool="uv", failed=True)
    hit = Hit(_UNEXPLAINED, *last, {}, episode)
    raised = frames.steps.tracebacks.unfinished and episode.phase in (Phase.METADATA, Phase.BUILD)
    cause = Cause.SETUP_SCRIPT_ERROR if raised else Cause.UNKNOWN
    failure = Failure([hit], hit, cause, episode.phase, frames, episode=episode)
    failure.project = episode.project
    return failure


def blame_release(failure: Failure, user: UserList) -> Failure:
    """Return a network failure that is confined to one release as that release's failure.

    Its build script fetches by itself what it lacks (crates, models, sources), its archive cannot be
    read, or the user's own line names a place that cannot be reached. What an installer cannot reach
    of its index is no release's doing.
    """
    if failure.cause is not Cause.NETWORK:
        return failure
    if listed := _named_place(failure, user):
        cause = Cause.VCS_ERROR if listed.vcs else Cause.INVALID_REQUIREMENT
        return replace(failure, cause=cause, phase=Phase.DOWNLOAD, listed=listed)
    episode = failure.episode
    if failure.project is None or episode is None or episode.build_requires or episode.runtime:
        return failure
    if Trait.ARCHIVE in failure.best.signature.traits:
        return replace(failure, cause=Cause.INVALID_METADATA)
    if episode.phase not in (Phase.METADATA, Phase.BUILD) or _is_installers(episode):
        return failure
    return replace(failure, cause=Cause.BUILD_DEP_MISSING, phase=episode.phase)


def _named_place(failure: Failure, user: UserList) -> Listed | None:
    """Return the user's requirement whose own URL could not be reached."""
    for hit in failure.hits:
        working = hit.episode.project if hit.episode is not None else None
        if working is not None and not hit.quoted and (found := user.of(working)) and found.path:
            return found
        if found := user.of_path(hit.text):
            return found
    return None


def _own_download(failure: Failure) -> Failure:
    """Return what a build script could not fetch as its release's, where the index was reached.

    Not so for cargo, which fetches what is declared as an installer does, and may succeed next time.
    """
    own = failure.best.quoted and failure.frames.steps.reached
    declared = any(Trait.DECLARED in hit.signature.traits for hit in failure.hits)
    return blame_release(failure, UserList(())) if own and not declared else failure


def _declared(failure: Failure) -> Failure:
    """Return what setuptools could not find of what an installed project declares as no version there."""
    tool = failure.episode.tool if failure.episode is not None else ""
    if failure.cause is Cause.BUILD_DEP_FAILED and tool == "setuptools":
        return replace(failure, cause=Cause.NO_MATCHING_VERSION, phase=Phase.RESOLVE)
    return failure


def _contradiction(failure: Failure) -> Failure:
    """Return `no version matches` as a conflict where what all ask for together has no version.

    pip-tools and pipenv join the specifiers of all who ask: `a<2,==3,>=1`.
    """
    spec = failure.best.groups.get("spec", "")
    joined = failure.best.signature.blame is Blame.PROSE and "," in spec
    if failure.cause is Cause.NO_MATCHING_VERSION and joined and _excludes_itself(spec):
        return replace(failure, cause=Cause.RESOLVER_CONFLICT)
    return failure


def _excludes_itself(spec: str) -> bool:
    """Say whether no version can satisfy all clauses: a pin is outside of others, or bounds cross."""
    try:
        clauses = [(clause.operator, clause.version) for clause in SpecifierSet(spec)]
        pins = [version for operator, version in clauses if operator == "==" and "*" not in version]
        if pins:
            return not SpecifierSet(spec).contains(pins[0], prereleases=True)
        lower = [Version(version) for operator, version in clauses if operator in (">", ">=")]
        upper = [Version(version) for operator, version in clauses if operator in ("<", "<=")]
    except (InvalidSpecifier, InvalidVersion):
        return False
    return bool(lower and upper) and max(lower) > min(upper)


def _backtracking(failure: Failure) -> Failure:
    """Return time that ran out while a resolver went through releases as that resolver's failure."""
    out_of_time = Trait.TIME in failure.best.signature.traits
    if not out_of_time and failure.cause is not Cause.RESOLVER_BACKTRACKING:
        return failure
    walk = failure.frames.steps.walks.longest
    if walk is None:
        return failure
    hits = [hit for hit in failure.frames.steps.hits if Trait.WALKS in hit.signature.traits]
    about = [hit for hit in hits if Project(hit.groups.get("name", "")).key == walk.project.key]
    if not about:
        about = [Hit(_WALKS, *walk.line, {"name": walk.project.name}, None)]
    best = _with_walk(about[-1], walk)
    kept = [hit for hit in failure.hits if hit is not about[-1]]
    return Failure(
        [*kept, *hits[:1], best],
        best,
        Cause.RESOLVER_BACKTRACKING,
        Phase.RESOLVE,
        failure.frames,
        project=walk.project,
        fatal=True,
    )


def backtracking_at_end(frames: Frames, last: tuple[int, str]) -> Failure | None:
    """Return the failure of a log that ends while a resolver goes through releases, else None."""
    if frames.steps.walks.longest is None or frames.steps.walks.last <= frames.good_ending:
        return None
    hit = Hit(_UNEXPLAINED, *last, {}, None)
    failure = Failure([hit], hit, Cause.RESOLVER_BACKTRACKING, Phase.RESOLVE, frames)
    found = _backtracking(failure)
    return None if found is failure else found


def _with_walk(hit: Hit, walk: Walk) -> Hit:
    """Return the hit with what is known of the walk as its groups."""
    reported = {"walk": walk.shown}
    reported["bound"] = f"`{walk.project.name}>={walk.newest}`" if walk.newest else "a lower bound"
    groups = {**hit.groups, **reported}
    return replace(hit, groups={key: value for key, value in groups.items() if value})


def _is_installers(episode: Episode) -> bool:
    """Say whether the installer fetched, for a build environment too, and no build script."""
    return episode.build_requires or (episode.tool == "uv" and not episode.hooked)


def _standing(frames: Frames) -> list[Hit]:
    """Return the hits that no later success or progress took back."""
    standing = []
    for hit in frames.steps.hits:
        episode = hit.episode
        if hit.line < frames.steps.success or (episode is not None and episode.done):
            continue
        if _is_checks_own(hit):
            continue
        loose = episode is None or (not episode.failed and not episode.runtime)
        infrastructure = hit.signature.cause is not None and hit.signature.cause.is_infrastructure
        if infrastructure and loose and hit.line < frames.steps.progress:
            continue
        standing.append(hit)
    return standing


def _is_checks_own(hit: Hit) -> bool:
    """Say whether a program that uses what is installed met a failure of the network by itself."""
    episode = hit.episode
    at_runtime = episode is not None and episode.runtime and not episode.tool
    return at_runtime and hit.signature.cause is Cause.NETWORK


def _groups(hits: Sequence[Hit]) -> list[list[Hit]]:
    groups: dict[object, list[Hit]] = {}
    refused: list[Hit] = []
    for hit in hits:
        key = _key(hit)
        if key == "prose" and hit.signature.cause is Cause.INVALID_REQUIREMENT:
            # An installer that refuses a line says so in a few lines: what is far off is another.
            if not refused or hit.line - refused[-1].line > _REFUSAL:
                refused = groups.setdefault(("refused", hit.line), [])
            refused.append(hit)
        else:
            groups.setdefault(key, []).append(hit)
    loose = groups.pop("loose", [])
    if loose and groups:
        for hit in loose:
            nearest = min(groups.values(), key=lambda group: abs(group[-1].line - hit.line))
            nearest.append(hit)
    elif loose:
        groups["loose"] = loose
    for group in groups.values():
        group.sort(key=lambda hit: hit.line)
    return list(groups.values())


def _key(hit: Hit) -> object:
    signature, episode = hit.signature, hit.episode
    if episode is not None and episode.runtime:
        return ("runtime", id(episode))
    if signature.blame is Blame.PROSE and not (episode and episode.build_requires):
        return "prose"
    name = hit.groups.get("name")
    if signature.blame is Blame.NAMED and name and not (episode and episode.build_requires):
        project = project_of(name)
        if project is not None:
            return ("project", project.key)
    if episode is not None and episode.project is not None:
        return ("project", episode.project.key)
    return ("episode", id(episode)) if episode is not None and episode.failed else "loose"


def _failure(hits: list[Hit], frames: Frames, *, reported: bool = False) -> Failure | None:
    fatal = any(hit.signature.fatal for hit in hits)
    episode = next((hit.episode for hit in hits if hit.episode is not None), None)
    reported = reported or fatal or (episode is not None and (episode.failed or episode.runtime))
    if not reported and not any(hit.signature.weight >= Weight.DECISIVE for hit in hits):
        return None
    best = _best(hits)
    if best is None:
        return None
    best = _in_fallback(best, hits)
    if best.episode is not None:
        episode = best.episode
    outside = Phase.INSTALL if frames.steps.success else Phase.RESOLVE
    phase = best.signature.phase or (episode.phase if episode else outside)
    cause = best.signature.cause
    if cause is None or best.signature.weight <= Weight.CLOSER:
        reason = Cause.SETUP_SCRIPT_ERROR if phase is Phase.METADATA else Cause.COMPILE_ERROR
        if best.signature.weight <= Weight.NOISE:
            reason = cause or Cause.UNKNOWN
        cause = reason if episode is not None or cause is None else cause
        phase = episode.phase if episode else phase
    if episode is not None and episode.project is not None and not episode.runtime:
        # What the installer itself fetches is a download, for a build environment too.
        framed = cause.is_infrastructure and not (_is_installers(episode) and best.signature.phase)
        # Poetry announces one step for all, and so does uv where no hook of a backend was called.
        one_step = episode.tool == "poetry" or (episode.tool == "uv" and not episode.hooked)
        coarse = one_step and best.signature.phase
        if framed or (best.signature.blame is Blame.FRAME and not coarse):
            phase = episode.phase
    if episode is not None and episode.runtime and best.signature.scope is SignatureScope.RUNTIME:
        phase = episode.phase
    if episode is not None and episode.build_requires and not cause.is_infrastructure:
        cause = Cause.BUILD_DEP_FAILED
    if cause is Cause.BUILD_DEP_FAILED:
        phase = Phase.BUILD
    failure = Failure(hits, best, cause, phase, frames, episode=episode, fatal=fatal)
    failure.project = _project(failure)
    prose = [hit for hit in hits if hit.signature.blame is Blame.PROSE and hit.around]
    if prose:
        lines = dict.fromkeys(line for hit in prose for line in hit.around)
        failure.story = read(sorted(lines, key=lambda line: line[0]))
        _classify_prose(failure, failure.story)
    return failure


def _in_fallback(best: Hit, hits: Sequence[Hit]) -> Hit:
    """Return the same line of the install that old pip falls back to, where that failed, too.

    Where nothing says why, any word of that install's failure is as good.
    """
    if best.episode is None or best.episode.phase is not Phase.BUILD:
        return best
    vague = best.signature.weight <= Weight.CLOSER
    again = [
        hit
        for hit in hits
        if (hit.signature is best.signature or (vague and hit.signature.weight == Weight.CLOSER))
        and hit.episode is not None
        and hit.episode.failed
        and hit.episode.phase is Phase.INSTALL
    ]
    return again[-1] if again else best


def _mere_conflict(hits: list[Hit], frames: Frames) -> Failure | None:
    """Take what an installer only warns of as the failure where nothing else can be."""
    reported = [hit for hit in hits if hit.signature.cause is Cause.RESOLVER_CONFLICT]
    if not reported:
        return None
    failure = Failure(reported, reported[0], Cause.RESOLVER_CONFLICT, Phase.CHECK, frames)
    failure.project = _project(failure)
    return failure


def _best(hits: Sequence[Hit]) -> Hit | None:
    """Return the heaviest hit: the first of equals, but the last of plain exceptions."""
    best: Hit | None = None
    for hit in hits:
        if (
            best is None
            or hit.signature.weight > best.signature.weight
            or (
                hit.signature.weight == best.signature.weight
                and (
                    hit.signature.weight == _LAST_WINS
                    or hit.signature.scope is SignatureScope.RUNTIME
                )
            )
        ):
            best = hit
    if best is not None and best.signature.weight <= Weight.NOISE and not best.signature.fatal:
        return None
    return best


def _project(failure: Failure) -> Project | None:
    best, episode, frames = failure.best, failure.episode, failure.frames
    names = best.signature.blame is Blame.NAMED and best.groups.get("name")
    framed = episode is not None and not episode.runtime and (episode.build_requires or not names)
    if framed and episode is not None and episode.project is not None:
        return episode.project
    text = best.groups.get("name") or best.groups.get("line") or best.groups.get("path")
    if best.signature.blame is Blame.NAMED and text:
        spec = best.groups.get("spec", "").strip()
        written = project_of(text + spec)
        version = best.groups.get("version")
        named = written or Project(text)
        if version:
            named = Project(named.name, version, named.text)
        known = frames.steps.collected.get(named.key)
        chain, line, rooted = _chain_of(best, named)
        if known and (known.version is None or named.version in (None, known.version)):
            return Project(
                known.name,
                named.version or known.version,
                known.text,
                known.chain or chain,
                known.line or line,
                known.rooted or rooted,
            )
        return Project(named.name, named.version, named.text or text, chain, line, rooted)
    named_hit = next(
        (
            hit
            for hit in failure.hits
            if hit.signature.blame is Blame.NAMED and hit.groups.get("name") and hit is not best
        ),
        None,
    )
    if named_hit is not None and best.signature.blame is Blame.FRAME:
        found = Project(named_hit.groups["name"], named_hit.groups.get("version"))
        return frames.steps.collected.get(found.key, found)
    return None


_CHAIN = re.compile(r"\(from (?!versions)([^()]{1,200}(?:\(line (\d{1,6})\))?)\)")


def _chain_of(hit: Hit, project: Project) -> tuple[tuple[str, ...], int | None, bool]:
    match = _CHAIN.search(hit.text)
    if not match:
        return (), None, False
    steps = match.group(1).split("->")
    rooted = steps[-1].strip().startswith(("-r", "-c"))
    line = int(match.group(2)) if match.group(2) else None
    if rooted:
        steps = steps[:-1]
    return tuple(reversed([step.strip() for step in steps])), line, rooted


def _classify_prose(failure: Failure, story: Story) -> None:
    """Settle the cause of a resolver's answer by its clause, not by its closing words."""
    by_cause: dict[Cause | None, Hit] = {}
    for hit in sorted(failure.hits, key=lambda hit: hit.signature.weight):
        by_cause[hit.signature.cause] = hit
    if failure.episode is not None and failure.episode.build_requires:
        return
    conflict = by_cause.get(Cause.RESOLVER_CONFLICT)
    if conflict is None or failure.best.signature.blame is not Blame.PROSE:
        return
    rivals = {project.key for project in (*story.wishes, *story.constraints)}
    precise = next(
        (
            by_cause[cause]
            for cause in (
                Cause.REQUIRES_PYTHON,
                Cause.NO_COMPATIBLE_WHEEL,
                Cause.INVALID_METADATA,
                Cause.NO_MATCHING_VERSION,
            )
            if cause in by_cause
        ),
        None,
    )
    said = any(
        hit.signature.cause is Cause.RESOLVER_CONFLICT and hit.signature.weight >= Weight.EXACT
        for hit in failure.hits
    )
    if precise is None or said:
        failure.best, failure.cause = conflict, Cause.RESOLVER_CONFLICT
        failure.phase = Phase.RESOLVE
        return
    only = precise.groups.get("only") or precise.groups.get("only2")
    if only and len(rivals) > 1:
        failure.best, failure.cause = conflict, Cause.RESOLVER_CONFLICT
    else:
        failure.best, failure.cause = precise, precise.signature.cause or failure.cause
    failure.phase = failure.best.signature.phase or Phase.RESOLVE


def _disguises(found: list[Failure], hits: Sequence[Hit]) -> list[Failure]:
    """Unmask a `no matching version` that hides something else."""
    ignored = [hit for hit in hits if Trait.IGNORES in hit.signature.traits]
    for failure in found:
        if failure.cause is not Cause.NO_MATCHING_VERSION:
            continue
        inside = _hidden_build_failure(failure)
        if inside is not None:
            failure.best = inside
            _settle_build(failure)
        elif hit := next((hit for hit in ignored if _excluded(failure, hit)), None):
            failure.best, failure.cause = hit, Cause.REQUIRES_PYTHON
    return found


def _tests(found: list[Failure], hits: Sequence[Hit]) -> list[Failure]:
    """Call errors in tests that ran what they are: failed tests."""
    traits = {trait for hit in hits for trait in hit.signature.traits}
    if Trait.TESTS_RAN in traits and Trait.COLLECTION not in traits:
        for failure in found:
            if failure.episode is not None and failure.episode.runtime:
                failure.cause = Cause.TEST_FAILURE
    return found


def _hidden_build_failure(failure: Failure) -> Hit | None:
    """Return the heaviest line of a build of this project that pip gave up before."""
    inside = [
        hit
        for hit in failure.hits
        if hit.episode is not None
        and hit.episode.project is not None
        and hit.signature.phase is not Phase.RESOLVE
        and hit.signature.cause is not Cause.NETWORK
        and hit.signature.weight >= Weight.CLOSER
    ]
    return _best(inside) if inside else None


def _settle_build(failure: Failure) -> None:
    best, episode = failure.best, failure.best.episode
    failure.episode = episode or failure.episode
    phase = best.signature.phase or (episode.phase if episode else Phase.METADATA)
    reason = Cause.SETUP_SCRIPT_ERROR if phase is Phase.METADATA else Cause.COMPILE_ERROR
    failure.phase = phase
    failure.cause = best.signature.cause or reason
    if episode is not None and episode.build_requires:
        failure.cause, failure.phase = Cause.BUILD_DEP_FAILED, Phase.BUILD


def _excluded(failure: Failure, hit: Hit) -> bool:
    """Say whether a version that the requirement asks for was left out for this Python."""
    spec = next((other.groups["spec"] for other in failure.hits if other.groups.get("spec")), "")
    try:
        wanted = SpecifierSet(spec.strip().strip("()"))
    except InvalidSpecifier:
        return False
    if not str(wanted):
        return True
    versions = (version for version, _ in _IGNORED.findall(hit.groups.get("list", "")))
    return any(_contains(wanted, version) for version in versions)


def _contains(wanted: SpecifierSet, version: str) -> bool:
    try:
        return wanted.contains(version, prereleases=True)
    except InvalidVersion:
        return False
