"""What a run shows while it works: in a terminal, in a pipe, and after it was stopped."""

from __future__ import annotations

import io
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from bisect_deps.model import Cause, Diagnosis, Outcome, Phase, ProbeKind, Suspect
from bisect_deps.progress import Overview, Progress, StartedProbe
from bisect_deps.reports.live import display, what
from tests.reports.verdicts import ANSWER, FIX, HOSTILE, READY, TARGET, probe

NUMPY, PANDAS, FLASK = "numpy==1.19.5", "pandas==1.1.5", "flask==1.1.2"
HOSTILE_TEXT = "\x1b[2J\x1b]0;owned\x07 https://me:hunter2@index.example/ \r\x07[bold]x[/bold]"


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def screen(written: str) -> list[str]:
    """Return what a terminal shows after the text, for the few sequences that are in use."""
    rows, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[\??[\d;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if token == "\n":
            row, column = row + 1, 0
            rows += [""] * (row + 1 - len(rows))
        elif token == "\r":
            column = 0
        elif not token.startswith("\x1b"):
            rows[row] = rows[row][:column].ljust(column) + token + rows[row][column + len(token) :]
            column += len(token)
        elif token.endswith("A"):
            row -= int(token[2:-1] or 1)
        elif token == "\x1b[2K":
            rows[row] = ""
        else:
            assert token[-1] in "mhl", f"unknown sequence {token!r}"
    return [line.rstrip() for line in rows]


def tell(progress: Progress) -> None:
    progress.run_started(TARGET, Overview("requirements.txt", 4))
    progress.phase("Looking for the lines at fault", "two builds at once")
    progress.steps_left(3, 6)
    progress.probe_started(StartedProbe(1, ProbeKind.WHOLE, "does it fail?", (NUMPY, PANDAS)))
    progress.probe_started(StartedProbe(2, ProbeKind.SUBSET, "", (NUMPY,), (PANDAS,), ()))
    progress.output(1, f"Collecting\n{HOSTILE_TEXT}\n\n")
    failed = Diagnosis(
        Outcome.FAIL,
        Cause.COMPILE_ERROR,
        Phase.BUILD,
        (Suspect("numpy", summary=f"numpy does not compile {HOSTILE_TEXT}"),),
    )
    progress.probe_finished(replace(probe(1, ProbeKind.WHOLE, Outcome.FAIL, 6.2), diagnosis=failed))
    progress.probe_finished(probe(2, ProbeKind.SUBSET, Outcome.PASS, 1.0, from_journal=True))
    progress.culprits_known([PANDAS])
    progress.probe_started(StartedProbe(ANSWER, ProbeKind.RESOLVE, "can versions be chosen?"))
    progress.probe_finished(probe(ANSWER, ProbeKind.RESOLVE, Outcome.UNRESOLVED, 0.1))
    progress.note(f"a note {HOSTILE_TEXT}")
    progress.finished(READY)


def shown(stream: io.StringIO, **options: bool) -> str:
    with display(stream, **options) as progress:  # type: ignore[arg-type]
        tell(progress)
    return stream.getvalue()


def test_a_pipe_gets_one_line_per_event() -> None:
    assert shown(io.StringIO()).splitlines() == [
        "requirements.txt: 4 requirements; Python 3.12.3, linux-x86_64, uv 0.13.9",
        "Looking for the lines at fault: two builds at once",
        "  build 1: the whole file "
        "(roughly 3 builds left if one more line is at fault, 6 if two are)",
        "  build 2: without pandas==1.1.5",
        "  build 1 fails (6.2 s) - numpy does not compile  https://***@index.example/  \ufffd"
        "[bold]x[/bold]",
        "  build 2 passes (known from before)",
        "note: a note  https://***@index.example/  \ufffd[bold]x[/bold]",
    ]


def test_no_progress_in_a_terminal_gives_the_same_lines() -> None:
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown(FakeTerminal(), animated=False))
    assert plain == shown(io.StringIO()) + "\n", "and an empty line before the verdict"


def test_quiet_shows_nothing() -> None:
    assert shown(FakeTerminal(), quiet=True) == ""


def test_verbose_shows_the_resolver_logs_and_who_is_at_fault() -> None:
    lines = shown(io.StringIO(), verbose=True).splitlines()
    assert "  resolver answer 1 no answer (0.1 s): the whole file" in lines
    assert "    log: probes/1.log" in lines
    assert "  at fault so far: pandas==1.1.5" in lines
    assert "Package index as of 2026-11-21 00:00 UTC" in lines


def test_colour_is_off_in_a_pipe_and_on_where_asked_for() -> None:
    assert "\x1b" not in shown(io.StringIO())
    assert "\x1b[31mfails" in shown(io.StringIO(), color=True)
    assert "\x1b" not in shown(FakeTerminal(), animated=False, color=False)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[31m" in shown(FakeTerminal(), animated=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown(FakeTerminal(), animated=False)


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[2K" not in shown(FakeTerminal())


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_moving_lines_are_gone_at_the_end(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    written = shown(FakeTerminal())
    rows = screen(written)
    assert not any(row.startswith("* ") or "so far" in row for row in rows)
    # Where a line is full, the reason stands below it.
    reasons = [row for row in rows if row.startswith("    ")]
    assert bool(reasons) == (columns < 200)
    assert [row[:9] for row in rows if row and row not in reasons] == [
        "requireme",
        "Looking f",
        "  build 1",
        "  build 2",
        "note: a n",
    ]
    assert all(len(row) <= columns for row in rows)
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l"), "the cursor stays hidden"


def test_moving_lines_say_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = FakeTerminal()
    with display(stream) as progress:
        progress.steps_left(3, 6)
        progress.probe_started(
            StartedProbe(2, ProbeKind.SUBSET, "do the rest build?", (NUMPY,), (PANDAS,), ())
        )
        progress.output(2, "Resolved 4 packages in 3ms\n   Building nu")
        progress.output(2, "mpy==1.19.5\n\x1b[31mnoise\x1b[0m\n")
        progress.culprits_known([PANDAS])
        progress.note("seen")
        rows = screen(stream.getvalue())
    assert rows[1] == "* build 2 (0 s) compiling numpy 1.19.5: without pandas==1.1.5"
    assert (
        rows[2] == "  0 s so far; roughly 3 builds left if one more line is at fault, 6 if two are"
    )
    assert rows[3] == "  at fault so far: pandas==1.1.5"


SCRIPT = """
import sys, time
sys.path.insert(0, {root!r})
from bisect_deps.cli import main
from bisect_deps.model import ProbeKind
from bisect_deps.progress import StartedProbe
from bisect_deps.reports.live import display
try:
    with display(sys.stderr) as progress:
        progress.phase("Building")
        for number in range(1, 8):
            progress.probe_started(StartedProbe(number, ProbeKind.WHOLE, "", ("a",)))
        progress.culprits_known(["x" * 200])
        time.sleep(60)
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_leaves_a_clean_terminal() -> None:
    root = str(Path(__file__).parent.parent.parent)
    environment = {**os.environ, "TERM": "xterm", "PYTHONWARNINGS": "error"}
    child = pexpect.spawn(
        sys.executable,
        ["-c", SCRIPT.format(root=root)],
        env=environment,
        dimensions=(24, 40),
        encoding="utf-8",
        timeout=120,
    )
    seen = io.StringIO()
    child.logfile_read = seen
    child.expect("at fault so far")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    rows = screen(seen.getvalue())
    assert [row for row in rows if row and row != "^C"] == ["Building", "stopped"], rows
    assert seen.getvalue().rfind("\x1b[?25h") > seen.getvalue().rfind("\x1b[?25l")


@pytest.mark.parametrize(
    ("started", "words"),
    [
        (StartedProbe(1, ProbeKind.WHOLE, "", (NUMPY, PANDAS)), "the whole file"),
        (
            StartedProbe(1, ProbeKind.WHOLE, "", (NUMPY, PANDAS), imports=True),
            "the whole file, then its imports",
        ),
        (StartedProbe(1, ProbeKind.ISOLATED, "", (NUMPY,)), f"{NUMPY} alone"),
        (StartedProbe(1, ProbeKind.SUBSET, "", (), (NUMPY,)), "every requirement left out"),
        (StartedProbe(1, ProbeKind.SUBSET, "", (NUMPY,), (PANDAS, FLASK)), f"only {NUMPY}"),
        (StartedProbe(1, ProbeKind.SUBSET, "", (NUMPY,), (PANDAS,)), f"without {PANDAS}"),
        (
            StartedProbe(1, ProbeKind.SUBSET, "", (NUMPY,), (PANDAS,), ("flask==2.2.5",)),
            f"without {PANDAS}, with flask==2.2.5",
        ),
        (StartedProbe(1, ProbeKind.FIX, "", (NUMPY,), (), ("flask==2.2.5",)), "with flask==2.2.5"),
        (
            StartedProbe(1, ProbeKind.SUBSET, "", tuple("abcdef"), tuple("uvwxyz")),
            "without u, v, w and 3 more",
        ),
    ],
)
def test_what_is_in_and_out_takes_the_shorter_way(started: StartedProbe, words: str) -> None:
    assert what(started) == words


def test_an_edit_that_is_new_is_named_before_those_of_every_build() -> None:
    stream = io.StringIO()
    with display(stream) as progress:
        for number, edit in enumerate(["c==1", "d==1", "e==1"], 1):
            edits = ("a==1", "b==1", "aa==1", edit)
            progress.probe_started(StartedProbe(number, ProbeKind.FIX, "", edits=edits))
    assert stream.getvalue().splitlines()[1:] == [
        "  build 2: with d==1, a==1, b==1 and 1 more",
        "  build 3: with e==1, a==1, b==1 and 1 more",
    ]


def test_builds_left_are_those_of_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = FakeTerminal()
    with display(stream) as progress:
        progress.steps_left(3, 6)
        progress.phase("Building the fixed file")
        progress.note("seen")
        assert "roughly" not in "".join(screen(stream.getvalue()))


@pytest.mark.parametrize("columns", [40, 200])
def test_the_fix_and_statements_are_shown_whole_at_once(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, text = FakeTerminal(), "This file was made for Python 3.8: " + "many facts, " * 9
    with display(stream) as progress:
        progress.statement(text)
        progress.fix_proven(FIX, 12.3)
        rows = screen(stream.getvalue())
    shown = " ".join(row.strip() for row in rows)
    assert " ".join(text.split()) in shown, "whole, and wrapped between its words"
    assert all(len(row) <= columns for row in rows[:3])
    first = rows.index("Fix proven after 12 s (build 13):")
    assert rows[first + 1 : first + 4] == [
        "  --- a/requirements.txt",
        "  +++ b/requirements.txt",
        "  @@ -1,4 +1,4 @@",
    ]
    last = rows.index("  +numpy==1.26.0")
    end = "It is safe to stop now; what may follow only narrows the versions."
    assert end in rows[last:], "below the diff, which is the fix and not what follows"


def test_a_fix_that_may_become_smaller_says_so_and_what_became_of_it() -> None:
    stream = io.StringIO()
    with display(stream) as progress:
        progress.fix_proven(FIX, 12.3, smaller=True)
        progress.fix_stays()
        progress.fix_proven(replace(FIX, edits=FIX.edits[1:]), 15.0)
    lines = stream.getvalue().splitlines()
    assert "It is safe to stop now; a smaller one is looked for." in lines
    assert "No smaller fix was found." in lines
    assert any(line.startswith("Smaller fix proven after 15 s") for line in lines)


def test_statements_and_diffs_are_shown_not_obeyed() -> None:
    stream = io.StringIO()
    with display(stream) as progress:
        progress.statement(HOSTILE_TEXT)
        progress.fix_proven(replace(FIX, diff=f"+{HOSTILE_TEXT}\n"), 1.0)
    assert "hunter2" not in stream.getvalue()
    assert all(char.isprintable() or char == "\n" for char in stream.getvalue())


def test_every_event_may_come_without_the_others() -> None:
    with display(io.StringIO()) as progress:
        progress.output(7, "a line")
        progress.probe_finished(probe(7, ProbeKind.WHOLE, Outcome.UNRESOLVED, 0.0))
        progress.finished(HOSTILE)


def test_a_heading_that_nothing_follows_is_not_written() -> None:
    stream = io.StringIO()
    with display(stream) as progress:
        progress.phase("Finding what is at fault")
        progress.phase("Looking for releases that build")
        progress.probe_started(StartedProbe(1, ProbeKind.WHOLE, "", ("a",)))
        progress.phase("It passes; taking back what is not needed")
        progress.fix_proven(FIX, 1.0)
        progress.phase("Looking for other culprits that the fix covers")
        progress.finished(READY)
    text = stream.getvalue()
    assert text.startswith("Looking for releases that build\n  build 1: the whole file\n")
    assert "Finding" not in text
    assert "taking back" not in text
    assert "other culprits" not in text


def test_a_build_that_is_made_again_says_why() -> None:
    stream, purpose = io.StringIO(), "does the file pass in a fresh environment?"
    with display(stream) as progress:
        for number in (1, 2):
            progress.probe_started(
                StartedProbe(number, ProbeKind.FIX, purpose, ("a",), (), ("b==2",))
            )
            progress.probe_finished(probe(number, ProbeKind.FIX, Outcome.PASS, 1.0))
    first, second = (line for line in stream.getvalue().splitlines() if "with b==2" in line)
    assert first == "  build 1: with b==2"
    assert second == f"  build 2: with b==2, again: {purpose}"
