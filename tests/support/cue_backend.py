"""A build backend (PEP 517) that does what `cue.json` beside it says: fail, sleep, talk, or build.

Ships inside every source distribution of the local index as its in-tree backend, so a build needs
no other package and takes as long as starting Python. Standard library only, Python 3.6 and later.
"""

import base64
import builtins
import hashlib
import json
import os
import sys
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def get_requires_for_build_wheel(config_settings=None):
    """Return nothing: what a build needs stands in pyproject.toml."""
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Write the `.dist-info` folder, or fail if that is the cue."""
    cue = _cue()
    _act(cue, "metadata")
    name = cue["stem"] + ".dist-info"
    os.makedirs(os.path.join(metadata_directory, name))
    for path, text in _dist_info(cue["stem"], cue["metadata"], "py3-none-any").items():
        with open(os.path.join(metadata_directory, path), "wb") as file:
            file.write(text)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Write the wheel, or fail if that is the cue."""
    cue = _cue()
    _act(cue, "build")
    modules = {path: text.encode("utf-8") for path, text in cue["modules"].items()}
    name = cue["stem"] + "-py3-none-any.whl"
    with open(os.path.join(wheel_directory, name), "wb") as file:
        write_wheel(file, cue["stem"], cue["metadata"], modules, "py3-none-any")
    return name


def write_wheel(file, stem, metadata, modules, tag):
    """Write a wheel of `modules` (path to bytes) with a RECORD; same input, same bytes."""
    members = dict(modules)
    members.update(_dist_info(stem, metadata, tag))
    record = stem + ".dist-info/RECORD"
    lines = []
    for path, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode('ascii')},{len(content)}")
    members[record] = "\n".join([*lines, record + ",,", ""]).encode("utf-8")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content)


def _dist_info(stem, metadata, tag):
    wheel = f"Wheel-Version: 1.0\nGenerator: cue\nRoot-Is-Purelib: true\nTag: {tag}\n"
    return {
        stem + ".dist-info/METADATA": metadata.encode("utf-8"),
        stem + ".dist-info/WHEEL": wheel.encode("utf-8"),
    }


def _cue():
    with open(os.path.join(HERE, "cue.json"), encoding="utf-8") as file:
        return json.load(file)


def _act(cue, phase):
    """Do what the cue says for this phase: count, talk, sleep, and perhaps fail."""
    number = _count(cue, phase)
    for line in range(cue["chatter"] if phase == "build" else 0):
        print(f"copying src/{cue['stem']}/part_{line:06d}.py -> build/lib")
    sys.stdout.flush()
    time.sleep(cue["seconds"] if phase == "build" else 0)
    fault = cue["fault"]
    # What fails while metadata is made fails in the build, too: a real backend runs it again.
    if not fault or phase not in (fault["phase"], "build") or not _applies(cue, number):
        return
    for line in fault["says"]:
        print(line, file=sys.stderr)
    sys.stderr.flush()
    if fault["raises"]:
        raise getattr(builtins, fault["raises"])(*fault["arguments"])
    sys.exit(1)


def _count(cue, phase):
    """Append this call to the index's record of builds; return its number, from 1 on.

    In a sandbox the record cannot be written: there every call is the first.
    """
    path = os.path.join(cue["state"], f"{cue['stem']}.{phase}")
    if not os.access(cue["state"], os.W_OK):
        return 1
    with open(path, "a+", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
        file.flush()
        file.seek(0)
        return sum(1 for _ in file)


def _applies(cue, number):
    if cue["every"] and number % cue["every"]:
        return False
    drawn = hashlib.sha256(f"{cue['seed']} {number}".encode("ascii")).digest()
    if int.from_bytes(drawn[:4], "big") >= cue["share"] * 2**32:
        return False
    if cue["from_python"] and sys.version_info < tuple(cue["from_python"]):
        return False
    return all(_installed(name, below) for name, below in cue["with_tool"].items())


def _installed(name, first):
    """Say whether the build environment has the tool `name` at version `first` or later."""
    try:
        module = __import__(name)
    except ImportError:
        return False
    return _key(module.__version__) >= _key(first)


def _key(version):
    return [int(part) for part in version.split(".") if part.isdigit()]
