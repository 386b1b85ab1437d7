"""Where a log begins: amid what a build script wrote, if the end of that comes before any beginning.

People paste the last lines of a log. What closes a script's output there, in pip's, uv's or poetry's
words, tells what the lines above it are, whose step it was and which. Knows no signature and no cause.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bisect_deps.diagnosis.announcements import (
    BLOCK,
    BLOCK_END,
    COMMAND_FAILED,
    FENCE,
    OUTPUT,
    POETRY_NOTE,
    phase_of_command,
)
from bisect_deps.diagnosis.lines import Line
from bisect_deps.model import Phase

MOST_HELD = 400
_AFTER = 8
_INNER = 4

# What pip and uv say before the output that they show, at its margin or left of it.
_BEGINS = re.compile(
    r"(?:[├╰]─▶ )?(?:Collecting|Processing|Obtaining|Looking in|Using cached|Downloading|Downloaded|Building|Preparing|Getting|Checking if|Running setup\.py|Running command|Installing|Resolved|Prepared|Using Python|Creating virtual|Updating dependencies|Package operations:|(?:Error: +)?×|Failed to (?:build|download)|[•-] Installing|cause:|Caused by:|error: (?:Failed to|No solution|Distribution)|Backend (?:'[^']{1,100}' is|subprocess exited)|PEP517 build) \S"
    r"|at \S.{0,300}[/\\]poetry[/\\]\S{1,200}:\d+ in |[→ ]{0,3}\d{1,5}│|ChefBuildError|Resolving dependencies|Command errored out with exit status -?\d+:$|Error text:"
)
# The rule below a script's output is a line of dashes, and many a program prints one of those.
_RULE = re.compile(r"\s*-{40}\s*$")
_CLOSES = re.compile(
    r"\s*(?:ERROR: |error: )?(?:note: This error originates from a subprocess, and is likely not a problem with pip"
    r"|Failed (?:building (?:wheel|editable)|cleaning build dir) for (?P<name>[A-Za-z0-9][\w.-]{0,100})"
    r"|(?P<metadata>metadata-generation-failed|Failed to build '[^']{1,200}' when getting requirements)\b"
    r"|(?P<install>legacy-install-failure)\b"
    r"|(?:hint|help): (?P<uv>This usually indicates a problem with the package|Build failures usually indicate|This error likely indicates that you need|`[^`]{1,100}` (?:\([^)]{1,60}\) )?was included because))"
)
# Code that runs nowhere but in a build: what an installer unpacked, the environment that it made.
_BUILD_FRAME = re.compile(
    r'\s*(?:\| {0,3})?File "(?:<pip-setuptools-caller>"'
    r'|[^"]{0,400}(?:pip-build-env-|pip-install-|pip-req-build-|pip-wheel-|pip-modern-metadata-|[\\/](?:builds|sdists)-v\d{1,3}[\\/]|[\\/]setuptools[\\/]build_meta\.py))'
)
_HEADLINE = re.compile(
    r"\s*× (?:(?P<metadata>.{0,60}egg_info|Getting requirements|Preparing (?:editable )?metadata)"
    r"|(?P<requires>pip subprocess to install)|(?P<install>.{0,60}setup\.py (?:install|develop))"
    r"|Building (?:wheel|editable) for (?P<name>[A-Za-z0-9][\w.-]{0,100})|.{0,60}bdist_wheel)"
)
_RUNS = re.compile(
    r"\s*running (?:(?P<install>install|develop)|(?P<build>build\w{0,12}|bdist_wheel)|egg_info)\s*$"
)
_COMPILES = re.compile(
    r"\s*(?:\S{1,80}(?:gcc|g\+\+|cc|clang|cl\.exe) |building '|error: [Cc]ommand |Building wheel|-- |\[\d+/\d+\] )"
)


@dataclass(frozen=True, slots=True)
class Amid:
    """A log that begins inside a script's output: how many of its lines that is, and of what step.

    `tool` shows the output; `requires` says that the step installs what a build requires.
    """

    lines: int
    phase: Phase
    tool: str = "pip"
    requires: bool = False


@dataclass(slots=True)
class Beginning:
    """The first lines of a channel, held until they tell where the log begins."""

    held: list[Line] = field(default_factory=list)
    _margin: int = 1 << 12
    _end: int = -1
    _building: bool = False

    def take(self, line: Line) -> bool:
        """Hold one line; say whether enough of them are held."""
        self.held.append(line)
        at = len(self.held) - 1
        if self._end >= 0:
            return at - self._end >= _AFTER
        text = line.text
        if BLOCK.match(text) or OUTPUT.match(text) or FENCE.match(text.strip()):
            return True
        indent = len(text) - len(text.lstrip())
        if _BEGINS.match(text, indent):
            self._margin = min(self._margin, indent)
            self._end = at if self._building and not indent else -1
            return not indent
        if self._closes(at):
            # What another installer says inside of the output stands as far in, or further.
            inner = indent if BLOCK_END.match(text) else indent + _INNER
            if self._margin < inner or not self._margin:
                return True
            self._end = at
        if indent < self._margin and _BUILD_FRAME.match(text):
            self._building = True
        return at + 1 >= MOST_HELD

    def amid(self) -> Amid | None:
        """Return what the held lines begin with, None where they begin as a log does."""
        end = len(self.held) if self._end < 0 and self._building else self._end
        if end <= 0:
            return None
        quoted, after = self.held[:end], self.held[end:]
        tool, phase, requires = "pip", _phase_inside(quoted), False
        for line in reversed(after):
            if closing := _CLOSES.match(line.text):
                tool = "uv" if closing["uv"] else tool
                phase = _phase_closed(closing) or phase
            elif POETRY_NOTE.search(line.text):
                tool = "poetry"
            elif command := COMMAND_FAILED.search(line.text):
                phase = phase_of_command(command[0]) or phase
        for line in after:
            if headline := _HEADLINE.match(line.text):
                requires = bool(headline["requires"])
                phase = _phase_closed(headline) or Phase.BUILD
                break
        return Amid(end, phase, tool, requires)

    def _closes(self, at: int) -> bool:
        """Say whether a line ends what a script wrote; a rule does where the next line says so."""
        text = self.held[at].text
        if at and _RULE.match(self.held[at - 1].text):
            return _is_closing(text)
        return (bool(BLOCK_END.match(text)) and not _RULE.match(text)) or _is_closing(text)


def _is_closing(text: str) -> bool:
    return bool(_CLOSES.match(text) or COMMAND_FAILED.search(text) or POETRY_NOTE.search(text))


def _phase_closed(match: re.Match[str]) -> Phase | None:
    """Return the step that a closing line or a headline names, None where it names none."""
    groups = match.groupdict()
    if groups.get("metadata"):
        return Phase.METADATA
    if groups.get("install"):
        return Phase.INSTALL
    return Phase.BUILD if groups.get("name") else None


def _phase_inside(quoted: Sequence[Line]) -> Phase:
    """Return the step by what the script wrote: which commands ran, whether it compiled."""
    phase = Phase.METADATA
    for line in quoted:
        if runs := _RUNS.match(line.text):
            if runs["install"]:
                return Phase.INSTALL
            phase = Phase.BUILD if runs["build"] else phase
        elif _COMPILES.match(line.text):
            phase = Phase.BUILD
    return phase
