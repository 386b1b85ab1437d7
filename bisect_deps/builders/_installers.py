"""uv and pip as installers: how each makes an empty environment and is told what to install.

Addresses on a command line carry no credentials. Must not know who runs the commands, or why.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import platformdirs
from packaging.version import Version

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import IndexSettings, Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact, split_credentials
from bisect_deps.system.cached_output import cached_output, state_of

# The oldest pip that resolves as today's does, takes today's wheels, and notes what was asked for.
_OLDEST_PIP = Version("20.3")
# From here on pip can leave newer files out, and constrain build environments.
_PIP_WITH_DATES = Version("26.0")
_PIP_WITH_BUILD_CONSTRAINTS = Version("25.3")
# pip as `python -m pip` runs it, but for the current folder, where Python would look first.
_PIP = (
    "import sys; sys.path.pop(0); import runpy; "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
# Stands for the environment's folder in the programs of a template.
_ENVIRONMENT = "@environment@"
# What a kept template held when it was made.
_CONTENTS = "contents.txt"
# What makes uv link an environment's files to its cache.
LINKED = {"UV_LINK_MODE": "hardlink"}
# Settings that would move the install out of the fresh environment, or colour the log.
_MISLEADING = (
    "CLICOLOR_FORCE",
    "CONDA_PREFIX",
    "FORCE_COLOR",
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "VIRTUAL_ENV",
)
# Has uv say when it goes through the releases of a project, and nothing else beside its usual.
_TELLS_WALKS = "uv_resolver::resolver::batch_prefetch=debug"
_DECIDING = re.compile(
    r"INDEX|FIND_LINKS|CONSTRAINT|OVERRIDE|PRE$|PRERELEASE|RESOLUTION|BINARY|NO_BUILD|EXCLUDE|CONFIG"
)


class Installer(Protocol):
    """Who fills an environment."""

    def identity(self) -> str:
        """Return name and version, and what it cannot do of what was asked."""

    def make(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Make an empty environment. Raises BuilderUnavailable."""

    def command(
        self, folder: Path, file: Path, *, alone: bool, build_constraints: Path | None
    ) -> list[str]:
        """Return the command that installs a requirements file; `alone`: no dependencies."""

    def sync(self, folder: Path, file: Path) -> list[str] | None:
        """Return the command that leaves exactly the pins of a file installed; None for no such."""

    def settings(self, build_constraints: Path | None) -> dict[str, str]:
        """Return the environment variables that the command needs."""


class Uv:
    """uv: an environment in milliseconds, files copied from its cache.

    Copied, since a build that writes to a linked file would change the user's cache, and whatever
    else is linked to it. `LINKED` is for environments that are only read.
    """

    def __init__(self, path: str, interpreter: Interpreter, index: IndexSettings) -> None:
        self._path = path
        self._interpreter = interpreter
        self._index = index
        ask = [path, "--version"]
        self._version = (cached_output(ask, lambda: _first_line(ask)) or "uv ?").split()[1]

    def identity(self) -> str:
        """Return name and version."""
        return f"uv {self._version}"

    def make(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Make an empty environment."""
        python = self._interpreter.path
        command = [self._path, "venv", "--quiet", "--no-project", "--python", python, str(folder)]
        _make(command, environment)

    def command(
        self, folder: Path, file: Path, *, alone: bool, build_constraints: Path | None
    ) -> list[str]:
        """Return `uv pip install`, told of index and date."""
        command = [self._path, "pip", "install", "--python", str(python_of(folder))]
        command += ["--requirements", str(file), *self._where()]
        if build_constraints is not None:
            command += ["--build-constraints", str(build_constraints)]
        return [*command, "--no-deps"] if alone else command

    def sync(self, folder: Path, file: Path) -> list[str] | None:
        """Return `uv pip sync`, told of index and date."""
        command = [self._path, "pip", "sync", "--python", str(python_of(folder)), str(file)]
        return [*command, "--allow-empty-requirements", *self._where()]

    def settings(self, build_constraints: Path | None) -> dict[str, str]:
        """Return what keeps the log plain, the Python fixed and the cache unharmed."""
        return {
            "RUST_LOG": os.environ.get("RUST_LOG", _TELLS_WALKS),
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_LINK_MODE": "copy",
        }

    def _where(self) -> Iterator[str]:
        yield from index_options(self._index, "--default-index")
        if self._index.exclude_newer:
            yield from ("--exclude-newer", self._index.exclude_newer)


class Pip:
    """The pip that comes with the Python, in every environment; renewed only if it is too old.

    Making an environment with pip takes seconds, most of them to compile pip itself: it is done
    once for each Python, kept in the user's cache, and copied into each environment. Copied, since
    a build that writes to a linked file would change every later pip.
    """

    def __init__(
        self, template: Path, interpreter: Interpreter, index: IndexSettings, uv: str | None
    ) -> None:
        # Of this run; `_template` may be one that an earlier run made, which is never changed.
        self._own = self._template = template
        self._interpreter = interpreter
        self._index = index
        self._uv = uv
        self._version: Version | None = None

    def identity(self) -> str:
        """Return name and version, and whether the index date is kept."""
        version = self._ready(os.environ)
        undated = self._index.exclude_newer and version < _PIP_WITH_DATES
        return f"pip {version}" + (" (knows no index date)" if undated else "")

    def make(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Make an environment with pip in it, and what else the Python's own `venv` puts there."""
        self._ready(environment)
        self._fill(folder, environment)

    def command(
        self, folder: Path, file: Path, *, alone: bool, build_constraints: Path | None
    ) -> list[str]:
        """Return `pip install`, told of index and, where this pip can, of the date."""
        version = self._ready(os.environ)
        command = [str(python_of(folder)), "-c", _PIP, "install", "--no-compile"]
        command += ["--requirement", str(file), *index_options(self._index, "--index-url")]
        if self._index.exclude_newer and version >= _PIP_WITH_DATES:
            command += ["--uploaded-prior-to", self._index.exclude_newer]
        if build_constraints is not None and version >= _PIP_WITH_BUILD_CONSTRAINTS:
            command += ["--build-constraint", str(build_constraints)]
        return [*command, "--no-deps"] if alone else command

    def sync(self, folder: Path, file: Path) -> list[str] | None:
        """Return None: pip cannot bring an environment to an exact set in one step."""
        return None

    def settings(self, build_constraints: Path | None) -> dict[str, str]:
        """Return what keeps pip plain; an older one takes build constraints this way only."""
        found = {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COLOR": "1",
            "PIP_NO_INPUT": "1",
            "PIP_PROGRESS_BAR": "off",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        version = self._ready(os.environ)
        if build_constraints is not None and version < _PIP_WITH_BUILD_CONSTRAINTS:
            found["PIP_CONSTRAINT"] = str(build_constraints)
        return found

    def _ready(self, environment: Mapping[str, str]) -> Version:
        """Make the template once, and return its pip's version."""
        if self._version is None:
            version = self._kept_template(environment)
            wants_date = bool(self._index.exclude_newer) and version < _PIP_WITH_DATES
            if version < _OLDEST_PIP or wants_date:
                self._renew(environment)
                version = _pip_version(self._template)
            if version < _OLDEST_PIP:
                raise BuilderUnavailable(
                    f"pip {version} of Python {self._interpreter.version} is too old",
                    hint="upgrade that Python's pip, or use --installer uv",
                )
            self._version = version
        return self._version

    def _kept_template(self, environment: Mapping[str, str]) -> Version:
        """Take the template that an earlier run made, else make one; returns its pip's version."""
        kept = self._kept()
        if kept is None or not _is_whole(kept):
            _make_template(self._own, self._interpreter.path, self._uv, environment)
            if kept is not None:
                with contextlib.suppress(OSError):
                    _keep(self._own, kept)
        if kept is not None and _is_whole(kept):
            self._template = kept
        elif not self._own.exists():
            _make_template(self._own, self._interpreter.path, self._uv, environment)
        return _pip_version(self._template)

    def _kept(self) -> Path | None:
        """Return where this Python's template is kept; None where it may change unseen."""
        state = state_of(self._interpreter.path)
        if state is None:
            return None
        name = hashlib.sha256(json.dumps([self._interpreter.path, state]).encode()).hexdigest()[:40]
        return platformdirs.user_cache_path("depbisect", appauthor=False) / "pip" / name

    def _renew(self, environment: Mapping[str, str]) -> None:
        """Install the newest pip that the Python supports; without one, the old stays.

        What an index says of today is of this run alone: the kept template stays as it is.
        """
        own = self._own.with_name("renewed")
        self._fill(own, environment)
        self._template = own
        python = str(python_of(own))
        command = [python, "-m", "pip", "install", "--quiet", "--upgrade", "--retries", "0", "pip"]
        if self._uv is not None:
            command = [
                self._uv,
                "pip",
                "install",
                "--quiet",
                "--python",
                python,
                "--upgrade",
                "pip",
            ]
        command += index_options(
            self._index, "--default-index" if self._uv is not None else "--index-url"
        )
        subprocess.run(
            command,
            env={**environment, "UV_HTTP_RETRIES": "0"},
            cwd=self._template,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=POLICY.pip_timeout,
        )
        _make_portable(own)

    def _fill(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Make an environment and copy the template's pip into it."""
        _make([self._interpreter.path, "-m", "venv", "--without-pip", str(folder)], environment)
        for site in site_packages(self._template):
            target = folder / site.relative_to(self._template)
            # 1,500 files: a quarter of what Python's own copying takes.
            _make(["cp", "-Rp", f"{site}/.", str(target)], environment)
        for script in (self._template / "bin").glob("pip*"):
            text = script.read_text().replace(_ENVIRONMENT, str(folder))
            (folder / "bin" / script.name).write_text(text)
            (folder / "bin" / script.name).chmod(0o755)


def steer(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings that would lead an install elsewhere."""
    return {name: value for name, value in environment.items() if name not in _MISLEADING}


def deciding(environment: Mapping[str, str], installer: str) -> list[str]:
    """Return the settings of an installer that decide what is installed, as `NAME=value`."""
    prefix = f"{installer.upper()}_"
    return sorted(
        f"{name}={redact(value)}"
        for name, value in environment.items()
        if name.startswith(prefix) and _DECIDING.search(name)
    )


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / "bin" / "python"


def site_packages(folder: Path) -> list[Path]:
    """Return where an environment keeps what is installed."""
    return [path for path in sorted(folder.glob("lib/*/site-packages")) if path.is_dir()]


def index_options(index: IndexSettings, main_option: str) -> Iterator[str]:
    if index.no_index:
        yield "--no-index"
    elif index.index_url:
        yield from (main_option, split_credentials(index.index_url)[0])
    if not index.no_index:
        for url in index.extra_index_urls:
            yield from ("--extra-index-url", split_credentials(url)[0])
    for link in index.find_links:
        yield from ("--find-links", split_credentials(link)[0])


def _make(command: list[str], environment: Mapping[str, str]) -> None:
    try:
        subprocess.run(
            command,
            env=dict(environment),
            # Python imports from the current folder first: a project may have a venv.py.
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=POLICY.environment_timeout,
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "output", None) or b""
        said = output.decode(errors="replace").strip().splitlines() or [str(error)]
        raise BuilderUnavailable(
            f"no environment can be made: {redact(said[-1])}",
            hint="`depbisect doctor` says what is missing",
        ) from error


def _make_template(
    folder: Path, python: str, uv: str | None, environment: Mapping[str, str]
) -> None:
    """Make what `python -m venv` makes; by uv from the Python's own bundled wheels if it can."""
    bundled = _bundled(python)
    if uv is None or not bundled:
        _make([python, "-m", "venv", "--clear", str(folder)], environment)
    else:
        _make([python, "-m", "venv", "--without-pip", str(folder)], environment)
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--offline", "--no-index"]
        command += ["--compile-bytecode", "--python", str(python_of(folder)), *bundled]
        _make(command, environment)
    _make_portable(folder)


def _keep(made: Path, kept: Path) -> None:
    """Move a template to where later runs find it, in the place of one that lost files."""
    (made / _CONTENTS).write_text(_contents(made))
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    made.rename(kept)


def _is_whole(template: Path) -> bool:
    """Say whether a kept template has all it had: caches are cleaned file by file, too."""
    try:
        return (template / _CONTENTS).read_text() == _contents(template)
    except OSError:
        return False


def _contents(template: Path) -> str:
    """Return how many files pip's folders hold, and their bytes."""
    folders = [*site_packages(template), template / "bin"]
    files = [
        os.path.join(at, name) for top in folders for at, _, names in os.walk(top) for name in names
    ]
    return f"{len(files)} files, {sum(os.lstat(path).st_size for path in files)} bytes"


def _make_portable(folder: Path) -> None:
    """Leave the place of the environment open in pip's programs."""
    for script in (folder / "bin").glob("pip*"):
        script.write_text(script.read_text().replace(str(folder), _ENVIRONMENT))


def _bundled(python: str) -> list[str]:
    """Return the wheels that a Python brings for its environments; none where it has them apart."""
    question = "import ensurepip, os; print(os.path.dirname(ensurepip.__file__))"
    try:
        folder = Path(_first_line([python, "-I", "-c", question])) / "_bundled"
    except BuilderUnavailable:
        return []
    return [str(path) for path in sorted(folder.glob("*.whl"))]


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=POLICY.answer_timeout,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BuilderUnavailable(f"{command[0]} does not run: {error}") from error
    return (done.stdout.splitlines() or ["? ?"])[0]


def _pip_version(folder: Path) -> Version:
    for site in site_packages(folder):
        for info in site.glob("pip-*.dist-info"):
            return Version(info.name[len("pip-") : -len(".dist-info")])
    raise BuilderUnavailable(
        "the Python's own `venv` brings no pip", hint="install its ensurepip, or use uv"
    )
