"""What reading a log establishes, before it is judged: projects, episodes and hits.

Plain records that the frames fill in and the ranking reads. Knows no tool.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.signatures.base import Signature
from bisect_deps.diagnosis.tracebacks import Trace
from bisect_deps.model import Phase

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,100})\s{0,4}(?:\[[^\]]{0,100}\])?\s{0,4}\(?"
    r"(?P<spec>(?:[<>=!~]=?=?[^\s,;()]{1,60},? ?){0,12})"
)
_LOCATION = re.compile(r"[A-Za-z][\w.-]{0,20}(?:\+[a-z]{2,8})?:/|[A-Za-z0-9._-]{1,100}/")
_PIN = re.compile(r"===?\s?([^\s,*;]{1,60})$")


@dataclass(frozen=True, slots=True)
class Project:
    """What a tool is working on: as the log writes it, and what it is asked for by.

    `text` is the requirement as shown; `chain` the requirements that led to it, the user's own
    first, empty where this is the user's own or the log does not tell; `line` the line of the
    requirements file at the head of the chain; `rooted` says whether the log shows the head.
    """

    name: str
    version: str | None = None
    text: str = ""
    chain: tuple[str, ...] = ()
    line: int | None = None
    rooted: bool = False

    @property
    def key(self) -> str:
        """Return the normalised name (PEP 503)."""
        return canonicalize_name(self.name)

    @property
    def label(self) -> str:
        """Return `name==version`, or the bare name."""
        return f"{self.name}=={self.version}" if self.version else self.name


@dataclass(slots=True, eq=False)
class Episode:
    """One step of a tool on one project: what it was, and how it went.

    `inner` is the project being installed for the build (a build requirement) where the step is
    that; `done` says that it, or a later attempt, succeeded; `failed` that the tool said so. `hooked` says that a build backend's hook was named,
    `started` which step was announced, `importing` whose import was being checked. `words` are some
    of those that the build script of a project without a name writes.
    """

    project: Project | None
    phase: Phase
    opened: int
    runtime: bool = False
    inner: Project | None = None
    build_requires: bool = False
    done: bool = False
    failed: bool = False
    tool: str = ""
    packages: list[str] = field(default_factory=list)
    tests: bool = False
    hooked: bool = False
    started: str = ""
    importing: str = ""
    words: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Hit:
    """A line that a signature recognised, in its episode.

    `around` holds the lines of the explanation around a resolver's headline, oldest first;
    `quoted` says that a build script wrote it, not the installer.
    """

    signature: Signature
    line: int
    text: str
    groups: dict[str, str]
    episode: Episode | None
    phase: Phase | None = None
    around: list[tuple[int, str]] = field(default_factory=list)
    quoted: bool = False


@dataclass(slots=True, eq=False)
class Section:
    """What stands between two fences: a step, or the import of one module inside the imports step.

    `ended` is 0 and `code` None while the closing fence has not come. `tests` says that a test
    runner wrote in it, which reports several errors one after another. `last` is its last line.
    """

    step: str
    project: str = ""
    module: str = ""
    ended: int = 0
    code: int | None = None
    tests: bool = False
    traces: list[Trace] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    last: tuple[int, str] = (0, "")

    @property
    def failed(self) -> bool:
        """Say whether it was not brought to a good end."""
        return self.code != 0


def project_of(
    text: str, *, chain: tuple[str, ...] = (), line: int | None = None, rooted: bool = False
) -> Project | None:
    """Return the project of a requirement as a log writes it, or None for no requirement.

    A path and a URL name no project.
    """
    match = _REQUIREMENT.match(text.strip())
    if not match or _LOCATION.match(text.strip()):
        return None
    pin = _PIN.search(match["spec"].strip().rstrip(","))
    version = pin.group(1) if pin and "," not in match["spec"] else None
    return Project(match["name"], version, text.strip(), chain, line, rooted)
