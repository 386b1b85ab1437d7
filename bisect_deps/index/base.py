"""Where releases come from: the installers' own settings, and who to be at each address.

Reads what uv and pip read (environment, configuration files), so facts are about the index that the
build will use; the resolver asks at the same places. Credentials go into the request alone:
`Place.url` never holds any.
"""

from __future__ import annotations

import configparser
import functools
import netrc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from bisect_deps.errors import InputError
from bisect_deps.knowledge.default_index import default_index
from bisect_deps.model import IndexSettings
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact


@dataclass(frozen=True, slots=True)
class Place:
    """One address without credentials, and who to be there (user, password)."""

    url: str
    auth: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"Place({self.url!r})"


def completed(
    settings: IndexSettings,
    installer: str = "uv",
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> IndexSettings:
    """Return `settings` with what was not given taken from the installer's own configuration.

    `index_url` stays None where the installer would use its built-in default. `folder` is where
    uv would look for a project's uv.toml or pyproject.toml; None reads none.
    """
    env = os.environ if environ is None else environ
    found = _pip_settings(env) if installer == "pip" else _uv_settings(env, folder)
    if settings.no_index:
        found = replace(found, index_url=None, extra_index_urls=())
    return IndexSettings(
        index_url=settings.index_url or found.index_url,
        extra_index_urls=settings.extra_index_urls or found.extra_index_urls,
        find_links=settings.find_links or found.find_links,
        no_index=settings.no_index or found.no_index,
        exclude_newer=settings.exclude_newer or found.exclude_newer,
    )


def indexes(settings: IndexSettings, environ: Mapping[str, str] | None = None) -> tuple[Place, ...]:
    """Return the indexes in the order in which uv asks them: extra ones first, the default last."""
    if settings.no_index:
        return ()
    urls = (*settings.extra_index_urls, settings.index_url or default_index())
    return tuple(place(url, environ) for url in urls)


def place(url: str, environ: Mapping[str, str] | None = None) -> Place:
    """Return the address with its `${NAME}` filled in and its credentials taken out.

    A password that the address lacks is looked up as uv and pip do: in the netrc file, then, for a
    user that the address names, in the keyring. Raises InputError where a variable is not set, or
    the address cannot be one.
    """
    env = os.environ if environ is None else environ
    spot = _parted(url, env)
    user, password = spot.auth or ("", "")
    if password or not spot.url.startswith(("http://", "https://")):
        return spot
    return replace(spot, auth=_netrc_login(spot.url, user, env) or _ring(spot, env) or spot.auth)


def _parted(url: str, env: Mapping[str, str]) -> Place:
    parts = _parts(expanded(url, env))
    user, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return Place(urlunsplit(parts))
    name, _, password = user.partition(":")
    bare = urlunsplit(parts._replace(netloc=host))
    return Place(bare, (unquote(name), unquote(password)))


def _netrc_login(url: str, user: str, env: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what the user's netrc file says of a host; of another user than the named, nothing."""
    path = Path(env.get("NETRC") or Path(env.get("HOME", os.path.expanduser("~")), ".netrc"))
    try:
        found = netrc.netrc(path).authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    if found is None or (user and user != found[0]):
        return None
    return (found[0], found[2] or "")


def _ring(spot: Place, env: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the named user's login of the keyring, unless an installer is told to leave it."""
    user = spot.auth[0] if spot.auth else ""
    providers = (env.get("UV_KEYRING_PROVIDER"), env.get("PIP_KEYRING_PROVIDER"))
    program = shutil.which("keyring", path=env.get("PATH"))
    if not user or "disabled" in providers or program is None:
        return None
    password = _ring_password(program, spot.url, user)
    return (user, password) if password else None


@functools.cache
def _ring_password(program: str, url: str, user: str) -> str:
    for service in (url, urlsplit(url).netloc):
        said = _said([program, "get", service, user])
        if said:
            return said[0]
    return ""


def be_addresses(settings: IndexSettings) -> None:
    """Raise InputError for an index address that nobody could ask, before anything is built.

    One with a `${NAME}` is left to who asks: a build elsewhere has variables of its own.
    """
    main = [settings.index_url] if settings.index_url else []
    for url in (*main, *settings.extra_index_urls, *settings.find_links):
        if "${" not in url:
            _parts(url)


def with_credentials(spot: Place) -> str:
    """Return the address with its credentials: for an installer's environment, never for people."""
    if spot.auth is None:
        return spot.url
    parts = urlsplit(spot.url)
    user = ":".join(quote(part, safe="") for part in spot.auth)
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with each `${NAME}` replaced, as pip and uv do. Raises InputError."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in environ:
            raise InputError(
                f"the index address needs ${{{match[1]}}}, which is not set",
                hint=f"export {match[1]}=... and run again",
            )
        return environ[match[1]]

    return re.sub(r"\$\{([A-Z0-9_]+)\}", value, text)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Whether it is a number is looked at here, not before.
        if parts.scheme in ("http", "https") and not parts.hostname:
            raise ValueError("it names no host")
    except ValueError as error:
        raise InputError(
            f"the index address {redact(url)} cannot be used: {error}",
            hint="write it as https://index.example/simple/: see --index-url, the installer's "
            "settings and the options in the file",
        ) from None
    return parts


def keyring_login(url: str) -> tuple[str, str] | None:
    """Return what the user's keyring knows for this address, asked as pip asks it."""
    host = urlsplit(url).netloc
    try:
        import keyring
    except ImportError:
        return _keyring_command(url) or _keyring_command(host)
    try:
        found = keyring.get_credential(url, None) or keyring.get_credential(host, None)
    except Exception:  # any backend of any system may fail in its own way: then it knows nothing
        return None
    return (found.username, found.password) if found else None


def _keyring_command(service: str) -> tuple[str, str] | None:
    program = shutil.which("keyring")
    if not program:
        return None
    lines = _said([program, "--mode", "creds", "--output", "plain", "get", service])
    return (lines[0], lines[1]) if len(lines) == 2 else None


def _said(command: list[str]) -> list[str]:
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
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def _uv_settings(env: Mapping[str, str], folder: Path | None) -> IndexSettings:
    found = IndexSettings()
    for table in _uv_tables(env, folder):
        found = _merged(found, _from_uv_table(table, env))
    default = env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    extra = _words(env.get("UV_INDEX")) + _words(env.get("UV_EXTRA_INDEX_URL"))
    return IndexSettings(
        index_url=_unnamed(default, env) if default else found.index_url,
        extra_index_urls=tuple(_unnamed(url, env) for url in extra) or found.extra_index_urls,
        find_links=_words(env.get("UV_FIND_LINKS"), separators=r"[,\s]+") or found.find_links,
        no_index=_is_true(env.get("UV_NO_INDEX")) or found.no_index,
        exclude_newer=env.get("UV_EXCLUDE_NEWER") or found.exclude_newer,
    )


def _uv_tables(env: Mapping[str, str], folder: Path | None) -> Iterator[Mapping[str, Any]]:
    """Yield uv's tables, the strongest first: project, user, system; or the one file given."""
    if env.get("UV_CONFIG_FILE"):
        yield _toml(Path(env["UV_CONFIG_FILE"]))
        return
    if _is_true(env.get("UV_NO_CONFIG")):
        return
    for parent in (folder, *folder.parents) if folder else ():
        table = _toml(parent / "uv.toml") or _toml(parent / "pyproject.toml").get("tool", {}).get(
            "uv", {}
        )
        if table:
            yield table
            break
    for base in _config_folders(env):
        yield _toml(base / "uv" / "uv.toml")


def _from_uv_table(table: Mapping[str, Any], env: Mapping[str, str]) -> IndexSettings:
    pip = table.get("pip", {})
    listed = [entry for entry in table.get("index", []) if not entry.get("explicit")]
    listed = [entry for entry in listed if "url" in entry]
    default = [_logged_in(entry, env) for entry in listed if entry.get("default")]
    extra = [_logged_in(entry, env) for entry in listed if not entry.get("default")]
    first = default[0] if default else None
    return IndexSettings(
        index_url=first or pip.get("index-url") or table.get("index-url"),
        extra_index_urls=tuple(
            extra or pip.get("extra-index-url") or table.get("extra-index-url") or ()
        ),
        find_links=tuple(pip.get("find-links") or table.get("find-links") or ()),
        no_index=bool(pip.get("no-index") or table.get("no-index")),
        exclude_newer=table.get("exclude-newer"),
    )


def _merged(strong: IndexSettings, weak: IndexSettings) -> IndexSettings:
    return IndexSettings(
        index_url=strong.index_url or weak.index_url,
        extra_index_urls=strong.extra_index_urls or weak.extra_index_urls,
        find_links=strong.find_links or weak.find_links,
        no_index=strong.no_index or weak.no_index,
        exclude_newer=strong.exclude_newer or weak.exclude_newer,
    )


def _pip_settings(env: Mapping[str, str]) -> IndexSettings:
    """Return pip's settings: its files, the weakest first, then PIP_* variables.

    Source: pip, Configuration: location and precedence.
    """
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in _pip_files(env):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself stops here and says so, once it is run
        for section, found in sections.items():
            if parser.has_section(section):
                found.update(parser.items(section))
    # What a weaker file says of the command beats what a stronger one says of all commands.
    merged = sections["global"] | sections["install"]
    for key in ("index-url", "extra-index-url", "find-links", "no-index"):
        value = env.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            merged[key] = value
    return IndexSettings(
        index_url=merged.get("index-url"),
        extra_index_urls=_words(merged.get("extra-index-url")),
        find_links=_words(merged.get("find-links")),
        no_index=_is_true(merged.get("no-index")),
    )


def _pip_files(env: Mapping[str, str]) -> Iterator[Path]:
    given = env.get("PIP_CONFIG_FILE")
    if given == os.devnull:
        return
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    users, *systems = _config_folders(env)
    yield from (base / "pip" / name for base in systems)
    if sys.platform != "win32":
        yield Path("/etc", name)
    yield Path(env.get("HOME", os.path.expanduser("~"))) / ".pip" / name
    yield users / "pip" / name
    if given:
        yield Path(given)


def _config_folders(env: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of configuration files, the user's first."""
    if sys.platform == "win32":
        yield from (Path(env[key]) for key in ("APPDATA", "PROGRAMDATA") if env.get(key))
        return
    home = Path(env.get("HOME", os.path.expanduser("~")))
    yield Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    for folder in (env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder)
    yield Path("/etc")


def _toml(path: Path) -> dict[str, Any]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError):
        return {}  # absent, or uv says what is wrong with it when it is run


def _unnamed(url: str, env: Mapping[str, str]) -> str:
    """Return the address of `name=address`, as UV_INDEX allows it, with the name's login."""
    named = re.match(r"([A-Za-z0-9._-]+)=(?=[a-z]+:|/|\.)", url)
    return _logged_in({"name": named[1], "url": url[named.end() :]}, env) if named else url


def _logged_in(entry: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Return an index's address with what UV_INDEX_NAME_USERNAME and _PASSWORD say, as uv does.

    A password that stands in the address wins.
    """
    url = str(entry["url"])
    key = re.sub(r"[^A-Za-z0-9]", "_", str(entry.get("name") or "")).upper()
    login = tuple(env.get(f"UV_INDEX_{key}_{part}", "") for part in ("USERNAME", "PASSWORD"))
    spot = _parted(url, env) if key and any(login) and "://" in url else None
    if spot is None or spot.auth is not None:
        return url
    return with_credentials(Place(spot.url, (login[0], login[1])))


def _words(text: str | None, separators: str = r"\s+") -> tuple[str, ...]:
    return tuple(word for word in re.split(separators, text or "") if word)


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}
