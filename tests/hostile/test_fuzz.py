"""Spoilt input of every kind ends in a value or in an error of ours, never in a foreign exception.

FUZZ_CASES=10000 asks for more of each parser.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bisect_deps.diagnosis.diagnosing import diagnose
from bisect_deps.diagnosis.log_prefixes import plain, strip_prefixes
from bisect_deps.errors import DepbisectError
from bisect_deps.formats import parse_manifest
from bisect_deps.run.journal import read
from bisect_deps.secret import redact, split_credentials

CASES = int(os.environ.get("FUZZ_CASES", "60"))
ADDRESSES = "https://u:p@host/simple/ https://a@ https://u:p@[x]/ ssh://git@h/r.git ${TOKEN}@x\n"
SEEDS = {
    "requirements.txt": '-r x.txt\nnumpy==1.19.5 ; python_version<"3.9" # why\nf @ https://u:p@h/f.whl\n',
    "pyproject.toml": '[project]\nname = "a"\ndependencies = ["numpy<2", "x[y]~=1"]\n',
    "setup.cfg": "[options]\ninstall_requires =\n    numpy<2\n    x ; os_name=='nt'\n",
    "setup.py": 'from setuptools import setup\nsetup(install_requires=["numpy<2"])\n',
    "environment.yml": "dependencies:\n  - python=3.9\n  - pip:\n    - numpy==1.19\n",
    "Pipfile": '[packages]\nnumpy = "==1.19"\n',
    "script.py": '# /// script\n# dependencies = ["numpy<2"]\n# ///\n',
    "uv.lock": 'version = 1\n[[package]]\nname = "numpy"\nversion = "1.19"\n',
    "poetry.lock": '[[package]]\nname = "numpy"\nversion = "1.19"\n',
    "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "numpy"\nversion = "1.19"\n',
    "tox.ini": "[testenv]\ndeps =\n    numpy<2\n",
}
PIECES = (
    *("[", "]", "{", "}", "(", '"', "'", "\\", "\n", "\r", "\0", "\ufeff", "\u2028", "==", "@"),
    *("https://a@", "https://u:p@[x]/", "9" * 5_000, "[" * 300, "${X}", "#", ";", "\x1b[31m"),
    *("-r /proc/self/environ", "null", "true", "1e999", "\ud800", "::", "!=", "~=1", "-e .", "*"),
)


def _format(name: str) -> Callable[[bytes], object]:
    def refuse(path: str) -> bytes:
        raise FileNotFoundError(path)

    return lambda data: parse_manifest(data, Path(name), folder=Path("/nowhere"), read=refuse)


def _journal(data: bytes) -> object:
    path = Path(os.environ["FUZZ_FOLDER"], "journal.jsonl")
    path.write_bytes(data)
    return read(path)


PARSERS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    **{name: (seed, _format(name)) for name, seed in SEEDS.items()},
    "a log": ("ERROR: No matching distribution found for x==1\nerror: y\n", diagnose),
    "a line of a log": ("2026-01-01T00:00:00Z #5 1.2 a\x08b\n", lambda d: strip_prefixes(plain(d))),
    "addresses": (ADDRESSES, lambda d: split_credentials(d.decode("utf-8", "replace"))),
    "text with secrets": (ADDRESSES, lambda d: redact(d.decode("utf-8", "replace"), ["hunter2"])),
    "a journal": (
        json.dumps({"type": "run", "format": 1, "inputs": "a", "facts": {}}) + "\n",
        _journal,
    ),
}


def spoilt(seed: str, chance: random.Random) -> bytes:
    """Return the seed with some parts cut, doubled, or replaced by what parsers stumble over."""
    text = seed
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(text))
        to = min(len(text), at + chance.randint(0, 12))
        middle = chance.choice(
            [chance.choice(PIECES), text[at:to] * 3, "", chr(chance.randint(0, 0x2FF))]
        )
        text = text[:at] + middle + text[to:]
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        data = data[: chance.randint(0, len(data))] + bytes([chance.randint(0, 255)])
    return data


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_input_raises_nothing_foreign(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUZZ_FOLDER", str(tmp_path))
    seed, parse = PARSERS[name]
    chance = random.Random(name)
    foreign: dict[str, bytes] = {}
    for _ in range(CASES):
        data = spoilt(seed, chance)
        try:
            parse(data)
        except DepbisectError:
            continue
        except Exception as error:
            foreign.setdefault(f"{type(error).__name__}: {error}"[:200], data[:300])
    assert not foreign
