"""At least 134 files that nobody should be able to hurt us with: name to how it is made.

A name begins with the file's own, so that each format's reader meets its own kind of spite. Bytes
are written as they are; a function makes what no bytes can be: links, pipes, many files.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

Make = Callable[[Path], object]

ESC, BELL, BIDI, ZERO = "\x1b[31m", "\x07", "\u202e", "\u200b"
DIGITS = "9" * 5_000
GOOD = "good==1.0\n"
LOG = "ERROR: No matching distribution found for good==1.0\n"


def files() -> dict[str, bytes | Make]:
    """Return each file as `name: what is odd about it`."""
    found: dict[str, bytes | Make] = {}
    for name, text in _BASES.items():
        for what, data in _spelt(text).items():
            found[f"{name}: {what}"] = data
    for name, table in _OWN.items():
        for what, made in table.items():
            found[f"{name}: {what}"] = made.encode() if isinstance(made, str) else made
    return found


def write(folder: Path, name: str, made: bytes | Make) -> Path:
    """Make one of them in a folder; return its path."""
    path = folder / name.partition(": ")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(made, bytes):
        path.write_bytes(made)
    else:
        made(path)
    return path


# What is right in each format, to be spelt in every wrong way.
_BASES = {
    "requirements.txt": GOOD * 3,
    "pyproject.toml": '[project]\nname = "a"\nversion = "1"\ndependencies = ["good==1.0"]\n',
    "environment.yml": "dependencies:\n  - good=1.0\n  - pip:\n    - good==1.0\n",
    "build.log": f"$ pip install -r requirements.txt\n{LOG}",
}


def _spelt(text: str) -> dict[str, bytes]:
    """Return a text in encodings, line ends and with characters that editors do not show."""
    data = text.encode()
    middle = len(data) // 2
    return {
        "UTF-8 with a byte order mark": codecs.BOM_UTF8 + data,
        "two byte order marks": codecs.BOM_UTF8 * 2 + data,
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without its mark": text.encode("utf-16-be"),
        "UTF-32": text.encode("utf-32"),
        "half a character": data + b"\xc3",
        "no text at all": bytes(range(256)) * 4,
        "surrogates": data + b"\xed\xa0\x80\xed\xbf\xbf\n",
        "overlong characters": data + b"\xc0\xaf\xe0\x80\xaf\n",
        "nothing but NULs": bytes(4_096),
        "a NUL in its midst": data[:middle] + b"\0" + data[middle:],
        "escapes": data + f"# {ESC}red{BELL}\x1b]0;title\x07\x9b31m\n".encode(),
        "characters that turn the line": data + f"# {BIDI}txet{ZERO}\u2066\u2069\n".encode(),
        "carriage returns alone": data.replace(b"\n", b"\r"),
        "all line ends at once": data.replace(b"\n", b"\r\n") + data + data.replace(b"\n", b"\r"),
        "line ends of Unicode": text.replace("\n", "\u2028").encode() + "a\x85b\x0bc\x0c".encode(),
        "no line end": data.rstrip(b"\n"),
        "nothing": b"",
        "a line of a million characters": data + b"# " + b"x" * 1_000_000 + b"\n",
    }


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _links_in_a_ring(path: Path) -> None:
    path.symlink_to("other.txt")
    (path.parent / "other.txt").symlink_to(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _includes(count: int) -> Make:
    """Return what makes files that include each other, all of them twice."""

    def make(path: Path) -> None:
        names = [path.name, *(f"r{number}.txt" for number in range(count))]
        for here, there in pairwise(names):
            (path.parent / here).write_text(f"-r {there}\n-r {there}\n")
        (path.parent / names[-1]).write_text(GOOD)

    return make


def _folder_of(name: str) -> Make:
    def make(path: Path) -> None:
        (path.parent / name).mkdir()
        path.write_text(f"-r {name}\n-c {name}\n")

    return make


_VERSIONS = ["1" * 5_000, f"{DIGITS}!1", "1." * 2_000 + "1", f"1.0a{DIGITS}", "1.0+" + "a." * 2_000]
_URLS = [
    "https://a@",
    "https://u:p@[x]/a.whl",
    "https://[::1",
    "http://h:99999999/a.whl",
    "file:///dev/zero",
    "git+ssh://git@h:x/y@" + "z" * 9_000,
    "https://\x00/",
    "javascript:alert(1)",
    "//h/a.tar.gz",
    "https://h/%00%0a%1b[31m.whl",
]
_BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))

_OWN: dict[str, dict[str, str | bytes | Make]] = {
    "requirements.txt": {
        **{f"version {n}": f"good=={version}\n" for n, version in enumerate(_VERSIONS)},
        **{f"address {n}": f"good @ {url}\n" for n, url in enumerate(_URLS)},
        **{f"index {n}": f"--index-url {url}\n{GOOD}" for n, url in enumerate(_URLS)},
        "itself": "-r requirements.txt\n",
        "a ring of includes": _includes(0),
        "a chain of 100 includes, each twice": _includes(100),
        "an include that is a folder": _folder_of("folder.txt"),
        "an include of a device": "-r /dev/zero\n-c /dev/tty\n",
        "an include of the network": "-r https://a@\n-r http://[x]/r.txt\n",
        "a link to itself": _link_to_itself,
        "a ring of links": _links_in_a_ring,
        "a device": _device,
        "a pipe": lambda path: os.mkfifo(path),
        "a folder": lambda path: path.mkdir(),
        "a continuation without end": "good==1.0 \\\n" * 3_000,
        "markers nested deeply": f"good; {'(' * 900}python_version>'3'{')' * 900}\n",
        "a marker of many words": f"good; {' or '.join(['a' + chr(61) * 2 + 'b'] * 900)}\n",
        "extras without end": f"good[{','.join('a' * 9 for _ in range(5_000))}]==1.0\n",
        "a specifier of many clauses": f"good{','.join(['!=1.0'] * 5_000)}\n",
        "a hash that is none": f"good==1.0 --hash=sha256:{'z' * 64} --hash={'x' * 9_000}\n",
        "a thousand lines alike": GOOD * 1_000,
        "options that nobody knows": "--explode\n-Zz\n--\n-\n---r x\n",
        "a name of other letters": "g\u043eod==1.0\n\u0413ood==1.0\ngood\u0430==1\n",
        "a name with an escape": f"{ESC}good==1.0\n{BIDI}good==1.0\n",
        "variables in variables": "${${A}}==${B}\n--index-url https://${\n",
        "quotes that stay open": "'good==1.0\n\"good\n--find-links '\n",
    },
    "pyproject.toml": {
        "arrays in arrays": f"a = {'[' * 5_000}",
        "tables in tables": f"[{'.'.join('a' * 3 for _ in range(2_000))}]\nb = 1\n",
        "a number of 5,000 digits": f"a = {DIGITS}\n[project]\nversion = 1\n",
        "dates": "[project]\nname=2026-11-21\ndependencies=[07:32:00, 1979-05-27T07:32:00Z]\n",
        "wrong types": "project = 1\n[[tool]]\nuv = 2\n",
        "wrong types deeper": "[project]\ndependencies = {a = 1}\n[tool]\npoetry = []\n",
        "a key twice": '[project]\nname = "a"\nname = "b"\n',
        "escapes in strings": '[project]\nname = "\\u001b[m"\ndependencies = ["\\u202egood==1"]\n',
        "a string without end": f'[project]\nname = """{"x" * 100_000}',
        "groups that include each other": (
            '[dependency-groups]\na=[{include-group="b"}]\nb=[{include-group="a"}]\n'
        ),
    },
    "environment.yml": {
        "a bomb": _BOMB,
        "itself": "a: &a [*a]\ndependencies: *a\n",
        "a tag that runs something": "!!python/object/apply:os.system ['touch pwned']\n",
        "brackets": "[" * 5_000,
        "indents": "".join(f"{' ' * n}a:\n" for n in range(900)),
        "keys that are no names": "? [a, b]\n: c\ndependencies: {a: b}\n1: 2\n",
    },
    "poetry.lock": {
        "wrong types": "package = 1\n",
        "packages of nothing": "[[package]]\n" * 3_000,
        "a version of 5,000 digits": f'[[package]]\nname = "good"\nversion = "{DIGITS}"\n',
    },
    "Pipfile.lock": {
        "brackets": "[" * 100_000,
        "a number of 5,000 digits": f'{{"default": {{"good": {{"version": {DIGITS}}}}}}}',
        "wrong types": '{"default": [1], "develop": {"good": null, "a": []}}',
        "not a number": '{"default": NaN, "_meta": Infinity}',
    },
    "setup.py": {
        "brackets": f"setup(install_requires={'[' * 500}",
        "a sum without end": f"setup(install_requires={'+'.join(['[1]'] * 5_000)})",
        "what would run": "open('pwned', 'w')\nfrom setuptools import setup\nsetup()\n",
    },
    "setup.cfg": {"no sections": "a = b\n[options\ninstall_requires = good\n[[[\n"},
    "build.ipynb": {
        "brackets": "[" * 100_000,
        "wrong types": '{"cells": [1, {"source": 5}, {"cell_type": [], "source": [{}]}]}',
    },
    "Dockerfile": {
        "escapes": f"FROM x\nRUN pip install {ESC}good==1.0 \\\n" + "# c\n" * 1_000,
        "an open heredoc": "RUN <<A <<B\npip install good==1.0\n",
    },
    "build.log": {
        "a traceback without end": "Traceback (most recent call last):\n" * 500,
        "frames without end": 'Traceback (most recent call last):\n  File "a", line 9\n' * 300,
        "numbers of 5,000 digits": f"error: line {DIGITS}\n  File 'a', line {DIGITS}, in b\n{LOG}",
        "names with escapes": f"ERROR: No matching distribution found for {ESC}good{BIDI}==1.0\n",
        "carriage returns": "\r".join(f"{n}%" for n in range(1_000)) + f"\n{LOG}",
        "backspaces": "x" * 5_000 + "\b" * 10_000 + LOG,
        "fences of ours": "::depbisect install begin\n" * 999
        + LOG
        + "::depbisect x end rc=0\n" * 9,
        "escapes half said": LOG + "\x1b[" * 5_000 + "\x1b]8;;" * 2_000,
        "a conflict without end": "The conflict is caused by:\n" + "    a 1 depends on b\n" * 500,
        "a pipe": lambda path: os.mkfifo(path),
        "a device": _device,
    },
}
