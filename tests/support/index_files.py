"""Projects and releases that fail on cue, and the files they become: wheels, source distributions.

Holds what a test says of a release and writes it as real archives. Must not know of HTTP.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path

from packaging.version import Version

from tests.support import cue_backend

ANY_WHEEL = "py3-none-any"


class Fault(str, Enum):
    """How a source distribution fails. METADATA fails before its dependencies are known."""

    METADATA = "metadata"
    COMPILE = "compile"
    API_REMOVED = "api-removed"
    HEADER = "header"
    NO_COMPILER = "no-compiler"
    NETWORK = "network"
    DISK = "disk"
    MEMORY = "memory"


# Fault to (phase, lines that it says, exception that it raises or "" for exit code 1, arguments).
FAULTS: dict[Fault, tuple[str, list[str], str, list[object]]] = {
    Fault.METADATA: (
        "metadata",
        ["Traceback (most recent call last):", '  File "setup.py", line 7, in <module>'],
        "RuntimeError",
        ["setup.py reads a file that the source distribution lacks"],
    ),
    Fault.COMPILE: (
        "build",
        [
            "building '_speed' extension",
            "gcc -pthread -fPIC -Iinclude -c src/_speed.c -o build/_speed.o",
            "src/_speed.c:12:5: error: too few arguments to function '_PyLong_AsByteArray'",
            "error: command '/usr/bin/gcc' failed with exit code 1",
        ],
        "",
        [],
    ),
    Fault.API_REMOVED: ("build", [], "ModuleNotFoundError", ["No module named 'distutils'"]),
    Fault.HEADER: (
        "build",
        [
            "gcc -pthread -fPIC -Iinclude -c src/_ffi.c -o build/_ffi.o",
            "src/_ffi.c:3:10: fatal error: ffi.h: No such file or directory",
            "compilation terminated.",
            "error: command '/usr/bin/gcc' failed with exit code 1",
        ],
        "",
        [],
    ),
    Fault.NO_COMPILER: (
        "build",
        ["error: command 'gcc' failed: No such file or directory"],
        "",
        [],
    ),
    Fault.NETWORK: (
        "build",
        ["fetching the model that this release ships without"],
        "OSError",
        ["<urlopen error [Errno -3] Temporary failure in name resolution>"],
    ),
    Fault.DISK: ("build", [], "OSError", [28, "No space left on device"]),
    Fault.MEMORY: (
        "build",
        ["gcc: fatal error: Killed signal terminated program cc1", "compilation terminated."],
        "",
        [],
    ),
}


@dataclass(frozen=True)
class Release:
    """One version: its files, metadata and behaviour. Made by `Project.release`."""

    version: str
    requires: Sequence[str] = ()
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    requires_python: str | None = None
    wheels: Sequence[str] = (ANY_WHEEL,)
    sdist: bool = False
    code: str = ""
    yanked: str | bool = False
    uploaded: str = ""
    fault: Fault | None = None
    every: int = 0
    share: float = 1
    seed: int = 0
    from_python: str = ""
    seconds: float = 0
    chatter: int = 0
    static: bool = False
    build_requires: Sequence[str] = ()
    with_tool: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """What the index knows by name: its releases, in the order they were added."""

    name: str
    module: str = ""
    releases: tuple[Release, ...] = ()

    def release(
        self,
        version: str,
        *,
        requires: Sequence[str] = (),
        extras: Mapping[str, Sequence[str]] | None = None,
        requires_python: str | None = None,
        wheel: bool | str | Sequence[str] | None = None,
        sdist: bool | None = None,
        code: str = "",
        yanked: str | bool = False,
        uploaded: str = "",
        fault: Fault | str | None = None,
        every: int = 0,
        share: float = 1,
        seed: int = 0,
        from_python: str = "",
        seconds: float = 0,
        chatter: int = 0,
        static: bool = False,
        build_requires: Sequence[str] = (),
        with_tool: Mapping[str, str] | None = None,
    ) -> Project:
        """Return the project with one more release.

        A plain release is one pure wheel; one that behaves in a build (`fault`, `seconds`,
        `chatter`, `build_requires`) is a source distribution only. `wheel` and `sdist` say
        otherwise: `wheel` may be tags (`cp39-cp39-win_amd64`). `code` is the module's body.
        `uploaded` is ISO 8601; by default 30 days after the release before, from 2020-01-01 on.
        `yanked` may be the reason. The fault happens in every build, or in every `every`-th one
        only, or in a `share` of them (0 to 1) that `seed` draws, from Python `from_python` on only,
        and only where the build environment has each tool of `with_tool` (module name to first
        version that breaks it). `seconds` is how long a build takes, `chatter` how many lines it
        prints. `static`: the source distribution's metadata can be read without a build (PEP 643).
        """
        behaves = bool(fault or seconds or chatter or build_requires)
        if sdist is None:
            sdist = behaves or wheel is False
        if wheel is None:
            wheel = not sdist
        if isinstance(wheel, str):
            wheel = (wheel,)
        elif isinstance(wheel, bool):
            wheel = (ANY_WHEEL,) if wheel else ()
        made = Release(
            version,
            requires=tuple(requires),
            extras=dict(extras or {}),
            requires_python=requires_python,
            wheels=tuple(wheel),
            sdist=sdist,
            code=code,
            yanked=yanked,
            uploaded=_instant(uploaded) if uploaded else self._next_upload(),
            fault=Fault(fault) if fault else None,
            every=every,
            share=share,
            seed=seed,
            from_python=from_python,
            seconds=seconds,
            chatter=chatter,
            static=static,
            build_requires=tuple(build_requires),
            with_tool=dict(with_tool or {}),
        )
        return replace(self, releases=(*self.releases, made))

    def _next_upload(self) -> str:
        if not self.releases:
            return "2020-01-01T00:00:00Z"
        last = datetime.fromisoformat(self.releases[-1].uploaded.replace("Z", "+00:00"))
        return _instant((last + timedelta(days=30)).isoformat())


def broken_import(message: str = "cannot import name 'escape'") -> str:
    """Return a module body that fails at import."""
    return f"raise ImportError({message!r})\n"


def flaky_import(record: Path, share: float, seed: int = 0) -> str:
    """Return a module body that fails at a `share` (0 to 1) of its imports, drawn by `seed`.

    `record` is the file that counts the imports: the same seed fails the same ones.
    """
    return (
        "import hashlib as _hashlib\n"
        f"with open({str(record)!r}, 'a+', encoding='utf-8') as _file:\n"
        "    print('imported', file=_file, flush=True)\n"
        "    _file.seek(0)\n"
        "    _number = sum(1 for _ in _file)\n"
        f"_drawn = _hashlib.sha256(f'{seed} {{_number}}'.encode()).digest()\n"
        f"if int.from_bytes(_drawn[:4], 'big') < {share * 2**32!r}:\n"
        "    raise RuntimeError('another process holds the lock')\n"
    )


def breaks_beside(others: Mapping[str, str]) -> str:
    """Return a module body that fails at import beside all of `others`.

    `others` maps a project to the first version that hurts ("" for any). With one entry it makes a
    pair that only a build shows, with two a triple.
    """
    return (
        "import importlib.metadata as _metadata\n"
        "def _hurts(name, first):\n"
        "    try:\n"
        "        version = _metadata.version(name)\n"
        "    except _metadata.PackageNotFoundError:\n"
        "        return False\n"
        "    key = lambda text: [int(part) for part in text.split('.') if part.isdigit()]\n"
        "    return key(version) >= key(first)\n"
        f"if all(_hurts(*pair) for pair in {dict(others)!r}.items()):\n"
        f"    raise ImportError('breaks beside ' + {' and '.join(others)!r})\n"
    )


@dataclass(frozen=True)
class File:
    """One file of the index, with what the Simple API says of it."""

    filename: str
    content: bytes
    release: Release
    metadata: bytes | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def normalise(name: str) -> str:
    """Return a project's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files_of(project: Project, release: Release, state: Path) -> Iterator[File]:
    stem = f"{normalise(project.name).replace('-', '_')}-{Version(release.version)}"
    metadata = _metadata(project, release, "2.2" if release.static else "2.1")
    module = project.module or normalise(project.name).replace("-", "_")
    code = f"__version__ = {release.version!r}\n{release.code}"
    modules = {f"{module}/__init__.py": code}
    for tag in release.wheels:
        out = io.BytesIO()
        body = {path: text.encode() for path, text in modules.items()}
        cue_backend.write_wheel(out, stem, metadata, body, tag)
        yield File(f"{stem}-{tag}.whl", out.getvalue(), release, metadata.encode())
    if release.sdist:
        content = _sdist(stem, metadata, modules, release, state)
        yield File(f"{stem}.tar.gz", content, release, None)


def _metadata(project: Project, release: Release, metadata_version: str) -> str:
    lines = [
        f"Metadata-Version: {metadata_version}",
        f"Name: {project.name}",
        f"Version: {release.version}",
    ]
    if release.requires_python:
        lines.append(f"Requires-Python: {release.requires_python}")
    lines += [f"Requires-Dist: {text}" for text in release.requires]
    for extra, requirements in release.extras.items():
        lines.append(f"Provides-Extra: {extra}")
        for text in requirements:
            body, _, marker = text.partition(";")
            marker = (
                f"({marker.strip()}) and extra == {extra!r}" if marker else f"extra == {extra!r}"
            )
            lines.append(f"Requires-Dist: {body.strip()} ; {marker}")
    return "\n".join(lines) + "\n"


def _sdist(
    stem: str, metadata: str, modules: Mapping[str, str], release: Release, state: Path
) -> bytes:
    fault = None
    if release.fault:
        phase, says, raises, arguments = FAULTS[release.fault]
        fault = {"phase": phase, "says": says, "raises": raises, "arguments": arguments}
    cue = {
        "stem": stem,
        "metadata": metadata,
        "modules": dict(modules),
        "state": str(state.resolve()),
        "fault": fault,
        "every": release.every,
        "share": release.share,
        "seed": release.seed,
        "from_python": [int(part) for part in release.from_python.split(".") if part],
        "with_tool": dict(release.with_tool),
        "seconds": release.seconds,
        "chatter": release.chatter,
    }
    pyproject = (
        "[build-system]\n"
        f"requires = {json.dumps(list(release.build_requires))}\n"
        'build-backend = "cue_backend"\n'
        'backend-path = ["."]\n'
    )
    members = {
        "PKG-INFO": metadata,
        "pyproject.toml": pyproject,
        "cue.json": json.dumps(cue, indent=1),
        "cue_backend.py": Path(cue_backend.__file__).read_text(encoding="utf-8"),
        **{f"src/{path}": text for path, text in modules.items()},
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, text in members.items():
            data = text.encode()
            info = tarfile.TarInfo(f"{stem}/{path}")
            info.size, info.mtime = len(data), 1_577_836_800
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def _instant(text: str) -> str:
    """Return an ISO 8601 date or instant as UTC to the second, with a Z."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
