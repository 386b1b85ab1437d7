"""Scratch copies of a project, put back to how they were between two builds.

A copy holds what git knows of the project, as it stands in the work tree, or the whole folder where
there is no git. The user's own folder is only read. Must not know what is built.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.system.git import git_command, git_environment

# What a plain folder holds that is made from the rest, or is version control's.
_LEFT_OUT = frozenset(
    {".depbisect", ".git", ".hg", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache"}
    | {".svn", ".tox", "__pycache__", "node_modules"}
)
_MOST_FILES = 100_000
_State = tuple[int, int, int, int, int]


class CopiedProject:
    """The project that a folder belongs to, copied once as it stands at the start of a run."""

    def __init__(self, folder: Path, cwd: Path, kept: Path) -> None:
        """Copy the project of the requirements file's `folder` to `kept`.

        It is the git repository; without one, `cwd` if the folder is below it, else the folder. A
        command runs in the copy of `cwd`, or of the folder where `cwd` is outside.
        """
        folder, cwd = folder.resolve(), cwd.resolve()
        self.top, paths = _contents(folder, cwd)
        self.folder = folder.relative_to(self.top)
        self.cwd = cwd.relative_to(self.top) if cwd.is_relative_to(self.top) else self.folder
        self.kept = kept
        kept.mkdir(parents=True)
        # Our own work folder may stand inside, for example below a cache of the project's own.
        work = os.path.join(os.path.relpath(kept.parent.resolve(), self.top), "")
        for path in paths:
            if not os.path.join(path, "").startswith(work):
                _copy(self.top / path, kept / path)
        if (self.top / ".git").exists():
            _give_history(kept, self.top)


class Copy:
    """A scratch copy of a project, for one build at a time."""

    def __init__(self, project: CopiedProject, root: Path) -> None:
        self.root = root
        self._kept = project.kept
        shutil.copytree(project.kept, root, symlinks=True)
        self._states = dict(_walk(root))

    def write(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Write a candidate's files; keys are relative to `folder` of the copy."""
        for key, content in files.items():
            target = Path(os.path.normpath(folder / key))
            if not target.is_relative_to(self.root):
                raise InputError(
                    f"the file {key!r} is outside of the project",
                    hint="run depbisect where the whole project is below",
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_bytes(content)

    def reset(self) -> None:
        """Undo all that was written since the copy was made: changed, new and lost files."""
        now = dict(_walk(self.root))
        for path in sorted(now.keys() - self._states.keys(), reverse=True):
            _remove(self.root / path)
        for path, state in self._states.items():
            if now.get(path) != state:
                self._restore(path)

    def _restore(self, path: str) -> None:
        source, target = self._kept / path, self.root / path
        if source.is_dir() and not source.is_symlink():
            if target.is_symlink() or not target.is_dir():
                _remove(target)
            target.mkdir(parents=True, exist_ok=True)
            shutil.copymode(source, target)
        else:
            _remove(target)
            _copy(source, target)
        self._states[path] = _state(target)


def top_of(folder: Path, cwd: Path) -> Path:
    """Return the top folder of a folder's project, as `CopiedProject` chooses it."""
    home = Path.home().resolve()
    top = _work_tree(folder)
    if top is not None and not home.is_relative_to(top):
        return top
    return cwd if folder.is_relative_to(cwd) and not home.is_relative_to(cwd) else folder


def _contents(folder: Path, cwd: Path) -> tuple[Path, list[str]]:
    """Return the project's top folder, and the files and links to copy, relative to it."""
    top = _work_tree(folder)
    if top is not None:
        listed = _git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        paths = [path for path in (listed or "").split("\0") if path]
        here = str(folder.relative_to(top))
        # A folder that the repository ignores is a project of its own.
        if here == "." or any(path.startswith(f"{here}/") for path in paths):
            return top, [path for path in paths if os.path.lexists(top / path)]
    # Nobody's home, nor the root of the machine, is a project.
    is_project = folder.is_relative_to(cwd) and cwd not in (Path(cwd.anchor), Path.home())
    top = cwd if is_project else folder
    paths = list(itertools.islice(_files(top), _MOST_FILES + 1))
    if len(paths) > _MOST_FILES:
        raise InputError(
            f"{top} holds more than {_MOST_FILES} files, too many to copy for each build",
            hint="put the project under git, or run depbisect in a smaller folder",
        )
    return top, paths


def _work_tree(folder: Path) -> Path | None:
    """Return the top of the git work tree around a folder, None for none.

    A repository's own settings can say that its work tree is any other folder of the machine.
    """
    found = _git(folder, "rev-parse", "--show-toplevel")
    top = Path((found or "").removesuffix("\n"))
    is_around = found is not None and folder.is_relative_to(top) and (top / ".git").exists()
    return top if is_around else None


def _files(top: Path) -> Iterator[str]:
    for folder, names, files in os.walk(top):
        names[:] = [
            name
            for name in names
            if name not in _LEFT_OUT and not os.path.exists(f"{folder}/{name}/pyvenv.cfg")
        ]
        if folder != str(top) and not names and not files:
            yield os.path.relpath(folder, top)
        links = [name for name in names if os.path.islink(f"{folder}/{name}")]
        for name in (*files, *links):
            yield os.path.relpath(os.path.join(folder, name), top)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git answers, or None where there is no git or no repository."""
    try:
        done = subprocess.run(
            git_command(folder, *arguments),
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            # A clone of a folder on this machine counts as a transport.
            env={**git_environment(), "GIT_ALLOW_PROTOCOL": "file"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout)


def _give_history(root: Path, top: Path) -> None:
    """Give the copy a repository of its own that borrows the objects, for what asks git."""
    history = root / ".git"
    made = _git(top, "clone", "--quiet", "--shared", "--no-checkout", str(top), f"{root}.git")
    clone = Path(f"{root}.git")
    if made is not None and (clone / ".git").is_dir():
        (clone / ".git").rename(history)
        _git(root, "remote", "remove", "origin")
        _git(root, "reset", "--quiet")
    shutil.rmtree(clone, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _walk(root: Path) -> Iterator[tuple[str, _State]]:
    """Yield every path below, but for the history, with what shows a change of it."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path == ".git":
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            stat = entry.stat(follow_symlinks=False)
            if is_folder:
                waiting.append(path)
                yield path, (stat.st_mode, 0, 0, 0, 0)
            else:
                yield path, _facts(stat)


def _state(path: Path) -> _State:
    stat = path.lstat()
    return (stat.st_mode, 0, 0, 0, 0) if path.is_dir() else _facts(stat)


def _facts(stat: os.stat_result) -> _State:
    return (stat.st_mode, stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
