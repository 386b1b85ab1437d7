"""Paths of folders that live as long as a build, as people read them: by what is in there.

`/home/me/.cache/uv/builds-v0/.tmpX1/lib/python3.12/…` says nothing that `<build-env>/lib/…` does
not, differs from run to run and fills two lines. Machine-readable reports keep the whole path.
"""

from __future__ import annotations

import re

# Where tools put an interpreter: what lies in it is told, its program's own path stays whole.
_PYTHON = re.compile(
    r"(?:\.pyenv[/\\]versions|uv[/\\]python|hostedtoolcache[/\\](?:\w+[/\\])?Python"
    r"|installs[/\\]python|Python\.framework[/\\]Versions|conda\w{0,16}[/\\]envs)[/\\][^/\\]+"
    r"(?:[/\\]x(?:64|86))?(?=[/\\](?:include|[Ll]ibs?)(?:[/\\]|$))"
)
# Each is looked for at a literal, so that a long line costs no more than its length.
_FOLDERS = (
    # The environment that a build fills, the copy of the project beside it, and the rest.
    (
        re.compile(r"depbisect-builds[/\\][^/\\]+[/\\][^/\\]+[/\\]build[/\\]env(?![\w.-])"),
        "<env>",
    ),
    (
        re.compile(r"depbisect-builds[/\\][^/\\]+[/\\][^/\\]+[/\\]build[/\\]tree(?![\w.-])"),
        "<project>",
    ),
    (
        re.compile(r"depbisect-builds[/\\][^/\\]+[/\\][^/\\]+(?:[/\\]build)?(?![\w.-])"),
        "<build>",
    ),
    # What uv and pip build releases in, and what they unpack there.
    (re.compile(r"uv[/\\]builds-v\d+[/\\]\.tmp\w+"), "<build-env>"),
    (re.compile(r"pip-build-env-\w+(?:[/\\](?:overlay|normal))?"), "<build-env>"),
    (re.compile(r"uv[/\\]sdists-v\d+[/\\](?:[^/\\]+[/\\]){1,6}?src(?![\w.-])"), "<source>"),
    (re.compile(r"uv[/\\]git-v\d+[/\\]checkouts[/\\][^/\\]+[/\\][^/\\]+"), "<source>"),
    (re.compile(r"pip-(?:install|wheel)-\w+[/\\][^/\\]+"), "<source>"),
    (re.compile(r"pip-req-build-\w+"), "<source>"),
    (re.compile(r"uv[/\\]archive-v\d+[/\\][\w-]+"), "<wheel>"),
    (_PYTHON, "<python>"),
)
_MARKS = ("depbisect", "uv", "pip-", "pyenv", "python", "Python")
# The program of a command that a log quotes: `$ /home/me/.venv/bin/uv pip install`.
_PROGRAM = re.compile(r"^\$ [^\s]*[/\\](?=[^\s/\\])")
_WORD = re.compile(r"[^\s'\"`(),;=\[\]<>]+")


def short_paths(text: str) -> str:
    """Return text with the paths of scratch folders cut to what is in them, programs to names."""
    if not any(mark in text for mark in _MARKS) or not ("/" in text or "\\" in text):
        return text
    return _WORD.sub(_short, _PROGRAM.sub("$ ", text))


def _short(word: re.Match[str]) -> str:
    text = word[0]
    for pattern, name in _FOLDERS:
        match = pattern.search(text)
        if match is not None:
            return _before(text[: match.start()]) + name + text[match.end() :]
    return text


def _before(path: str) -> str:
    """Return what stands before a path that is glued to it: the scheme goes, `-I` and `x:` stay."""
    begin = min((at for at in (path.find("/"), path.find("\\")) if at >= 0), default=len(path))
    glued = path[:begin]
    return "" if glued.endswith((":", "file:")) and len(glued) <= len("file:") else glued
