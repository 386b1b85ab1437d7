"""What a build leaves in an environment, and on the way to it, is read and removed with care."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bisect_deps.builders._compiled import Compiled
from bisect_deps.builders._environments import installed, modules
from bisect_deps.builders._scratch import WorkFolder
from bisect_deps.builders._slots import contents, is_whole
from bisect_deps.builders.local import LocalBuilder, Options
from bisect_deps.errors import InputError
from bisect_deps.model import BuildStatus
from bisect_deps.system import processes
from bisect_deps.system.files import is_ours_alone
from bisect_deps.system.sandbox import Isolation
from tests.builders.contract import left_in_the_end, names_in
from tests.hostile.builds import HERE, build
from tests.support.sandboxes import WORKS_HERE

_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can read it, or give away")


def without_end(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 38)


TRAPS: Mapping[str, Callable[[Path], None]] = {
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a file without end": without_end,
    "a folder": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "what the kernel tells when it likes": lambda path: path.symlink_to("/proc/kmsg"),
}


@pytest.mark.parametrize("place", ["RECORD", "METADATA", "top_level.txt"])
@pytest.mark.parametrize("trap", TRAPS)
def test_metadata_that_is_none_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str, place: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    site = tmp_path / "env" / "site-packages"
    files = {
        "good-1.0.dist-info/METADATA": "Name: good\nVersion: 1.0\n",
        "good-1.0.dist-info/RECORD": "good.py,,\n",
        "good.py": "",
        "evil-1.0.dist-info/METADATA": "Name: evil\nVersion: 1.0\n",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    (site / "evil-1.0.dist-info" / place).unlink(missing_ok=True)
    TRAPS[trap](site / "evil-1.0.dist-info" / place)
    TRAPS[trap](site / "more.egg-info")
    assert installed([site])["good"] == "1.0"
    assert modules([site], "good evil") == {"good": "good"}
    assert is_whole(contents(site), [site])
    work = WorkFolder(None)
    try:
        compiled = Compiled(HERE, work, processes.new_family())
        (tmp_path / "bytecode" / site.relative_to("/")).mkdir(parents=True)
        (tmp_path / "bytecode" / site.relative_to("/") / "good.x.pyc").touch()
        compiled.note([site], tmp_path / "bytecode")
        compiled.show([site], tmp_path / "bytecode")
    finally:
        work.close()


@pytest.mark.skipif(not WORKS_HERE, reason="bubblewrap does not work here")
def test_no_build_makes_what_later_runs_take_for_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    names = ("pip", "resolver", "outputs", "index", "bytecode", "library", "built")
    code = "\n".join(
        f"attempt('{name}', lambda: os.makedirs('{tmp_path}/user/depbisect/{name}/evil') is None)"
        for name in names
    )
    status, log = build(tmp_path, code, Isolation.REQUIRE, work=None)
    assert status is BuildStatus.PASSED, log
    assert "ATTEMPT pip = " in log
    assert not [*tmp_path.glob("user/depbisect/*/evil")]


@pytest.mark.parametrize("trap", TRAPS)
def test_what_stands_among_the_work_folders_is_removed_whatever_it_is(
    tmp_path: Path, trap: str
) -> None:
    pid, began, namespace = processes.owner().split(".")
    left = tmp_path / f"{pid}.{int(began) - 1}.{namespace}-left"
    TRAPS[trap](left)
    (tmp_path / f"\N{SUPERSCRIPT TWO}.{began}.{namespace}-odd").mkdir()
    WorkFolder(tmp_path).close()
    end = time.monotonic() + 60
    while os.path.lexists(left) and time.monotonic() < end:
        time.sleep(0.01)
    assert not os.path.lexists(left)


def test_what_is_being_compiled_stands_where_no_build_writes(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    assert Compiled(HERE, work, processes.new_family())._job.is_relative_to(work.private)
    work.close()


def given_away(folder: Path) -> None:
    os.chown(folder, 4321, 4321)


@pytest.mark.parametrize(
    ("spoil", "is_ours"),
    [
        (lambda folder: folder.chmod(0o755), True),
        (lambda folder: folder.chmod(0o777), False),
        (lambda folder: folder.chmod(0o1777), True),
        pytest.param(given_away, False, marks=_AS_ROOT),
    ],
    ids=["for reading", "for all", "for all, each their own", "of another user"],
)
def test_a_folder_that_others_can_put_away_is_not_ours(
    tmp_path: Path, spoil: Callable[[Path], None], is_ours: bool
) -> None:
    assert is_ours_alone(tmp_path / "above" / "kept")
    spoil(tmp_path / "above")
    assert is_ours_alone(tmp_path / "above" / "kept") is is_ours


def test_a_builder_that_cannot_be_set_up_leaves_no_folder(tmp_path: Path) -> None:
    options = Options(
        folder=tmp_path,
        cwd=tmp_path,
        work=tmp_path / "work",
        interpreter=HERE,
        sandbox_paths=(tmp_path / "nowhere",),
    )
    with pytest.raises(InputError):
        LocalBuilder(options)
    assert left_in_the_end(lambda: names_in(tmp_path / "work")) == []
