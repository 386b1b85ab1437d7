"""Where releases come from: the installers' own settings, and who to be at each address.

Reads what uv and pip read (environment, configuration files), so facts are about the index that the
build will use; the resolver asks at the same places. Credentials go into the request alone:
`Place.url` never holds any.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from bisect_deps.errors import InputError
from bisect_deps.index.logins import login, pip_sources, uv_sources
from bisect_deps.knowledge.default_index import default_index
from bisect_deps.model import IndexSettings
from bisect_deps.secret import redact
from bisect_deps.system.files import read_settings

_PIP_KEYS = (
    *("index-url", "extra-index-url", "find-links", "no-index"),
    *("keyring-provider", "no-input"),
)


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
    if installer == "pip":
        found = _pip_settings(env)
        extra = (*found.extra_index_urls, *settings.extra_index_urls)
    else:
        found = _uv_settings(_told_to_uv(settings, env), folder)
        extra = found.extra_index_urls
    if settings.no_index:
        found, extra = replace(found, index_url=None), ()
    return IndexSettings(
        index_url=settings.index_url or found.index_url,
        extra_index_urls=tuple(dict.fromkeys(extra)),
        find_links=tuple(dict.fromkeys((*settings.find_links, *found.find_links))),
        no_index=settings.no_index or found.no_index,
        exclude_newer=settings.exclude_newer or found.exclude_newer,
        logins=settings.logins or found.logins,
    )


def _told_to_uv(settings: IndexSettings, env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with what options say in place of those of the same option."""
    variables = dict(env)
    if settings.extra_index_urls:
        variables["UV_EXTRA_INDEX_URL"] = " ".join(settings.extra_index_urls)
    if settings.find_links:
        variables.pop("UV_FIND_LINKS", None)
    return variables


def indexes(settings: IndexSettings, environ: Mapping[str, str] | None = None) -> tuple[Place, ...]:
    """Return the indexes in the order in which uv asks them: extra ones first, the default last."""
    if settings.no_index:
        return ()
    urls = (*settings.extra_index_urls, settings.index_url or default_index())
    return tuple(place(url, environ, settings.logins) for url in urls)


def place(url: str, environ: Mapping[str, str] | None = None, logins: Iterable[str] = ()) -> Place:
    """Return the address with its `${NAME}` filled in and its credentials taken out.

    A password that the address lacks is looked up in the netrc file, then in `logins`, as
    `IndexSettings` has them. Raises InputError where a variable is not set, or the address cannot
    be one.
    """
    env = os.environ if environ is None else environ
    spot = _parted(url, env)
    user, password = spot.auth or ("", "")
    if password or not spot.url.startswith(("http://", "https://")):
        return spot
    return replace(spot, auth=login(spot.url, user, logins, env) or spot.auth)


def _parted(url: str, env: Mapping[str, str]) -> Place:
    parts = _parts(expanded(url, env))
    user, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return Place(urlunsplit(parts))
    name, _, password = user.partition(":")
    bare = urlunsplit(parts._replace(netloc=host))
    return Place(bare, (unquote(name), unquote(password)))


def be_addresses(settings: IndexSettings) -> None:
    """Raise InputError for an index address that nobody could ask, before anything is built.

    One with a `${NAME}` is left to who asks: a build elsewhere has variables of its own.
    """
    main = [settings.index_url] if settings.index_url else []
    for url in (*main, *settings.extra_index_urls, *settings.find_links):
        if "${" not in url:
            _parts(url)


def is_local(place: str) -> bool:
    """Say whether a place of files is on this machine: a path, or a `file:` address."""
    return "://" not in place or place.startswith("file:")


def as_path(place: str) -> Path:
    """Return the path of a place on this machine."""
    return Path(url2pathname(urlsplit(place).path)) if place.startswith("file:") else Path(place)


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


def _uv_settings(env: Mapping[str, str], folder: Path | None) -> IndexSettings:
    """Return uv's settings: what variables say comes before what files add to it.

    Measured with uv 0.13.9: lists of the project's, the user's and the system's file and of
    variables are joined; of two indexes of one name the first counts.
    """
    tables = list(_uv_tables(env, folder))
    pips = [*(table.get("pip", {}) for table in tables), *tables]
    default = env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    extra = _words(env.get("UV_INDEX")) + _words(env.get("UV_EXTRA_INDEX_URL"))
    listed = _listed([*map(_entry, extra), *(e for t in tables for e in t.get("index", []))])
    defaults = [_logged_in(entry, env) for entry in listed if entry.get("default")]
    if default:
        defaults = [_logged_in(_entry(default), env)]
    others = [_logged_in(entry, env) for entry in listed if not entry.get("default")]
    return IndexSettings(
        index_url=next(iter([*defaults, *_of_all(pips, "index-url")]), None),
        extra_index_urls=tuple(dict.fromkeys([*others, *_of_all(pips, "extra-index-url")])),
        find_links=tuple(
            dict.fromkeys(
                [
                    *_words(env.get("UV_FIND_LINKS"), separators=r"[,\s]+"),
                    *_of_all(pips, "find-links"),
                ]
            )
        ),
        no_index=_is_true(env.get("UV_NO_INDEX")) or any(_of_all(pips, "no-index")),
        exclude_newer=env.get("UV_EXCLUDE_NEWER")
        or next(iter(_of_all(tables, "exclude-newer")), None),
        logins=uv_sources(
            env.get("UV_KEYRING_PROVIDER") or next(iter(_of_all(pips, "keyring-provider")), None)
        ),
    )


def _as_it_is(value: Any) -> Any:
    """Return a table whose addresses name no variable: the brace is written as in a request."""
    if isinstance(value, dict):
        return {key: _as_it_is(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_it_is(inner) for inner in value]
    return value.replace("${", "$%7B") if isinstance(value, str) else value


def _of_all(tables: Iterable[Mapping[str, Any]], key: str) -> list[Any]:
    """Return what all tables say of a key, lists joined."""
    found: list[Any] = []
    for table in tables:
        value = table.get(key)
        found += value if isinstance(value, list) else [value] if value else []
    return found


def _listed(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the indexes that any project may come from, of each name the first."""
    found: dict[object, Mapping[str, Any]] = {}
    for number, entry in enumerate(entries):
        found.setdefault(entry.get("name") or number, entry)
    return [entry for entry in found.values() if "url" in entry and not entry.get("explicit")]


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
            # uv fills in no variable here, and who wrote a project may not have one sent.
            yield _as_it_is(table)
            break
    for base in _config_folders(env):
        yield _toml(base / "uv" / "uv.toml")


def _pip_settings(env: Mapping[str, str]) -> IndexSettings:
    """Return pip's settings: its files, the weakest first, then PIP_* variables.

    Source: pip, Configuration: location and precedence.
    """
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in _pip_files(env):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(read_settings(path).decode("utf-8"), str(path))
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue  # pip itself stops here and says so, once it is run
        for section, found in sections.items():
            if parser.has_section(section):
                found.update(parser.items(section))
    # What a weaker file says of the command beats what a stronger one says of all commands.
    merged = sections["global"] | sections["install"]
    for key in _PIP_KEYS:
        value = env.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            merged[key] = value
    return IndexSettings(
        index_url=merged.get("index-url"),
        extra_index_urls=_words(merged.get("extra-index-url")),
        find_links=_words(merged.get("find-links")),
        no_index=_is_true(merged.get("no-index")),
        logins=pip_sources(
            merged.get("keyring-provider"), no_input=_is_true(merged.get("no-input"))
        ),
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
        return tomlkit.parse(read_settings(path).decode("utf-8")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError):
        return {}  # absent, or uv says what is wrong with it when it is run


def _entry(url: str) -> dict[str, str]:
    """Return the index that `name=address` stands for, as UV_INDEX allows it, or an address."""
    named = re.match(r"([A-Za-z0-9._-]+)=(?=[a-z]+:|/|\.)", url)
    return {"name": named[1], "url": url[named.end() :]} if named else {"url": url}


def _logged_in(entry: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Return an index's address with what UV_INDEX_NAME_USERNAME and _PASSWORD say, as uv does.

    A password that stands in the address wins.
    """
    url = str(entry["url"])
    key = re.sub(r"[^A-Za-z0-9]", "_", str(entry.get("name") or "")).upper()
    named = tuple(env.get(f"UV_INDEX_{key}_{part}", "") for part in ("USERNAME", "PASSWORD"))
    spot = _parted(url, env) if key and any(named) and "://" in url else None
    if spot is None or spot.auth is not None:
        return url
    return with_credentials(Place(spot.url, (named[0], named[1])))


def _words(text: str | None, separators: str = r"\s+") -> tuple[str, ...]:
    return tuple(word for word in re.split(separators, text or "") if word)


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}
