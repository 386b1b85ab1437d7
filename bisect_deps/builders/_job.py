"""What a build on another machine is told: one JSON value, read by `_job_script.py` over there.

Must not know which system carries it, nor how that system says that a build has ended.
"""

from __future__ import annotations

import base64
import json
import os
import posixpath
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from bisect_deps import processes
from bisect_deps.builders._installers import index_options
from bisect_deps.builders._scratch import expand, option_lines, requirement_names, write_tree
from bisect_deps.builders.base import FENCE, BuilderOptions, Order
from bisect_deps.errors import InputError
from bisect_deps.formats import is_embedded, open_manifest
from bisect_deps.model import BuildStatus
from bisect_deps.secret import Credential, Secret, names_secret, split_credentials

SCRIPT = Path(__file__).with_name("_job_script.py")
_IMPORTS_SCRIPT = Path(__file__).with_name("_imports_script.py")
# What a system runs by any Python, `packed` on its standard input: the script comes with the job.
BOOTSTRAP = """\
import base64, json, sys, zlib
job = json.loads(zlib.decompress(base64.b64decode(sys.stdin.read())).decode("utf-8"))
names = {"__name__": "job"}
exec(compile(job["script"], "depbisect", "exec"), names)
sys.exit(names["main"](job, "-"))
"""
# The last line of a log whose system keeps nothing but the log.
RESULT = f"{FENCE} result "
_ALONE = "depbisect-isolated.txt"
_CONVERTED = "depbisect-requirements.txt"
_CONSTRAINTS = "depbisect-build-constraints.txt"
_PLAIN = {
    "GIT_TERMINAL_PROMPT": "0",
    "NO_COLOR": "1",
    "PYTHONUNBUFFERED": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_COLOR": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_ROOT_USER_ACTION": "ignore",
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of the machines that build.

    `pythons` and `uvs` are names or paths, the first that is there counts; `version` is what the
    Python must be (`3.11`), empty for any. `shared` is a folder that both machines have: the files
    are written there, beside the user's own, and checks run where the user stands; the index's
    credentials go there, too. Without one the job holds the files, and nothing of the rest.
    """

    pythons: Sequence[str]
    version: str = ""
    uvs: Sequence[str] = ("uv",)
    shared: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a build on another machine ended."""

    status: BuildStatus
    installed: Mapping[str, str] | None = None
    modules: Mapping[str, str] | None = None


@dataclass(slots=True)
class Credentials:
    """Takes the credentials out of addresses; what is left may be sent and shown."""

    _known: dict[tuple[str, str], Credential] = field(default_factory=dict)

    def strip(self, content: bytes) -> bytes:
        """Return a file's bytes without the credentials of its addresses."""
        try:
            bare, found = split_credentials(content.decode("utf-8"))
        except UnicodeDecodeError:
            return content
        self._known.update({(one.host, one.user): one for one in found if one.host})
        return bare.encode()

    def netrc(self) -> str:
        """Return the text of a netrc file that holds them."""
        return "".join(
            f"machine {one.host} login {one.user} password {one.password.reveal() or chr(34) * 2}\n"
            for one in self._known.values()
        )

    def secrets(self) -> tuple[Secret, ...]:
        """Return the passwords, for redaction."""
        return tuple(one.secret for one in self._known.values())


def job_of(
    order: Order, options: BuilderOptions, place: Place, credentials: Credentials
) -> dict[str, Any]:
    """Return the job for an order: only what JSON knows, files as base64.

    Raises InputError for a file that cannot be read, or whose path is absolute.
    """
    files, path = _files(order, options, credentials)
    for address in _addresses(options):
        credentials.strip(address.encode())
    asked = [
        name for name in requirement_names(files) if canonicalize_name(name) not in order.unasked
    ]
    if order.build_constraints:
        files[_CONSTRAINTS] = "".join(f"{line}\n" for line in order.build_constraints).encode()
    by_uv = options.installer == "uv"
    runs_checks = order.isolated is None
    imports = order.imports and runs_checks
    shared = place.shared
    tree = write_tree(shared / "tree", files, options.folder) if shared else None
    if shared is None:
        files, path = _below(files, path)
    return {
        "label": order.label,
        "tree": str(tree) if tree else None,
        "files": {}
        if tree
        else {name: base64.b64encode(data).decode() for name, data in files.items()},
        "pythons": list(place.pythons),
        "version": place.version,
        "uvs": list(place.uvs) if by_uv else [],
        "make": [_MAKE_BY_UV if by_uv else _MAKE_BY_VENV],
        "install": list(_install(order, options, path)),
        "environment": _environment(order, options),
        "own_cache": options.own_cache or bool(order.build_constraints),
        "netrc": credentials.netrc() if shared else "",
        "imports": asked if imports else None,
        "imports_script": _IMPORTS_SCRIPT.read_text(encoding="utf-8") if imports else "",
        "checks": list(order.check) if runs_checks else [],
        "cwd": str(options.cwd) if shared else None,
        "limit": order.timeout,
    }


def packed(job: Mapping[str, Any]) -> str:
    """Return a job with the script that does it, as one word of text for BOOTSTRAP."""
    data = json.dumps({**job, "script": SCRIPT.read_text(encoding="utf-8")}).encode()
    return base64.b64encode(zlib.compress(data, 9)).decode()


def result_of(text: str) -> Result | None:
    """Return the result that a job wrote, None where it is none."""
    try:
        value = json.loads(text)
        status = BuildStatus(value["status"])
    except (ValueError, KeyError, TypeError):
        return None
    return Result(status, value.get("installed"), value.get("modules"))


def split_result(log: str) -> tuple[str, Result | None]:
    """Return a log without its last line where that is the result, and the result."""
    head, found, tail = log.rpartition(RESULT)
    result = result_of(tail.split("\n", 1)[0]) if found else None
    return (log, None) if result is None else (head, result)


_MAKE_BY_UV = ["{uv}", "venv", "--quiet", "--no-project", "--python", "{python}", "{env}"]
_MAKE_BY_VENV = ["{python}", "-m", "venv", "{env}"]


def _files(
    order: Order, options: BuilderOptions, credentials: Credentials
) -> tuple[dict[str, bytes], str]:
    """Return the files to write, and the path of the one to install from."""
    hidden = {
        name: value
        for name, value in os.environ.items()
        if names_secret(name) and name not in options.pass_env
    }
    written = {name: credentials.strip(expand(data, hidden)) for name, data in order.files.items()}
    path = order.path
    if order.isolated is not None:
        lines = b"".join(map(option_lines, written.values())) + order.isolated.encode() + b"\n"
        return {_ALONE: lines}, _ALONE
    if is_embedded(Path(path)):
        folder = options.folder
        content = {os.path.abspath(folder / name): data for name, data in written.items()}
        manifest = open_manifest(folder / path, read=content.__getitem__)
        lines = "".join(f"{one.text}\n" for one in manifest.requirements).encode()
        return {_CONVERTED: lines}, _CONVERTED
    return written, path


def _below(files: Mapping[str, bytes], path: str) -> tuple[dict[str, bytes], str]:
    """Return files and path with names that climb (`../common.txt`) put below one folder."""
    absolute = [name for name in files if name.startswith("/")]
    if absolute:
        raise InputError(
            "a file with an absolute path is not on the machine that builds",
            place=absolute[0],
            hint="write the path relative to the requirements file",
        )
    prefix = "/".join(["up"] * max(map(_climbs, files)))
    placed = {posixpath.normpath(f"./{prefix}/{name}"): data for name, data in files.items()}
    return placed, posixpath.normpath(f"./{prefix}/{path}")


def _climbs(name: str) -> int:
    return posixpath.normpath(name).split("/").count("..")


def _install(order: Order, options: BuilderOptions, path: str) -> Iterator[str]:
    by_uv = options.installer == "uv"
    if by_uv:
        yield from ("{uv}", "pip", "install", "--python", "{env}/bin/python")
    else:
        yield from ("{env}/bin/python", "-m", "pip", "install", "--no-compile")
    yield from ("--requirement", f"{{tree}}/{path}")
    yield from index_options(options.index, "--default-index" if by_uv else "--index-url")
    if by_uv and options.index.exclude_newer:
        yield from ("--exclude-newer", options.index.exclude_newer)
    if by_uv and order.build_constraints:
        yield from ("--build-constraints", f"{{tree}}/{_CONSTRAINTS}")
    if order.isolated is not None:
        yield "--no-deps"


def _environment(order: Order, options: BuilderOptions) -> dict[str, str]:
    if order.build_constraints and options.installer == "pip":
        return {**_PLAIN, "PIP_CONSTRAINT": f"{{tree}}/{_CONSTRAINTS}"}
    return dict(_PLAIN)


def _addresses(options: BuilderOptions) -> Iterator[str]:
    """Yield the addresses that may hold credentials for the installer."""
    index = options.index
    yield from (index.index_url or "", *index.extra_index_urls, *index.find_links)
    yield from (os.environ.get(name, "") for name in sorted(processes.INDEX_VARIABLES))
