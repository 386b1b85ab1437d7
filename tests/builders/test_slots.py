"""Kept environments: quick where they are as good as fresh ones, else not used."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders._slots import contents, is_whole
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.local import LocalBuilder, Options
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.system import interpreters
from bisect_deps.system.sandbox import Sandbox
from tests.builders.contract import finish, whole_log
from tests.support.local_index import LocalIndex, Project
from tests.support.sandboxes import WORKS_HERE

HERE = interpreters.find(sys.executable)
Make = Callable[..., Builder]
SANDBOX = pytest.mark.skipif(not WORKS_HERE, reason="bubblewrap does not work here")

# Rewrites a module of another project in place, through whatever links lead to it.
REWRITES = """
import pathlib, victim
path = pathlib.Path(victim.__file__)
with path.open("r+") as stream:
    stream.write("state = 'rewritten'   #")
"""
LEAVES = "import pathlib; pathlib.Path(__file__).with_name('left_behind.py').write_text('')"
PROJECTS = (
    Project("steady").release("1.0").release("2.0"),
    Project("victim").release("1.0", code="state = 'as it was installed'"),
    Project("rewrites").release("1.0", code=REWRITES),
    Project("leaves").release("1.0", code=LEAVES),
    # Python warns of it when it compiles it: an invalid escape sequence.
    Project("warns").release("1.0", code="PATTERN = '\\d'"),
    Project("one", module="shared").release("1.0"),
    Project("two", module="shared").release("1.0"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own cache of uv; ours is empty, too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ours"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def make(tmp_path: Path, index: LocalIndex, cache: Path) -> Iterator[Make]:
    """Make a builder, of one run or of a later one."""
    for name in ("project", "work"):
        (tmp_path / name).mkdir()
    options = Options(
        folder=tmp_path / "project",
        cwd=tmp_path / "project",
        work=tmp_path / "work",
        interpreter=HERE,
        index=IndexSettings(no_index=True, find_links=(str(index.find_links),)),
        jobs=1,
    )
    made: list[Builder] = []

    def make(**changes: Any) -> Builder:
        made.append(make_builder("local", replace(options, **changes)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def builder(make: Make) -> Builder:
    return make()


def order(*pins: str, check: str = "true", warm: bool = True) -> Order:
    text = "".join(f"{pin}\n" for pin in pins).encode()
    return Order(
        {"requirements.txt": text},
        "requirements.txt",
        f"{text.hex()} {check} {warm}",
        check=(check,),
        timeout=60.0,
        exact=pins if warm else None,
    )


def python(code: str) -> str:
    return f'python -c "{code}"'


def where(builder: Builder, asked: Order) -> tuple[BuildStatus, str]:
    """Build, and return how it ended and what the check printed last."""
    handle = builder.start(asked)
    status = finish(builder, handle)
    said = [
        line for line in whole_log(builder, handle).splitlines() if line[:2] not in ("::", "$ ")
    ]
    return status, said[-1] if said else ""


INODE = python("import os, sys; print(os.stat(sys.prefix + '/pyvenv.cfg').st_ino)")
STATE = python("import victim; print(victim.state)")


def test_what_was_only_installed_is_tried_out_in_the_same_environment(builder: Builder) -> None:
    installing = replace(order("steady==1.0", warm=False), check=())
    handles = [builder.start(installing)]
    assert finish(builder, handles[0]) is BuildStatus.PASSED
    handles.append(builder.start(order("steady==1.0")))
    assert finish(builder, handles[1]) is BuildStatus.PASSED
    added = ["+ steady==1.0" in whole_log(builder, handle) for handle in handles]
    assert added == [True, False]


def test_an_environment_is_brought_to_the_next_set(builder: Builder) -> None:
    first = where(builder, order("steady==1.0", "victim==1.0", check=INODE))
    handle = builder.start(order("steady==2.0", check=INODE))
    assert finish(builder, handle) is BuildStatus.PASSED
    log = whole_log(builder, handle)
    assert builder.installed(handle) == {"steady": "2.0"}
    assert first[1] in log.splitlines(), "the environment is another one"
    assert "- victim==1.0" in log


def test_what_is_not_exact_is_built_in_a_fresh_environment(builder: Builder) -> None:
    warm = where(builder, order("steady==1.0", check=INODE))
    cold = where(builder, order("steady==1.0", check=INODE, warm=False))
    assert warm[0] is cold[0] is BuildStatus.PASSED
    assert warm[1] != cold[1]


def test_a_file_that_a_check_rewrote_is_seen_by_no_later_build(
    builder: Builder, cache: Path
) -> None:
    rewrite = python("import rewrites, importlib, victim")
    assert where(builder, order("victim==1.0", "rewrites==1.0", check=rewrite))[0].is_final
    for warm in (True, False):
        assert where(builder, order("victim==1.0", check=STATE, warm=warm)) == (
            BuildStatus.PASSED,
            "as it was installed",
        )
    cached = [path.read_text() for path in cache.rglob("victim/__init__.py")]
    cached += [path.read_text() for path in cache.rglob("victim.py")]
    assert cached
    assert not any("rewritten" in text for text in cached)


def test_a_file_that_a_check_added_is_seen_by_no_later_build(builder: Builder) -> None:
    leave = python("import leaves")
    assert where(builder, order("leaves==1.0", check=leave))[0] is BuildStatus.PASSED
    look = python(
        "import sys, pathlib; print(list(pathlib.Path(sys.prefix).rglob('left_behind.py')))"
    )
    assert where(builder, order("steady==1.0", check=look)) == (BuildStatus.PASSED, "[]")


def test_a_file_that_two_releases_claim_does_not_go_with_one_of_them(builder: Builder) -> None:
    look = python("import shared")
    assert where(builder, order("one==1.0", "two==1.0", check=look))[0] is BuildStatus.PASSED
    assert where(builder, order("one==1.0", check=look))[0] is BuildStatus.PASSED


def test_bytecode_alone_does_not_make_an_environment_worthless(builder: Builder) -> None:
    first = where(builder, order("victim==1.0", check=f"{STATE} && {INODE}"))
    again = where(builder, order("victim==1.0", "steady==1.0", check=INODE))
    assert first[1] == again[1]


def test_a_set_that_cannot_be_installed_fails_and_harms_no_later_build(builder: Builder) -> None:
    assert where(builder, order("steady==1.0"))[0] is BuildStatus.PASSED
    assert where(builder, order("steady==9.9"))[0] is BuildStatus.FAILED
    assert where(builder, order("steady==2.0"))[0] is BuildStatus.PASSED


@SANDBOX
def test_files_are_linked_where_checks_only_read_them(builder: Builder) -> None:
    links = python("import os, victim; print(os.stat(victim.__file__).st_nlink > 1)")
    for warm in (True, False):
        asked = order("victim==1.0", check=links, warm=warm)
        assert where(builder, asked) == (BuildStatus.PASSED, "True")


@SANDBOX
def test_files_are_linked_to_a_cache_of_its_own_too(make: Make) -> None:
    links = order("victim==1.0", check=python("import os, victim; print(os.stat(victim.__file__))"))
    older_tools = replace(links, build_constraints=("setuptools<99",), digest="older tools")
    for builder, asked in ((make(own_cache=True), links), (make(), older_tools)):
        status, said = where(builder, asked)
        assert status is BuildStatus.PASSED
        assert "st_nlink=1," not in said


@SANDBOX
def test_files_that_nothing_uses_are_linked_whatever_the_python(make: Make, tmp_path: Path) -> None:
    old = interpreters.present("cpython3.7")
    if old is None:
        pytest.skip("no Python 3.7 is here")
    builder = make(interpreter=old)
    handle = builder.start(replace(order("victim==1.0", warm=False), check=()))
    assert finish(builder, handle) is BuildStatus.PASSED
    [installed] = (tmp_path / "work").rglob("env/lib/*/site-packages/victim/__init__.py")
    assert installed.stat().st_nlink > 1
    assert where(builder, order("victim==1.0", check=python("import victim")))[0] is (
        BuildStatus.PASSED
    )


@SANDBOX
def test_a_check_that_writes_to_its_environment_gets_copies_and_no_word_of_the_first_try(
    builder: Builder,
) -> None:
    leave = python("import leaves, os; print(os.stat(leaves.__file__).st_nlink)")
    handle = builder.start(order("leaves==1.0", check=leave))
    assert finish(builder, handle) is BuildStatus.PASSED
    log = whole_log(builder, handle)
    assert log.splitlines()[-2] == "1"
    assert log.count("install begin") == 1
    assert "Read-only" not in log


@SANDBOX
def test_a_check_that_writes_elsewhere_fails_for_what_it_does(
    builder: Builder, tmp_path: Path
) -> None:
    write = python(f"open('{tmp_path}/project/new', 'w')")
    status, said = where(builder, order("steady==1.0", check=write))
    assert status is BuildStatus.FAILED
    assert "Read-only file system" in said
    assert not (tmp_path / "project" / "new").exists()


@SANDBOX
def test_bytecode_of_another_version_is_not_taken_for_that_of_this_one(
    builder: Builder, cache: Path
) -> None:
    say = python("import steady; print(steady.__version__)")
    for version in ("1.0", "2.0"):
        assert where(builder, order(f"steady=={version}", check="true", warm=False))[0].is_final
    # As of two releases that were unpacked in the same second.
    for path in cache.rglob("steady*.py"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    for turn, version in enumerate(("1.0", "2.0", "1.0")):
        asked = order(f"steady=={version}", check=f"{say} # {turn}")
        assert where(builder, asked)[1] == version


@SANDBOX
@pytest.mark.parametrize("module", ["json.decoder", "argparse"])
def test_the_standard_library_is_compiled_in_no_environment(builder: Builder, module: str) -> None:
    if not Path(importlib.import_module(module).__cached__).exists():
        pytest.skip("this Python has its standard library uncompiled")
    look = python(
        f"import {module} as m, os; print(os.path.dirname(os.path.realpath(m.__cached__)))"
    )
    for warm in (True, False):
        ended, said = where(builder, order("steady==1.0", check=look, warm=warm))
        assert ended is BuildStatus.PASSED
        assert Path(said).name == "__pycache__", "bytecode that is kept apart stands in no such"


@SANDBOX
def test_no_build_changes_what_later_runs_take_the_standard_library_from(builder: Builder) -> None:
    place = python(
        "import json.decoder as m, os, sys; p = os.path.join(sys.pycache_prefix, m.__file__[1:]); "
        "print(os.path.realpath(os.path.dirname(os.path.dirname(p))))"
    )
    _, kept = where(builder, order("steady==1.0", check=place))
    before = contents(Path(kept))
    assert before, "nothing is kept"
    assert Path(kept).is_relative_to(os.environ["XDG_CACHE_HOME"])
    write = python(f"open({kept + '/json/evil.py'!r}, 'w')")
    assert where(builder, order("steady==1.0", check=write))[0] is BuildStatus.FAILED
    assert contents(Path(kept)) == before


def compiled(builder: Builder) -> None:
    """Wait until what is compiled beside the builds is kept."""
    assert isinstance(builder, LocalBuilder)
    while builder._compiled._running is not None:
        time.sleep(0.02)
        builder._compiled.collect()


def bytecode(module: str) -> str:
    """Return a check that prints where a module's bytecode came from, at last."""
    return python(f"import {module} as m, os; print(os.path.realpath(m.__cached__))")


@SANDBOX
def test_a_fresh_environment_has_what_was_compiled_for_keeps(builder: Builder, make: Make) -> None:
    def come_from(builder: Builder, *, warm: bool = False) -> Path:
        return Path(where(builder, order("steady==1.0", check=bytecode("steady"), warm=warm))[1])

    first = come_from(builder)
    come_from(builder, warm=True)
    compiled(builder)
    kept = come_from(builder)
    assert kept != first
    assert kept.is_relative_to(Path(os.environ["XDG_CACHE_HOME"], "depbisect", "bytecode"))
    assert come_from(make()) == kept, "a later run compiles it again"
    asked = order("steady==1.0", check=bytecode("steady"))
    _, doubted = where(builder, replace(asked, again=True))
    assert Path(doubted) != kept, "what is kept may be what fails"
    write = python(f"open({str(kept)!r}, 'w')")
    assert where(builder, order("steady==1.0", check=write, warm=False))[0] is BuildStatus.FAILED
    assert kept.stat().st_size


@SANDBOX
def test_a_link_that_a_check_left_leads_to_no_folder_of_the_user(
    builder: Builder, tmp_path: Path
) -> None:
    where(builder, order("steady==1.0", check=bytecode("steady")))
    compiled(builder)
    name = Path(where(builder, order("steady==1.0", check=bytecode("steady")))[1]).name
    mine = tmp_path / "project" / "mine"
    mine.mkdir()
    lead = python(
        "import os, shutil, steady; at = os.path.dirname(steady.__cached__); shutil.rmtree(at); "
        f"os.symlink({str(mine)!r}, at)"
    )
    assert where(builder, order("steady==1.0", check=lead))[0] is BuildStatus.PASSED
    assert where(builder, order("steady==1.0"))[0] is BuildStatus.PASSED
    assert list(mine.iterdir()) == [], "something was linked there"
    (mine / name).write_text("")
    assert where(builder, order("steady==2.0"))[0] is BuildStatus.PASSED
    assert [path.name for path in mine.iterdir()] == [name], "it was taken for old bytecode"


@SANDBOX
def test_what_python_warns_of_is_compiled_in_each_environment(builder: Builder) -> None:
    strict = 'python -W error -c "import warns"'
    lenient = order("warns==1.0", check=python("import warns"))
    for _ in range(2):
        assert where(builder, lenient)[0] is BuildStatus.PASSED
        compiled(builder)
        ended, _ = where(builder, order("warns==1.0", check=strict, warm=False))
        assert ended is BuildStatus.FAILED


def failing_at_first(folder: Path, failures: int) -> Sandbox:
    """Return a sandbox that refuses so many times, as where a folder to be hidden is gone."""
    counter, real = folder / "count", shutil.which("bwrap")
    flaky = folder / "bwrap"
    flaky.write_text(
        f"#!/bin/sh\necho >> {counter}\n"
        f"if [ $(wc -l < {counter}) -le {failures} ]; then\n"
        f"  echo 'bwrap: Can not mount tmpfs on /gone' >&2; exit 1; fi\nexec {real} \"$@\"\n"
    )
    flaky.chmod(0o755)
    return Sandbox(str(flaky), "1")


@SANDBOX
@pytest.mark.parametrize(
    ("failures", "problem"), [(1, ""), (99, "Can not mount tmpfs on /gone")], ids=["once", "always"]
)
def test_no_run_does_without_a_sandbox_for_what_was_gone_once(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, problem: str
) -> None:
    rooms = builder._rooms  # type: ignore[attr-defined]
    monkeypatch.setattr(rooms, "_box", failing_at_first(tmp_path, failures))
    assert rooms.try_one() == problem


@SANDBOX
@pytest.mark.parametrize("failures", [1, 99], ids=["once", "always"])
def test_a_room_that_cannot_be_made_is_made_again(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    monkeypatch.setattr(builder._rooms, "_box", failing_at_first(tmp_path, failures))  # type: ignore[attr-defined]
    asked = order("steady==1.0", check="echo passed")
    if failures > 1:
        with pytest.raises(BuilderUnavailable, match="Can not mount tmpfs on /gone"):
            where(builder, asked)
        return
    handle = builder.start(asked)
    assert finish(builder, handle) is BuildStatus.PASSED
    log = whole_log(builder, handle)
    assert "bwrap" not in log
    assert log.count("install begin") == 1


def test_a_missing_or_twice_claimed_file_is_found(tmp_path: Path) -> None:
    site = tmp_path / "lib"
    for name, listed in (("a-1.dist-info", "a.py"), ("b-1.dist-info", "b.py")):
        (site / name).mkdir(parents=True)
        (site / name / "RECORD").write_text(f"{listed},,\n{name}/RECORD,,\n")
        (site / listed).touch()
    assert is_whole(contents(site), [site])
    (site / "a.py").unlink()
    assert not is_whole(contents(site), [site])
    (site / "a.py").touch()
    (site / "b-1.dist-info" / "RECORD").write_text("a.py,,\n")
    assert not is_whole(contents(site), [site])
