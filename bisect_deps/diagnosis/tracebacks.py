"""Follows Python tracebacks and pytest's own form of them: which code an error went through.

Sees lines only. A frame's path tells the installed package (`site-packages/NAME/`), the standard
library, or the user's own code; whose distribution that is, is decided elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_FRAMES = 60
MOST_MESSAGE = 12

_HEADER = "Traceback (most recent call last)"
# Rich draws a box around a traceback, and wraps long lines in it.
_BOX = re.compile(r"^[╭┌]─.{0,200}Traceback \(most recent call last\)")
_BOXED_START = re.compile(r"/|[A-Za-z]:\\|<")
_BOXED_FRAME = re.compile(r"(?P<path>.{1,600}?):\d{1,7} in ?(?P<function>[\w.<>]{1,120})$")
_BOXED_SOURCE = re.compile(r"[❱>] {1,4}\d{1,7} │?(?P<source>.{0,4000})$")
# A notebook heads a traceback by its error, and shows the lines around each frame's own.
_NOTEBOOK = re.compile(r"^[A-Za-z_][\w.]{0,100} {2,}Traceback \(most recent call last\)\s*$")
_CELL_FRAME = re.compile(
    r"^(?:File )?\[?(?P<path>(?:<ipython-input|[/~]|[A-Za-z]:\\|Cell In|Input In)[^\]\n]{0,600}?)\]?(?:\(\S{1,300}\))?"
    r"(?::\d{1,7}|, line \d{1,7})?,? in (?P<function>[\w.<>]{1,120})(?:\(|:|$)"
)
_CELL_SOURCE = re.compile(r"^(?P<mark>-{1,8}>)? {0,8}\d{1,7}(?: (?P<source>.{0,4000}))?$")
_FRAME = re.compile(
    r'^\s*(?:\| )?File "(?P<path>[^"]{1,600})", line \d{1,7}(?:,? in (?P<function>\S{1,120}))?'
)
# A build tool's own language, whose tracebacks look like Python's.
_STARLARK = re.compile(r'^\s{1,40}File "[^"]{1,600}\.(?:bzl|bazel|star)", line \d{1,7}, column \d')
_PYTEST_FRAME = re.compile(
    r"^(?:E\s{1,6})?(?P<path>[^\s:\"'][^\s:\"']{0,400}\.pyx?):\d{1,7}:(?: |$)(?:in (?P<function>\S{1,120}))?"
)
_ENDS_TEST = re.compile(r"\.pyx?:\d{1,7}: [A-Z]\w{0,60}$")
_PYTEST_SECTION = re.compile(r"^(?:_{3,200}|={3,200}) .{1,300} (?:_{3,200}|={3,200})$")
_PYTEST_ERROR = re.compile(r"^E {3,40}(?P<text>\S.{0,4000})$")
_PYTEST_FUNCTION = re.compile(r"^ {1,40}(?:async )?def (?P<name>\w{1,120})\(")
_MARKERS = re.compile(r"^[\s~^|]{1,400}$")
# Of a package that several distributions share, the next level tells which.
_INSTALLED = re.compile(
    r"(?:site|dist)-packages[/\\](?P<name>(?:google|azure|zope|ruamel|sphinxcontrib|backports)[/\\]\w{1,80}|[\w.-]{1,80})"
)
_EXCEPTION = re.compile(
    r"^(?:E {1,8})?(?:[A-Za-z_]\w{0,60}\.){0,6}(?:[A-Z]\w{0,60})?(?:Error|Exception|Exit|Interrupt|"
    r"NotFound|Conflict|Warning|Unavailable|Impossible)(?::|$)"
)
_DURING = "During handling of the above exception"
_DIRECT = "The above exception was the direct cause"
# What follows was reported and passed over: the program went on.
_PASSED_OVER = re.compile(
    r"^(?:Exception ignored in|Error in atexit|--- Logging error ---|A module that was compiled using)"
)
_CRASH = re.compile(r"^(?:Fatal Python error: |Windows fatal exception: )")
# Installers: a traceback through these alone is the tool's, not what the user installed.
TOOLS = frozenset(
    {"pip", "uv", "poetry", "pdm", "pipenv", "piptools", "conda", "mamba", "resolvelib", "unearth",
     "build", "tox", "nox", "virtualenv", "cleo", "installer", "crashtest", "hatch", "pants", "aws_lambda_builders", "samcli"}
)  # fmt: skip
# The program that such a tool is started by, whose own files need not come first in a traceback.
_STARTER = re.compile(
    r"[/\\](?:bin|Scripts)[/\\](?P<name>pip-(?:compile|sync)|[a-z]{2,20})(?:[\d.]{1,5})?(?:-script\.py|\.exe[/\\]__main__\.py)?$"
)
_STARTED = {"pip-compile": "piptools", "pip-sync": "piptools"}
_TEST_RUNNERS = frozenset({"_pytest", "pytest", "pluggy", "unittest", "runpy"})


@dataclass(slots=True, eq=False)
class Frame:
    """One level of a traceback: the file, the function, and the line of source if it is shown."""

    path: str
    function: str = ""
    source: str = ""


@dataclass(slots=True, eq=False)
class Trace:
    """The way of one error, outermost frame first, and what the error says.

    `packages` are the installed packages on the way; `line`, `text` the error's own line, 0 while
    it has not come; `message` the lines after it. `cause` is the error that was at hand when this
    one was raised, `on_purpose` whether it was raised from that one. `passed_over` says that the
    program reported it and went on.
    """

    packages: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    line: int = 0
    text: str = ""
    message: list[str] = field(default_factory=list)
    cause: Trace | None = None
    on_purpose: bool = False
    passed_over: bool = False


class Tracebacks:
    """Collects the frames since the last error; `take` hands them over at the error's line.

    `pytest` says that its own form of a frame, `path:line: `, is to be read too.
    """

    def __init__(self) -> None:
        self.pytest = False
        self.reset()

    def reset(self, *, using: bool = False) -> None:
        """Forget the traceback at hand: another step begins, one that is `using` what is installed.

        There an installer is a project like any other, whoever imports it.
        """
        self._using = using
        self._trace = Trace()
        self._open = False
        self._ended = False
        self._margin = 0
        self._crashed = self._notebook = False
        self._link = ""
        self._passing = False
        self._above = self._function = ""
        # What a box holds of a frame so far; None outside of one.
        self._boxed: str | None = None

    @property
    def outside(self) -> bool:
        """Say whether a traceback is at hand that did not start in an installer."""
        return self._open and self.tool is None

    @property
    def tool(self) -> str | None:
        """Return the installer that the traceback at hand started in, else None."""
        first = self._trace.packages[0] if self._trace.packages else ""
        return first if self._open and first in TOOLS and not self._using else None

    @property
    def unfinished(self) -> bool:
        """Say whether a traceback is at hand whose error has not come."""
        return self._open and not self._ended and not self.pytest

    def feed(self, number: int, text: str) -> Trace | None:
        """Take one line; return the traceback whose error this line is, if any."""
        text = text.removeprefix("INTERNALERROR> ")
        if self._is_boxed(text) or self._is_header(text) or self._is_of_cell(text):
            return None
        if _CRASH.match(text):
            return self._crash(number, text)
        names_file = 'File "' in text
        if names_file and _STARLARK.search(text):
            self._trace, self._open = Trace(), False
            return None
        frame = _FRAME.match(text) if names_file else None
        if frame is None and self.pytest:
            frame = _PYTEST_FRAME.match(text)
        if frame is not None:
            self._take_frame(frame, text)
            return None
        if self.pytest and (found := self._pytest_line(number, text)) is not None:
            return found
        return self._other(number, text)

    def blank(self) -> None:
        """Take a blank line: nothing ends there, pytest prints them inside its sections."""

    def take(self) -> Trace | None:
        """Return the error at hand with its frames, None where no traceback is open."""
        return self._trace if self._open else None

    def _begin(self, text: str) -> None:
        cause = self._trace if self._link and self._trace.line else None
        self._trace = Trace(
            cause=cause, on_purpose=self._link == _DIRECT, passed_over=self._passing
        )
        self._open, self._ended, self._link = True, False, ""
        self._passing = self._crashed = self._notebook = False
        self._margin = len(text) - len(text.lstrip(" |+"))
        # NumPy prints the first frame on the header's own line.
        if frame := _FRAME.match(text.split("):", 1)[-1]):
            self._add(frame["path"], frame["function"] or "")

    def _is_header(self, text: str) -> bool:
        """Say whether a line begins a traceback, and begin it."""
        if _HEADER not in text:
            return False
        notebook = _NOTEBOOK.match(text) is not None
        begins = notebook or text.lstrip(" |E+").startswith(_HEADER)
        if begins:
            self._begin(text)
            self._notebook = notebook
        return begins

    def _is_of_cell(self, text: str) -> bool:
        """Say whether a line is a frame of a notebook's traceback, or source, and take it."""
        if not self._notebook or self._ended:
            return False
        if frame := _CELL_FRAME.match(text):
            self._add(frame["path"], frame["function"])
            return True
        source = _CELL_SOURCE.match(text)
        if source and source["mark"] and self._trace.frames:
            self._trace.frames[-1].source = (source["source"] or "").strip()
        return source is not None

    def _is_boxed(self, text: str) -> bool:
        """Say whether a line is of a box, and take it: a log's reader may take its left edge off."""
        if _BOX.match(text):
            self._begin(text)
            self._boxed = ""
            return True
        if self._boxed is not None and (text.startswith("│") or text.rstrip().endswith("│")):
            self._take_boxed(text.strip("│ "))
            return True
        ends = self._boxed is not None and text.startswith(("╰─", "└─"))
        self._boxed = None
        return ends

    def _take_boxed(self, text: str) -> None:
        """Take a line of a box: a part of a frame's place, or the line of source that failed."""
        if source := _BOXED_SOURCE.match(text):
            if self._trace.frames:
                self._trace.frames[-1].source = source["source"].strip("│ ")
            return
        if not (self._boxed or _BOXED_START.match(text)):
            return
        self._boxed = f"{self._boxed}{text}"[:800]
        if frame := _BOXED_FRAME.match(self._boxed):
            self._add(frame["path"], frame["function"])
            self._boxed = ""

    def _crash(self, number: int, text: str) -> Trace:
        """Begin what the interpreter prints when it dies: its frames come innermost first."""
        self._trace = Trace(line=number, text=text)
        self._open, self._ended, self._crashed = True, False, True
        return self._trace

    def _take_frame(self, frame: re.Match[str], text: str) -> None:
        ends_test = bool(_ENDS_TEST.search(text))
        reported = self._ended or (self.pytest and self._trace.line > 0 and not self._crashed)
        if reported and not ends_test:
            cause = self._trace if self._link and self._trace.line else None
            self._trace = Trace(cause=cause, on_purpose=self._link == _DIRECT)
            self._ended, self._link = False, ""
        self._open = True
        self._add(frame["path"], frame["function"] or "")
        if not frame["function"] and self._above:
            last = self._trace.frames[-1]
            last.source, last.function = self._above, self._function
        self._above = self._function = ""
        # pytest ends a failing test with `path:line: SomeError`.
        self._ended = ends_test

    def _pytest_line(self, number: int, text: str) -> Trace | None:
        """Take a line of pytest's own form: an error, a line of source, the head of a section."""
        if _PYTEST_SECTION.match(text):
            self._trace, self._open, self._ended = Trace(), False, False
            return None
        if function := _PYTEST_FUNCTION.match(text):
            self._function = function["name"]
        elif text.startswith(("    ", ">   ")):
            # A function is shown up to the line that failed, and its place below.
            self._above = text.lstrip("> ")
        error = _PYTEST_ERROR.match(text)
        if error is None or self._trace.line:
            if error is not None:
                self._note(error["text"])
            return None
        self._trace.line, self._trace.text = number, error["text"].strip()
        return self._trace

    def _other(self, number: int, text: str) -> Trace | None:
        """Take a line that is no frame: source, the error itself, or what comes after it."""
        bare = text.strip()
        if bare.startswith((_DURING, _DIRECT)):
            self._link = _DIRECT if bare.startswith(_DIRECT) else _DURING
        elif _PASSED_OVER.match(bare):
            self._passing = True
        elif self._open and not self._ended and not self._crashed and not text.startswith("E  "):
            return self._within(number, text, bare)
        elif self._ended:
            self._note(bare)
        return None

    def _within(self, number: int, text: str, bare: str) -> Trace | None:
        frames = self._trace.frames
        indent = len(text) - len(text.lstrip(" |"))
        is_error = bool(frames) and indent <= self._margin and not (self.pytest or self._notebook)
        if is_error or _EXCEPTION.match(bare):
            self._ended = True
            if self._trace.line:
                return None
            self._trace.line, self._trace.text = number, bare.lstrip("| ")
            return self._trace
        if frames and not frames[-1].source and not _MARKERS.match(text):
            frames[-1].source = bare
        return None

    def _note(self, text: str) -> None:
        if self._trace.line and len(self._trace.message) < MOST_MESSAGE:
            self._trace.message.append(text[:400])

    def _add(self, path: str, function: str) -> None:
        frames, packages = self._trace.frames, self._trace.packages
        place = 0 if self._crashed else len(frames)
        frames.insert(place, Frame(path, function))
        if len(frames) > MOST_FRAMES:
            del frames[MOST_FRAMES // 2]
        if not packages and (starter := _STARTER.search(path)):
            tool = _STARTED.get(starter["name"], starter["name"])
            packages.extend({tool} & TOOLS)
        if installed := _INSTALLED.search(path):
            name = installed["name"].replace("/", ".").replace("\\", ".").removesuffix(".py")
            if name not in _TEST_RUNNERS:
                packages.append(name)
            if len(packages) > MOST_FRAMES:
                del packages[MOST_FRAMES // 2]
