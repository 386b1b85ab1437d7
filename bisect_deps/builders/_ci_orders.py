"""What travels to a CI system and back: the order with its script as text, the log with its fences.

The order carries the script that builds it (`_ci_script.py`), so that the file in the user's
repository stays small and need not change with depbisect. Must not know any system.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from bisect_deps.builders._scratch import option_lines, requirement_names
from bisect_deps.builders.base import FENCE, BuilderOptions, Order
from bisect_deps.errors import InputError
from bisect_deps.formats import is_embedded, open_manifest
from bisect_deps.secret import split_credentials

# An environment variable holds at most 128 KiB on Linux, all inputs of a GitHub dispatch 65,535
# characters; a larger order goes into a file of a scratch branch.
LARGEST_INPUT = 60_000
ORDER_FILE = ".depbisect-order"
ORDER_VARIABLE = "DEPBISECT_ORDER"
SCRATCH = "depbisect/"
# What the file in the user's repository runs; the order's script does the rest.
BOOTSTRAP = f"""\
import base64, json, os, zlib
text = os.environ.get("{ORDER_VARIABLE}") or open("{ORDER_FILE}").read()
order = json.loads(zlib.decompress(base64.b64decode(text)).decode())
names = {{"__name__": "depbisect"}}
exec(compile(order["script"], "depbisect", "exec"), names)
names["main"](order)
"""
_SCRIPT = Path(__file__).with_name("_ci_script.py")
_IMPORTS = Path(__file__).with_name("_imports_script.py")
_ISOLATED = "depbisect-isolated.txt"
_CONVERTED = "depbisect-requirements.txt"
_PREFIX = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z (?:\d\d[OE][ +])?")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|section_(?:start|end):\d+:\S+?\r")
_END = re.compile(rf"{FENCE} order end rc=(\d+)")
_MARKER = re.compile(r"\[([0-9a-f]{16}-[0-9a-f]{8})\]")


def stem_of(digest: str, identity: str) -> str:
    """Return the part of a marker that all builds of one order by one builder share."""
    return hashlib.sha256(f"{identity}\0{digest}".encode()).hexdigest()[:16]


def marker_in(title: str) -> str:
    """Return the marker in a run's name, "" without one."""
    found = _MARKER.search(title)
    return found[1] if found else ""


def titled(order: Order, marker: str) -> str:
    """Return the name of a run: what is built, and its marker."""
    return f"{order.label or 'probe'} [{marker}]"


def packed(order: Order, marker: str, options: BuilderOptions, folder: str, cwd: str) -> str:
    """Return the order with its script as text; `folder` and `cwd` are relative to the repository.

    Raises InputError for credentials, which every reader of the runs could read.
    """
    files, path = _to_install(order, options.folder)
    names = [
        name for name in requirement_names(files) if canonicalize_name(name) not in order.unasked
    ]
    content = {
        "marker": marker,
        "script": _SCRIPT.read_text(encoding="utf-8"),
        "folder": folder,
        "cwd": cwd,
        "files": {key: base64.b64encode(data).decode() for key, data in files.items()},
        "path": path,
        "installer": options.installer,
        "index_options": index_options(options),
        "uv_options": uv_options(options),
        "isolated": order.isolated,
        "build_constraints": order.build_constraints,
        "imports": _IMPORTS.read_text(encoding="utf-8") if order.imports else "",
        "names": names,
        "checks": order.check,
        "timeout": order.timeout,
    }
    data = json.dumps(content, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(data, 9)).decode()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a log tells: the order's part of it, and how it ended.

    `code` is the order's exit code, None where it did not get there. `began`: it was reached.
    """

    text: str
    began: bool = False
    code: int | None = None
    installed: Mapping[str, str] | None = None
    modules: Mapping[str, str] | None = None


def read_log(raw: str, marker: str, *, complete: bool) -> Seen:
    """Return what is between the order's fences, freed of the system's own marks.

    A log whose order never began is returned whole once it is `complete`, "" before.
    """
    lines = [_PREFIX.sub("", _CONTROL.sub("", line)) for line in raw.split("\n")]
    lines = [line.rstrip("\r") for line in (lines if complete else lines[:-1])]
    begin = f"{FENCE} order begin {marker}"
    if begin not in lines:
        return Seen("\n".join(lines) if complete else "")
    kept: list[str] = []
    told: dict[str, Mapping[str, str]] = {}
    code = None
    for line in lines[lines.index(begin) + 1 :]:
        end = _END.fullmatch(line)
        if end is not None:
            code = int(end[1])
            break
        word, _, value = line.removeprefix(f"{FENCE} ").partition(" ")
        if line.startswith(FENCE) and word in ("installed", "modules"):
            told[word] = _mapping(value)
            continue
        kept.append(line)
    text = "".join(f"{line}\n" for line in kept)
    return Seen(text, True, code, told.get("installed"), told.get("modules"))


def index_options(options: BuilderOptions) -> list[str]:
    index = options.index
    found = ["--index-url", index.index_url] if index.index_url else []
    found += [part for url in index.extra_index_urls for part in ("--extra-index-url", url)]
    found += [part for link in index.find_links for part in ("--find-links", link)]
    found += ["--no-index"] if index.no_index else []
    if split_credentials(" ".join(found))[1]:
        raise InputError(
            "the index's password would stand in the run's inputs, where others read it",
            hint="set PIP_INDEX_URL in the workflow from a secret, and leave --index-url out",
        )
    return found


def uv_options(options: BuilderOptions) -> list[str]:
    newer = options.index.exclude_newer
    return ["--exclude-newer", newer] if newer else []


def _to_install(order: Order, folder: Path) -> tuple[dict[str, bytes], str]:
    """Return the order's files and the one to install, as requirements files whatever it is."""
    files, path = dict(order.files), order.path
    if order.isolated is not None:
        options = b"".join(map(option_lines, files.values()))
        return {**files, _ISOLATED: options + order.isolated.encode() + b"\n"}, _ISOLATED
    if not is_embedded(Path(path)):
        return files, path

    def read(name: str) -> bytes:
        return files[os.path.relpath(name, folder)]

    lines = [own.text for own in open_manifest(folder / path, read=read).requirements]
    converted = os.path.join(os.path.dirname(path), _CONVERTED)
    return {**files, converted: "".join(f"{line}\n" for line in lines).encode()}, converted


def _mapping(text: str) -> Mapping[str, str]:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
