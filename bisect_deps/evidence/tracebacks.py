"""Follows Python tracebacks and pytest's own form of them: which packages an error went through.

Sees lines only. A frame's path tells the installed package (`site-packages/NAME/`), the standard
library, or the user's own code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_FRAMES = 60

_FRAME = re.compile(r'^\s*(?:\| )?File "(?P<path>[^"]{1,600})", line \d{1,7}')
_PYTEST_FRAME = re.compile(r"^(?:E\s{1,6})?(?P<path>[^\s:\"'][^\s:\"']{0,400}\.pyx?):\d{1,7}: ")
_ENDS_TEST = re.compile(r"\.pyx?:\d{1,7}: [A-Z]\w{0,60}$")
# Of a package that several distributions share, the next level tells which.
_INSTALLED = re.compile(
    r"(?:site|dist)-packages[/\\](?P<name>(?:google|azure|zope|ruamel|sphinxcontrib|backports)[/\\]\w{1,80}|[\w.-]{1,80})"
)
_EXCEPTION = re.compile(
    r"^(?:E {1,8})?(?:[A-Za-z_]\w{0,60}\.){0,6}(?:[A-Z]\w{0,60})?(?:Error|Exception|Exit|Interrupt|"
    r"NotFound|Conflict|Warning|Unavailable|Impossible)(?::|$)"
)
# Installers: a traceback through these alone is the tool's, not what the user installed.
TOOLS = frozenset(
    {"pip", "uv", "poetry", "pdm", "pipenv", "piptools", "conda", "mamba", "resolvelib", "unearth",
     "build", "tox", "nox", "virtualenv", "cleo", "installer", "crashtest", "hatch"}
)  # fmt: skip
_TEST_RUNNERS = frozenset({"_pytest", "pytest", "pluggy", "unittest", "runpy"})


@dataclass(slots=True)
class Told:
    """The way of one error: the installed packages it went through, outermost first."""

    packages: list[str] = field(default_factory=list)


class Tracebacks:
    """Collects the frames since the last error; `take` hands them over at the error's line.

    `pytest` says that its own form of a frame, `path:line: `, is to be read too.
    """

    def __init__(self) -> None:
        self._told = Told()
        self._open = False
        self._ended = False
        self.pytest = False

    @property
    def outside(self) -> bool:
        """Say whether a traceback is at hand that did not start in an installer."""
        return self._open and self.tool is None

    @property
    def tool(self) -> str | None:
        """Return the installer that the traceback at hand started in, else None."""
        first = self._told.packages[0] if self._told.packages else ""
        return first if self._open and first in TOOLS else None

    def feed(self, number: int, text: str) -> None:
        """Take one line."""
        if text.lstrip(" |E").startswith("Traceback (most recent call last)"):
            self._told = Told()
            self._open, self._ended = True, False
            return
        match = _FRAME.match(text) or (_PYTEST_FRAME.match(text) if self.pytest else None)
        if match is None:
            if self._open and not text.startswith("E  ") and _EXCEPTION.match(text.strip()):
                self._ended = True
            return
        if self._ended:
            self._told, self._ended = Told(), False
        self._open = True
        self._frame(match["path"])
        # pytest ends a failing test with `path:line: SomeError`.
        self._ended = bool(_ENDS_TEST.search(text))

    def blank(self) -> None:
        """Take a blank line: nothing ends there, pytest prints them inside its sections."""

    def take(self) -> Told | None:
        """Return the frames of the error at hand, None where no traceback is open."""
        return self._told if self._open else None

    def _frame(self, path: str) -> None:
        told = self._told
        if installed := _INSTALLED.search(path):
            name = installed["name"].replace("/", ".").replace("\\", ".")
            name = name[:-3] if name.endswith(".py") else name
            if name not in _TEST_RUNNERS and len(told.packages) < MOST_FRAMES:
                told.packages.append(name)
