"""Requirements that stand as entries of TOML tables: Poetry's, Pipenv's, uv's sources.

Each entry is one requirement with the string of the text that an edit would change. Source: the
pages on dependency specification of Poetry and Pipenv, uv's on dependency sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bisect_deps.formats._ranges import poetry_clause
from bisect_deps.formats._toml import Layout, Text
from bisect_deps.formats.base import SOURCES_GROUP, Parts

_LINKS = ("git", "hg", "svn", "url", "file", "path")
_REFS = ("rev", "ref", "tag", "branch")
_MARKERS = (
    ("sys_platform", "sys_platform"),
    ("platform", "sys_platform"),
    ("os_name", "os_name"),
    ("platform_system", "platform_system"),
    ("platform_machine", "platform_machine"),
    ("implementation_name", "implementation_name"),
    ("python_version", "python_version"),
    ("python_full_version", "python_full_version"),
)


class Entry(NamedTuple):
    """One requirement of a table: `path` of the whole entry in the data, `text` of its version.

    `text` is the URL's or path's where there is no version. `written` is the requirement as an
    installer writes it, `problem` what is wrong with it, or "".
    """

    group: str
    path: tuple[str, ...]
    text: Text
    parts: Parts
    written: str
    problem: str = ""


def no_entries(_: dict[str, Any], __: Layout) -> Iterator[Entry]:
    """Yield nothing: the format has no such tables."""
    return iter(())


def no_files(_: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Return nothing: the format names no requirements files."""
    return ()


def all_judged(_: dict[str, Any]) -> str:
    """Return "": all that the file says can be read."""
    return ""


def no_commands(_: tuple[str, ...]) -> str | None:
    """Return None: what stands at the path is no command."""
    return None


_HATCH_LISTS = ("dependencies", "extra-dependencies")
_TOX_BASES = ("env_run_base", "env_pkg_base")


def hatch_group(path: tuple[str, ...], table: tuple[str, ...]) -> bool:
    """Say whether a path is that of a list of Hatch: of an environment, or of a build.

    `env.requires` are the plugins that Hatch installs for itself. What an override adds or sets is
    a list, too.
    """
    inner = _inside(path, table)
    if inner == ("env", "requires"):
        return True
    if not inner or inner[-1].removeprefix("set-") not in _HATCH_LISTS:
        return False
    is_override = len(inner) > 3 and inner[2] == "overrides"
    return (inner[0] == "envs" and (len(inner) == 3 or is_override)) or inner[0] == "build"


def hatch_runs(path: tuple[str, ...], table: tuple[str, ...]) -> bool:
    """Say whether what stands at a path is shell text that an environment of Hatch runs."""
    inner = _inside(path, table)
    if len(inner) < 3 or inner[0] != "envs":
        return False
    is_hook = inner[-1] in ("pre-install-commands", "post-install-commands")
    return is_hook or (len(inner) == 4 and inner[2] == "scripts")


def tox_group(path: tuple[str, ...], table: tuple[str, ...]) -> bool:
    """Say whether a path is that of a list of tox: of an environment, or what tox itself needs.

    What stands there under a condition, or where nothing else is given, is such a list, too.
    """
    inner = _inside(path, table)
    while inner and inner[-1] in ("then", "else", "default"):
        inner = inner[:-1]
    return inner == ("requires",) or _of_environment(inner) == "deps"


def tox_runs(path: tuple[str, ...], table: tuple[str, ...]) -> bool:
    """Say whether each list of strings at a path is a command that tox runs."""
    return _of_environment(_inside(path, table)) in ("commands", "commands_pre", "commands_post")


def _of_environment(inner: tuple[str, ...]) -> str:
    """Return the key of an environment of tox that a path names; "" for another path."""
    is_base = len(inner) == 2 and inner[0] in _TOX_BASES
    return inner[-1] if is_base or (len(inner) == 3 and inner[0] == "env") else ""


def _inside(path: tuple[str, ...], table: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path from a table on; nothing for a path outside of it."""
    return path[len(table) :] if path[: len(table)] == table else ()


def entries_of(
    data: Mapping[str, Any], layout: Layout, path: tuple[str, ...], group: str
) -> Iterator[Entry]:
    """Yield the requirements of a table in which names stand as keys; `python` is none."""
    table: Any = data
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        if name.lower() == "python":
            continue
        places: list[tuple[tuple[str | int, ...], Any]] = [((*path, name), value)]
        if isinstance(value, list):
            places = [((*path, name, at), own) for at, own in enumerate(value)]
        for place, own in places:
            found = _entry(name, own, place, layout)
            if found is not None:
                text, parts, problem = found
                yield Entry(group, (*path, name), text, parts, _written(parts), problem)


def sources_of(data: Mapping[str, Any], layout: Layout) -> Iterator[Entry]:
    """Yield where uv takes projects from: only those with a URL or a path."""
    for entry in entries_of(data, layout, ("tool", "uv", "sources"), SOURCES_GROUP):
        if entry.parts.url is not None:
            yield entry


def _entry(
    name: str, value: Any, place: tuple[str | int, ...], layout: Layout
) -> tuple[Text, Parts, str] | None:
    if isinstance(value, str):
        text = layout.strings.get(place)
        clause = poetry_clause(value)
        return _found(text, Parts(name=name, specifier=clause or ""), _problem(name, clause))
    if not isinstance(value, dict):
        return None
    extras = frozenset(extra for extra in value.get("extras", ()) if isinstance(extra, str))
    parts = Parts(name=name, extras=extras, marker=_marker(value))
    for kind in _LINKS:
        if isinstance(value.get(kind), str):
            text = layout.strings.get((*place, kind))
            return _found(text, parts._replace(url=_url(kind, value)), "")
    if not isinstance(value.get("version"), str):
        return None
    clause = poetry_clause(value["version"])
    text = layout.strings.get((*place, "version"))
    return _found(text, parts._replace(specifier=clause or ""), _problem(name, clause))


def _found(text: Text | None, parts: Parts, problem: str) -> tuple[Text, Parts, str] | None:
    return None if text is None else (text, parts, problem)


def _problem(name: str, clause: str | None) -> str:
    return f"the version of {name} is no constraint" if clause is None else ""


def _url(kind: str, value: Mapping[str, Any]) -> str:
    link = value[kind]
    if kind == "url" or (kind == "file" and "://" in link):
        return str(link)
    if kind in ("path", "file"):
        return f"file:{link}"
    ref = next((value[key] for key in _REFS if isinstance(value.get(key), str)), "")
    host, colon, path = link.partition(":")
    if "://" not in link and colon and "@" in host:
        link = f"ssh://{host}/{path}"  # as ssh itself writes it: git@host:path
    return f"{kind}+{link}" + (f"@{ref}" if ref else "")


def _marker(value: Mapping[str, Any]) -> str | None:
    """Return the marker that `markers`, `python` and Pipenv's own keys say together."""
    found = []
    if isinstance(value.get("markers"), str):
        found.append(value["markers"])
    if isinstance(value.get("marker"), str):
        found.append(value["marker"])
    if isinstance(value.get("python"), str):
        clause = poetry_clause(value["python"]) or ""
        found += [_python_marker(part) for part in clause.split(",") if part and part != "!=0"]
    for key, variable in _MARKERS:
        own = value.get(key)
        if isinstance(own, str):
            quoted = own if own.lstrip().startswith(("=", "<", ">", "!", "~")) else f"== {own!r}"
            found.append(f"{variable} {quoted.strip()}")
    if len(found) > 1:
        found = [f"({part})" if " or " in part else part for part in found]
    return " and ".join(found) or None


def _python_marker(clause: str) -> str:
    operator = clause.rstrip("0123456789.*abcrxpostdev")
    version = clause[len(operator) :]
    is_full = version.count(".") > 1 and not version.endswith(".*")
    return f'{"python_full_version" if is_full else "python_version"} {operator} "{version}"'


def _written(parts: Parts) -> str:
    extras = f"[{','.join(sorted(parts.extras))}]" if parts.extras else ""
    marker = f" ; {parts.marker}" if parts.marker else ""
    if parts.url is not None:
        return f"{parts.name}{extras} @ {parts.url}{marker}"
    return f"{parts.name}{extras}{parts.specifier}{marker}"
