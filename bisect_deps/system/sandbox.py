"""Commands kept apart from the machine by bubblewrap: own processes, own home, few files.

Knows how a room is set up for one command, and whether this machine can; must not know what is run
in it or why. What a room keeps away, and what it does not, is written in docs/security.md.
Source: bwrap(1), and the threat notes in bubblewrap's own README.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.policy import POLICY
from bisect_deps.system.cached_output import cached_output

INSTALL_HINT = (
    "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install "
    "bubblewrap; Alpine: apk add bubblewrap), or use --sandbox auto"
)
# The system's own folders, where they are; nothing else of the root of the machine is shown.
_SYSTEM = ("usr", "opt", "nix", "gnu")
# Of /sys the processors alone, for who counts them: all of it is a dozen mounts, and as many ms.
_PROCESSORS = "/sys/devices/system"
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-modeset", "kfd", "dri")
_MASKS_AT_MOST = 400


class Isolation(str, Enum):
    """How builds are to be kept apart: where the machine can, always, or not."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Room:
    """What one command finds beside the system itself.

    `home` and `temporary` are empty folders that stand in the place of the user's home and of
    /tmp. `readable` and `writable` are shown where they are, `replaced` folders by the folder given
    for each, `hidden` ones are empty. `common` is one writable folder of which `own` alone is
    shown: what is inside of one mount can be linked. Later and deeper paths win. `offline` leaves
    the loopback device only.
    """

    home: Path
    temporary: Path
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    replaced: tuple[tuple[Path, Path], ...] = ()
    hidden: tuple[Path, ...] = ()
    common: Path | None = None
    own: tuple[Path, ...] = ()
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A bubblewrap."""

    program: str
    version: str
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)

    @property
    def name(self) -> str:
        """Return what reports call it: `bubblewrap 0.8.0`."""
        return f"bubblewrap {self.version}"

    def enter(self, command: Sequence[str], room: Room, cwd: Path) -> list[str]:
        """Return the command line that runs `command` in the room, in the folder `cwd`.

        Everything that it starts ends with it, and with us.
        """
        line = [self.program, "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
        if self.is_root:
            line += ["--cap-drop", "ALL"]
        if room.offline:
            line.append("--unshare-net")
        line += [*_system(), "--proc", "/proc", "--dev", "/dev"]
        for name in _DEVICES:
            if os.path.exists(f"/dev/{name}"):
                line += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
        for _, arguments in sorted(_mounts(room), key=lambda mount: len(mount[0].parts)):
            line += arguments
        return [*line, "--chdir", str(cwd), "--", *command]


def open_sandbox(wanted: Isolation) -> tuple[Sandbox | None, str]:
    """Return the sandbox and its name, or None and why there is none; the first room tries it.

    Raises BuilderUnavailable where one is required and this machine has none.
    """
    if wanted is Isolation.OFF:
        return None, "off"
    found, why = _find()
    if found is None and wanted is Isolation.REQUIRE:
        raise BuilderUnavailable(f"--sandbox require: {why}", hint=INSTALL_HINT)
    return found, found.name if found else why


def home() -> Path:
    """Return the user's home folder as programs see it."""
    return Path(os.path.expanduser("~"))


def is_too_wide(path: Path) -> bool:
    """Say whether showing the folder would show the home folder, or the whole machine."""
    return _is_above(str(path), os.path.expanduser("~"))


@functools.lru_cache(1024)
def _is_above(path: str, home: str) -> bool:
    # Asked for each path of each step, and each answer takes a dozen system calls.
    real = os.path.join(os.path.realpath(path), "")
    return any(os.path.join(os.path.realpath(top), "").startswith(real) for top in (home, "/tmp"))


def _is_below(path: Path, tops: set[str]) -> bool:
    """Say whether a path is one of some folders, or in one."""
    text = str(path)
    while text not in tops:
        above = os.path.dirname(text)
        if above == text:
            return False
        text = above
    return True


def can_be_common(folders: Sequence[Path]) -> Path | None:
    """Return the deepest folder that holds all of these, if they can be linked and it is narrow."""
    common = Path(os.path.commonpath([os.path.realpath(folder) for folder in folders]))
    if is_too_wide(common) or len({folder.stat().st_dev for folder in folders}) > 1:
        return None
    masks = sum(1 for _ in _masked(common, folders))
    return common if masks <= _MASKS_AT_MOST else None


def readable_by_all(path: Path) -> bool:
    """Say whether any user of the machine could read it."""
    try:
        return bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


@functools.cache
def _find() -> tuple[Sandbox | None, str]:
    program = shutil.which("bwrap")
    if program is None:
        return None, "bubblewrap is not installed"
    try:
        ask = [program, "--version"]
        version = (cached_output(ask, lambda: _run(ask)) or "").split()
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or str(error)
        why = output.strip().splitlines()[-1].removeprefix("bwrap: ") if output.strip() else "?"
        return None, f"bubblewrap does not work here ({why})"
    return Sandbox(program, version[-1] if version else "?"), ""


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=POLICY.sandbox_timeout,
    )
    return done.stdout


@functools.cache
def _system() -> tuple[str, ...]:
    """Return the arguments that show the system, and of its settings what all may read."""
    arguments: list[str] = []
    for name in _SYSTEM:
        if (path := Path("/", name)).is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    for name in _MERGED:
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    arguments += ["--ro-bind-try", _PROCESSORS, _PROCESSORS]
    arguments += ["--dir", "/run", "--ro-bind", "/etc", "/etc"]
    for path, is_folder in _private(Path("/etc")):
        kind = ["--tmpfs"] if is_folder else ["--ro-bind", os.devnull]
        arguments += [*kind, str(path)]
    resolver = Path("/etc/resolv.conf").resolve()
    if not resolver.is_relative_to("/etc") and resolver.exists():
        arguments += ["--ro-bind", str(resolver), str(resolver)]
    return tuple(arguments)


def _private(top: Path) -> Iterator[tuple[Path, bool]]:
    """Yield what only its owner may read, and whether it is a folder: root's builds could."""
    if os.geteuid() != 0:
        return
    for folder, names, files in os.walk(top):
        for name in list(names):
            path = Path(folder, name)
            if not path.is_symlink() and not readable_by_all(path):
                names.remove(name)
                yield path, True
        for name in files:
            path = Path(folder, name)
            # What is empty tells nothing; each mount costs.
            if not path.is_symlink() and not readable_by_all(path) and path.stat().st_size:
                yield path, False


def _mounts(room: Room) -> Iterator[tuple[Path, list[str]]]:
    """Yield each path with the arguments that set it up; on equal depth, the later one wins."""
    yield home(), ["--bind", str(room.home), str(home())]
    for name in ("/tmp", "/var/tmp"):
        yield Path(name), ["--bind", str(room.temporary), name]
    if room.common is not None:
        yield room.common, ["--bind", str(room.common), str(room.common)]
        for path in _masked(room.common, room.own):
            yield path, _mask(path)
    shown = {f"/{name}" for name in (*_SYSTEM, *_MERGED, "etc", "dev", "proc")}
    for path in sorted(set(room.readable), key=lambda path: len(path.parts)):
        if not is_too_wide(path) and not _is_below(path, shown):
            shown.add(str(path))
            yield path, _show(path)
    for path in room.writable:
        yield path, ["--bind", str(path), str(path)]
    for path, stand_in in room.replaced:
        yield path, ["--bind", str(stand_in), str(path)]
    for path in room.hidden:
        yield path, _mask(path)


def _mask(path: Path) -> list[str]:
    return ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", os.devnull, str(path)]


def _show(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", os.readlink(path), str(path)]
    return ["--ro-bind-try", str(path), str(path)]


def _masked(common: Path, own: Sequence[Path]) -> Iterator[Path]:
    """Yield what stands in `common` beside the ways to the folders in `own`."""
    ends = {os.path.realpath(folder) for folder in own}
    ways = {
        str(parent)
        for folder in map(Path, ends)
        for parent in folder.parents
        if parent.is_relative_to(common)
    } | {str(common)}
    for way in sorted(ways - ends):
        if _is_below(Path(way), ends):
            continue
        for name in os.listdir(way):
            path = os.path.join(way, name)
            if path not in ways and path not in ends and not os.path.islink(path):
                yield Path(path)
