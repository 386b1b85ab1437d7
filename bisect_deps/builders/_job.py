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

from bisect_deps.builders._installers import index_options
from bisect_deps.builders._scratch import expand, option_lines, requirement_names, write_tree
from bisect_deps.builders.base import FENCE, BuilderOptions, Order
from bisect_deps.errors import InputError
from bisect_deps.formats import is_embedded, open_manifest
from bisect_deps.model import BuildStatus
from bisect_deps.secret import Credential, Secret, names_secret, split_credentials
from bisect_deps.system import processes

SCRIPT = Path(__file__).with_name("_job_script.py")
_IMPORTS_SCRIPT = Path(__file__).with_name("_imports_script.py")
# Where a job stands, `packed`, if it is not on the standard input.
JOB_VARIABLE, JOB_FILE = "DEPBISECT_ORDER", ".depbisect-order"
# What a system runs by any Python. The script comes with the job, so that the file which the user
# keeps for the system stays small, and need not change with depbisect.
BOOTSTRAP = f"""\
import base64, json, os, sys, zlib
file = "{JOB_FILE}" if os.path.exists("{JOB_FILE}") else 0
job = os.environ.pop("{JOB_VARIABLE}", "") or open(file).read()
job = json.loads(zlib.decompress(base64.b64decode(job)).decode("utf-8"))
names = {{"__name__": "job"}}
exec(compile(job["script"], "depbisect", "exec"), names)
sys.exit(names["main"](job, "-"))
"""
# The first and the last line of a job's part of a log, whose system keeps nothing but the log.
BEGIN, RESULT = f"{FENCE} job begin ", f"{FENCE} result "
_ALONE = "depbisect-isolated.txt"
_CONVERTED = "depbisect-requirements.txt"
_CONSTRAINTS = "depbisect-build-constraints.txt"
_REFERENCE = "${"
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
class Machines:
    """What is known of the machines that build.

    `pythons` and `uvs` are names or paths, the first that is there counts; `version` is what the
    Python must be (`3.11`), empty for any. Without `pythons` it is the Python that runs the job,
    and pip where there is no uv. `shared` is a folder that both machines have: the files
    are written there, beside the user's own, and checks run where the user stands; the index's
    credentials go there, too. Without one the job holds the files, and nothing of the rest: they
    stand alone, or in a `checkout` of the repository, whose folders of the file and of the checks
    these are.
    """

    pythons: Sequence[str] = ()
    version: str = ""
    uvs: Sequence[str] = ("uv",)
    shared: Path | None = None
    checkout: tuple[str, str] | None = None


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
        self._known.update(
            {
                (credential.host, credential.user): credential
                for credential in found
                if credential.host
            }
        )
        return bare.encode()

    def netrc(self) -> str:
        """Return the text of a netrc file that holds them."""
        lines = "machine {} login {} password {}\n"
        return "".join(
            lines.format(known.host, known.user, known.password.reveal() or '""')
            for known in self._known.values()
        )

    def secrets(self) -> tuple[Secret, ...]:
        """Return the passwords, for redaction."""
        return tuple(credential.secret for credential in self._known.values())


def job_of(
    order: Order,
    options: BuilderOptions,
    place: Machines,
    credentials: Credentials,
    marker: str = "",
) -> dict[str, Any]:
    """Return the job for an order: only what JSON knows, files as base64.

    `marker` stands in the first line of its log. Raises InputError for a file that cannot be read,
    or has no place over there, and for a password that would stand in the job.
    """
    files, path = _files(order, options, place, credentials)
    for address in _addresses(options):
        credentials.strip(address.encode())
    asked = [
        name for name in requirement_names(files) if canonicalize_name(name) not in order.unasked
    ]
    if order.build_constraints:
        files[_CONSTRAINTS] = "".join(f"{line}\n" for line in order.build_constraints).encode()
    runs_checks = order.isolated is None
    imports = order.imports and runs_checks
    tree, files, path = _placed(files, path, options, place)
    return {
        "marker": marker,
        "checkout": place.checkout is not None,
        "tree": tree,
        "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
        "pythons": list(place.pythons),
        "version": place.version,
        "ways": list(_ways(order, options, place, path)),
        "environment": _PLAIN,
        "own_cache": options.own_cache or bool(order.build_constraints),
        "netrc": credentials.netrc() if place.shared else "",
        "imports": asked if imports else None,
        "imports_script": _IMPORTS_SCRIPT.read_text(encoding="utf-8") if imports else "",
        "checks": list(order.check) if runs_checks else [],
        "cwd": _cwd(options, place),
        "limit": order.timeout,
    }


def about_index(options: BuilderOptions) -> list[str]:
    """Return what a builder's identity says of installer and index."""
    index = options.index
    return [
        options.installer,
        f"index {index.index_url or 'default'}",
        *(f"extra {url}" for url in index.extra_index_urls),
        *(f"links {link}" for link in index.find_links),
        *(["no index"] if index.no_index else []),
        f"as of {index.exclude_newer or 'now'}",
    ]


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


def _files(
    order: Order, options: BuilderOptions, place: Machines, credentials: Credentials
) -> tuple[dict[str, bytes], str]:
    """Return the files to write, and the path of the one to install from."""
    written = dict(order.files)
    if place.shared is None:
        _refuse_passwords(written, options)
    else:
        hidden = {
            name: value
            for name, value in os.environ.items()
            if names_secret(name) and name not in options.pass_env
        }
        written = {key: credentials.strip(expand(data, hidden)) for key, data in written.items()}
    path = order.path
    if order.isolated is not None:
        lines = b"".join(map(option_lines, written.values())) + order.isolated.encode() + b"\n"
        return {_ALONE: lines}, _ALONE
    if is_embedded(Path(path)):
        folder = options.folder
        content = {os.path.abspath(folder / name): data for name, data in written.items()}
        manifest = open_manifest(folder / path, read=content.__getitem__)
        lines = "".join(f"{requirement.text}\n" for requirement in manifest.requirements).encode()
        return {_CONVERTED: lines}, _CONVERTED
    return written, path


def _refuse_passwords(files: Mapping[str, bytes], options: BuilderOptions) -> None:
    """Raise InputError for a password that would stand in the job, where others read it.

    `${NAME}` in a file stays as it is: the machine that builds is asked for its value.
    """
    index = options.index
    settings = " ".join((index.index_url or "", *index.extra_index_urls, *index.find_links))
    texts = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    for name, text in {"the index": settings, **texts}.items():
        held = (
            credential.password.reveal() or credential.user
            for credential in split_credentials(text)[1]
        )
        if any(_REFERENCE not in value for value in held):
            raise InputError(
                f"{name}: its password would stand in the build's inputs, where others read it",
                hint="give it to the machines that build (PIP_INDEX_URL, ~/.netrc), or write "
                "${NAME} in the file",
            )


def _placed(
    files: Mapping[str, bytes], path: str, options: BuilderOptions, place: Machines
) -> tuple[str | None, dict[str, bytes], str]:
    """Return the folder of the files over there, those that the job holds, and the one to install.

    Names that climb (`../common.txt`) are put below one folder where nothing else stands.
    """
    if place.shared is not None:
        return str(write_tree(place.shared / "tree", files, options.folder)), {}, path
    root = place.checkout[0] if place.checkout else ""
    outside = [
        name
        for name in files
        if name.startswith("/")
        or (root and posixpath.normpath(f"{root}/{name}").split("/")[0] == "..")
    ]
    if outside:
        raise InputError(
            "a file that is not below the repository is not on the machine that builds",
            place=outside[0],
            hint="write a path relative to the requirements file, within the repository",
        )
    prefix = "" if root else "/".join(["up"] * max(map(_climbs, files)))
    placed = {posixpath.normpath(f"./{prefix}/{name}"): data for name, data in files.items()}
    return root or None, placed, posixpath.normpath(f"./{prefix}/{path}")


def _cwd(options: BuilderOptions, place: Machines) -> str | None:
    """Return where commands run; None for the files' own folder."""
    if place.checkout is not None:
        return place.checkout[1]
    return str(options.cwd) if place.shared is not None else None


def _climbs(name: str) -> int:
    return posixpath.normpath(name).split("/").count("..")


def _ways(
    order: Order, options: BuilderOptions, place: Machines, path: str
) -> Iterator[dict[str, Any]]:
    """Yield the ways to install in their order; the first whose program is there is taken.

    A way without programs needs none but the Python.
    """
    constraints = f"{{tree}}/{_CONSTRAINTS}" if order.build_constraints else ""
    common = ["--requirement", f"{{tree}}/{path}"]
    common += [] if order.isolated is None else ["--no-deps"]
    index = options.index
    if options.installer == "uv":
        install = ["{installer}", "pip", "install", "--python", "{own_python}", *common]
        install += index_options(index, "--default-index")
        install += ["--exclude-newer", index.exclude_newer] if index.exclude_newer else []
        install += ["--build-constraints", constraints] if constraints else []
        make = ["{installer}", "venv", "--quiet", "--no-project", "--python", "{python}", "{env}"]
        yield {"programs": list(place.uvs), "make": make, "install": install, "environment": {}}
    if options.installer == "pip" or not place.pythons:
        install = ["{own_python}", "-m", "pip", "install", "--no-compile", *common]
        install += index_options(index, "--index-url")
        environment = {"PIP_CONSTRAINT": constraints} if constraints else {}
        make = ["{python}", "-m", "venv", "{env}"]
        yield {"programs": [], "make": make, "install": install, "environment": environment}


def _addresses(options: BuilderOptions) -> Iterator[str]:
    """Yield the addresses that may hold credentials for the installer."""
    index = options.index
    yield from (index.index_url or "", *index.extra_index_urls, *index.find_links)
    yield from (os.environ.get(name, "") for name in sorted(processes.INDEX_VARIABLES))
