"""Whether a project says anywhere for which Python it is: in its own folder or above, in its tools.

Only asked inside a repository, since nobody can say "nowhere" of a folder without an end.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

# Names, and what in such a file states a Python version; None: the file is for nothing else.
_PLACES = (
    (r"\.python-version|runtime\.txt|\.python-versions", None),
    (r"\.tool-versions|\.?mise\.toml", rb"python"),
    (r"pyproject\.toml|uv\.lock|poetry\.lock", rb"requires-python|^\s*python\s*=|python-versions"),
    (r"pylock(\..+)?\.toml|pdm\.lock", rb"requires[-_]python"),
    (r"setup\.py|setup\.cfg", rb"python_requires"),
    (r"Pipfile", rb"python_(?:full_)?version"),
    (r"environment.*\.ya?ml", rb"-\s*[\"']?python\s*[=<>]"),
    (r"tox\.ini|noxfile\.py", rb"py3\d|basepython|base_python|python="),
    (r"Dockerfile.*|.*\.Dockerfile|Containerfile", rb"(?i)FROM\s+\S*python"),
    (r"\.gitlab-ci\.yml|action\.ya?ml|\.pre-commit-config\.yaml", rb"python(?::|-version|\d)"),
    (r".*requirements.*\.(txt|in)", rb"(?:pip-compile|uv) .*[Pp]ython(?:-version)? ?=?\d"),
)
_DEEPEST = 12
_LARGEST = 200_000


@lru_cache(maxsize=256)
def project_of(folder: str) -> str:
    """Return the repository that a folder is in, "" for none."""
    at = folder
    for _ in range(_DEEPEST):
        if os.path.exists(os.path.join(at, ".git")):
            return at
        above = os.path.dirname(at)
        if above == at:
            break
        at = above
    return ""


def states_python(folder: str, project: str) -> bool:
    """Say whether a file in the folder, or above it up to the project, states a Python version."""
    at = folder
    while True:
        if any(_states(at, name) for name in sorted(os.listdir(at))):
            return True
        if at == project:
            break
        at = os.path.dirname(at)
    return _in_workflows(os.path.join(project, ".github", "workflows"))


def _states(folder: str, name: str) -> bool:
    # Compiled when they are needed: most runs are outside of a repository, or in one file of it.
    for pattern, text in _PLACES:
        if re.fullmatch(pattern, name):
            head = _head(os.path.join(folder, name)) if text is not None else b""
            return text is None or re.search(text, head, re.MULTILINE) is not None
    return False


def _in_workflows(folder: str) -> bool:
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return any(b"python-version" in _head(os.path.join(folder, name)) for name in sorted(names))


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
