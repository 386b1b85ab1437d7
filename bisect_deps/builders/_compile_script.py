"""Compiles modules of installed releases, run by their Python (3.8 and later, nothing installed).

Argument: a folder with `job.json`, a list of [source, digest, target]: the digest is that of the
release's own record, the target stands in `made` in the folder, whole or not at all. A source that
is another than its record says is passed over, and so is one that Python warns of: whoever compiles
it is to be warned. What comes out is checked against its source whenever it is imported (PEP 552).
"""

import base64
import contextlib
import hashlib
import importlib.util
import json
import marshal
import os
import sys
import warnings

LARGEST = 4_000_000
# The flags of bytecode that stands for the source of a digest, and is checked.
CHECKED = (3).to_bytes(4, "little")


def main(folder):
    # type: (str) -> None
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write("19")
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as stream:
        job = json.load(stream)
    for source, digest, target in job:
        with contextlib.suppress(Exception):
            compile_one(source, digest, os.path.join(folder, "made", target), folder)


def compile_one(source, digest, target, folder):
    # type: (str, str, str, str) -> None
    with open(source, "rb") as stream:
        text = stream.read(LARGEST + 1)
    found = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    if len(text) > LARGEST or found != digest:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = compile(text, os.path.basename(source), "exec", dont_inherit=True, optimize=0)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    part = os.path.join(folder, "part")
    with open(part, "wb") as stream:
        stream.write(importlib.util.MAGIC_NUMBER + CHECKED + importlib.util.source_hash(text))
        marshal.dump(code, stream)
    os.replace(part, target)


if __name__ == "__main__":
    main(sys.argv[1])
