"""What every signature offers: a known log pattern, what it means and what to do about it.

A signature is data. It sees one line without its prefixes, at most 4,096 characters of it, and
never the requirements file. Patterns are linear: bounded repeats, no nested quantifiers, at most
one open-ended run; a test feeds each its worst case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache

from bisect_deps.diagnosis.signatures._literals import kept_literals_of
from bisect_deps.model import BreakageKind, Cause, Phase, Remedy, RemedyKind


class Blame(str, Enum):
    """Whom a matching line points at."""

    FRAME = "frame"  # the project that the tool is working on
    NAMED = "named"  # the group `name`, with `version` where the line has it
    MODULE = "module"  # the distribution of the group `module`, and the one that imported it
    PROSE = "prose"  # the requirements that the resolver's explanation around it names
    NOBODY = "nobody"  # the machine, the network, the user's own code, the tool itself


class Trait(str, Enum):
    """What a matching line does to the reading of others, beside naming a cause."""

    HEADLINE = "headline"  # opens the failure of the project that it names, its reason below
    CLOSES = "closes"  # names the project whose step failed just before
    NOTES = "notes"  # a manager's note about the project that it could not build
    BACKEND = "backend"  # a build backend failed, of a project that may not be named
    FETCHES = "fetches"  # what was being fetched from a repository failed
    BUILD_REQUIRES = "build-requires"  # what broke is a build requirement
    WALKS = "walks"  # a resolver goes through the releases of the group `name`
    TIME = "time"  # the time ran out
    ARCHIVE = "archive"  # an archive that cannot be read
    DECLARED = "declared"  # fetches what is declared, as an installer does
    IGNORES = "ignores"  # the group `list` are releases left out for their Python
    TESTS_RAN = "tests-ran"  # tests were run and failed
    ANY_EXCEPTION = "any-exception"  # stands for the error of a traceback that nothing else knows
    COMPARES = "compares"  # what is there is held against what the project declares
    COLLECTION = "collection"  # tests could not be imported


class SignatureScope(str, Enum):
    """Where a signature's words mean what it says."""

    ANY = "any"
    BUILD = "build"  # while a project is resolved, built or installed
    RUNTIME = "runtime"  # when what is installed is used
    INSTALLER = "installer"  # where the installer itself says so, no build script and no check
    JOB = "job"  # where the job says so, whatever it runs, but not inside a script's quoted output


class Weight(IntEnum):
    """How specific a signature is: inside one failure the heaviest names the cause."""

    NOISE = 0  # normal on green runs too; counts only together with heavier lines
    CLOSER = 10  # the tool says that it failed, and nothing of why
    GENERIC = 30  # the last words of a subprocess: true of many causes
    EXCEPTION = 40  # an exception that no other signature knows
    CAUSE = 60  # names the cause
    EXACT = 70  # names the cause and the thing that is missing
    DECISIVE = 90  # nothing after it matters


@dataclass(frozen=True, slots=True)
class Signature:
    """One known log pattern.

    `cause` and `phase` None mean: that of the frame. `fatal` lines prove that the command failed; the
    others only explain a failure that is proven otherwise. `example` is a real line; `counter`
    one that looks alike and must not match. `means` and `advice` may use the pattern's groups in
    braces; `means` also {error}, what the line says.
    `remedies` are requirements (`setuptools<81`) that get past it, all of them together: for the
    build environment where `scope` is BUILD, else beside what is installed; the advice begins with
    them, and `advice` is what to do instead. `kind` says how what is installed broke, for an
    error at run time; its groups are told in `diagnosis/breakages.py`. `traits` say what the line
    changes in the reading of others. `literals` are given for a pattern that ignores case alone.
    Patterns are compiled when they are first tried: most never are, and there are hundreds.
    """

    name: str
    pattern: str
    cause: Cause | None
    means: str
    example: str
    advice: str = ""
    phase: Phase | None = None
    weight: int = Weight.CAUSE
    blame: Blame = Blame.FRAME
    scope: SignatureScope = SignatureScope.ANY
    fatal: bool = False
    counter: str = ""
    remedies: tuple[str, ...] = ()
    kind: BreakageKind | None = None
    traits: tuple[Trait, ...] = ()
    literals: tuple[str, ...] = ()

    @property
    def regex(self) -> re.Pattern[str]:
        """Return the compiled pattern."""
        return _compiled(self.pattern)

    @property
    def gate(self) -> tuple[str, ...]:
        """Return literals, one of which must be in a line before the pattern is tried."""
        return self.literals or kept_literals_of(self.pattern)

    @property
    def as_remedies(self) -> tuple[Remedy, ...]:
        """Return the remedies with where they have to be in force."""
        kind = RemedyKind.BUILD if self.scope is SignatureScope.BUILD else RemedyKind.RUN
        return tuple(Remedy(kind, requirement) for requirement in self.remedies)

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match in one line, or None; the gate is looked at first."""
        if any(literal in text for literal in self.gate):
            return self.regex.search(text)
        return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
