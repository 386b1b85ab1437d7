"""A `.depbisect/` that came with a clone: nothing in it is believed or followed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bisect_deps.cli import main
from bisect_deps.errors import DepbisectError, JournalError, NotTrusted
from bisect_deps.guided.sessions import Store
from bisect_deps.lint.evidence import evidence_beside
from bisect_deps.run.journal import Answered, Journal, read
from bisect_deps.system.trust import (
    MARK,
    _strangeness,
    append_to,
    be_ours,
    make_state_folder,
    write_new,
)

SESSION = {"format": 1, "files": ["requirements.txt"], "folder": ".", "evidence": False}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose state folder somebody else made."""
    project = tmp_path / "clone"
    (project / ".depbisect" / "probes").mkdir(parents=True)
    (project / "requirements.txt").write_text("good==1.0\n")
    (tmp_path / "outside.txt").write_text("precious\n")
    monkeypatch.chdir(project)
    return project


def put(clone: Path, name: str, text: str) -> None:
    path = clone / ".depbisect" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def ends(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))


FORGED: dict[str, Callable[[Path], None]] = {
    "a journal that says it passes": lambda clone: put(clone, "journal.jsonl", "{}\n"),
    "a session": lambda clone: put(clone, "session/session.jsonl", f"{json.dumps(SESSION)}\n"),
    "an original that climbs": lambda clone: put(clone, "session/original/%up/outside.txt", "x"),
    "a pointer elsewhere": lambda clone: put(clone, "guided", "../.."),
    "answers of a resolver": lambda clone: put(clone, "resolutions.jsonl", "{}\n"),
    "records of a builder to come": lambda clone: put(clone, "newest/o-n.json", "{}"),
    "a record of a hosted algorithm": lambda clone: put(clone, "algorithmia/o-n.json", "{}"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize(
    "command",
    [
        ("run", "requirements.txt"),
        ("reset", "--force"),
        ("status",),
        ("good",),
        ("start", "requirements.txt", "--no-evidence"),
    ],
    ids=" ".join,
)
def test_a_folder_that_came_with_the_project_is_not_used(
    clone: Path, forge: Callable[[Path], None], command: tuple[str, ...]
) -> None:
    forge(clone)
    before = everything(clone.parent)
    assert ends(*command) == 4
    assert everything(clone.parent) == before


def test_the_way_out_is_said_and_works(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FORGED["a session"](clone)
    ends("status")
    said = capsys.readouterr().err
    assert "was not made here" in said
    assert "depbisect trust" in said
    assert ends("trust", str(clone)) == 0
    capsys.readouterr()
    assert ends("status") == 4
    assert "the session's copy of a file cannot be read" in capsys.readouterr().err
    assert ends("trust", "--remove", str(clone)) == 0


def test_a_named_folder_is_taken_over_for_one_process(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(clone, "journal.jsonl", "")
    with pytest.raises(NotTrusted):
        be_ours(clone / ".depbisect")
    monkeypatch.setenv("DEPBISECT_TRUST", str(clone.parent))
    be_ours(clone / ".depbisect")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Return a state folder as a run leaves it."""
    state = tmp_path / "own" / ".depbisect"
    with Journal(state) as journal:
        journal.begin("inputs", {"index_as_of": "now"})
        journal.keep("probes/1.log", b"it passes")
        journal.record(Answered("k", 1, "whole", "passed", 1.0, "probes/1.log"))
        journal.keep("report.json", b"{}")
    return state


@pytest.mark.parametrize("how", ["cp -a", "cp -r", "mv", "tar"])
def test_a_copy_of_our_own_folder_is_ours(sealed: Path, how: str) -> None:
    there = sealed.parent.with_name("there")
    if how == "tar":
        shutil.unpack_archive(shutil.make_archive(f"{there}", "gztar", sealed.parent), there)
    else:
        subprocess.run([*how.split(), sealed.parent, there], check=True)
    with Journal(there / ".depbisect") as journal:
        known = journal.answer("k")
        assert known is not None
        assert known.status == "passed"
    assert not _strangeness(there / ".depbisect")


def test_a_copy_from_the_midst_of_a_run_is_a_stranger(sealed: Path) -> None:
    with Journal(sealed):
        shutil.copytree(sealed, sealed.with_name("copy"))
    assert not _strangeness(sealed)
    assert (sealed.with_name("copy") / MARK).exists()
    assert _strangeness(sealed.with_name("copy"))


CHANGED: dict[str, Callable[[Path], object]] = {
    "a journal with one more answer": lambda state: add(state / "journal.jsonl", b'{"type": 1}\n'),
    "a log that says otherwise": lambda state: (state / "probes/1.log").write_text("it fails"),
    "a report": lambda state: (state / "report.json").write_text('{"verdict": "passes"}'),
    "a session": lambda state: put(state.parent, "session/session.jsonl", "{}"),
    "an original": lambda state: put(state.parent, "session/original/a.txt", "x"),
    "a log that was not there": lambda state: put(state.parent, "probes/2.log", "x"),
    "answers of the resolver": lambda state: put(state.parent, "resolutions.jsonl", "{}"),
    "a pointer": lambda state: put(state.parent, "guided", "../.."),
    "a seal of its own": lambda state: forge_seal(state),
    "no seal, and the mark of another place": lambda state: (state / MARK).write_text("0" * 64),
}


@pytest.mark.parametrize("place", ["own", "copy"])
@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_what_was_changed_since_is_refused(
    sealed: Path, change: Callable[[Path], object], place: str
) -> None:
    state = sealed.parent.with_name(place) / ".depbisect"
    if place == "copy":
        shutil.copytree(sealed, state)
    change(state)
    with pytest.raises(NotTrusted):
        Journal(state).__enter__()


def test_two_states_of_ours_are_not_mixed(sealed: Path) -> None:
    old = sealed.with_name("old")
    shutil.copytree(sealed, old)
    with Journal(sealed) as journal:
        journal.record(Answered("k", 2, "whole", "failed", 1.0, "probes/1.log"))
    shutil.copy(old / "journal.jsonl", sealed)
    assert _strangeness(sealed)


def test_what_is_taken_away_is_no_lie(sealed: Path) -> None:
    shutil.rmtree(sealed / "probes")
    assert not _strangeness(sealed)


def test_records_that_come_with_a_pull_are_refused(sealed: Path, tmp_path: Path) -> None:
    """Git writes over what is ignored: a later commit may bring a `.depbisect/` of its own."""
    theirs = tmp_path / "theirs"
    (theirs / ".depbisect").mkdir(parents=True)
    (theirs / "requirements.txt").write_text("good==1.0\n")
    git(theirs, "init", "-q", "-b", "main")
    commit(theirs)
    mine = tmp_path / "mine"
    git(tmp_path, "clone", "-q", str(theirs), str(mine))
    with Journal(mine / ".depbisect") as journal:
        journal.begin("inputs", {"index_as_of": "now"})
    (theirs / ".depbisect" / "journal.jsonl").write_text(f"{json.dumps(PROBE)}\n")
    commit(theirs)
    git(mine, "pull", "-q")
    assert "probe" in (mine / ".depbisect" / "journal.jsonl").read_text()
    with pytest.raises(NotTrusted, match=r"journal\.jsonl was changed or added since"):
        Journal(mine / ".depbisect").__enter__()


def test_a_run_goes_on_in_a_folder_that_was_moved(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "requirements.txt").write_text("")
    # Each build says so, in a place of its own.
    command = f"echo built >> {tmp_path}/builds"
    words = ("--builder", "command", "--build-cmd", command, "--no-progress")
    assert ends("run", str(here / "requirements.txt"), *words) == 0
    here.rename(there)
    assert ends("run", str(there / "requirements.txt"), *words) == 0
    assert (tmp_path / "builds").read_text() == "built\n"


def forge_seal(state: Path) -> None:
    """Write a seal of what is there now, by another key."""
    mark, _, listing = (state / MARK).read_text().split("\n", 2)
    put(state.parent, "guided", "../..")
    listing += f"{hashlib.sha256(b'../..').hexdigest()} guided\n"
    forged = hmac.new(b"another key", f"sealed\n{listing}".encode(), "sha256").hexdigest()
    (state / MARK).write_text(f"{mark}\n{forged}\n{listing}")


def add(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)


def git(folder: Path, *words: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--force", ".")
    git(folder, "commit", "-q", "-m", "a change")


@pytest.mark.parametrize(
    "name", ["report.json", "probes/1.log", "lock", "journal.jsonl", ".gitignore", MARK, "session"]
)
@pytest.mark.parametrize("command", ["run", "report", "start", "reset"])
def test_links_are_refused(clone: Path, name: str, command: str) -> None:
    target = clone.parent / "outside.txt"
    (clone / ".depbisect" / name).symlink_to(target)
    words = {"run": ["run"], "start": ["start", "requirements.txt"], "reset": ["reset", "--force"]}
    assert ends(*words.get(command, [command])) == 4
    assert target.read_text() == "precious\n"


def test_a_link_that_is_made_after_the_look_is_not_written_through(clone: Path) -> None:
    link, target = clone / "link", clone.parent / "outside.txt"
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        write_new(link, b"evil")
    append_to(link, b"evil")
    assert target.read_text() == "precious\n"


def test_a_state_folder_that_is_a_link_is_refused(clone: Path) -> None:
    shutil.rmtree(clone / ".depbisect")
    (clone.parent / "elsewhere").mkdir()
    (clone / ".depbisect").symlink_to(clone.parent / "elsewhere")
    assert ends("run") == 4
    assert list((clone.parent / "elsewhere").iterdir()) == []


def test_a_pipe_is_not_waited_for(clone: Path) -> None:
    os.mkfifo(clone / ".depbisect" / "report.json")
    assert ends("report") == 4
    assert evidence_beside(clone, "") == {}


def test_another_users_folder_is_refused(clone: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(clone / ".depbisect", 12345, 12345)
    with pytest.raises(JournalError, match="another user"):
        make_state_folder(clone / ".depbisect")


def test_lint_takes_no_pins_from_a_report_that_came_with_the_project(clone: Path) -> None:
    report = {"verdict": "passes", "environment": {"good": "6.6.6"}, "target": {}}
    put(clone, "report.json", json.dumps(report))
    assert evidence_beside(clone, "") == {}
    make_ours(clone / ".depbisect")
    assert evidence_beside(clone, "")["good"].version == "6.6.6"


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / ".depbisect"
    with Journal(state) as journal:
        journal.begin("inputs", {"index_as_of": "now"})
        journal.keep("probes/1.log", b"log")
        journal.keep("report.json", b"{}")
    with Store(tmp_path) as store:
        store.keep_log(b"a log")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [state, *state.rglob("*")]}
    wrong = {
        path: oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}


PROBE = {
    "type": "probe",
    "key": "k",
    "number": 1,
    "kind": "whole",
    "status": "passed",
    "seconds": 1.0,
    "log": "probes/1.log",
}
WRONG = {
    "log outside": {"log": "../../outside.txt"},
    "absolute log": {"log": "/proc/self/environ"},
    "status of no build": {"status": "wonderful"},
    "number as text": {"number": "1"},
    "negative number": {"number": -1},
    "seconds as text": {"seconds": "long"},
    "installed as list": {"installed": ["a"]},
    "installed of numbers": {"installed": {"a": 1}},
    "key as number": {"key": 5},
    "modules as text": {"modules": "all"},
    "handle without id": {"type": "started", "handle": {}},
    "handle with a url of another kind": {"type": "started", "handle": {"id": "1", "url": 5}},
    "facts as text": {"type": "run", "format": 1, "inputs": "i", "facts": "f"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_journal_entry_of_another_shape_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{json.dumps(PROBE | change)}\n")
    with pytest.raises(JournalError):
        read(path)


def test_the_right_entry_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{json.dumps(PROBE)}\n")
    assert read(path).answers["k"].log == "probes/1.log"


@pytest.mark.parametrize(
    "change",
    [
        {"files": ["/etc/passwd"]},
        {"files": []},
        {"files": [5]},
        {"to": 5},
        {"answer": {"word": "bad", "log": "../../../outside.txt"}},
    ],
    ids=json.dumps,
)
def test_a_session_of_another_shape_is_refused(clone: Path, change: dict[str, object]) -> None:
    head = SESSION | {name: value for name, value in change.items() if name != "answer"}
    answers = [change["answer"]] if "answer" in change else []
    put(clone, "session/session.jsonl", "".join(f"{json.dumps(x)}\n" for x in [head, *answers]))
    make_ours(clone / ".depbisect")
    with pytest.raises(DepbisectError):
        Store(clone).read()


def make_ours(folder: Path) -> None:
    """Mark a folder as a run would have."""
    aside = folder.with_name("aside")
    aside.mkdir()
    for path in folder.iterdir():
        shutil.move(path, aside / path.name)
    make_state_folder(folder)
    for path in aside.iterdir():
        if path.name not in ("probes", ".gitignore"):
            shutil.move(path, folder / path.name)


def test_a_power_failure_at_any_moment_leaves_a_folder_that_is_ours(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was flushed is on the disk: each of its states is one that the next run takes."""
    disk = everything(sealed)
    states = [dict(disk)]

    def flushed(descriptor: int, flush: Callable[[int], None] = os.fsync) -> None:
        flush(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_file():
            disk[str(path.relative_to(sealed))] = path.read_bytes()
            states.append(dict(disk))

    def moved(old: str, new: Path, move: Callable[[str, Path], None] = os.replace) -> None:
        move(old, new)
        disk[str(new.relative_to(sealed))] = disk.pop(str(Path(old).relative_to(sealed)))
        states.append(dict(disk))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", flushed)
        patched.setattr(os, "replace", moved)
        with Journal(sealed) as journal:
            journal.begin("other inputs", {})
            journal.keep("probes/2.log", b"another\n")
            journal.keep("report.json", b"[]")
    assert b"probes/2.log" in states[-1][MARK]
    for contents in states:
        for name in everything(sealed).keys() - contents.keys():
            (sealed / name).unlink()
        for name, data in contents.items():
            (sealed / name).write_bytes(data)
        be_ours(sealed)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
