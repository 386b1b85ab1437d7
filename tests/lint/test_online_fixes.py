"""Fixes that ask the index: hashes come with the pin, a branch becomes its commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bisect_deps.lint.checking import Checker
from bisect_deps.lint.fixing import Fixed, fix
from bisect_deps.lint.inputs import Inputs
from bisect_deps.lint.settings import LintSettings
from bisect_deps.model import IndexSettings
from tests.support.linted import codes, write_files
from tests.support.local_index import LocalIndex, Project


def fixed_online(folder: Path, text: str, url: str, **options: bool) -> Fixed:
    write_files(folder, {"requirements.txt": text})
    checker = Checker(
        Inputs(folder, variables={}), LintSettings(online=True), index=IndexSettings(index_url=url)
    )
    try:
        return fix(checker, ["requirements.txt"], unsafe=options.get("unsafe", True))
    finally:
        checker.close()


def test_newest_release_is_an_unsafe_pin(tmp_path: Path, local_index: LocalIndex) -> None:
    local_index.add(Project("alpha").release("1.0").release("2.0").release("3.0b1"))
    with local_index.serve() as server:
        assert not fixed_online(tmp_path, "alpha<9\n", server.url, unsafe=False).files
        result = fixed_online(tmp_path, "alpha<9\n", server.url)
    assert list(result.files.values()) == [b"alpha==2.0\n"]
    assert codes(result.report) == []


def test_hashes_are_refreshed_with_the_pin(tmp_path: Path, local_index: LocalIndex) -> None:
    local_index.add(Project("alpha").release("1.0", yanked="broken").release("1.1"))
    [new] = [f"sha256:{f.sha256}" for f in local_index.files("alpha") or () if "1.1" in f.filename]
    [old] = [f"sha256:{f.sha256}" for f in local_index.files("alpha") or () if "1.0" in f.filename]
    text = f"alpha==1.0 \\\n    --hash={old}  # why\n"
    with local_index.serve() as server:
        result = fixed_online(tmp_path, text, server.url)
    assert list(result.files.values()) == [f"alpha==1.1 \\\n    --hash={new}  # why\n".encode()]
    assert codes(result.report) == []


def test_branch_becomes_the_commit_it_names_today(tmp_path: Path, local_index: LocalIndex) -> None:
    project = tmp_path / "tool"
    project.mkdir()
    identity = ["-c", "user.name=x", "-c", "user.email=x@x.example"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        [*identity, "commit", "--quiet", "--allow-empty", "-m", "one"],
        [*identity, "tag", "-a", "v1", "-m", "one"],
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    answer = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True
    )
    commit = answer.stdout.strip()
    url = f"git+file://{project}"
    with local_index.serve() as server:
        for ref in ("", "@main", "@v1"):
            result = fixed_online(tmp_path, f"tool @ {url}{ref}#subdirectory=a\n", server.url)
            wanted = f"tool @ {url}@{commit}#subdirectory=a\n"
            assert list(result.files.values()) == [wanted.encode()]


def test_missing_hashes_are_added(tmp_path: Path, local_index: LocalIndex) -> None:
    local_index.add(Project("alpha").release("1.0"), Project("beta").release("1.0"))
    [alpha] = [f"sha256:{file.sha256}" for file in local_index.files("alpha") or ()]
    [beta] = [f"sha256:{file.sha256}" for file in local_index.files("beta") or ()]
    text = f"alpha==1.0 --hash={alpha}\nbeta==1.0  # why\n"
    with local_index.serve() as server:
        result = fixed_online(tmp_path, text, server.url)
    [data] = result.files.values()
    assert f"--hash={beta}" in data.decode()
    assert codes(result.report) == []


def test_url_gets_the_digest_of_its_file(tmp_path: Path, local_index: LocalIndex) -> None:
    local_index.add(Project("alpha").release("1.0"))
    [file] = local_index.files("alpha") or ()
    with local_index.serve() as server:
        root = server.url.removesuffix("simple/")
        url = f"{root}files/{file.sha256[:16]}/{file.filename}"
        result = fixed_online(tmp_path, f"alpha @ {url}  # why\n", server.url, unsafe=False)
    assert list(result.files.values()) == [f"alpha @ {url}#sha256={file.sha256}  # why\n".encode()]
    assert codes(result.report) == []
