"""Paths of scratch folders are shown by what is in them; all others stay."""

from __future__ import annotations

import pytest

from bisect_deps.text import shown

WORK = "/home/me/.cache/depbisect-builds/481.2724333.4026531836-smb835dc/slot1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"cannot import 'escape' ({WORK}/build/env/lib/python3.12/site-packages/jinja2/x.py)",
            "cannot import 'escape' (<env>/lib/python3.12/site-packages/jinja2/x.py)",
        ),
        (
            f"$ /me/bin/uv pip install -p {WORK}/build/env/bin/python -r {WORK}/build/tree/r.txt",
            "$ uv pip install -p <env>/bin/python -r <project>/r.txt",
        ),
        (f"in {WORK}/build/depbisect-exact.txt:3:", "in <build>/depbisect-exact.txt:3:"),
        (f"cannot write {WORK}", "cannot write <build>"),
        (
            'File "/h/m/.cache/uv/builds-v0/.tmp0N4Nxq/lib/python3.12/site-packages/a.py", line 3',
            'File "<build-env>/lib/python3.12/site-packages/a.py", line 3',
        ),
        ("gcc -I/home/m/.cache/uv/builds-v0/.tmpX1/include -c", "gcc -I<build-env>/include -c"),
        (
            "/c/uv/sdists-v9/pypi/numpy/1.19.5/aBc-1/src/numpy/core/x.c:3:10: fatal error: y.h",
            "<source>/numpy/core/x.c:3:10: fatal error: y.h",
        ),
        ("file:///tmp/pip-req-build-a1b2c3/setup.py", "<source>/setup.py"),
        ("/tmp/pip-build-env-a1/overlay/lib/python3.11/x", "<build-env>/lib/python3.11/x"),
        ("/tmp/pip-install-ab_1/numpy_0a1/setup.py:5", "<source>/setup.py:5"),
        (r"in C:\Users\me\depbisect-builds\7-x\slot1\build\env\Lib\a.py", r"in <env>\Lib\a.py"),
        ("gcc -I/home/m/.pyenv/versions/3.12.1/include/x", "gcc -I<python>/include/x"),
        (
            "/opt/hostedtoolcache/Python/3.11.9/x64/lib/python3.11/a.py",
            "<python>/lib/python3.11/a.py",
        ),
        ("/home/m/.pyenv/versions/3.12.1/bin/python", "/home/m/.pyenv/versions/3.12.1/bin/python"),
        ("/usr/include/python3.12/Python.h", "/usr/include/python3.12/Python.h"),
        ("/home/me/uv/project/a.py", "/home/me/uv/project/a.py"),
        ("/home/me/depbisect-builds.txt", "/home/me/depbisect-builds.txt"),
        ("https://index.example/depbisect/1.0", "https://index.example/depbisect/1.0"),
    ],
)
def test_a_path_is_cut_to_what_is_in_a_scratch_folder(text: str, words: str) -> None:
    assert shown(text) == words


@pytest.mark.parametrize("part", ["depbisect-builds/", "uv/sdists-v9/a/", "uv/git-v0/checkouts/"])
def test_a_long_line_costs_no_more_than_its_length(part: str) -> None:
    assert shown(part * 50_000)
