"""Who to be at an address that holds no password: what uv and pip would find on this machine.

Each installer has places of its own to look at, in its own order; `SOURCES` has them by name. No
place is looked at that the installer would leave. Must not know what is asked there.
"""

from __future__ import annotations

import functools
import netrc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from bisect_deps.policy import POLICY
from bisect_deps.system.files import read_settings
from bisect_deps.system.interpreters import uv_store

Login: TypeAlias = tuple[str, str]

_MODULE = """\
import keyring, sys
for service in sys.argv[2:]:
    found = keyring.get_credential(service, sys.argv[1] or None)
    if found:
        print(found.username)
        print(found.password)
        break
"""


def login(
    url: str, user: str, sources: Iterable[str], environment: Mapping[str, str]
) -> Login | None:
    """Return user and password for an address without a password; None where nobody knows it.

    `user` is the one that the address names, "" for none. The netrc file comes first, then the
    `sources`, as `IndexSettings.logins` has them.
    """
    found = _netrc_login(url, user, environment)
    for source in sources if found is None else ():
        found = SOURCES[source](url, user, environment)
        if found is not None:
            break
    return found


def uv_sources(provider: str | None) -> tuple[str, ...]:
    """Return where uv looks after the netrc file; `provider` is its keyring-provider, None unset.

    Source: uv, HTTP credentials: its own store, then a keyring only where it is told to.
    """
    return ("store", "program") if provider == "subprocess" else ("store",)


def pip_sources(provider: str | None, *, no_input: bool) -> tuple[str, ...]:
    """Return where pip looks after the netrc file; `provider` is its keyring-provider, None unset.

    Source: pip, Authentication, Keyring support: `auto` is the module where pip has it, else the
    program, and neither where pip may not ask for input. Since 25.2 a netrc file's login counts
    whoever the address names (measured with 25.3; 25.1 knows nobody there).
    """
    if provider in (None, "auto"):
        return ("netrc",) if no_input else ("netrc", "module", "program")
    named = {"import": ("module",), "subprocess": ("program",)}
    return ("netrc", *named.get(str(provider), ()))


def _netrc_login(url: str, user: str, environment: Mapping[str, str]) -> Login | None:
    """Return what the user's netrc file says of a host; of another user than the named, nothing."""
    home = environment.get("HOME", os.path.expanduser("~"))
    path = Path(environment.get("NETRC") or Path(home, ".netrc"))
    try:
        if not read_settings(path):
            return None
        found = netrc.netrc(path).authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    if found is None or (user and user != found[0]):
        return None
    return (found[0], found[2] or "")


def _stored(url: str, user: str, environment: Mapping[str, str]) -> Login | None:
    """Return the login of uv's own store whose address is the longest that this one begins with."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = read_settings(uv_store(environment) / "credentials.toml").decode("utf-8")
        entries = tomlkit.parse(text).unwrap().get("credential", [])
    except (OSError, UnicodeDecodeError, TOMLKitError):
        return None
    known = [entry for entry in entries if _is_for(entry, url, user)]
    best = max(known, key=lambda entry: len(urlsplit(str(entry["service"])).path), default=None)
    return None if best is None else (str(best["username"]), str(best["password"]))


def _is_for(entry: Mapping[str, Any], url: str, user: str) -> bool:
    if not {"service", "username", "password"} <= entry.keys():
        return False
    service, asked = urlsplit(str(entry["service"])), urlsplit(url)
    above = service.path.rstrip("/")
    return (
        (service.scheme, service.netloc) == (asked.scheme, asked.netloc)
        and f"{asked.path}/".startswith(f"{above}/")
        and user in ("", entry["username"])
    )


def _by_program(url: str, user: str, environment: Mapping[str, str]) -> Login | None:
    """Return what the `keyring` program on PATH says of a user who is named; it is asked once."""
    program = shutil.which("keyring", path=environment.get("PATH"))
    if program is None or not user:
        return None
    for service in _services(url):
        said = _said((program, "get", service, user))
        if said:
            return (user, said[0])
    return None


def _by_module(url: str, user: str, environment: Mapping[str, str]) -> Login | None:
    """Return what the `keyring` module says where pip would import it: in the active environment.

    The environment that a build makes has none; pip finds it in the one that the user works in.
    """
    folder = environment.get("VIRTUAL_ENV", "")
    python = Path(folder, "bin", "python")
    if not folder or not any(Path(folder).glob("lib/python*/site-packages/keyring/__init__.py")):
        return None
    said = _said((str(python), "-I", "-c", _MODULE, user, *_services(url)))
    return (said[0], said[1]) if len(said) == 2 else None


def _services(url: str) -> tuple[str, ...]:
    """Return what a keyring is asked for: uv names the address as it is, pip ends it with a slash.

    Then comes the host.
    """
    return tuple(dict.fromkeys((url, f"{url.rstrip('/')}/", urlsplit(url).netloc)))


@functools.cache
def _said(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines that a command writes; none where it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=POLICY.keyring_timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(done.stdout.splitlines()) if done.returncode == 0 else ()


SOURCES: dict[str, Callable[[str, str, Mapping[str, str]], Login | None]] = {
    "netrc": lambda url, _, environment: _netrc_login(url, "", environment),
    "store": _stored,
    "program": _by_program,
    "module": _by_module,
}
