"""Tells the story to a person: up to the first question that none of the answers fits.

An answer belongs to the files it is about, never to its place in a row: a question that changes
between two commands (another version of depbisect, an index out of reach) finds its own answer or
none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from bisect_deps.diagnosis import diagnose
from bisect_deps.fix.case import Case
from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.failure import failing_release
from bisect_deps.fix.inquiry import Inquiry, Rounds
from bisect_deps.fix.repair import repair
from bisect_deps.formats.base import Manifest
from bisect_deps.guided.sessions import Given, PersonAnswer
from bisect_deps.model import (
    RESOLVER_NUMBERS,
    Candidate,
    Diagnosis,
    EditAction,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.progress import Silent
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution
from bisect_deps.run.driver import with_log
from bisect_deps.run.journal import digest

OUTCOMES = {
    PersonAnswer.GOOD: Outcome.PASS,
    PersonAnswer.BAD: Outcome.FAIL,
    PersonAnswer.SKIP: Outcome.UNRESOLVED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, with its answer and the probe that it makes."""

    inquiry: Inquiry
    given: Given
    probe: Probe


@dataclass(slots=True)
class Position:
    """Where a session stands: the next question or the conclusion, and all that was answered.

    `build` is the digest of the files asked about. `left` is how many builds are still to come if
    one culprit, or two, are to be found. `resolved` are probes that the resolver alone answered;
    `known` is what was concluded so far, last the newest; `fix` is the newest candidate that a
    build proved to pass, with the number of that build.
    """

    known: list[Conclusion] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    inquiry: Inquiry | None = None
    build: str = ""
    conclusion: Conclusion | None = None
    left: tuple[int, int] = (0, 0)
    resolved: dict[str, Probe] = field(default_factory=dict)
    fix: tuple[Candidate, int] | None = None

    @property
    def candidate(self) -> Candidate:
        """Return what belongs in the file now: the build asked for, or the fix, or the original."""
        if self.inquiry is not None:
            return self.inquiry.candidate
        ways = self.conclusion.ways if self.conclusion else ()
        return ways[0].candidate if ways else Candidate()

    @property
    def probes(self) -> list[Probe]:
        """Return every probe so far: builds, and what the resolver answered."""
        return [*(asked.probe for asked in self.asked), *self.resolved.values()]

    @property
    def proven(self) -> list[tuple[Requirement, ...]]:
        """Return the requirements of each culprit that is proven both ways, each once."""
        proven = (
            tuple(member.requirement for member in culprit.members)
            for culprit in (self.known[-1].culprits if self.known else ())
            if culprit.proof.failing_probe is not None and culprit.proof.passing_probe is not None
        )
        return list(dict.fromkeys(proven))


class Telling:
    """A story under way. `log_of` gives the bytes of an answer's log, `keep_log` keeps one."""

    def __init__(
        self,
        manifest: Manifest,
        case: Case,
        answers: Iterable[Given],
        log_of: Callable[[Given], bytes],
        keep_log: Callable[[bytes], str],
    ) -> None:
        self.position = Position()
        self._manifest = manifest
        self._log_of = log_of
        self._keep_log = keep_log
        self._counter = _Counter(len(case.requirements), self.position.asked)
        self._waiting = {answer.build: answer for answer in answers}
        self._read: dict[str, Diagnosis | None] = {}
        self._known: dict[str, Probe] = {}
        self._answers: list[Probe] = []
        case = replace(case, progress=self._counter, record=self._record, tell=self._tell)
        self._rounds = Rounds(repair(case, self.position.known))
        self._go_on()

    def give(self, given: Given, found: Diagnosis | None = None) -> None:
        """Go on with the answer to the question asked; `found` is what its log says, if read."""
        self._waiting[given.build] = given
        self._read[given.build] = found
        self._go_on()

    def stop(self) -> None:
        """End with what is known: a fix that a build proved counts, smallest or not."""
        here = self.position
        self._rounds.throw(KeyboardInterrupt())
        here.conclusion, here.inquiry = self._rounds.result, None
        here.build, here.left = "", (0, 0)

    def _go_on(self) -> None:
        here = self.position
        here.inquiry = None
        while not self._rounds.over:
            for inquiry in self._rounds.asked[len(self._answers) :]:
                key = build_of(self._manifest, inquiry)
                if key not in self._known and key not in self._waiting:
                    here.inquiry, here.build = inquiry, key
                    here.left = self._counter.left
                    return
                self._answers.append(replace(self._probe(key, inquiry), kind=inquiry.kind))
            answers, self._answers = self._answers, []
            self._rounds.send(answers)
        here.conclusion, here.build, here.left = self._rounds.result, "", (0, 0)

    def _probe(self, key: str, inquiry: Inquiry) -> Probe:
        if key not in self._known:
            given = self._waiting.pop(key)
            name = f"answers/{given.log}" if given.log else ""
            found = self._diagnosis(inquiry, given)
            self._known[key] = Probe(
                number=len(self.position.asked) + 1,
                kind=inquiry.kind,
                candidate=inquiry.candidate,
                outcome=OUTCOMES[given.word],
                log=name,
                signature=found.signature if found else "",
                diagnosis=with_log(found, name) if found else None,
                reported=found.reported if found else "",
            )
            self.position.asked.append(Asked(inquiry, given, self._known[key]))
        return self._known[key]

    def _diagnosis(self, inquiry: Inquiry, given: Given) -> Diagnosis | None:
        if given.word is not PersonAnswer.BAD:
            return None
        found = self._read.pop(given.build, None)
        if found is None:
            found = read_log(self._manifest, inquiry, self._log_of(given))
        # Whoever is sure that the file is at fault is believed: the log then has nothing to say.
        return None if found.infrastructure else found

    def _tell(self, candidate: Candidate, probe: int, last: bool) -> None:
        del last
        self.position.fix = (candidate, probe)

    def _record(self, candidate: Candidate, resolution: Resolution) -> Probe:
        """Keep what the resolver said as a probe that costs no build."""
        known = self.position.resolved
        key = build_of(self._manifest, Inquiry(candidate, ProbeKind.RESOLVE, ""))
        if key not in known:
            name = f"answers/{self._keep_log(resolution.log.encode('utf-8', 'replace'))}"
            requirements = edited(self._manifest.requirements, candidate.edits)
            found = diagnose(
                resolution.log.encode("utf-8", "replace"),
                requirements=requirements,
                exit_status=0 if resolution.resolved else 1,
            )
            known[key] = Probe(
                number=RESOLVER_NUMBERS + len(known) + 1,
                kind=ProbeKind.RESOLVE,
                candidate=candidate,
                outcome=Outcome.PASS if resolution.resolved else Outcome.FAIL,
                seconds=resolution.seconds,
                log=name,
                signature=found.signature,
                diagnosis=with_log(found, name),
            )
        return known[key]


class _Counter(Silent):
    """Keeps how many builds the story expects to be left, and after how many it said so."""

    def __init__(self, requirements: int, asked: Sequence[Asked]) -> None:
        steps = math.ceil(math.log2(max(2, requirements)))
        self._said = (steps + 2, 2 * steps + 4)
        self._asked = asked
        self._after = 0

    def steps_left(self, one: int, two: int) -> None:
        """Keep the newest estimate."""
        self._said, self._after = (one, two), len(self._asked)

    @property
    def left(self) -> tuple[int, int]:
        """Return the estimate, less the builds that were made since."""
        since = len(self._asked) - self._after
        return max(1, self._said[0] - since), max(1, self._said[1] - since)


def build_of(manifest: Manifest, inquiry: Inquiry) -> str:
    """Return what a person sees of a question: equal digests are the same files to build."""
    files = manifest.render(inquiry.candidate.edits)
    parts = [part for name, data in files.items() for part in (name, data)]
    return digest(*parts, inquiry.build_constraints, inquiry.repeat)


def read_log(manifest: Manifest, inquiry: Inquiry, log: bytes) -> Diagnosis:
    """Return what the log of a failed build says of the files that were asked about."""
    requirements = edited(manifest.requirements, inquiry.candidate.edits)
    return diagnose(log, requirements=requirements, exit_status=1)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an answer may be a mistake, and what to do about it: both sentences for a person."""

    reason: str
    hint: str


def doubt(
    here: Position, word: PersonAnswer, manifest: Manifest, log: bytes, found: Diagnosis | None
) -> Doubt | None:
    """Return why the answer to the question asked should be asked again, None where it fits.

    `found` is what the log says, None without one.
    """
    earlier = contradicted(here, word)
    if earlier is not None:
        at = here.asked.index(earlier) + 1
        return Doubt(
            f"{word.value!r} does not fit the answer to build {at}, {earlier.given.word.value!r}: "
            "adding lines does not fix a build",
            f"if build {at} was answered wrongly: depbisect undo {len(here.asked) - at + 1}",
        )
    if found is not None and here.inquiry is not None:
        return _doubt_log(manifest, here.inquiry, log, found)
    return None


def _doubt_log(manifest: Manifest, inquiry: Inquiry, log: bytes, found: Diagnosis) -> Doubt | None:
    if found.infrastructure:
        return Doubt(
            f"the log tells of failure that no line of the file is to blame for "
            f"({found.cause.value.replace('-', ' ')})",
            "build it again; where that cannot be helped: depbisect skip",
        )
    built = {
        (line.name, line.pin) for line in edited(manifest.requirements, inquiry.candidate.edits)
    }
    left_out = {
        (requirement.name, requirement.pin) for requirement in manifest.requirements
    } - built
    named = [failing_release(suspect) for suspect in found.suspects]
    if named and all(
        release is not None and (release.name, release.version) in left_out for release in named
    ):
        return Doubt(
            f"the log is about {named[0]}, which this build leaves out",
            "give the log of this build, or leave the log out",
        )
    if not found.suspects and diagnose(log, requirements=()).outcome is Outcome.PASS:
        return Doubt("the log is that of a build which ended well", "if it did: depbisect good")
    return None


def contradicted(here: Position, word: PersonAnswer) -> Asked | None:
    """Return an earlier answer that this one contradicts, None where it fits all.

    What fails with some lines commented out fails with them too, as far as anyone knows.
    """
    if here.inquiry is None or word is PersonAnswer.SKIP:
        return None
    mine = set(here.inquiry.candidate.edits)
    for asked in here.asked:
        other = set(asked.inquiry.candidate.edits)
        only_drops = all(edit.action is EditAction.DROP for edit in mine ^ other)
        more_is_green = (
            word is PersonAnswer.GOOD and asked.given.word is PersonAnswer.BAD and mine < other
        )
        less_is_red = (
            word is PersonAnswer.BAD and asked.given.word is PersonAnswer.GOOD and other < mine
        )
        if only_drops and (more_is_green or less_is_red):
            return asked
    return None
