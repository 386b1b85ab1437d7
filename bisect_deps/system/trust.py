"""What the user trusts: hosts, and folders with all below them; and which state folders are ours.

Kept in the user's own state folder, never in a project: `trusted.json`, and the key that marks the
`.depbisect/` folders which were made here. `DEPBISECT_TRUST` names more, for one process. Must not
know what is done with what is trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bisect_deps.errors import InputError, JournalError, NotTrusted
from bisect_deps.system.files import read_regular, write_private

STATE_FOLDER = ".depbisect"
VARIABLE = "DEPBISECT_TRUST"
MARK = "made-here"
# The folder of jobs on other machines: builders make links there, and jobs write when they will.
SCRATCH = "jobs"
# Written here, never read back: no word of theirs is believed.
_UNREAD = ("lock", MARK, ".gitignore", "build")
# Read back where something else names it; all other entries tell something by themselves, whoever
# wrote them: no builder is named here.
_SILENT = (*_UNREAD, "probes", "answers")
_MOST_BYTES = 1 << 20
_MOST_SEALED = 1 << 26
_MOST_READ = 1 << 30
_FOREIGN = "this folder was not made here: it came with the project, or was changed elsewhere"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Hosts as `api.example` or `api.example:8443`, folders as absolute paths without links."""

    hosts: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    def has_host(self, address: str) -> bool:
        """Say whether an address (or a bare host) is one that the user named."""
        host = host_of(address)
        return bool(host) and (host in self.hosts or host.partition(":")[0] in self.hosts)

    def has_folder(self, folder: Path) -> bool:
        """Say whether the user named a folder, or one above it."""
        real = folder.resolve()
        return any(str(parent) in self.folders for parent in (real, *real.parents))


def trusted(environment: Mapping[str, str] | None = None) -> Trusted:
    """Return what was named by `depbisect trust` and by DEPBISECT_TRUST. Raises InputError."""
    env = os.environ if environment is None else environment
    kept = _kept()
    named = [_named(word) for word in env.get(VARIABLE, "").replace(",", " ").split()]
    return Trusted(
        kept.hosts.union(*(trusted.hosts for trusted in named)),
        kept.folders.union(*(trusted.folders for trusted in named)),
    )


def trust(words: Iterable[str], *, forget: bool = False) -> Trusted:
    """Add hosts, addresses and folders to what is trusted, or take them away; return all of it.

    Raises InputError for a word that is neither, or where the list cannot be kept.
    """
    hosts, folders = set(_kept().hosts), set(_kept().folders)
    for trusted in map(_named, words):
        if forget:
            hosts -= trusted.hosts
            folders -= trusted.folders
        else:
            hosts |= trusted.hosts
            folders |= trusted.folders
    whole = {"hosts": sorted(hosts), "folders": sorted(folders)}
    write_private(_home() / "trusted.json", f"{json.dumps(whole, indent=2)}\n".encode())
    return Trusted(frozenset(hosts), frozenset(folders))


def be_sent_there(address: str, *, setting: str, file: Path, always: bool) -> None:
    """Raise where an address of a project's own file would get a key that nobody meant for it.

    That is any key without the user's word for the host or the project, and any at all in the
    clear but to this machine. `always`: a key goes there; else only what `${NAME}` stands for, or
    the address itself holds. Raises NotTrusted, InputError.
    """
    holds = "${" in address or "@" in address.partition("://")[2].partition("/")[0]
    if not always and not holds:
        return
    place = os.path.relpath(file)
    if address.lower().startswith("http://") and not _is_this_machine(address):
        raise InputError(
            f"{setting} would send a credential over plain http",
            place=place,
            hint="write https://; plain http is for this machine alone",
        )
    known = trusted()
    if not (always or "${" in address):
        return
    if known.has_host(address) or known.has_folder(file.parent):
        return
    host = host_of(address) or "HOST"
    raise NotTrusted(
        f"{setting} would send a credential of yours to {host}, which this file names and you "
        "did not",
        place=place,
        hint=f"if it belongs there: depbisect trust {host}; or say --{setting} yourself",
    )


def be_inside(path: str, *, setting: str, file: Path) -> None:
    """Raise NotTrusted where a project's own file names a path outside its folder, or in `.git`."""
    real = Path(os.path.realpath(os.path.expanduser(path)))
    home = file.parent.resolve()
    inside = real.is_relative_to(home) and ".git" not in real.relative_to(home).parts
    if inside or path == "-" or trusted().has_folder(file.parent):
        return
    raise NotTrusted(
        f"{setting} leads out of the project, and this file came with it",
        place=os.path.relpath(file),
        hint=f"if you know the project: depbisect trust {os.path.relpath(file.parent)}; or say "
        f"--{setting} yourself",
    )


def _is_this_machine(address: str) -> bool:
    name = host_of(address).partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")


def host_of(address: str) -> str:
    """Return `host` or `host:port` of an address without its user part; "" where it has none."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        port = parts.port
    except ValueError:
        return ""
    name = parts.hostname or ""
    return f"{name}:{port}" if name and port else name


def make_state_folder(folder: Path) -> None:
    """Make the state folder, for its owner alone, with an ignore-all `.gitignore`; mark it ours.

    Raises JournalError where it cannot be made, and as `be_ours` does.
    """
    try:
        if not os.path.lexists(folder):
            folder.mkdir(parents=True, mode=0o700)
        be_ours(folder)
        folder.chmod(0o700)
        (folder / "probes").mkdir(mode=0o700, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            write_new(ignore, b"*\n")
        open_up(folder)
    except OSError as error:
        raise JournalError(
            f"cannot make the state folder: {error.strerror}",
            place=str(folder),
            hint="make the folder writable, or copy the requirements file to one that is",
        ) from None


def be_ours(folder: Path) -> None:
    """Raise unless a state folder, where there is one, is this user's and holds what we wrote.

    Raises JournalError for links, devices and files of other users in it, NotTrusted for a folder
    that came with the project and that the user did not name by `depbisect trust`.
    """
    be_plain(folder)
    if not folder.is_dir():
        return
    why = _strangeness(folder)
    if not why or trusted().has_folder(folder):
        return
    if any(path.name not in _SILENT and path.name[0] != "." for path in folder.iterdir()):
        raise NotTrusted(
            f"{why}; its records could say anything",
            place=str(folder),
            hint=f"if you know it as yours: depbisect trust {folder.parent}; else remove it, with "
            f"all that it keeps: rm -r {folder}",
        )


def open_up(folder: Path) -> None:
    """Mark a folder as made here and open: what is written from now on is believed in this place.

    For who has its lock. Where no key can be kept, the folder stays without its mark, and is asked
    about next time. Raises OSError.
    """
    with contextlib.suppress(InputError):
        mark = f"{_mark_of(folder)}\n".encode()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(folder / MARK, flags, 0o600)
        with open(descriptor, "r+b") as stream:
            # What is there already needs no room on the disk.
            if stream.read(len(mark)) != mark:
                stream.seek(0)
                stream.write(mark)
            stream.truncate(len(mark))
            stream.flush()
            # What is younger than the mark was written by this command; and no change of the
            # contents may be on the disk before it, or a power failure would leave the old seal.
            os.utime(descriptor)
            os.fsync(descriptor)


def seal(folder: Path) -> None:
    """Write down what a state folder holds, now that a command has done its work in it.

    From then on only that is believed, in place or in a copy, until a command of ours opens it
    again. Where it cannot be written down, or the folder is not ours, it stays as it is: open.
    """
    try:
        if not hmac.compare_digest(_reported(folder)[0], _mark_of(folder)):
            return
        listing = "".join(f"{digest} {name}\n" for name, digest in sorted(_contents(folder)))
        _flush(folder)
        lines = f"{_mark_of(folder)}\n{_seal_of(listing)}\n{listing}"
        write_private(folder / MARK, lines.encode())
    except (OSError, ValueError, InputError):
        return


def _flush(folder: Path) -> None:
    """Have on the disk what was written since the folder was opened: a seal must not be first."""
    opened = os.stat(folder / MARK).st_mtime_ns
    for top in (folder, *_read_back(folder)):
        for path in (folder,) if top == folder else _walk(top):
            if path.lstat().st_mtime_ns >= opened:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def be_plain(folder: Path) -> None:
    """Raise JournalError where a state folder holds what depbisect never writes.

    That is a link, a pipe, a device, or anything of another user.
    """
    for path in _walk(folder):
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            why = f"it is a link to {os.readlink(path)}, and depbisect makes none"
        elif not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            why = "it is no regular file"
        elif found.st_uid not in _own_ids():
            why = "it belongs to another user"
        else:
            continue
        raise JournalError(
            f"{why}: nothing in this folder is read or written",
            place=str(path),
            hint=f"look at it, then remove the folder: rm -r {folder}",
        )


def write_new(path: Path, data: bytes) -> None:
    """Write a file for its owner alone, never through a link. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)


def append_to(path: Path, data: bytes) -> None:
    """Add to a file for its owner alone, never through a link; where that cannot be, nothing is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError), open(os.open(path, flags, 0o600), "ab") as stream:
        stream.write(data)


def _walk(folder: Path) -> Iterator[Path]:
    if not os.path.lexists(folder):
        return
    yield folder
    if folder.is_symlink():
        return
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink() and path.name != SCRATCH:
            yield from _walk(path)
        else:
            yield path


def _own_ids() -> set[int]:
    """Return the user's ids: under sudo also that of who called it."""
    own = os.geteuid()
    caller = os.environ.get("SUDO_UID", "")
    return {own, int(caller)} if own == 0 and caller.isdecimal() else {own}


def _strangeness(folder: Path) -> str:
    """Return why a state folder is not to be believed; "" where it is.

    While a command is at work, and after one was killed, the mark of the place counts: its
    contents change. Else they count, as they were sealed: where they stand makes no difference.
    """
    try:
        reported, seal, listing = _reported(folder)
        is_in_place = hmac.compare_digest(reported, _mark_of(folder))
        if not seal:
            return "" if is_in_place else _FOREIGN
        if not hmac.compare_digest(seal, _seal_of(listing)):
            return _FOREIGN
        known = {name: digest for digest, _, name in map(_split, listing.splitlines())}
        changed = [name for name, digest in _contents(folder) if known.get(name) != digest]
    except (OSError, ValueError, InputError):
        return _FOREIGN
    if changed:
        return f"{min(changed)} was changed or added since depbisect last wrote here"
    return "" if is_in_place or not _has_scratch(folder) else _FOREIGN


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(" ")


def _reported(folder: Path) -> tuple[str, str, str]:
    """Return the mark of the place, the seal and what is sealed; the latter are "" while open."""
    text = read_regular(folder / MARK, most=_MOST_SEALED).decode("utf-8", "surrogateescape")
    mark, _, rest = text.partition("\n")
    seal, _, listing = rest.partition("\n")
    return mark, seal, listing


def _contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that are read back, each with the digest of its bytes."""
    for top in _read_back(folder):
        for path in _walk(top):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                if "\n" not in name:
                    yield name, hashlib.sha256(read_regular(path, most=_MOST_READ)).hexdigest()


def _read_back(folder: Path) -> list[Path]:
    """Return the entries of a state folder whose contents count."""
    unread = (*_UNREAD, SCRATCH)
    return [path for path in folder.iterdir() if path.name not in unread and path.name[0] != "."]


def _has_scratch(folder: Path) -> bool:
    return (folder / SCRATCH).exists()


def _mark_of(folder: Path) -> str:
    """Return the mark of a folder in its place: a copy of it is in another one."""
    return hmac.new(_key(), str(os.stat(folder).st_ino).encode(), "sha256").hexdigest()


def _seal_of(listing: str) -> str:
    """Return the seal of a listing, as a whole: no two states of folders can be mixed."""
    data = b"sealed\n" + listing.encode("utf-8", "surrogateescape")
    return hmac.new(_key(), data, "sha256").hexdigest()


def _key() -> bytes:
    path = _home() / "key"
    try:
        key = read_regular(path, most=1024)
    except FileNotFoundError:
        key = b""
    if len(key) != 32:
        key = secrets.token_bytes(32)
        write_private(path, key)
    return key


def _home() -> Path:
    from platformdirs import user_state_path

    return user_state_path("depbisect", appauthor=False)


def _kept() -> Trusted:
    path = _home() / "trusted.json"
    try:
        found = json.loads(read_regular(path, most=_MOST_BYTES))
        hosts, folders = found.get("hosts", []), found.get("folders", [])
        return Trusted(frozenset(map(str, hosts)), frozenset(map(str, folders)))
    except FileNotFoundError:
        return Trusted()
    except (OSError, ValueError, TypeError, AttributeError):
        raise InputError(
            "the list of what you trust cannot be read",
            place=str(path),
            hint="remove it, then name hosts and folders again: depbisect trust",
        ) from None


def _named(word: str) -> Trusted:
    """Return one host or folder as it is kept: what looks like a path is a folder."""
    if "://" not in word and (word in (".", "..", "~") or os.sep in word or os.path.isdir(word)):
        folder = Path(os.path.expanduser(word)).resolve()
        return Trusted(folders=frozenset({str(folder)}))
    host = host_of(word)
    if not host:
        raise InputError(
            f"{word!r} is neither a host nor a folder",
            hint="write api.example, https://api.example:8443 or a path such as .",
        )
    return Trusted(hosts=frozenset({host}))
