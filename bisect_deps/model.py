"""The domain's frozen types and enums: requirements, candidates, probes, culprits, verdicts.

Plain values that every other module speaks in. Knows neither files, network nor console.
Seconds, bytes and UTC go without suffix; lines count from 1, indices from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

# What a file is called that came by standard input.
STDIN = "<stdin>"
# Probes that the resolver answered are numbered from above it: builds count 1, 2, 3 … without them.
RESOLVER_NUMBERS = 1_000_000


class Outcome(str, Enum):
    """What a probe answered. FAIL is the failure being chased; any other failure is UNRESOLVED."""

    PASS = "pass"
    FAIL = "fail"
    UNRESOLVED = "unresolved"


class Phase(str, Enum):
    """Where a build broke."""

    RESOLVE = "resolve"
    DOWNLOAD = "download"
    METADATA = "metadata"
    BUILD = "build"
    INSTALL = "install"
    CHECK = "check"


class Cause(str, Enum):
    """Why a build broke: the closed taxonomy of causes."""

    COMPILE_ERROR = "compile-error"
    SYSTEM_DEP_MISSING = "system-dep-missing"
    BUILD_API_REMOVED = "build-api-removed"
    SETUP_SCRIPT_ERROR = "setup-script-error"
    BUILD_DEP_MISSING = "build-dep-missing"
    BUILD_DEP_FAILED = "build-dep-failed"
    NO_MATCHING_VERSION = "no-matching-version"
    REQUIRES_PYTHON = "requires-python"
    NO_COMPATIBLE_WHEEL = "no-compatible-wheel"
    RESOLVER_CONFLICT = "resolver-conflict"
    RESOLVER_BACKTRACKING = "resolver-backtracking"
    HASH_MISMATCH = "hash-mismatch"
    INVALID_REQUIREMENT = "invalid-requirement"
    INVALID_METADATA = "invalid-metadata"
    VCS_ERROR = "vcs-error"
    NETWORK = "network"
    RESOURCES = "resources"
    IMPORT_ERROR = "import-error"
    ABI_MISMATCH = "abi-mismatch"
    TEST_FAILURE = "test-failure"
    RUNTIME_ERROR = "runtime-error"
    JSON_SERIALIZATION = "json-serialization"
    NONE = "none"
    UNKNOWN = "unknown"

    @property
    def is_infrastructure(self) -> bool:
        """Say whether no dependency is at fault."""
        return self in (Cause.NETWORK, Cause.RESOURCES)


class ProbeKind(str, Enum):
    """Which rung of the evidence ladder a probe stands on."""

    WHOLE = "whole"
    RESOLVE = "resolve"
    ISOLATED = "isolated"
    SUBSET = "subset"
    VERSION = "version"
    FIX = "fix"


class EditAction(str, Enum):
    """What an edit does to the manifest."""

    REPIN = "repin"
    REPLACE = "replace"
    DROP = "drop"
    ADD = "add"


class Narrow(str, Enum):
    """How far versions are narrowed once a fix is proven.

    QUICK spends at most as many builds as the fix took.
    """

    NONE = "none"
    QUICK = "quick"
    FULL = "full"


class BreakageKind(str, Enum):
    """How what is installed fails when it is used."""

    NAME_GONE = "name-gone"
    ATTRIBUTE_GONE = "attribute-gone"
    ARGUMENT_GONE = "argument-gone"
    MODULE_GONE = "module-gone"
    DISTRIBUTION_MISSING = "distribution-missing"
    ABI = "abi"
    RAISED = "raised"
    SETTING = "setting"
    OTHER = "other"


class RemedyKind(str, Enum):
    """Where a remedy has to be in force."""

    RUN = "run"
    BUILD = "build"


class BuildStatus(str, Enum):
    """The state of a build. BROKEN: the system that builds failed, not the build."""

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Say whether the build has ended."""
        return self not in (BuildStatus.QUEUED, BuildStatus.RUNNING)


class VerdictKind(str, Enum):
    """What a run concluded, as the report writes it."""

    PASSES = "passes"
    FIXED = "fixed"
    CULPRITS = "culprits"
    INCONCLUSIVE = "inconclusive"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where releases come from, the same for facts, resolver and builder.

    URLs may hold `${NAME}` and are never shown without redaction. `exclude_newer` is the "index as
    of" instant, ISO 8601 in UTC; None means no limit. `logins` names where, after the netrc file,
    the installer looks for passwords: see `index/logins.py`.
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    exclude_newer: str | None = None
    logins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that builds are for.

    `version` is full (`3.12.1`), `platform` as the report writes it (`linux-x86_64`), `tags` the
    wheel tags that it accepts (PEP 425), best first, `markers` its PEP 508 environment.
    """

    path: str
    version: str
    implementation: str
    platform: str
    tags: tuple[str, ...] = ()
    markers: Mapping[str, str] = field(default_factory=dict)

    @property
    def minor(self) -> str:
        """The version as installers are told it: `3.12`."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True)
class Release:
    """A project at one version: `name` normalised (PEP 503), `version` as the index writes it."""

    name: str
    version: str

    def __str__(self) -> str:
        """Return `name==version`."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Mention:
    """A project as a log writes it, with the version that stands beside it, if any."""

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Mention:
        """Return what `name==version` or a bare name mentions."""
        name, pinned, version = text.partition("==")
        return cls(name, version if pinned else None)

    def __str__(self) -> str:
        """Return it as the log writes it: `name==version` or the name."""
        return self.name if self.version is None else f"{self.name}=={self.version}"

    @property
    def project(self) -> str:
        """Return the normalised name (PEP 503)."""
        return re.sub(r"[-_.]+", "-", self.name).lower()


def exactly(version: str) -> str:
    """Return the version clause that allows one version alone."""
    return f"=={version}"


def pin_of(clause: str) -> str | None:
    """Return the one version that `==` or `===` allows, else None (`==1.*` is no pin)."""
    clause = clause.strip()
    if "," in clause or not clause.startswith("=="):
        return None
    version = clause.lstrip("=").strip()
    return None if not version or version.endswith(".*") else version


@dataclass(frozen=True, slots=True)
class Requirement:
    """One declared dependency with its place in the manifest.

    `number` is its index in `Manifest.requirements` and identifies it. `name` is normalised
    (PEP 503), or "" where only a build would tell (a bare URL or path). `specifier` is the version
    clause as written (`==1.19.5`, `>=1,<2`, ""). `text` is the requirement as the user wrote it,
    without comment and options, continuations joined. `constraint` marks a line of a constraints
    file. `group` names where it stands: "" in a requirements file, else e.g.
    `project.dependencies`.
    """

    number: int
    name: str
    specifier: str
    text: str
    file: str
    line: int
    extras: frozenset[str] = frozenset()
    marker: str | None = None
    url: str | None = None
    hashes: tuple[str, ...] = ()
    editable: bool = False
    constraint: bool = False
    group: str = ""

    @property
    def pin(self) -> str | None:
        """Return the one version that `==` or `===` allows, else None (`==1.*` is no pin)."""
        return pin_of(self.specifier)


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One change of the manifest.

    DROP, REPIN and REPLACE name the requirement by `number`; `to` is the new version clause of a
    REPIN (`==1.26.0`, `>=6,<7`), the whole new requirement of a REPLACE (`faiss-cpu==1.12.0`,
    `pywin32==306 ; sys_platform == "win32"`), whose `name` is the project that stands there then.
    ADD has `number` None and adds the requirement `name` + `to` to the root file, or to a
    constraints file with `constraint`. `hashes` (`sha256:…`) replace those of the line; a REPIN
    without any drops them, since they belong to the version before. `comment` is the reason, to
    stand beside the line where the file can hold it.
    """

    action: EditAction
    name: str
    number: int | None = None
    to: str | None = None
    hashes: tuple[str, ...] = ()
    constraint: bool = False
    comment: str = ""

    @property
    def pin(self) -> str | None:
        """Return the one version that it allows, None where it drops, replaces or bounds."""
        return pin_of(self.to or "")

    @property
    def text(self) -> str:
        """Return the requirement that stands there then; "" for a DROP."""
        if self.action is EditAction.DROP:
            return ""
        return self.to or "" if self.action is EditAction.REPLACE else f"{self.name}{self.to or ''}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One variant of the manifest: its edits, in the manifest's order. No edits: as written."""

    edits: tuple[Edit, ...] = ()

    @property
    def dropped(self) -> frozenset[int]:
        """Return the numbers of the requirements left out."""
        return frozenset(
            edit.number
            for edit in self.edits
            if edit.action is EditAction.DROP and edit.number is not None
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A log line that shows a cause: its 1-based number, its text made safe to print."""

    line: int
    text: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A requirement (`setuptools<81`) that a signature advises: beside the file, or for builds."""

    kind: RemedyKind
    requirement: str


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a log shows of an environment that installs and fails when it is used.

    `user` is the distribution whose code failed, `lacks` the one in which something is missing or
    changed; normalised, "" where the log does not tell or it is no distribution. `what` is the name
    that is missing. `through` are the distributions of the traceback, outermost first. `module` is
    the module whose import was being checked, "" in a check of the user's own. `signature` is the
    fingerprint of this breakage alone. `own` says that a program's own code raised it: no
    distribution is to blame. `advice` says what a SETTING needs of whoever runs it.
    """

    kind: BreakageKind
    user: str = ""
    lacks: str = ""
    what: str = ""
    through: tuple[str, ...] = ()
    module: str = ""
    own: bool = False
    signature: str = ""
    remedies: tuple[Remedy, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What a log points at; never more than a prior.

    `requirement` is the user's own line where it is known; `name` and `version` are its project;
    `failing` what the log names where it broke, which differs when transitive; `via` the chain from
    the user's requirement to it, both left out where they are the same. `confidence` is a
    calibrated probability. `group` joins suspects that belong to one conflict (same number), else
    None. `signature` identifies the failure.
    """

    name: str
    version: str | None = None
    requirement: str | None = None
    failing: Mention | None = None
    via: tuple[str, ...] = ()
    phase: Phase = Phase.BUILD
    cause: Cause = Cause.UNKNOWN
    confidence: float = 0.5
    summary: str = ""
    advice: str = ""
    signature: str = ""
    evidence: tuple[Evidence, ...] = ()
    group: int | None = None
    remedies: tuple[Remedy, ...] = ()

    @property
    def broken(self) -> str:
        """Return the project that broke, normalised; "" where the log names none."""
        return self.failing.project if self.failing is not None else ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one log says: best suspect first, none for a pass and for an infrastructure failure.

    `outcome` is PASS, FAIL, or UNRESOLVED where the log does not tell. `signature` identifies the
    failure ("" for a pass): two logs of one failure compare equal.
    `breakages` are the failures of a check or of imports, in the order of the log.
    """

    outcome: Outcome
    cause: Cause
    phase: Phase
    suspects: tuple[Suspect, ...] = ()
    signature: str = ""
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    breakages: tuple[Breakage, ...] = ()

    @property
    def reported(self) -> str:
        """Return in a sentence what the log says; "" for a pass, or where it says nothing."""
        if self.outcome is Outcome.PASS:
            return ""
        if self.suspects:
            return _together(self.suspects)
        return self.evidence[-1].text.strip() if self.evidence else ""

    @property
    def infrastructure(self) -> bool:
        """Say whether the failure is no dependency's fault."""
        return self.cause.is_infrastructure


def _together(suspects: tuple[Suspect, ...]) -> str:
    """Return what broke, of a conflict with every side of it."""
    first = suspects[0]
    sides = [s.requirement or str(s.failing or s.name) for s in suspects if s.group == first.group]
    _, parted, said = first.summary.partition(": ")
    if first.group is None or len(sides) < 2 or not parted:
        return first.summary
    more = f" and {len(sides) - 3} more" if len(sides) > 3 else ""
    names = ", ".join(sides[:3]) if len(sides) > 2 else " and ".join(sides)
    return f"{names}{more}: {said}"


@dataclass(frozen=True, slots=True)
class Build:
    """What a builder saw: its final status, log, seconds; `installed` maps name to version.

    `installed` is None where the builder cannot tell what was installed. `modules` maps import
    names to the distributions that brought them, where a check failed and the builder can tell.
    """

    status: BuildStatus
    log: str
    seconds: float
    installed: Mapping[str, str] | None = None
    modules: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One candidate built (or resolved) once, with its outcome and cost.

    `log` is the path of the kept log, relative to the state folder ("" where there is none).
    `seconds` is the cost of the build itself, also where the journal answered. `warm` says that an
    environment was used again: such a pass is proven afresh before it is relied on. `tries` is how
    many builds it took, 0 where one was found that had been made before. `isolated` is the release
    (`numpy==1.19.5`) that was built alone, "" for the file; `reported` says what its log says.
    """

    number: int
    kind: ProbeKind
    candidate: Candidate
    outcome: Outcome
    seconds: float = 0.0
    log: str = ""
    signature: str = ""
    diagnosis: Diagnosis | None = None
    installed: Mapping[str, str] | None = None
    from_journal: bool = False
    warm: bool = False
    tries: int = 1
    isolated: str = ""
    reported: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One requirement of a minimal failing set, or the transitive release that it brings.

    `via` is the chain of project names from the user's requirement to `name`, empty where the
    requirement itself is at fault; `requirement` is the user's line in both cases. `used` says that
    the line uses it, and is not seen to ask for it.
    """

    requirement: Requirement
    name: str
    version: str | None
    via: tuple[str, ...] = ()
    used: bool = False

    @property
    def label(self) -> str:
        """Return it as people say it: `numpy 1.19.5`, or the name where no version is known."""
        return f"{self.name} {self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class Tried:
    """One version that narrowing tried; `reason` says why one was left out without a probe."""

    version: str
    outcome: Outcome
    probe: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The versions between which the outcome turns.

    `not_built` are the installable releases between the two that were not built: without any, the
    two are neighbours and the boundary is exact.
    """

    name: str
    last_failing: str | None
    first_passing: str | None
    tried: tuple[Tried, ...] = ()
    skipped: tuple[Tried, ...] = ()
    not_built: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """The probes that prove a culprit both ways; None where a bound was reached first."""

    failing_probe: int | None
    passing_probe: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence of a verdict, with the probe or the fact of the index that shows it."""

    text: str
    probe: int | None = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class PythonFor:
    """The Python that a file was made for: a minor version (`3.8`), told by index facts alone.

    `facts` are the sentences that show it. `path` and `probe` say where that Python is here, and
    which build of the unchanged file passed on it, `failing_probe` which failed; None where it is
    absent or was not asked.
    """

    version: str
    facts: tuple[str, ...]
    path: str | None = None
    probe: int | None = None
    failing_probe: int | None = None


@dataclass(frozen=True, slots=True)
class Culprit:
    """A minimal failing set: one member is a single culprit, several are a combination.

    `install` maps a system (`Debian and Ubuntu`) to the command that installs what the machine
    lacks; empty where the machine is not at fault. `remedies` are build constraints (`Cython<3`)
    that the log's signature advises.
    """

    members: tuple[Member, ...]
    phase: Phase
    cause: Cause
    summary: str
    evidence: tuple[Evidence, ...] = ()
    proof: Proof = Proof(None, None)
    narrowings: tuple[Narrowing, ...] = ()
    advice: str = ""
    install: Mapping[str, str] = field(default_factory=dict)
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FixEdit:
    """One line of a fix, as the report shows it."""

    file: str
    line: int
    name: str
    before: str | None
    after: str | None
    action: EditAction


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the files that a build proved green.

    `probe` is that build, 0 for one that has no number as yet. `files` maps the path relative to
    the root file's folder to the new bytes, changed and new files only. `style` says which kind of
    fix it is: `bump`, `smallest-change`, `build-constraint`, `drop`. `reason` says why it is
    recommended; `commands` how to use it where a plain install would not do.
    """

    edits: tuple[FixEdit, ...]
    diff: str
    probe: int
    files: Mapping[str, bytes]
    style: str = "bump"
    reason: str = ""
    commands: tuple[str, ...] = ()
    candidate: Candidate = Candidate()


@dataclass(frozen=True, slots=True)
class Target:
    """What the build is for, and who builds it. `index_as_of` is ISO 8601, UTC.

    `sandbox` is what keeps builds apart from the machine (`bubblewrap 0.8.0`), `none: ` and why
    where nothing does, "" where it is not ours to say. `checks` are the commands that a build has
    to pass after its install, `imports` says whether it was told to import what it installed.
    """

    python: str
    platform: str
    builder: str
    installer: str
    index_as_of: str
    sandbox: str = ""
    checks: tuple[str, ...] = ()
    imports: bool = False

    @property
    def is_by_hand(self) -> bool:
        """Say whether a person builds."""
        return self.builder == "manual"

    @property
    def is_here(self) -> bool:
        """Say whether this machine builds, by the builder that is not worth a word."""
        return self.builder == "local"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run concluded, with the probes that prove it.

    `fix` is the recommended one, `other_fixes` verified alternatives. `fallback` is the largest
    candidate known to pass where no fix was verified. `summary` is one sentence for people.
    `seconds_to_fix` is how long the verified fix took, None without one. `unpinned` maps the text
    of each line that pins nothing to the version that the verified environment has of it. `files`
    are all files as the user named them, where several were named.
    """

    kind: VerdictKind
    file: str
    sha256: str
    target: Target
    culprits: tuple[Culprit, ...] = ()
    fix: Fix | None = None
    other_fixes: tuple[Fix, ...] = ()
    fallback: Candidate | None = None
    probes: tuple[Probe, ...] = ()
    builds: int = 0
    seconds: float = 0.0
    summary: str = ""
    notes: tuple[Note, ...] = ()
    confidence: float = 1.0
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds_to_fix: float | None = None
    python_for: PythonFor | None = None
    unpinned: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
