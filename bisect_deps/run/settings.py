"""Settings of a run: files, then environment, then flags become one frozen value.

`[tool.depbisect]` in pyproject.toml or `depbisect.toml` beside the requirements file, then
`DEPBISECT_*`, then flags. Must not know any builder's protocol.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bisect_deps.errors import InputError
from bisect_deps.formats import default_names
from bisect_deps.model import IndexSettings, Narrow
from bisect_deps.policy import POLICY
from bisect_deps.system.files import read_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


# The Python that a file was made for.
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What the user asked of a run; see `depbisect run --help` for each.

    `file` is the one in whose folder the run is at home; `files` are all of them in their order,
    where several were named. `stdin` holds the bytes of the one called STDIN. `python` may be AUTO.
    `as_of` is the instant of the index where no date is asked for.
    `own` holds the builder's own settings by name.
    """

    file: Path
    builder: str = "local"
    installer: str = "uv"
    python: str | None = None
    platform: str | None = None
    checks: tuple[str, ...] = ()
    imports: bool = False
    log: Path | None = None
    good: str | None = None
    jobs: int | None = None
    max_builds: int | None = None
    timeout: float = POLICY.timeout
    retries: int = POLICY.retries
    resume: bool = True
    evidence: bool = True
    index: IndexSettings = field(default_factory=IndexSettings)
    prefer: str | None = None
    fix_style: str = "add"
    own: Mapping[str, object] = field(default_factory=dict)
    lock: bool = False
    alternatives: bool = False
    files: tuple[Path, ...] = ()
    stdin: bytes | None = None
    allow_removal: bool = False
    narrow: Narrow = Narrow.QUICK
    annotate: bool = False
    pass_env: tuple[str, ...] = ()
    as_of: str | None = None


def file_defaults(folder: Path) -> dict[str, Any]:
    """Return the settings of the nearest `depbisect.toml` or `[tool.depbisect]`, keys as options.

    Looks in `folder` and above it. Raises InputError for a file that cannot be read.
    """
    return _found(folder)[1]


def settings_file(folder: Path) -> Path | None:
    """Return the file that `file_defaults` reads, None where there is none."""
    return _found(folder)[0]


def default_file(folder: Path) -> Path:
    """Return `requirements.txt`, else `pyproject.toml` in `folder`. Raises InputError."""
    for name in default_names():
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        "there is neither a requirements.txt nor a pyproject.toml here",
        hint="name the file: depbisect run path/to/requirements.txt",
    )


def instant(text: str) -> str:
    """Return a date or time as ISO 8601 in UTC; a day alone means its end, as in uv.

    Raises InputError for anything else.
    """
    try:
        if len(text) == len("2026-11-21"):
            day = datetime.date.fromisoformat(text) + datetime.timedelta(days=1)
            moment = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)
        else:
            moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise InputError(
            f"{text!r} is no date", hint="write it as 2026-11-21 or 2026-11-21T08:30:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def settled() -> str:
    """Return the latest instant of which every page tells, kept ones too; ISO 8601 in UTC.

    A run that reads the index as of now would find a release of the last minutes on a page that it
    fetched, and not on one that was kept: the same file would come out otherwise.
    """
    instant = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(
        seconds=POLICY.page_age
    )
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    for path in _settings_files(folder):
        table = _table(path)
        if table is not None:
            return path, {key.replace("-", "_"): value for key, value in table.items()}
    return None, {}


def _settings_files(folder: Path) -> Iterator[Path]:
    here = folder.resolve()
    for parent in (here, *here.parents):
        yield parent / "depbisect.toml"
        yield parent / "pyproject.toml"
        if (parent / ".git").exists() or parent == Path(os.path.expanduser("~")):
            return


def _table(path: Path) -> Mapping[str, Any] | None:
    try:
        data = tomllib.loads(read_settings(path).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the settings: {error}", place=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", place=str(path)) from None
    if path.name == "depbisect.toml":
        return data
    table: Any = data.get("tool", {}).get("depbisect")
    return table if isinstance(table, dict) else None
