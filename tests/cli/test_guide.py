"""The conversation, through a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from bisect_deps.system.trust import STATE_FOLDER
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.person import Secret
from tests.support.terminals import ended

ROOT = Path(__file__).parent.parent.parent
SECRET = Secret(tuple(f"p{at}==1.{at}" for at in range(8)), (frozenset({"p5==1.5"}),))
FILE = "requirements.txt"
QUESTION = r"Did it build\? \[g\]ood \[b\]ad \[s\]kip \[l\]og file \[p\]aste log \[u\]ndo \[q\]uit "
END = QUESTION + re.escape("[e]nd with the fix ")
GUIDE = ("guide", FILE, "--no-evidence")

Terminal = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("later").release("1.0").release("1.1").release("1.2").release("2.0").release("2.1"),
    )
    with index.serve() as server:
        yield server.url


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Start a command in a terminal of its own, in the test's folder."""
    (tmp_path / FILE).write_bytes(SECRET.text)
    started = []

    def one(*words: str, term: str = "xterm") -> pexpect.spawn[str]:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "bisect_deps", *words],
            cwd=str(tmp_path),
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": term},
            encoding="utf-8",
            timeout=60,
            dimensions=(30, 90),
        )
        child.delaybeforesend = None
        started.append(child)
        return child

    yield one
    for child in started:
        ended(child)


def answer_till_the_end(child: pexpect.spawn[str], folder: Path) -> str:
    """Answer truly, hear that p5 is the culprit and that no fix is known; return the end."""
    while child.expect([QUESTION, pexpect.EOF]) == 0:
        child.sendline("g" if SECRET.builds((folder / FILE).read_bytes()) else "b")
    child.wait()
    said = child.before
    assert isinstance(said, str)
    assert child.exitstatus == 1, "leaving a line out is no fix"
    assert "Culprits found, no fix" in said
    assert "the file without p5." in said
    assert (folder / FILE).read_bytes() == SECRET.text
    return said


def left_with(child: pexpect.spawn[str], code: int) -> str:
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == code
    said = child.before
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_answers_lead_to_the_culprit(terminal: Terminal, tmp_path: Path, term: str) -> None:
    child = terminal(*GUIDE, term=term)
    child.expect(QUESTION)
    assert "[x] p5==1.5" in child.before
    child.sendline("b")
    child.expect(QUESTION)
    assert "(commented out)" in child.before
    assert "\x1b" not in child.before
    child.sendline("u")
    child.expect("Build 1")
    answer_till_the_end(child, tmp_path)


@pytest.mark.parametrize("how", ["q", "Ctrl-C", "Ctrl-D", "closed"])
def test_a_session_that_is_left_goes_on_where_it_was(
    terminal: Terminal, tmp_path: Path, how: str
) -> None:
    child = terminal(*GUIDE)
    child.expect(QUESTION)
    child.sendline("b")
    child.expect(QUESTION)
    build = (tmp_path / FILE).read_bytes()
    if how == "closed":
        child.kill(signal.SIGKILL)
        child.wait()
    else:
        if how == "q":
            child.sendline("q")
        elif how == "Ctrl-C":
            child.sendintr()
        else:
            child.sendeof()
        assert "The session is kept. Go on with: depbisect guide requirements.txt" in left_with(
            child, 130
        )
    child = terminal(*GUIDE)
    child.expect("Going on after 1 answer.")
    assert (tmp_path / FILE).read_bytes() == build
    answer_till_the_end(child, tmp_path)


def big_log() -> str:
    """Return 5 MB of log: many lines, long lines, and what a terminal would act on."""
    start = f"building\n{'x' * 300_000}\n. a line with a stop\n" + "\tcc -c \x1b[31mred\x1b[0m.c\n"
    line = "copying something-long from a place far away, as the logs of builds have it\n"
    body = line * ((5_000_000 - len(start)) // len(line))
    return f"{start}{body}error: Failed to build `p5==1.5`\n"


@pytest.mark.parametrize("marked", [True, False], ids=["marked by the terminal", "plain"])
def test_a_pasted_log_of_five_megabytes_is_taken_whole(
    terminal: Terminal, tmp_path: Path, marked: bool
) -> None:
    child = terminal(*GUIDE, term="xterm" if marked else "dumb")
    child.expect(QUESTION)
    child.sendline("p")
    child.expect(r"leaves the log out.\)")
    # Some terminals send a carriage return for each line end of a paste.
    log = big_log().replace("\n", "\r")
    if not marked:
        log = log.replace("\x1b[31m", "").replace("\x1b[0m", "")
    child.send(f"\x1b[200~{log}\x1b[201~" if marked else f"{log}.\r")
    child.expect(r"Took \d+ lines.", timeout=120)
    assert "copying" not in child.before, "a paste is not shown"
    child.expect("Build 2")
    [kept] = (tmp_path / STATE_FOLDER / "answers").iterdir()
    assert kept.read_bytes().decode() == log.replace("\r", "\n")
    out = [line for line in (tmp_path / FILE).read_text().splitlines() if line.startswith("#")]
    assert out == ["# depbisect: p5==1.5"], "the log is read: the next build is about its suspect"
    answer_till_the_end(child, tmp_path)


def test_a_paste_can_be_called_off(terminal: Terminal, tmp_path: Path) -> None:
    child = terminal(*GUIDE)
    child.expect(QUESTION)
    child.sendline("p")
    child.expect(r"leaves the log out.\)")
    child.send("half a log\r")
    time.sleep(0.1)
    child.sendintr()
    child.expect("No log, then.")
    child.expect(QUESTION)
    assert (tmp_path / FILE).read_bytes() == SECRET.text
    child.sendline("p")
    child.expect(r"leaves the log out.\)")
    child.send("error: a whole log\r\x04")
    child.expect("Took 1 line.")
    child.expect("Build 2")


def test_a_log_pasted_at_the_question_is_no_answer(terminal: Terminal, tmp_path: Path) -> None:
    child = terminal(*GUIDE)
    child.expect(QUESTION)
    child.send("g++ -c a.c\nbuilding b\ngood morning\nsome more\n")
    child.expect("answer p first")
    child.expect(QUESTION)
    assert (tmp_path / FILE).read_bytes() == SECRET.text
    assert "Build 1" in child.before or "Build 2" not in child.before


def test_a_log_is_read_from_a_file(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("error: Failed to build `p5==1.5`\n")
    child = terminal(*GUIDE)
    for path, said in (("nonesuch.log", "cannot be read"), ("build.log", "Build 2")):
        child.expect(QUESTION)
        child.sendline("l")
        child.expect("Path of the log:")
        child.sendline(path)
        child.expect(said)
    answer_till_the_end(child, tmp_path)


def test_a_resized_terminal_changes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    child = terminal(*GUIDE)
    for size in ((10, 20), (50, 200)):
        child.expect(QUESTION)
        child.setwinsize(*size)
        child.sendline("b" if size[0] == 10 else "z")
    child.expect("one of the letters")
    answer_till_the_end(child, tmp_path)


def test_a_doubtful_answer_is_asked_again(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("error: [Errno 28] No space left on device\n")
    child = terminal(*GUIDE)
    for certain in ("n", "y"):
        child.expect(QUESTION)
        child.sendline("l")
        child.expect("Path of the log:")
        child.sendline("build.log")
        child.expect("Wait: the log tells of failure")
        child.expect("Take the answer all the same")
        assert (tmp_path / FILE).read_bytes() == SECRET.text
        child.sendline(certain)
    child.expect("Build 2")


def test_a_second_terminal_is_told_to_wait(terminal: Terminal) -> None:
    first = terminal(*GUIDE)
    first.expect(QUESTION)
    assert "in use in another terminal" in left_with(terminal(*GUIDE), 4)


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(SECRET.text)
    for words in (GUIDE, ("run", FILE, "--builder", "manual")):
        done = subprocess.run(
            [sys.executable, "-m", "bisect_deps", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "needs a terminal" in done.stderr
        assert "depbisect start" in done.stderr
    assert not (tmp_path / STATE_FOLDER).exists()


def test_a_run_by_hand_writes_no_file_without_a_fix(terminal: Terminal, tmp_path: Path) -> None:
    words = ("run", FILE, "--builder", "manual", "--no-evidence")
    child = terminal(*words, "-o", "fixed.txt")
    child.expect(QUESTION)
    child.sendline("b")
    child.expect(QUESTION)
    child.sendintr()
    assert "depbisect run --builder manual" in left_with(child, 130)
    child = terminal(*words, "-o", "fixed.txt")
    child.expect("Going on after 1 answer.")
    answer_till_the_end(child, tmp_path)
    assert not (tmp_path / "fixed.txt").exists()
    answer_till_the_end(terminal(*words, "--write"), tmp_path)


def test_a_run_by_hand_shows_the_fix_and_leaves_the_file(
    terminal: Terminal, tmp_path: Path, served: str
) -> None:
    text = "plain==1.0\nturns==1.0\n"
    (tmp_path / FILE).write_text(text)
    words = ("run", FILE, "--builder", "manual", "--index-url", served)
    for to in (("-o", "fixed.txt"), ("--write",)):
        child = terminal(*words, *to)
        while child.expect([QUESTION, pexpect.EOF]) == 0:
            child.sendline("b" if "\nturns==1." in (tmp_path / FILE).read_text() else "g")
        child.wait()
        assert child.exitstatus == 0
        written = tmp_path / ("fixed.txt" if to[0] == "-o" else FILE)
        assert written.read_text() == "plain==1.0\nturns==2.0\n"
        assert to[0] == "--write" or (tmp_path / FILE).read_text() == text


def status_of(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", "status"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_each_answer_tells_what_it_showed(terminal: Terminal, tmp_path: Path, served: str) -> None:
    (tmp_path / FILE).write_text("plain==1.0\nLater==1.0\n")
    (tmp_path / "build.log").write_text("  error: Failed to build `later==1.0`\n")
    child = terminal("guide", FILE, "--index-url", served)
    child.expect(QUESTION)
    child.sendline("l")
    child.expect("Path of the log:")
    child.sendline("build.log")
    child.expect(QUESTION)
    assert "The log of build 1 says: later==1.0" in child.before
    assert re.search(r"\[x\] Later==[\d.]+   \(was Later==1.0\)", child.before)
    said = ""
    while "Fix proven" not in said:
        child.sendline("b" if "\nLater==1." in (tmp_path / FILE).read_text() else "g")
        child.expect([END, QUESTION])
        said = child.before
    assert "  -Later==1.0\r\n  +Later==2.1\r\n" in said
    child.sendline("q")
    child.expect(pexpect.EOF)
    status = status_of(tmp_path)
    assert re.search(r"^Fix proven \(build \d\): with later==2.1$", status, re.MULTILINE)
    child = terminal("guide", FILE, "--index-url", served)
    child.expect(END)
    child.sendline("e")
    assert "+Later==2.1" in left_with(child, 0)
    assert (tmp_path / FILE).read_text() == "plain==1.0\nLater==2.1\n"
    assert f"{FILE} holds something else now." in status_of(tmp_path)
    again = terminal("guide", FILE, "--index-url", served)
    again.expect(END)
    assert "Build " in again.before, "it goes on where it was"
    again.sendline("q")
    left_with(again, 130)


def test_a_session_without_a_fix_offers_no_end(terminal: Terminal) -> None:
    child = terminal(*GUIDE)
    child.expect(QUESTION)
    child.sendline("e")
    child.expect("Please answer with one of the letters")
    child.expect(QUESTION)
    assert "end with" not in child.before


def test_a_run_by_hand_takes_several_files(terminal: Terminal, tmp_path: Path, served: str) -> None:
    for name, text in (("a.txt", "plain==1.0\n"), ("b.txt", "turns==1.0\n")):
        (tmp_path / name).write_text(text)
    words = ("run", "-r", "a.txt", "-r", "b.txt", "--builder", "manual", "--index-url", served)
    child = terminal(*words, "-o", "fixed/")
    child.expect(QUESTION)
    child.sendline("?")
    child.expect("q  leave; the session is kept")
    child.expect(QUESTION)
    child.sendintr()
    assert "depbisect run --builder manual -r a.txt -r b.txt" in left_with(child, 130)
    child = terminal(*words, "-o", "fixed/")
    while child.expect([QUESTION, pexpect.EOF]) == 0:
        child.sendline("b" if "turns==1." in (tmp_path / "b.txt").read_text() else "g")
    child.wait()
    assert child.exitstatus == 0, child.before
    assert (tmp_path / "fixed" / "b.txt").read_text() == "turns==2.0\n"
    assert (tmp_path / "b.txt").read_text() == "turns==1.0\n"
    assert (tmp_path / "a.txt").read_text() == "plain==1.0\n"
