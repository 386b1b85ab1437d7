"""What a lint run is asked for: the lint table of the project's configuration, under the flags.

The table is `[tool.depbisect.lint]` in pyproject.toml, or `[lint]` in depbisect.toml, of the
working folder or the nearest folder above that has one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.lint.rules.base import NONE, Profile, Severity
from bisect_deps.system.files import read_settings


class LintSettings(NamedTuple):
    """The choices of a lint run; paths are relative to the working folder.

    `select` empty means all rules that are on in the profile. `profile` None: chosen by file.
    `min_age` is in days.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: Profile | None = None
    targets: tuple[str, ...] = ()
    online: bool = False
    audit: bool = False
    index_url: str | None = None
    evidence: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    baseline: str | None = None
    exclude: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    output_format: str = "concise"
    docs: str | None = None
    min_age: int | None = None
    unsafe_fixes: bool = False
    severities: Mapping[str, Severity] = NONE
    per_file_ignores: Mapping[str, tuple[str, ...]] = NONE
    per_package_ignores: Mapping[str, tuple[str, ...]] = NONE


def read_table(start: Path) -> tuple[dict[str, Any], Path | None]:
    """Return the lint table as settings by name, and the file that holds it.

    Raises InputError for a key or value that means nothing.
    """
    for folder in (start, *start.parents):
        for name, keys in (("depbisect.toml", ("lint",)), ("pyproject.toml", _IN_PYPROJECT)):
            path = folder / name
            try:
                data = read_settings(path)
            except OSError:
                continue
            if name == "pyproject.toml" and b"depbisect" not in data:
                continue
            table = _table(data, path, keys)
            if table is not None:
                return _settings(table, path, start), path
        if (folder / ".git").exists():
            break
    return {}, None


_IN_PYPROJECT = ("tool", "depbisect", "lint")


def _table(data: bytes, path: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found: Any = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        if keys == _IN_PYPROJECT:
            return None  # the file is reported as an input, where it is one
        raise InputError(f"not valid TOML: {error}", place=str(path)) from error
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise InputError(f"[{'.'.join(keys)}] must be a table", place=str(path))
    return found


def _settings(table: dict[str, Any], path: Path, start: Path) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            raise InputError(
                f"unknown key {key!r} in the lint table",
                place=str(path),
                hint="known keys: " + ", ".join(_KEYS),
            )
        name, reader = _KEYS[key]
        try:
            read[name] = reader(value)
        except (TypeError, ValueError) as error:
            raise InputError(f"{key}: {error}", place=str(path)) from error
    for name in ("baseline", "evidence", "constraints"):
        if name in read:
            read[name] = _from_folder(read[name], path.parent, start)
    return read


def _from_folder(value: Any, folder: Path, start: Path) -> Any:
    if folder == start:
        return value
    if isinstance(value, str):
        return str(folder / value)
    return tuple(str(folder / entry) for entry in value)


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise TypeError("must be a list of strings")
    return tuple(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _days(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a number of days")
    return value


def _severity(value: object) -> Severity:
    return Severity(_one_of(value, [entry.value for entry in Severity]))


def _profile(value: object) -> Profile:
    return Profile(_one_of(value, [entry.value for entry in Profile]))


def _one_of(value: object, names: list[str]) -> str:
    if value not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return str(value)


def _severities(value: object) -> dict[str, Severity]:
    return {key: _severity(entry) for key, entry in _mapping(value).items()}


def _ignores(value: object) -> dict[str, tuple[str, ...]]:
    return {key: _strings(entry) for key, entry in _mapping(value).items()}


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("must be a table")
    return value


_KEYS: dict[str, tuple[str, Callable[[object], object]]] = {
    "select": ("select", _strings),
    "extend-select": ("extend_select", _strings),
    "ignore": ("ignore", _strings),
    "profile": ("profile", _profile),
    "target": ("targets", _strings),
    "online": ("online", _flag),
    "audit": ("audit", _flag),
    "index-url": ("index_url", _string),
    "from": ("evidence", _strings),
    "constraint": ("constraints", _strings),
    "baseline": ("baseline", _string),
    "exclude": ("exclude", _strings),
    "fail-on": ("fail_on", _severity),
    "output-format": ("output_format", _string),
    "docs": ("docs", _string),
    "min-age": ("min_age", _days),
    "unsafe-fixes": ("unsafe_fixes", _flag),
    "severity": ("severities", _severities),
    "per-file-ignores": ("per_file_ignores", _ignores),
    "per-package-ignores": ("per_package_ignores", _ignores),
}
