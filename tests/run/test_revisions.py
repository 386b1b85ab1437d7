"""Files of a git revision are read as they stood, and a hostile repository runs nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.run.revisions import LARGEST_FILE, Revision, find_revision, is_shallow
from tests.support.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def found(repository: Repository, name: str, folder: str = ".") -> Revision:
    revision = find_revision(repository.folder / folder, name)
    assert revision is not None
    return revision


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return the bytes and times of all files, those of git included."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@pytest.mark.parametrize(
    "name", ["HEAD~1", "v1.2", "old", "main^", "HEAD@{1}", "v1.2^{}", ":/first", "refs/tags/v1.2"]
)
def test_every_way_to_name_a_commit_is_understood(repository: Repository, name: str) -> None:
    first = repository.commit({"r.txt": "a==1\n"}, "2024-03-02")
    repository.git("tag", "--annotate", "--message=first", "v1.2")
    repository.git("branch", "old")
    repository.git("commit", "--amend", "--quiet", "--message=first")
    first = repository.git("rev-parse", "HEAD").strip() if name == ":/first" else first
    repository.git("reset", "--quiet", "--hard", first)
    repository.commit({"r.txt": "a==2\n"})
    revision = found(repository, name)
    assert revision.sha == first
    assert revision.read(str(repository.folder / "r.txt")) == b"a==1\n"


def test_a_revision_tells_its_day_in_utc(repository: Repository) -> None:
    sha = repository.commit({"r.txt": ""}, "2024-03-02")
    revision = found(repository, sha[:12])
    assert (revision.sha, revision.date) == (sha, "2024-03-02T10:00:00Z")
    assert str(revision) == f"{sha[:12]} ({sha[:10]}, 2024-03-02)"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nonesuch",
        "-h",
        "--all",
        "--output=stolen",
        "HEAD:r.txt",
        "HEAD^{tree}",
        "HEAD..HEAD",
        "HEAD HEAD",
        "HEAD\n",
        "a\0b",
        "$(touch stolen)",
        "0000000000000000000000000000000000000000",
    ],
)
def test_what_names_no_commit_is_none(repository: Repository, name: str) -> None:
    repository.commit({"r.txt": "a==1\n"})
    assert find_revision(repository.folder, name) is None
    assert not list(repository.folder.parent.rglob("stolen"))


def test_nothing_is_written_or_checked_out(repository: Repository) -> None:
    repository.commit({"r.txt": "a==1\n", "sub/b.txt": "b==1\n"})
    repository.commit({"r.txt": "a==2\n", "sub/b.txt": None})
    (repository.folder / "r.txt").write_text("a==3\n")
    before = state_of(repository.folder)
    revision = found(repository, "HEAD~1", ".")
    assert revision.read(str(repository.folder / "sub" / "b.txt")) == b"b==1\n"
    assert state_of(repository.folder) == before


@pytest.mark.parametrize(
    "name",
    ["a b.txt", "-r.txt", "ä.txt", "a:b.txt", "*.txt", "HEAD", "sub/c.txt", "a\tb", 'q"'],
)
def test_odd_names_are_read(repository: Repository, name: str) -> None:
    repository.commit({name: b"\x00\xff\r\n", "other.txt": "other"})
    revision = found(repository, "HEAD")
    assert revision.read(str(repository.folder / name)) == b"\x00\xff\r\n"


def test_links_are_followed_inside_the_commit_alone(repository: Repository) -> None:
    outside = repository.folder.parent / "secret.txt"
    outside.write_text("secret")
    (repository.folder / "link.txt").symlink_to("sub/r.txt")
    (repository.folder / "out.txt").symlink_to(outside)
    (repository.folder / "up.txt").symlink_to("../secret.txt")
    (repository.folder / "loop.txt").symlink_to("loop.txt")
    repository.commit({"sub/r.txt": "a==1\n"})
    revision = found(repository, "HEAD")
    assert revision.read(str(repository.folder / "link.txt")) == b"a==1\n"
    for name in ("out.txt", "up.txt", "loop.txt", "sub", "gone.txt"):
        assert not revision.has(str(repository.folder / name))
        with pytest.raises(FileNotFoundError):
            revision.read(str(repository.folder / name))
    with pytest.raises(FileNotFoundError):
        revision.read(str(outside))


def test_the_folder_may_be_a_link_and_below_the_top(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"sub/r.txt": "a==1\n"})
    (tmp_path / "short").symlink_to(repository.folder / "sub")
    revision = find_revision(tmp_path / "short", "HEAD")
    assert revision is not None
    assert revision.read(str(tmp_path / "short" / "r.txt")) == b"a==1\n"


def test_a_huge_file_is_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"r.txt": "a==1\n"})
    monkeypatch.setattr("bisect_deps.run.revisions.LARGEST_FILE", 4)
    assert LARGEST_FILE > 10**7
    with pytest.raises(OSError, match="too large"):
        found(repository, "HEAD").read(str(repository.folder / "r.txt"))


def test_outside_of_a_repository_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a git repository") as caught:
        find_revision(tmp_path, "HEAD")
    assert caught.value.hint


def test_a_repository_that_git_does_not_trust_is_not_used(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    repository.commit({"r.txt": "a==1\n"})
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(repository.folder.parent))
    monkeypatch.setenv("SUDO_UID", "0")
    with pytest.raises(InputError, match="dubious ownership") as caught:
        find_revision(repository.folder, "HEAD")
    assert "safe.directory" in (caught.value.hint or "")


def test_a_hostile_repository_runs_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen = repository.folder.parent / "stolen"
    program = repository.folder.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {stolen}\n")
    program.chmod(0o755)
    repository.commit({"r.txt": "a==1\n", ".gitattributes": "*.txt diff=evil filter=evil\n"})
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.smudge",
        "filter.evil.clean",
        "alias.rev-parse",
        "alias.cat-file",
        "gpg.program",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ):
        value = f"!{program}" if key.startswith(("alias", "credential")) else str(program)
        repository.git("config", key, value)
    for hook in (
        "post-checkout",
        "reference-transaction",
        "fsmonitor-watchman",
        "post-index-change",
    ):
        path = repository.folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(program.read_bytes())
        path.chmod(0o755)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER"):
        monkeypatch.setenv(name, str(program))
    revision = found(repository, "HEAD")
    assert revision.read(str(repository.folder / "r.txt")) == b"a==1\n"
    assert find_revision(repository.folder, "nonesuch") is None
    assert not stolen.exists()


def test_a_clone_without_all_objects_fetches_none(repository: Repository, tmp_path: Path) -> None:
    stolen = tmp_path / "stolen"
    sha = repository.commit({"r.txt": "a==1\n"})
    blob = repository.git("rev-parse", f"{sha}:r.txt").strip()
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::sh -c touch% {stolen}"),
        ("protocol.ext.allow", "always"),
    ):
        repository.git("config", key, value)
    revision = found(repository, "HEAD")
    assert not revision.has(str(repository.folder / "r.txt"))
    assert not stolen.exists()


def test_variables_do_not_lead_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"r.txt": "a==1\n"})
    other = Repository(tmp_path / "other")
    other.commit({"r.txt": "b==1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    revision = found(repository, "HEAD")
    assert revision.read(str(repository.folder / "r.txt")) == b"a==1\n"


def test_files_elsewhere_and_bare_repositories_are_refused(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"r.txt": "a==1\n"})
    bare = repository.folder / "bare"
    repository.git("clone", "--quiet", "--bare", ".", "bare")
    with pytest.raises(InputError):
        find_revision(bare, "HEAD")
    for key, value in (("core.bare", "false"), ("core.worktree", str(bare))):
        repository.git("-C", "bare", "config", key, value)
    with pytest.raises(InputError):
        find_revision(bare, "HEAD")
    repository.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(InputError):
        find_revision(repository.folder, "HEAD")


def test_a_shallow_clone_is_known_as_one(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"r.txt": "a==1\n"})
    repository.commit({"r.txt": "a==2\n"})
    assert not is_shallow(repository.folder)
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", "../shallow")
    assert is_shallow(tmp_path / "shallow")
    assert find_revision(tmp_path / "shallow", "HEAD~1") is None
    assert not is_shallow(tmp_path)
