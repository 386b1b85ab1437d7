"""What a build on this machine may see, when it is kept apart: see docs/security.md.

The system, the user's tools and caches, the project to be read, its own folder to be written; never
the home folder, another build or what belongs to the run. Must not know how a room is made.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bisect_deps.builders._copies import CopiedProject, Copy, top_of
from bisect_deps.builders._scratch import WorkFolder
from bisect_deps.builders._uv_settings import settings_files
from bisect_deps.builders.base import BuilderOptions
from bisect_deps.model import Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.system import sandbox
from bisect_deps.system.interpreters import uv_store
from bisect_deps.system.passed import is_passed
from bisect_deps.system.sandbox import Room, can_be_common, is_too_wide

# Below the home folder: tools that builds use, and installers' settings. No credentials.
_TOOLS = (
    ".asdf",
    ".cargo/bin",
    ".cargo/config.toml",
    ".cargo/env",
    ".config/pip",
    ".config/uv",
    ".jenv",
    ".local/bin",
    ".local/lib",
    ".local/share/mise",
    ".local/share/uv",
    ".nvm",
    ".pip",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman",
)
# Settings that name files and folders which a build needs.
_NAMING = re.compile(
    r"(?:.+_)?(?:PATH|HOME|ROOT|PREFIX|DIR|CERT|BUNDLE|CERT_FILE|CONFIG_FILE|FIND_LINKS)"
)
_NOT_NAMING = re.compile(
    r"HOME|XDG_.*|PWD|OLDPWD|TMPDIR|KUBE.*|DOCKER.*|GNUPG.*|SSH_.*|.*_CACHE_DIR|.*CREDENTIAL.*"
    # Settings of tools that talk to services hold their logins.
    r"|(?:GH|GITHUB|GLAB|GITLAB|AZURE|AWS|CLOUDSDK|GOOGLE|GCLOUD|VAULT|HELM|HF|HUGGINGFACE)_.*"
)
# Files with logins, in folders that are shown for what else is there.
_LOGINS = ("credentials", "credentials.toml", "credentials.json", ".credentials", "hosts.yml")
_EMPTY = "empty"
_SETTINGS = (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml")
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_PATH_LINE = re.compile(rb"^\s*(?:(?:-e|--editable|-f|--find-links)[\s=]*)?(?P<path>[^\s#;\[]+)")
_FILE_URL = re.compile(rb"file:[^\s#;'\"]+")
_SSH = re.compile(rb"git\+ssh:|git@")
_GIT = re.compile(rb"\bgit\+")
_SHIPPED = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2")
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_TELLING = re.compile(rb"extraheader|://[^/\s@]+@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A room with the sandbox that makes it: what starts a command needs no more.

    `sealed` is an environment whose files are links into the installer's cache: whatever is not the
    installer only reads it, and sees nothing of the cache. `logins` are settings of installers that
    hold credentials, which only they see.
    """

    sandbox: sandbox.Sandbox
    room: Room
    private: Path
    sealed: Path | None = None
    logins: tuple[Path, ...] = ()

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the environment for the room: it has its own place for temporary files.

        Where environment and cache do not stand in one mount, uv is told to copy.
        """
        kept = {name: value for name, value in environment.items() if name not in _TEMPORARY}
        if not self.room.common:
            kept["UV_LINK_MODE"] = "copy"
        if self.room.offline:
            kept["UV_OFFLINE"] = "1"
        return kept

    @property
    def can_link(self) -> bool:
        """Say whether files of the installer's cache can be linked into an environment."""
        return self.room.common is not None

    def for_step(self, step: str) -> Cell:
        """Return the room as a step finds it: the credentials of indexes are the installer's."""
        room = self.room
        netrc = self.private / "netrc"
        if step == "install":
            read = (*room.readable, netrc) if netrc.exists() else room.readable
            return replace(self, room=replace(room, readable=read))
        # Empty, not out of reach: installers stop at settings that they may not read.
        empty = [(path, self.private / _EMPTY) for path in self.logins]
        room = replace(room, replaced=(*room.replaced, *empty))
        if self.sealed is None:
            return replace(self, room=room)
        build, _ = room.own
        room = replace(
            room,
            common=None,
            readable=(*room.readable, self.sealed),
            writable=(build, *room.writable),
        )
        return replace(self, room=room)

    def enter(self, command: Sequence[str], cwd: Path) -> list[str]:
        """Return the command line that runs the command in the room."""
        is_there = any(
            cwd.is_relative_to(path)
            for path in (*self.room.readable, *self.room.writable, sandbox.home())
        )
        return self.sandbox.enter(command, self.room, cwd if is_there else Path("/"))


class Rooms:
    """Makes a room for each build of one builder."""

    def __init__(
        self,
        box: sandbox.Sandbox,
        work: WorkFolder,
        options: BuilderOptions,
        shown: Sequence[Path],
        interpreter: Interpreter,
        *,
        offline: bool,
    ) -> None:
        """Look at what all builds have alike; `shown` is what each of them reads, besides."""
        self._offline = offline
        self._box, self._work, self._options = box, work, options
        self._folder, self._cwd = options.folder.resolve(), options.cwd.resolve()
        self.top = top_of(self._folder, self._cwd)
        self._readable = [
            *_tools(os.environ),
            *_python(interpreter),
            *(path for path in (self.top, self._cwd, self._folder) if not is_too_wide(path)),
            *map(Path.absolute, shown),
            *_links(options),
            # uv looks for its settings in the folders above, too.
            *settings_files(self._cwd),
        ]
        self._cache = cache_folder(os.environ)
        self._settings = tuple(_settings_with_logins(os.environ))
        if self._settings:
            (work.private / _EMPTY).touch(mode=0o600)
        self._projects: dict[Path, CopiedProject] = {}
        self._copies: dict[tuple[Path, Path], Copy] = {}

    def make(self, build: Path, files: Mapping[str, bytes], apart: Path | None = None) -> Cell:
        """Return the room of a build in the folder `build` for the candidate's files.

        `apart` is a folder of ours with caches, in the place of the installers' own.

        Local folders among the requirements are built in a copy: backends write beside the source.
        """
        home, temporary = build / "home", build / "tmp"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)
        links, folders = self._named(files)
        own = (build, apart or self._cache)
        readable = tuple(dict.fromkeys([*self._readable, *links, *_git_files(files)]))
        # What is only read would cover a cache that the user keeps in the project.
        common = None if _covers(readable, own) else can_be_common(own)
        room = Room(
            home=home,
            temporary=temporary,
            readable=readable,
            writable=(
                *(own if common is None else ()),
                *(_existing([pip_cache(os.environ)]) if apart is None else ()),
            ),
            replaced=tuple(self._replaced(build, folders)),
            hidden=tuple(self._hidden()),
            common=common,
            own=own,
            offline=self._offline,
        )
        return Cell(self._box, room, self._work.private, logins=self._settings)

    def for_reading(self, environment: Path, folder: Path) -> Cell:
        """Return a room without a network that reads an environment, and writes to `folder`."""
        cell = replace(self.make(folder, {}), sealed=environment).for_step("read")
        return replace(cell, room=replace(cell.room, offline=True))

    def try_one(self) -> str:
        """Return what keeps a room from being made here, "" where it can be.

        What is to be hidden can be gone when it comes to it: that is no reason to do without.
        """
        for _ in range(POLICY.sandbox_tries):
            if not (problem := self._problem()):
                break
        return problem

    def _problem(self) -> str:
        build = self._work.take()
        try:
            command = self.make(build, {}).enter(["/bin/sh", "-c", ":"], Path("/"))
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
            )
        finally:
            self._work.drop(build)
        lines = done.stderr.strip().splitlines()
        return lines[-1].removeprefix("bwrap: ") if done.returncode and lines else ""

    def _named(self, files: Mapping[str, bytes]) -> tuple[list[Path], list[Path]]:
        """Return the archives and link folders that the files name, and the source folders."""
        links: list[Path] = []
        folders: list[Path] = []
        for key, content in files.items():
            for path in _paths(content, (self._folder / key).parent):
                if path.is_symlink():
                    links.append(path.resolve())
                if path.is_file() and path.name.endswith(_SHIPPED):
                    links.append(path)
                elif any((path / name).is_file() for name in _PROJECT_FILES):
                    folders.append(path)
                elif path.is_dir() and (_holds_releases(path) or _is_repository(path)):
                    links.append(path)
        return links, folders

    def _replaced(self, build: Path, folders: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
        seen: set[Path] = set()
        for folder in folders:
            top = self.top if folder.is_relative_to(self.top) else folder
            if top in seen or is_too_wide(top):
                continue
            seen.add(top)
            if top not in self._projects:
                kept = self._work.private / f"project{len(self._projects)}"
                self._projects[top] = CopiedProject(top, top, kept)
            slot = build.parent / f"project{len(seen)}"
            if (top, slot) in self._copies:
                self._copies[top, slot].reset()
            else:
                self._copies[top, slot] = Copy(self._projects[top], slot)
            yield top, slot

    def _hidden(self) -> Iterator[Path]:
        """Yield our own state, and a repository's settings where they hold a credential."""
        for folder in {self.top, self._folder, self._cwd}:
            state = folder / ".depbisect"
            if state.is_dir() and not is_too_wide(folder):
                yield state
        yield from _existing([uv_store(os.environ)])
        for folder in self._readable:
            yield from _existing(folder / name for name in _LOGINS)
        settings = self.top / ".git" / "config"
        if settings.is_file() and _TELLING.search(settings.read_bytes()):
            yield settings


def _covers(readable: Iterable[Path], own: Sequence[Path]) -> bool:
    real = [folder.resolve() for folder in own]
    return any(folder.is_relative_to(path) for path in readable for folder in real)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return uv's cache; it is made if it is not there."""
    given = environment.get("UV_CACHE_DIR")
    base = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(os.path.abspath(given or f"{base}/uv"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def pip_cache(environment: Mapping[str, str]) -> Path:
    """Return pip's cache, which may not be there."""
    given = environment.get("PIP_CACHE_DIR")
    base = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.path.abspath(given or f"{base}/pip"))


def _tools(environment: Mapping[str, str]) -> list[Path]:
    """Return the user's tools, and what settings name, as far as they are there."""
    home = sandbox.home()
    named = [home / name for name in _TOOLS]
    for name, value in environment.items():
        if is_passed(name) and _NAMING.fullmatch(name) and not _NOT_NAMING.fullmatch(name):
            named += [Path(part) for part in value.split(os.pathsep) if os.path.isabs(part)]
    named += [path.parent for path in named if _is_environment(path.parent)]
    return _existing(path for path in named if not is_too_wide(path))


def _settings_with_logins(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the installers' own settings that hold a credential."""
    named = [environment.get(name) for name in ("PIP_CONFIG_FILE", "UV_CONFIG_FILE")]
    own = [sandbox.home() / name for name in _SETTINGS]
    for path in (*own, *map(Path, filter(None, named))):
        if path.is_file() and _TELLING.search(path.read_bytes()):
            yield path.absolute()


def _is_environment(path: Path) -> bool:
    return any((path / name).exists() for name in ("pyvenv.cfg", "conda-meta"))


def _python(interpreter: Interpreter) -> Iterator[Path]:
    """Yield where a Python stands: its environment, and what that was made from."""
    path = Path(interpreter.path)
    for place in (path, path.resolve()):
        if not is_too_wide(place.parent.parent):
            yield place.parent.parent
        else:
            yield place
    while path.is_symlink():
        path = path.parent / os.readlink(path)
        yield path


def _links(options: BuilderOptions) -> list[Path]:
    """Return the local folders and files among indexes and links."""
    index = options.index
    named = [index.index_url or "", *index.extra_index_urls, *index.find_links]
    paths = [
        Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)
        for name in named
        if name and ("://" not in name or name.startswith("file:"))
    ]
    return _existing(options.cwd / path for path in paths)


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]


def _paths(content: bytes, folder: Path) -> Iterator[Path]:
    """Yield the local paths that the lines of a requirements file name and that are there."""
    named = [match["path"] for match in map(_PATH_LINE.match, content.splitlines()) if match]
    paths = [
        unquote(urlsplit(url.decode(errors="replace")).path) for url in _FILE_URL.findall(content)
    ]
    # A repository's address may end with the revision that is wanted.
    named += [text.encode() for path in paths for text in (path, path.rpartition("@")[0]) if text]
    for name in named:
        if b"/" in name or name in (b".", b"..") or name.endswith(tuple(map(str.encode, _SHIPPED))):
            path = Path(os.path.abspath(folder / os.fsdecode(name)))
            if path.exists() and not is_too_wide(path):
                yield path


def _holds_releases(path: Path) -> bool:
    return any(name.endswith(_SHIPPED) for name in os.listdir(path))


def _is_repository(path: Path) -> bool:
    return (path / ".git").exists() or (path / "HEAD").is_file()


def _git_files(files: Mapping[str, bytes]) -> list[Path]:
    """Return git's settings, and the agent for SSH addresses, where requirements need them."""
    content = b"\n".join(files.values())
    home = sandbox.home()
    found: list[Path] = []
    if _GIT.search(content):
        found += [home / ".gitconfig", home / ".config" / "git" / "config"]
    if _SSH.search(content):
        agent = os.environ.get("SSH_AUTH_SOCK", "")
        found += [home / ".ssh" / "known_hosts", home / ".ssh" / "config", Path(agent or "/none")]
    return _existing(found)
