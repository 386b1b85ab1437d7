"""tox.ini: the `deps` of its environments, with conditions before them. Source: tox, Config."""

from __future__ import annotations

import re

from bisect_deps.formats._ini import IniStyle, continued
from bisect_deps.formats._lines import read_code

# Blanks between factors mean nothing. A line that has some is not read as one without.
_FACTORS = r"(?:[\w{},!. -]+:\s+|(?![\w{},!. -]+:\s))"
_ROOT = r"\{(?:toxinidir|tox_root)\}/"
_KEYS = ("deps", "requires")
_COMMANDS = ("commands", "commands_pre", "commands_post")


def _group(section: str, key: str) -> str | None:
    is_environment = section == "tox" or section.startswith(("testenv", "env"))
    return f"{section}.{key}" if is_environment and key in _KEYS else None


def _commands(section: str, key: str) -> str | None:
    is_environment = section.startswith(("testenv", "env"))
    return f"{section}.{key}" if is_environment and key in _COMMANDS else None


STYLE = IniStyle(
    _group,
    ("testenv", "deps"),
    before=re.compile(_FACTORS),
    files=re.compile(
        rf"{_FACTORS}(?P<flag>-[rc]|--requirement|--constraint)\s*=?\s*"
        rf"(?:{_ROOT})?(?P<file>[^{{}}]+)$"
    ),
    read_line=read_code,  # lines of pip's own grammar
    runs=_commands,
    root=re.compile(_ROOT),
    # Options of pip and paths are no requirements of their own; other lists are read themselves.
    skipped=re.compile(rf"{_FACTORS}(?:-|\.|/|\{{\w+\}}(?:/|$)|\{{\[)"),
    refers=re.compile(r"\{\[(?P<section>[^\]]+)\](?P<key>\w+)\}"),
    computed=re.compile(r".*\{[^}]*\}"),
    divide=continued,
)
