"""The protocol that every builder fulfils: start, poll, log, cancel, close.

No threads and no waiting inside: one driver loop serves many handles and owns the clock. A failed
build is a value (`BuildStatus.FAILED`); a builder that cannot build raises `BuilderUnavailable`;
a build that the system lost is `BROKEN`, which is never evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from bisect_deps.errors import BuilderUnavailable, DepbisectError
from bisect_deps.model import BuildStatus, IndexSettings, Interpreter
from bisect_deps.policy import POLICY

# Lines that part a log into steps, the same from every builder that we write the script of:
# `::depbisect install begin`, the step's output, `::depbisect install end rc=1`. The imports step
# holds one such pair a module: `::depbisect import begin project=flask module=flask`.
FENCE = "::depbisect"
# The closing line of a build that was stopped: `::depbisect stopped after 60 s: over its limit`.
STOPPED = f"{FENCE} stopped"


def begin_fence(step: str, detail: str = "") -> str:
    """Return the line before a step's output."""
    return f"{FENCE} {step} begin {detail}".rstrip()


def end_fence(step: str, code: int) -> str:
    """Return the line after a step's output."""
    return f"{FENCE} {step} end rc={code}"


@dataclass(frozen=True, slots=True)
class Order:
    """All that a builder may know of a candidate.

    `files` maps paths relative to the root file's folder to bytes, the root file first; `path` is
    the root file's key. `digest` identifies the order: same digest, same order. `check` holds
    shell commands to run after the install, in order; `imports` asks for the imports check, which
    passes over the projects in `unasked`: lines of ours that the user's file does not have.
    `timeout` is for the whole build. `label` is shown in the system's own UI. `isolated` names one
    requirement (`numpy==1.19.5`) to be built alone without its dependencies in place of the files.
    `build_constraints` are lines for the build environments of source builds. `again` says that a
    build of the past does not answer it: it is repeated on purpose. `exact` are all releases that
    the files resolve to (`numpy==1.19.5`): to be installed as they are into an environment that may
    have been used before. It is None, too, for a builder whose `describe` does not say `warm`.
    """

    files: Mapping[str, bytes]
    path: str
    digest: str
    check: tuple[str, ...] = ()
    imports: bool = False
    unasked: tuple[str, ...] = ()
    timeout: float = POLICY.timeout
    label: str = ""
    isolated: str | None = None
    build_constraints: tuple[str, ...] = ()
    again: bool = False
    exact: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A started build, as plain strings: it goes into the journal and survives a resume.

    `extra["found"]` names a build that was there before anybody asked: it costs none.
    """

    id: str
    url: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Say whether the build was there before anybody asked."""
        return bool(self.extra.get("found"))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a builder can do, so that the search can plan.

    `cheap_single`: a build of one requirement may be much cheaper than a whole one. `installed`: it
    can tell what a finished build installed. `isolated`: it can build one release alone
    (`Order.isolated`). `exercised`: what passed was also used, not only installed, without any
    `Order.check`. `warm`: it can install an exact set into an environment that it kept
    (`Order.exact`). `sandbox`: see `Target`.
    """

    max_parallel: int = 1
    check: bool = True
    live_log: bool = False
    cancel: bool = False
    reattach: bool = False
    cheap_single: bool = False
    installed: bool = False
    isolated: bool = False
    exercised: bool = False
    warm: bool = False
    sandbox: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a builder's own option is asked for.

    `flag` on the command line; the setting in files and the `DEPBISECT_*` variable are named after
    it. `kind` is what it holds: `str`, `int`, `float`, `bool`, `Path`. `repeat`: it may be given
    several times and makes a tuple. `choices` are the words that it takes.
    """

    flag: str
    help: str
    metavar: str | None = None
    kind: type = str
    repeat: bool = False
    choices: tuple[str, ...] = ()
    default: object = None

    @property
    def name(self) -> str:
        """Return its name in settings files: `--api-address` is `api_address`."""
        return self.flag.lstrip("-").replace("-", "_")


def setting(
    flag: str,
    help: str,
    *,
    default: object = None,
    metavar: str | None = None,
    kind: type = str,
    repeat: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field of a builder's options that users set, by a flag and in settings files.

    Builders that declare the same flag share one option, so that they must declare it alike.
    """
    start = () if repeat else default
    declared = Setting(flag, help, metavar, kind, repeat, choices, start)
    return field(default=start, metadata={"setting": declared})


@dataclass(frozen=True, slots=True)
class BuilderOptions:
    """Settings that every builder is made from; each takes what concerns it.

    A builder with settings of its own subclasses this as `Options` in its file, with one
    `setting(...)` a field; secrets are read from the environment, and never are settings.

    `folder` is the root file's folder, `cwd` where the user's commands run. `work` holds scratch
    trees and is emptied by `close` (None: a folder in the user's cache). `jobs` None leaves the
    number of builds at once to the builder. `pass_env` names environment variables that reach
    builds in spite of looking secret. `own_cache` keeps what is built out of the user's caches.
    `addresses` are where the installer looks by its own settings, with the credentials of each.
    `fresh` asks for no build of the past; `tell` hears what a builder waits for, as it does.

    What is known of a builder before one is made: `here`, it installs on this machine with the
    interpreter, installer and index of these options; `one_file`, it builds the one file that it
    has in place; `instead_of_check`, what a user can do whose builder runs no commands.
    """

    here: ClassVar[bool] = False
    one_file: ClassVar[bool] = False
    instead_of_check: ClassVar[str] = "use another builder"

    folder: Path
    cwd: Path
    interpreter: Interpreter | None = None
    index: IndexSettings = field(default_factory=IndexSettings)
    installer: str = "uv"
    own_cache: bool = False
    work: Path | None = None
    jobs: int | None = None
    pass_env: tuple[str, ...] = ()
    addresses: tuple[str, ...] = field(default=(), repr=False, compare=False)
    fresh: bool = False
    tell: Callable[[str], None] | None = field(default=None, compare=False)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return the builder's own settings by the name of their field."""
        declared = {option.name: option.metadata.get("setting") for option in fields(cls)}
        return {name: found for name, found in declared.items() if found is not None}


class Preflighted(Protocol):
    """Who can be asked what stands in the way: a builder, or the system behind one."""

    def preflight(self) -> Sequence[str]:
        """Return what stands in the way, one sentence each."""

    def close(self) -> None:
        """Let go of what it holds."""


P = TypeVar("P", bound=Preflighted)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `doctor` looked at; `hint` says what to fix where it is not `ok`."""

    name: str
    ok: bool
    detail: str = ""
    hint: str = ""


def checked(name: str, make: Callable[[], P], ready: Callable[[P], str]) -> Iterator[Check]:
    """Yield what stands in the way of building, or what `ready` tells; builds nothing."""
    try:
        made = make()
    except DepbisectError as error:
        yield Check(f"builder {name}", False, error.message, error.hint or "")
        return
    try:
        problems = made.preflight()
        yield from (Check(f"builder {name}", False, problem) for problem in problems)
        if not problems:
            yield Check(f"builder {name}", True, ready(made))
        made.close()
    except BuilderUnavailable as error:
        yield Check(f"builder {name}", False, str(error), error.hint or "")


@dataclass(frozen=True, slots=True)
class Template:
    """A file that a system needs before it can build, which `depbisect init` writes.

    `path` is relative to the repository's root; `then` says what to do with it, one step a line.
    """

    path: str
    text: str
    then: tuple[str, ...] = ()


class Builder(Protocol):
    """Who builds a candidate's files."""

    name: str

    def identity(self) -> str:
        """Return what answers depend on besides the files: part of the journal's key.

        For example interpreter, platform, installer and its version, index and its as-of instant.
        """

    def describe(self) -> Capabilities:
        """Return what this builder can do."""

    def preflight(self) -> Sequence[str]:
        """Return what stands in the way of building, one sentence each; empty when ready."""

    def start(self, order: Order) -> Handle:
        """Start a build; idempotent per digest while it runs. Raises BuilderUnavailable.

        An order whose build has ended is built again: the caller asked for a repeat.
        """

    def poll(self, handle: Handle) -> BuildStatus:
        """Return the build's state at once; at most one request, never sleeps.

        A build that called itself off (it cannot be tested) is CANCELLED: asking again is useless.
        """

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the log's text from offset `start` on, and the next offset."""

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return name to version of what a passed install put in place; None where unknown."""

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return import name to project of an installed environment whose check failed, if known.

        Only of names that the log mentions. None where unknown, or where no check failed.
        """

    def cancel(self, handle: Handle) -> bool:
        """Stop a build and free what it holds; False where the system cannot."""

    def close(self) -> None:
        """Leave nothing behind: original file restored, processes gone. Always called."""


@runtime_checkable
class Noting(Protocol):
    """A builder that has something to say of a run, beside its builds."""

    def notes(self) -> Sequence[str]:
        """Return what the verdict should say of how it was built, a sentence each; after close."""


def notes_of(builder: Builder) -> Sequence[str]:
    """Return what a builder has to say of a run that has ended."""
    return builder.notes() if isinstance(builder, Noting) else ()
