from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.command import Options
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.system import processes
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.living import lives

Make = Callable[..., Builder]
PLANTED = "planted-secret-value"

# Acts out what the candidate file says.
ACT = 'case "$(cat {file})" in *bad*) echo it is bad; exit 1;; *slow*) sleep 300;; esac'


def order(text: str, path: str = "requirements.txt", **more: bytes) -> Order:
    return Order({path: text.encode(), **more}, path, digest=text, timeout=30)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "requirements.txt").write_text("the user's own\n")
    (folder / "code.py").write_text("code\n")
    (folder / "sub" / "deep.py").write_text("deep\n")
    return folder


@pytest.fixture
def make(tmp_path: Path, project: Path) -> Iterator[Make]:
    made: list[Builder] = []

    def one(command: str | None, folder: Path = project, **given: object) -> Builder:
        options: dict[str, object] = {"folder": folder, "cwd": folder, "work": tmp_path / "work"}
        options["build_cmd"] = command
        made.append(make_builder("command", Options(**{**options, **given})))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def built(builder: Builder, asked: Order) -> tuple[BuildStatus, str]:
    handle = builder.start(asked)
    return finish(builder, handle), whole_log(builder, handle)


class TestCommandBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, tmp_path: Path) -> Bench:
        return Bench(
            builder=make(ACT, jobs=2),
            passing=order("good"),
            failing=order("bad"),
            hanging=order("slow"),
            telling="it is bad",
            left=lambda: [str(path) for path in (tmp_path / "work").iterdir()],
        )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0, BuildStatus.PASSED),
        (1, BuildStatus.FAILED),
        (124, BuildStatus.FAILED),
        (125, BuildStatus.CANCELLED),
        (126, BuildStatus.FAILED),
        (127, BuildStatus.FAILED),
    ],
)
def test_the_exit_code_decides(make: Make, code: int, status: BuildStatus) -> None:
    assert built(make(f"exit {code}"), order("x"))[0] is status


@pytest.mark.parametrize("command", ["echo no use; exit 128", "exit 255", "kill -9 $$"])
def test_a_high_exit_code_aborts_the_run(make: Make, command: str) -> None:
    builder = make(command)
    handle = builder.start(order("x"))
    with pytest.raises(BuilderUnavailable, match="aborts the run"):
        finish(builder, handle)


def test_without_a_command_it_says_what_to_give(make: Make) -> None:
    with pytest.raises(InputError, match="needs a command"):
        make(None)


def test_the_candidate_is_in_place_under_both_its_names(make: Make, project: Path) -> None:
    builder = make('cat {file} "$DEPBISECT_FILE" sub/deep.py; pwd', folder=project)
    _, log = built(builder, order("candidate\n"))
    assert log.splitlines()[:3] == ["candidate", "candidate", "deep"]
    assert log.splitlines()[3] != str(project)
    assert (project / "requirements.txt").read_text() == "the user's own\n"


def test_a_file_name_is_quoted_for_the_shell(make: Make) -> None:
    assert built(make("cat {file}"), order("odd\n", path="a b;$(c).txt")) == (
        BuildStatus.PASSED,
        "odd\n",
    )


def test_the_command_runs_where_the_user_does(make: Make, project: Path) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    builder = make("cat {file} ../code.py", folder=project / "sub", cwd=project / "sub")
    assert built(builder, order("candidate\n"))[1] == "candidate\ncode\n"


@pytest.mark.parametrize("cwd", ["project", ".", "elsewhere"])
def test_without_git_the_project_is_where_the_user_stands_or_the_folder(
    make: Make, project: Path, tmp_path: Path, cwd: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "beside.txt").write_text("")
    builder = make("cat {file}; ls", folder=project / "sub", cwd=tmp_path / cwd)
    seen = {
        "project": {"code.py", "requirements.txt", "sub"},
        ".": {"beside.txt", "elsewhere", "project"},
        "elsewhere": {"deep.py", "requirements.txt"},
    }
    said = built(builder, order("candidate\n"))[1].split()
    assert said[0] == "candidate"
    assert seen[cwd] == set(said[1:]) - {"work"}


def test_a_file_beside_the_users_folder_is_in_place(make: Make, project: Path) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    builder = make("cat common.txt", folder=project / "sub", cwd=project)
    asked = Order({"a.txt": b"", "../common.txt": b"common\n"}, "a.txt", "x", timeout=30)
    assert built(builder, asked)[1] == "common\n"


def test_nothing_of_one_build_is_seen_by_the_next(make: Make, project: Path) -> None:
    (project / "link").symlink_to("code.py")
    os.utime(project / "code.py", (1, 1))
    spoil = (
        "ls -A; cat code.py link sub/deep.py; stat -c %a code.py; "
        "echo spoilt > code.py; chmod 700 code.py; touch -d @1 code.py; rm -r sub link; "
        "mkdir -p link new/deep .cache; echo x > new/deep/file; exit 1"
    )
    builder = make(spoil)
    first = built(builder, order("one", **{"extra.txt": b"x"}))
    assert built(builder, order("two")) == (first[0], first[1].replace("extra.txt\n", ""))


def test_the_copy_holds_what_git_knows_and_its_history(make: Make, project: Path) -> None:
    git = ["git", "-C", str(project), "-c", "user.name=n", "-c", "user.email=e@host.example"]
    subprocess.run(["git", "init", "-q", project], check=True)
    (project / ".gitignore").write_text("ignored\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    subprocess.run([*git, "tag", "v7"], check=True)
    (project / "ignored").write_text("")
    (project / "untracked").write_text("")
    (project / "code.py").write_text("changed\n")
    _, log = built(make("ls; cat code.py; git describe --tags; git remote"), order("x"))
    assert log.split() == [*["code.py", "requirements.txt", "sub", "untracked", "changed", "v7"]]


def test_a_plain_folder_is_copied_without_what_is_made_from_it(make: Make, project: Path) -> None:
    for made in ("node_modules/x", "__pycache__/x", ".depbisect/x", "env/pyvenv.cfg"):
        (project / made).parent.mkdir()
        (project / made).write_text("")
    assert built(make("ls -A"), order("x"))[1].split() == ["code.py", "requirements.txt", "sub"]


def test_the_project_is_built_as_it_was_at_the_start(make: Make, project: Path) -> None:
    builder = make("cat code.py; echo spoilt > code.py")
    built(builder, order("one"))
    (project / "code.py").write_text("edited meanwhile\n")
    assert built(builder, order("two"))[1] == "code\n"


def test_no_secret_reaches_the_command(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", PLANTED)
    monkeypatch.setenv("KEPT_TOKEN", f"{PLANTED}-kept")
    _, log = built(make("env; echo Authorization: Bearer abcdef"), order("x"))
    assert PLANTED not in log
    assert "abcdef" not in log
    kept = make('test "$KEPT_TOKEN" = planted-secret-value-kept; echo $?', pass_env=("KEPT_TOKEN",))
    assert built(kept, order("x"))[1] == "0\n"


def test_a_killed_command_leaves_no_process(make: Make, tmp_path: Path) -> None:
    note = tmp_path / "child"
    builder = make(f"sleep 300 & echo $! > {note}; wait")
    handle = builder.start(order("x"))
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    began = time.monotonic()
    builder.cancel(handle)
    assert time.monotonic() - began < 100
    assert not lives(int(note.read_text()))


def test_an_interrupt_in_the_middle_of_a_start_leaves_no_process(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "child"
    started: list[processes.Process] = []

    class Interrupted(processes.Process):
        def __init__(self, *arguments: object, **named: object) -> None:
            super().__init__(*arguments, **named)  # type: ignore[arg-type]
            started.append(self)
            while not (note.exists() and note.read_text().strip()):
                time.sleep(0.01)
            raise KeyboardInterrupt

    monkeypatch.setattr(processes, "Process", Interrupted)
    builder = make(f"echo $$ > {note}; trap '' TERM; sleep 300 & wait")
    with pytest.raises(KeyboardInterrupt):
        builder.start(order("x"))
    assert lives(int(note.read_text()))
    builder.close()
    assert not lives(int(note.read_text()))
    assert started[0].poll() == 128 + 9
