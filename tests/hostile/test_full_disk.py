"""A disk that is full, at each kind of write: nothing is lost, one message, the contract's code.

The disk is a real one of 512 KiB (tmpfs), so that the system itself says what it says.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bisect_deps.cli import main
from tests.support.local_index import LocalIndex, Project

ROOT = Path(__file__).resolve().parents[2]
# A build that fails while a line is there, and a run of it that ends with a fix.
BUILD = "! grep -q ^bad {file}"
RUN = ("run", "requirements.txt", "--builder", "command", "--build-cmd", BUILD)
RUN += ("--no-evidence", "--allow-removal", "--no-progress")
FILE = "bad==1.0\ngood==1.0\n"


@dataclass(frozen=True)
class Disk:
    """A small file system of its own."""

    path: Path

    def fill(self, leave: int = 0) -> None:
        """Use all its room but `leave` pages."""
        with (self.path / "filler").open("ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(4096))
            except OSError:
                stream.truncate(max(0, stream.tell() - leave * 4096))

    def free(self) -> None:
        (self.path / "filler").unlink()


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("disk")
    options = ["-t", "tmpfs", "-o", "size=512k,nr_inodes=500", "tmpfs", str(path)]
    done = subprocess.run(["mount", *options], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only who may mount can make a small disk")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def disk(mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return the disk, empty; the project beside it is the current folder."""
    subprocess.run(f"rm -rf {mounted}/* {mounted}/.[!.]*", shell=True, check=True)
    project = tmp_path / "project"
    project.mkdir()
    (project / "requirements.txt").write_text(FILE)
    monkeypatch.chdir(project)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return Disk(mounted)


@pytest.fixture
def on_disk(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return the disk with the project on it."""
    (disk.path / "requirements.txt").write_text(FILE)
    monkeypatch.chdir(disk.path)
    return disk


def ends(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))


def be_one_message(said: str) -> None:
    assert len(re.findall("^error: ", said, re.MULTILINE)) == 1, said
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert "room" in said or "space" in said.partition("hint: ")[2], said


def test_the_state_folder_cannot_be_made(on_disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    on_disk.fill()
    assert ends(*RUN) == 4
    assert "No space left on device" in capsys.readouterr().err
    on_disk.free()
    assert ends(*RUN) == 0


@pytest.mark.parametrize("pages", [0, 1])
def test_a_log_or_the_journal_cannot_be_written(
    on_disk: Disk, capsys: pytest.CaptureFixture[str], pages: int
) -> None:
    """The disk fills up during the first build; then the same command goes on."""
    filler = f"head -c {512 << 10} /dev/zero > {on_disk.path}/filler 2>/dev/null"
    room = f"truncate -s -{pages * 4096} {on_disk.path}/filler" if pages else "true"
    flag = f"{on_disk.path}/.roomy"
    command = f"echo building; [ -e {flag} ] || {{ {filler}; {room}; }}; {BUILD}"
    words = [command if word == BUILD else word for word in RUN]
    code = ends(*words)
    said = capsys.readouterr()
    if code == 4:
        be_one_message(said.err)
    else:
        # There was room for the answers, but not for the report.
        assert (code, "the report was not kept" in said.err) == (0, True)
        assert "bad==1.0" in said.out
    assert (on_disk.path / "requirements.txt").read_text() == FILE
    on_disk.free()
    Path(flag).touch()
    assert ends(*words) == 0


def test_what_the_resolver_said_cannot_be_kept(on_disk: Disk) -> None:
    """It costs the time to ask again, and nothing else."""
    from bisect_deps.run.remembered import Remembered

    on_disk.fill()
    kept = Remembered(on_disk.path / "resolutions.jsonl")
    kept.put("key", "text")
    assert kept.get("key") == "text"
    on_disk.free()
    kept.put("other", "text")
    assert Remembered(on_disk.path / "resolutions.jsonl").get("other") == "text"


@pytest.mark.parametrize("option", ["--json", "--html", "--markdown", "--sarif"])
def test_a_report_cannot_be_written(
    disk: Disk, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    (disk.path / "report").write_text("the one before")
    disk.fill()
    assert ends(*RUN, option, str(disk.path / "report")) == 2
    said = capsys.readouterr()
    be_one_message(said.err)
    assert "bad==1.0" in said.out, "what was found is shown all the same"
    assert (disk.path / "report").read_text() == "the one before"


@pytest.mark.parametrize("option", ["-o", "--write"])
def test_the_fix_cannot_be_written(
    disk: Disk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    target = disk.path / "requirements.txt"
    target.write_text(FILE)
    state = disk.path / ".depbisect"
    if option == "--write":
        monkeypatch.chdir(disk.path)
        assert ends(*RUN) == 0, "the answers are kept while there is room"
        capsys.readouterr()
    disk.fill()
    words = ["--write"] if option == "--write" else ["-o", str(disk.path / "fixed.txt")]
    assert ends(*RUN, *words) == 2
    said = capsys.readouterr()
    be_one_message(said.err)
    assert "bad==1.0" in said.out
    assert target.read_text() == FILE
    assert state.exists() == (option == "--write")
    disk.free()
    assert ends(*RUN, *words) == 0


def test_a_page_of_the_index_cannot_be_kept(
    disk: Disk, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_index.add(Project("good").release("1.0"))
    Path("requirements.txt").write_text("good==1.0\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk.path))
    disk.fill()
    with local_index.serve() as server:
        assert ends("lint", "--online", "--index-url", server.url) in (0, 1)


def test_a_crash_file_cannot_be_written(tmp_path: Path) -> None:
    program = (
        "import bisect_deps.cli as cli\n"
        "def fail(*a, **k): raise KeyError('of our own')\n"
        "cli.group.main = fail\n"
        "cli.main(['lint'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        # Every disk of the machine is full: else another folder for temporary files takes it.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert len(done.stderr.splitlines()) == 2
    assert "KeyError" in done.stderr.splitlines()[1]
    assert not list(tmp_path.glob("depbisect-crash-*")), "no empty file is left"


@pytest.mark.parametrize(
    "words",
    [("lint", "--fix", "--unsafe-fixes"), ("pin", "--no-verify", "--from", "freeze.txt")],
    ids=" ".join,
)
def test_a_fixed_or_pinned_file_cannot_be_written(
    on_disk: Disk, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    text = "good == 1.0\nbad\ngood == 1.0\n" if words[0] == "lint" else "bad\n"
    (on_disk.path / "requirements.txt").write_text(text)
    (on_disk.path / "freeze.txt").write_text("bad==1.0\n")
    on_disk.fill()
    assert ends(*words, "requirements.txt") == 2
    be_one_message(capsys.readouterr().err)
    assert (on_disk.path / "requirements.txt").read_text() == text


def test_what_is_trusted_cannot_be_kept(
    disk: Disk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(disk.path))
    assert ends("trust", "one.example") == 0
    disk.fill()
    assert ends("trust", "two.example") == 2
    be_one_message(capsys.readouterr().err)
    ends("trust")
    said = capsys.readouterr().out
    assert "one.example" in said
    assert "two.example" not in said


def test_the_key_cannot_be_kept(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on; its folder is asked about next time."""
    monkeypatch.setenv("XDG_STATE_HOME", str(disk.path))
    disk.fill()
    assert ends(*RUN) == 0
    disk.free()
    assert ends(*RUN) == 4


def test_the_work_folder_has_no_room(
    disk: Disk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk.path))
    disk.fill()
    assert ends(*RUN) == 4
    be_one_message(capsys.readouterr().err)
    disk.free()
    assert ends(*RUN) == 0


def test_the_output_of_a_build_has_no_room(
    disk: Disk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build goes on until it ends, and is not taken for one that failed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk.path))
    command = f"head -c 2000000 /dev/zero | tr '\\0' x; echo ended >> {Path.cwd()}/ended; exit 1"
    words = [command if word == BUILD else word for word in RUN]
    assert ends(*words) == 4
    be_one_message(capsys.readouterr().err)
    assert Path("ended").read_text() == "ended\n"
