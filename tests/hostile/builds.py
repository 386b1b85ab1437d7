"""Source distributions whose build does harm, and a build of one by the local builder."""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
from pathlib import Path

from bisect_deps.builders.base import Order
from bisect_deps.builders.local import LocalBuilder, Options
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.system import interpreters
from bisect_deps.system.sandbox import Isolation
from tests.builders.contract import finish, whole_log

HERE = interpreters.find(sys.executable)
_BACKEND = '''
import base64, glob, hashlib, os, signal, socket, subprocess, sys, time, zipfile

LINES = []
PARTS = {
    "METADATA": "Metadata-Version: 2.1\\nName: hostile\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "hostile.py,,\\n",
}

def attempt(name, what):
    """Print whether an attack got what it wanted."""
    try:
        said = "got" if what() else "got nothing"
    except Exception as error:
        said = type(error).__name__
    LINES.append("ATTEMPT %s = %s" % (name, said))

def connect(path):
    """Speak to a socket whose path may be too long for an address."""
    os.chdir(os.path.dirname(path))
    socket.socket(socket.AF_UNIX).connect(os.path.basename(path))
    return True

def attack():
{code}

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    attack()
    name = "hostile-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        archive.writestr("hostile.py", "print(%r)" % "\\n".join(LINES))
        for path, text in PARTS.items():
            archive.writestr("hostile-1.0.dist-info/" + path, text)
    return name
'''


def backend_of(code: str, name: str = "hostile") -> str:
    """Return a build backend that runs the lines of `code`, and makes a wheel of that name."""
    body = "".join(f"    {line}\n" for line in (code or "pass").strip().splitlines())
    return _BACKEND.replace("{code}", body).replace("hostile", name)


def hostile(folder: Path, code: str) -> Path:
    """Write a source distribution whose build runs the lines of `code`; return its folder."""
    members = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
        'backend-path = ["."]\n[project]\nname = "hostile"\nversion = "1.0"\n',
        "backend.py": backend_of(code),
        "PKG-INFO": "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "hostile-1.0.tar.gz", "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(f"hostile-1.0/{name}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return folder


def build(
    folder: Path,
    code: str,
    isolation: Isolation,
    *,
    beside: bool = False,
    text: str = "hostile\n",
    module: str = "hostile",
    work: str | None = "work",
) -> tuple[BuildStatus, str]:
    """Build the hostile project in `folder/project`, and return how that ended and its log.

    `text` is the requirements file, `module` what a check imports, `work` the folder of builds or
    None for that of the user's cache. `beside`: while another build waits in the slot beside.
    """
    for name in ("project", "work", "cache"):
        (folder / name).mkdir(exist_ok=True)
    # A folder of its own: installers keep what they built, by its path.
    links = hostile(Path(tempfile.mkdtemp(prefix="links-", dir=folder)), code)
    builder = LocalBuilder(
        Options(
            folder=folder / "project",
            cwd=folder / "project",
            work=None if work is None else folder / work,
            interpreter=HERE,
            index=IndexSettings(no_index=True, find_links=(str(links),)),
            sandbox=isolation.value,
            jobs=2,
        )
    )
    try:
        if beside:
            builder.start(_order("", ("sleep 300",)))
        order = _order(text, (f"python -c 'import {module}'",))
        handle = builder.start(order)
        return finish(builder, handle), whole_log(builder, handle)
    finally:
        builder.close()


def _order(text: str, check: tuple[str, ...]) -> Order:
    return Order({"requirements.txt": text.encode()}, "requirements.txt", text, check, timeout=120)
