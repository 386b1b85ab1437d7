"""What a lint rule is: its code and reasons, what it sees, and what it yields.

A rule is a value with a `check`: it is shown one scope (a root file with all that it includes) and
yields findings. It reads no file and no network; what an index knows reaches it as `Scope.facts`.
Which findings count, under which severity and profile, is decided by the linter.
Values are named tuples here: making a dataclass takes half a millisecond, and the linter starts at
every commit.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.formats.base import (
    Document,
    LogicalLine,
    Parts,
    Problem,
    ProblemKind,
    Span,
    is_conda,
    normalised,
)

MAIN_GROUP = "project.dependencies"
BUILD_GROUP = "build-system.requires"
LOCK_GROUP = "lock"
# What is said for all groups of a file, or for whatever is installed with it.
_FOR_ALL = frozenset(
    (
        "",
        "tool.uv.sources",
        "tool.uv.constraint-dependencies",
        "tool.uv.override-dependencies",
        "tool.pdm.resolution.overrides",
    )
)
# Which of them limit what others ask for, and install nothing themselves.
CONSTRAINT_GROUPS = _FOR_ALL - {""} | {"tool.uv.build-constraint-dependencies"}
# Groups that go with the main one of their format.
_MAIN_GROUPS = frozenset(
    {MAIN_GROUP, "tool.poetry.dependencies", "options.install_requires"}
    | {"tool.flit.metadata.requires", "packages"}
)
NONE: Mapping[Any, Any] = MappingProxyType({})


class Severity(str, Enum):
    """How bad a finding is. ERROR: will fail or drifts; WARNING: may; INFO: style. OFF: silent."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"

    __hash__ = str.__hash__  # an enum's own is Python code, which each finding would run

    @property
    def rank(self) -> int:
        """Return 0 for OFF up to 3 for ERROR."""
        return _RANKS[self._value_]


_RANKS = {"off": 0, "info": 1, "warning": 2, "error": 3}


class Profile(str, Enum):
    """What a file is for: what is judged strictly differs.

    PUBLISH: installed as it stands. LIBRARY: dependencies of a published project, where ranges
    belong. LOCKED: a complete, hashed environment. DEV: tools and tests.
    """

    PUBLISH = "publish"
    LIBRARY = "library"
    LOCKED = "locked"
    DEV = "dev"

    __hash__ = str.__hash__  # as above


class Needs(str, Enum):
    """What a rule must ask to judge."""

    NOTHING = "nothing"
    INDEX = "index"
    RESOLVER = "resolver"
    AUDIT = "audit"


class Safety(str, Enum):
    """SAFE: installs the same, or what evidence shows to have worked. UNSAFE: to be reviewed."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Change(NamedTuple):
    """One span of a document and the text to stand there instead."""

    document: Document
    span: Span
    text: str


class Repair(NamedTuple):
    """How a finding can be fixed: all changes together or none.

    `note` is a short phrase for people (`pin ==2.32.3, from freeze.txt`). `recode` names a document
    to be saved as UTF-8 as a whole. `pins` is the release that the repair writes (name, version),
    and `hashes` what takes the place of the line's hashes then.
    """

    safety: Safety
    note: str
    changes: tuple[Change, ...] = ()
    recode: Document | None = None
    pins: tuple[str, str] | None = None
    hashes: tuple[str, ...] = ()


class Finding(NamedTuple):
    """What a rule saw at a place. `severity` differs from the rule's own where it is given.

    `step` is what to do for the whole file, as the end of the message.
    """

    document: Document
    span: Span
    message: str
    package: str = ""
    line: LogicalLine | None = None
    repair: Repair | None = None
    severity: Severity | None = None
    step: str = ""


class Example(NamedTuple):
    """Files by name (the first is linted) and the circumstances in which a rule is shown them."""

    files: Mapping[str, str | bytes]
    profile: Profile | None = None
    targets: tuple[str, ...] = ()
    evidence: Mapping[str, str] = NONE
    online: bool = False
    audit: bool = False


class Rule(NamedTuple):
    """One rule. `why` is a paragraph for the reader, `source` where it was learned.

    `beside` are the codes of rules whose finding on the same line says enough: this one is silent
    then. `options` are the settings that change what it says, `since` its first version.

    `bad` examples are reported, `good` ones are not; a plain string is the content of a
    `requirements.txt`. `profiles` holds severities that differ from `severity`. `fix` says in words
    what can be repaired, "" where nothing can.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    why: str
    source: str
    check: Callable[[Scope], Iterable[Finding]]
    bad: tuple[str | Example, ...]
    good: tuple[str | Example, ...]
    fix: str = ""
    needs: Needs = Needs.NOTHING
    profiles: Mapping[Profile, Severity] = NONE
    beside: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    since: str = "0.1.0"

    def severity_in(self, profile: Profile) -> Severity:
        """Return how bad this rule's findings are in a file of that profile."""
        return self.profiles.get(profile, self.severity)


class Item(NamedTuple):
    """One requirement of a scope, with what judging it needs.

    `name` is normalised, "" where only a build would tell. `pin` is the one version that the line
    allows, None where it allows several. `worlds` are the environments in which
    its marker holds, one bit each, in the order of `Scope.worlds`.
    """

    document: Document
    line: LogicalLine
    parts: Parts
    name: str
    constraint: bool
    profile: Profile
    worlds: int
    pin: str | None

    @property
    def by_variable(self) -> bool:
        """Say whether the version is a variable's, so that only the place that runs it knows."""
        return "$" in self.parts.specifier

    @property
    def span(self) -> Span:
        """Return where the requirement itself stands, options and comment left out."""
        body, options = self.line.body, self.line.options
        end = options[0].span.start if options else body.end
        end = body.start + len(self.document.text[body.start : end].rstrip(" \t\\\r\n"))
        return body if end == body.end else Span(body.start, end)

    @property
    def shown(self) -> str:
        """Return the name and specifier as people write them, for messages."""
        parts = self.parts
        name = parts.name or self.name
        if self.line.group and parts.specifier_span is not None:
            written = self.document.slice(parts.specifier_span)
            return f"{name}{'' if written[:1] in '=<>!~' else ' '}{written}"
        return name + parts.specifier


class Pinned(NamedTuple):
    """A version known to have worked, where that is known from (`freeze.txt`), its hashes.

    `environment` are the marker values of the Python that it worked with, None where nobody wrote
    them down; `everywhere`: it was locked for every environment.
    """

    version: str
    origin: str
    hashes: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    everywhere: bool = False

    def holds_for(self, marker: str | None) -> bool:
        """Say whether it is known to have worked where a marker holds."""
        if not marker or self.everywhere:
            return True
        if self.environment is None:
            return _holds_everywhere(marker)
        from bisect_deps.lint.rules._worlds import Judge

        return bool(Judge([self.environment]).where(marker))


@lru_cache(maxsize=256)
def _holds_everywhere(marker: str) -> bool:
    from bisect_deps.lint.rules._worlds import Judge

    usual = Judge()
    return usual.where(marker) == usual.everywhere


class IndexRemark(NamedTuple):
    """One thing that the index says of a requirement: its kind, a sentence, a better version.

    Kinds: `gone`, `no-such-version`, `too-new`, `requires-python`, `no-artifact`,
    `no-usable-wheel`, `yanked`.
    """

    kind: str
    sentence: str
    nearest: str | None = None


class Advisory(NamedTuple):
    """One published vulnerability of a release: its id, other ids, the versions that fix it."""

    id: str
    aliases: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    description: str = ""


class OnlineFacts(Protocol):
    """What an index and a resolver tell; asked only with --online."""

    def about(self, item: Item) -> Sequence[IndexRemark]:
        """Return what the index says of a requirement, for all targets."""

    def newest(self, name: str, specifier: str) -> str | None:
        """Return the newest final release that the clause allows and all targets can install."""

    def hashes(self, name: str, version: str) -> tuple[str, ...]:
        """Return the hashes of all files of a release; () where the index has none."""

    def fitting(self, name: str, version: str) -> Sequence[tuple[str, frozenset[str]]]:
        """Return each target with the hashes of the files that it could install."""

    def days_old(self, name: str, version: str) -> float | None:
        """Return for how many days a release has been public; None where nobody knows."""

    def min_age(self) -> int:
        """Return the age in days below which a release counts as too new."""

    def sha256_of(self, url: str) -> str | None:
        """Return the digest of the file that a URL gives today; None where it gives none."""

    def commit_of(self, url: str) -> str | None:
        """Return the commit that a version control URL names today."""

    def conflict(self, scope: Scope) -> tuple[tuple[str, ...], str] | None:
        """Return the projects that a resolver blames and why, None where all fits together."""


class Scope(NamedTuple):
    """One root file with all that it includes, as rules see it.

    `items` are in the order of the installer; `by_name` holds those with a name, `distinct` one of
    each that say the same, `fixed` the names that some line fixes to a version. `worlds` are the
    environments judged for (PEP 508 names to values). `evidence` is what is known to have worked.
    `facts` is None off-line. `lock` is the name of a lock that stands beside the root, or "";
    `locked` are its projects with the versions it holds, `lock_groups` the groups that it was made
    for (`default` for the main one), None for all; `held_links` are those that it holds by commit
    or by the hash of a URL. `advisories` are what is known against releases
    (name, version), None where nobody asked. `unread_constraints` are the groups whose
    constraints file cannot be read here, and may pin whatever they install; "" for all.
    `limited` are the groups that a constraints file is for, by document, where it is not for all.
    `no_python`: the project that the root belongs to states no Python version anywhere; said of one
    root of a project.
    """

    root: str
    documents: Sequence[Document]
    problems: Sequence[tuple[Document, Problem]]
    items: Sequence[Item]
    by_name: Mapping[str, Sequence[Item]]
    distinct: Mapping[str, Sequence[Item]]
    fixed: frozenset[str]
    worlds: Sequence[Mapping[str, str]]
    targets: Sequence[Any] = ()
    evidence: Mapping[str, Pinned] = NONE
    facts: OnlineFacts | None = None
    lock: str = ""
    locked: Mapping[str, frozenset[str]] = NONE
    lock_groups: frozenset[str] | None = None
    held_links: frozenset[str] = frozenset()
    advisories: Mapping[tuple[str, str], Sequence[Advisory]] | None = None
    unread_constraints: frozenset[str] = frozenset()
    limited: Mapping[str, frozenset[str]] = NONE
    no_python: bool = False

    @property
    def locks_everywhere(self) -> bool:
        """Say whether the lock beside the root is made for every system and Python at once."""
        return posixpath.basename(self.lock) in ("uv.lock", "poetry.lock")

    def locks_group(self, group: str) -> bool:
        """Say whether the lock was made for a group of the root file."""
        if self.lock_groups is None:
            return True
        return ("default" if group == MAIN_GROUP else group.rpartition(".")[2]) in self.lock_groups

    @property
    def is_lock(self) -> bool:
        """Say whether the root file is a lock, which a tool has written."""
        return any(item.line.group == LOCK_GROUP for item in self.items[:1])

    def place(self, item: Item) -> str:
        """Return `file:line` of an item, as reports name the file."""
        file = posixpath.join(posixpath.dirname(self.root), item.document.path)
        return f"{posixpath.normpath(file)}:{item.line.number}"

    def named(self, kind: ProblemKind) -> Iterator[tuple[Document, Problem]]:
        """Yield the parser's problems of one kind."""
        return ((document, problem) for document, problem in self.problems if problem.kind is kind)

    def together(self, item: Item) -> Iterator[Item]:
        """Return the other items of the project that can apply in the same environment.

        Of lines that say the same, one.
        """
        if len(self.by_name.get(item.name, ())) < 2:
            return iter(())
        others = self.distinct.get(item.name, ())
        return (other for other in others if other is not item and meets(item, other))


def is_template(document: Document, problem: Problem) -> bool:
    """Say whether a problem is that the file is a template, which becomes one when it is rendered.

    Jinja's marks are no part of any of the formats; `${{ … }}` is a workflow's own.
    """
    return problem.kind in _OF_TEMPLATES and has_marks(document.text)


@lru_cache(maxsize=64)  # a file may have a problem on every line
def has_marks(text: str) -> bool:
    """Say whether a text holds marks of a template: of its lines only some are rendered."""
    return _TEMPLATE.search(text) is not None


_OF_TEMPLATES = (
    ProblemKind.INVALID_REQUIREMENT,
    ProblemKind.INVALID_OPTION,
    ProblemKind.INVALID_FILE,
)
_TEMPLATE = re.compile(r"\{%-?[ \t]{1,8}\w+|(?<!\$)\{\{-?[ \t]{0,8}[\w.]{1,80}[ \t|}]")


def meets(one: Item, other: Item) -> bool:
    """Say whether two items can apply in one environment."""
    in_worlds = bool(one.worlds & other.worlds) or one.parts.marker == other.parts.marker
    return in_worlds and _installed_together(one.line.group, other.line.group)


def _installed_together(one: str, other: str) -> bool:
    """Say whether two groups of one file end up in one environment: others go with the main one."""
    if one == other or one in _FOR_ALL or other in _FOR_ALL:
        return BUILD_GROUP not in (one, other) or one == other
    is_main = one in _MAIN_GROUPS or other in _MAIN_GROUPS
    return is_main and BUILD_GROUP not in (one, other)


def package_of(line: LogicalLine | None) -> str:
    """Return the normalised name of a line's project of an index, "" for what conda installs."""
    if line is None or line.parts is None or not line.parts.name or is_conda(line.group):
        return ""
    return normalised(line.parts.name)


def line_at(document: Document, number: int) -> LogicalLine | None:
    """Return the logical line that a physical one belongs to, the first of several."""
    at = bisect_left(document.lines, number, key=lambda line: line.last)
    found = document.lines[at : at + 1]
    return found[0] if found and found[0].number <= number else None


@lru_cache(maxsize=4096)
def specifiers(text: str) -> SpecifierSet | None:
    """Return the parsed version clause, None where it is not one."""
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def is_requirement(text: str) -> bool:
    """Say whether an installer takes a text as a requirement by name, and as no part of conda."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text).name.lower() not in ("python", "pip", "conda")
    except InvalidRequirement:
        return False


@lru_cache(maxsize=4096)
def version_of(text: str) -> Version | None:
    """Return the parsed version, None where it is not one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def exact_pin(specifier: str) -> str | None:
    """Return the version of the `==` or `===` clause (`==1.*` is no pin), None without one."""
    for clause in specifier.split(","):
        stripped = clause.strip()
        if stripped.startswith("==") and not stripped.endswith(".*"):
            return stripped.lstrip("=").strip() or None
    return None
