"""What a person sees while a run works, on standard error: lines that stay, and a few that move.

In a terminal the last lines show what is being built right now; elsewhere each event is one line.
Must not know how a run works, nor decide anything.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TextIO

from bisect_deps.model import Fix, Outcome, Probe, ProbeKind, Target, Verdict
from bisect_deps.progress import Overview, Progress, Silent, StartedProbe
from bisect_deps.reports._activity import Activity, after
from bisect_deps.reports.base import changes, outcome_words, probe_name
from bisect_deps.text import counted, duration, instant, listed, safe, shown, some

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

REFRESHES_PER_SECOND = 8
_SHOWN_AT_ONCE = 4
# From so many seconds on it is said how long a build has been doing the same.
_WORTH_SAYING = 3
# So much of an unfinished line is kept until the rest of it comes.
_LONGEST_REST = 1_000
_FILE_LINES = ("--- ", "+++ ")
_OUTCOME_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.UNRESOLVED: "yellow"}


@contextmanager
def display(
    stream: TextIO,
    *,
    quiet: bool = False,
    verbose: bool = False,
    animated: bool = True,
    color: bool | None = None,
) -> Iterator[Progress]:
    """Yield what to tell the events of a run to, and leave the terminal clean at the end.

    `animated` asks for the moving lines; they need a terminal that can move its cursor, else each
    event is one line. `color` None means: where `stream` is a terminal. `verbose` lists all that
    is in and out of each probe, and what the resolver says; `quiet` shows nothing.
    """
    if quiet:
        yield Silent()
        return
    with _Display(stream, animated=animated, verbose=verbose, color=color) as shown:
        yield shown


# What is in a build and what is out.
_Contents = tuple[tuple[str, ...], tuple[str, ...], frozenset[str], bool]


@dataclass(frozen=True, slots=True)
class _Active:
    """A probe under way, when it began, and what it is doing since when."""

    probe: StartedProbe
    since: float
    activity: Activity = field(default_factory=Activity)
    doing_since: float = 0.0
    rest: str = ""


class _Display:
    """Shows events; one thread tells them, another may redraw the moving lines.

    What the redrawing thread reads is replaced, never changed in place.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        animated: bool,
        verbose: bool,
        color: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.console import Console

        self._verbose = verbose
        self._clock = clock
        self._began = clock()
        self._active: dict[int, _Active] = {}
        self._left: tuple[int, int] | None = None
        self._left_is_new = False
        self._edits: Counter[str] = Counter()
        self._culprits: tuple[str, ...] = ()
        self._heading: tuple[str | tuple[str, str], ...] = ()
        self._built: set[_Contents] = set()
        self._changes = 0
        self._console = Console(
            file=stream,
            highlight=False,
            force_terminal=True if color else None,
            no_color=None if color is None else not color,
            color_system=None if color is False else "auto",
        )
        moves = animated and stream.isatty() and not self._console.is_dumb_terminal
        self._moving = _MovingLines(self._console, self._now) if moves else None

    def __enter__(self) -> _Display:
        if self._moving:
            self._moving.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._moving:
            self._moving.stop()

    def run_started(self, target: Target, overview: Overview) -> None:
        """Write what is going to be built, for what and by whom."""
        includes = f" in {counted(len(overview.includes) + 1, 'file')}" if overview.includes else ""
        where = (f"Python {target.python}", target.platform, target.installer)
        self._line(
            (f"{overview.file}: ", "bold"),
            f"{counted(overview.requirements, 'requirement')}{includes}; ",
            ", ".join(part for part in where if part),
        )
        if self._verbose and target.index_as_of:
            self._line((f"Package index as of {instant(target.index_as_of)}", "dim"))

    def statement(self, text: str) -> None:
        """Write a sentence of the verdict whole: it is certain before the first build."""
        self._line((text, "bold yellow"), whole=True, prose=True)

    def phase(self, name: str, detail: str = "") -> None:
        """Take a heading for what comes next: one that nothing follows is never written.

        What was left to find before it no longer says anything.
        """
        self._left = None
        self._heading = ((name, "bold"), f": {detail}" if detail else "")

    def probe_started(self, probe: StartedProbe) -> None:
        """Show the probe as under way, what is rarely tried first."""
        self._edits.update(probe.edits)
        rare_first = tuple(sorted(probe.edits, key=self._edits.__getitem__))
        probe = replace(probe, edits=rare_first)
        self._active = {**self._active, probe.number: _Active(probe, self._clock())}
        if self._deserves_a_line(probe.kind):
            self._write_heading()
        if not self._moving and self._deserves_a_line(probe.kind):
            left = f" ({_left_text(*self._left)})" if self._left and self._left_is_new else ""
            self._left_is_new = False
            named = what(probe, most=None if self._verbose else 3)
            self._line("  ", _name(probe), f": {named}{self._again(probe)}", (left, "dim"))

    def output(self, number: int, text: str) -> None:
        """Show what a build is doing, from the newest part of its log."""
        active = self._active.get(number)
        if active is None:
            return
        *lines, rest = f"{active.rest}{text}".split("\n")
        activity = after(active.activity, lines)
        changed = str(activity) != str(active.activity)
        newest = replace(
            active,
            activity=activity,
            doing_since=self._clock() if changed else active.doing_since,
            rest=rest[-_LONGEST_REST:],
        )
        self._active = {**self._active, number: newest}

    def probe_finished(self, probe: Probe) -> None:
        """Write what the probe answered."""
        active = self._active.get(probe.number)
        self._active = {n: a for n, a in self._active.items() if n != probe.number}
        if not self._deserves_a_line(probe.kind):
            return
        subject = ""
        if active and self._moving:
            named = what(active.probe, most=None if self._verbose else 3)
            subject = f": {named}{self._again(active.probe)}"
        elif probe.kind is ProbeKind.RESOLVE:
            subject = f": {changes(probe.candidate.edits, most=None) or 'the whole file'}"
        if active:
            self._built.add(_contents(active.probe))
        cost = "known from before" if probe.from_journal else duration(probe.seconds)
        reason = _reason(probe)
        said: list[str | tuple[str, str]] = [
            "  ",
            probe_name(probe.number, probe.kind),
            " ",
            (outcome_words(probe), _OUTCOME_STYLES[probe.outcome]),
            (f" ({cost})", "dim"),
            subject,
        ]
        why = (f" - {reason}", "dim")
        if not reason or not self._moving or self._fits([*said, why]):
            self._line(*said, *([why] if reason else []))
        else:
            self._line(*said)
            self._line(f"    {reason}")
        if self._verbose and probe.log and probe.outcome is not Outcome.PASS:
            self._line((f"    log: {probe.log}", "dim"))

    def _again(self, probe: StartedProbe) -> str:
        """Return why a build is made that was made before; "" for a new one."""
        if _contents(probe) not in self._built:
            return ""
        return f", again: {probe.purpose}" if probe.purpose else ", again"

    def note(self, text: str) -> None:
        """Write a sentence."""
        self._line(("note: ", "bold cyan"), text)

    def steps_left(self, one: int, two: int) -> None:
        """Show roughly how many builds are left, with the next build at the latest."""
        self._left_is_new = self._left_is_new or self._left != (one, two)
        self._left = (one, two)

    def culprits_known(self, culprits: Sequence[str]) -> None:
        """Show what is known to be at fault."""
        if self._verbose and not self._moving and self._culprits != tuple(culprits):
            self._line("  ", (_culprits_text(culprits), "dim"))
        self._culprits = tuple(culprits)

    def fix_proven(self, fix: Fix, seconds: float, *, smaller: bool = False) -> None:
        """Write the fix with its diff, whole, so that nobody has to wait for more."""
        self._heading = ()
        shown = f" (build {fix.probe})" if fix.probe else ""
        is_smaller = len(fix.edits) < self._changes
        self._changes = len(fix.edits)
        self._line(
            (
                f"{'Smaller fix' if is_smaller else 'Fix'} proven after {duration(seconds)}",
                "bold green",
            ),
            f"{shown}:",
            whole=True,
        )
        for line in safe(fix.diff).splitlines():
            style = {"-": "red", "+": "green"}.get(line[:1], "dim")
            self._line("  ", (line, "bold" if line[:4] in _FILE_LINES else style), whole=True)
        rest = (
            "a smaller one is looked for"
            if smaller
            else "what may follow only narrows the versions"
        )
        self._line(f"It is safe to stop now; {rest}.", whole=True)

    def fix_stays(self) -> None:
        """Write that nothing could be taken from the fix which was shown."""
        self._heading = ()
        self._line("No smaller fix was found.")

    def finished(self, verdict: Verdict) -> None:
        """Leave a line empty in a terminal; the verdict is for standard output."""
        self._active = {}
        self._left = None
        self._culprits = ()
        self._heading = ()
        if self._console.is_terminal:
            self._line("")

    def _deserves_a_line(self, kind: ProbeKind) -> bool:
        return self._verbose or kind is not ProbeKind.RESOLVE

    def _fits(self, parts: Sequence[str | tuple[str, str]]) -> bool:
        return _text(parts).cell_len <= self._console.width

    def _write_heading(self) -> None:
        if heading := self._heading:
            self._heading = ()
            self._line(*heading)

    def _line(
        self, *parts: str | tuple[str, str], whole: bool = False, prose: bool = False
    ) -> None:
        self._write_heading()
        text = _text(parts)
        if self._moving and not whole:
            # As in the moving lines, one line each: a wrapped line is hard to skim.
            text.truncate(self._console.width if not self._verbose else 10_000, overflow="ellipsis")
        text.rstrip()
        # A terminal would break prose inside of its words.
        self._console.print(text, soft_wrap=not (prose and self._moving))
        if self._moving:
            self._moving.refresh()

    def _now(self) -> Sequence[Text]:
        """Return the moving lines as they should look now."""
        active = sorted(self._active.values(), key=lambda a: a.since)
        lines = [_text((("* ", "bold cyan"), *self._under_way(a))) for a in active[:_SHOWN_AT_ONCE]]
        if len(active) > _SHOWN_AT_ONCE:
            lines.append(_text((f"  and {len(active) - _SHOWN_AT_ONCE} more",)))
        if self._heading:
            lines.insert(0, _text(self._heading))
        elapsed = duration(int(self._clock() - self._began))
        left = f"; {_left_text(*self._left)}" if self._left else ""
        lines.append(_text(("  ", (f"{elapsed} so far{left}", "dim"))))
        if self._culprits:
            lines.append(_text(("  ", (_culprits_text(self._culprits), "dim"))))
        return lines

    def _under_way(self, active: _Active) -> Iterator[str | tuple[str, str]]:
        probe = active.probe
        yield _name(probe)
        yield f" ({duration(int(self._clock() - active.since))})", "dim"
        doing = str(active.activity)
        if doing:
            seconds = int(self._clock() - active.doing_since)
            yield f" {doing}" + (f" for {duration(seconds)}" if seconds >= _WORTH_SAYING else "")
        yield f": {what(probe)}"
        if not doing and probe.purpose:
            yield f" - {probe.purpose}", "dim"


class _MovingLines:
    """The last lines of the terminal, redrawn in place; gone without a trace when stopped."""

    def __init__(self, console: Console, lines: Callable[[], Sequence[Text]]) -> None:
        from rich.live import Live

        self._console = console
        self._lines = lines
        self._live = Live(
            console=console,
            get_renderable=self._renderable,
            transient=True,
            refresh_per_second=REFRESHES_PER_SECOND,
            redirect_stdout=False,
            vertical_overflow="crop",
        )

    def start(self) -> None:
        """Begin to redraw. The cursor stays visible, so that a killed run leaves it so."""
        self._live.start()
        self._console.show_cursor(True)

    def refresh(self) -> None:
        """Redraw now."""
        self._live.refresh()

    def stop(self) -> None:
        """Wipe the lines and stop redrawing."""
        self._live.stop()

    def _renderable(self) -> RenderableType:
        from rich.console import Group

        # Room for the `^C` that a terminal echoes: a wrapped line would not be wiped.
        room = max(self._console.width - 4, 1)
        lines = list(self._lines())
        for line in lines:
            line.truncate(room, overflow="ellipsis")
        return Group(*lines)


def what(probe: StartedProbe, most: int | None = 3) -> str:
    """Return what is in and what is out of a probe, at most `most` names of each."""
    changed = f" with {some(probe.edits, most)}" if probe.edits else ""
    if probe.kind is ProbeKind.ISOLATED and probe.kept:
        return f"{some(probe.kept, most)} alone{changed}"
    if not probe.dropped:
        whole = "the whole file, then its imports" if probe.imports else "the whole file"
        return changed.strip() or whole
    if not probe.kept:
        return f"every requirement left out{',' if changed else ''}{changed}"
    if len(probe.kept) < len(probe.dropped):
        return f"only {some(probe.kept, most)}{',' if changed else ''}{changed}"
    return f"without {some(probe.dropped, most)}{',' if changed else ''}{changed}"


def _contents(probe: StartedProbe) -> _Contents:
    return probe.kept, probe.dropped, frozenset(probe.edits), probe.imports


def _name(probe: StartedProbe) -> str:
    return probe_name(probe.number, probe.kind)


def _reason(probe: Probe) -> str:
    if probe.outcome is Outcome.PASS or probe.diagnosis is None:
        return ""
    return probe.diagnosis.reported


def _left_text(one: int, two: int) -> str:
    if one == 0 and two == 0:
        return "almost done"
    if one == 0:
        return f"nearly done; roughly {counted(two, 'build')} if one more line is at fault"
    return f"roughly {counted(one, 'build')} left if one more line is at fault, {two} if two are"


def _culprits_text(culprits: Sequence[str]) -> str:
    return f"at fault so far: {listed(culprits)}"


def _text(parts: Sequence[str | tuple[str, str]]) -> Text:
    from rich.text import Text

    texts = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((shown(text), style) for text, style in texts))
