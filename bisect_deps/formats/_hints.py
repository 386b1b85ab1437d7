"""What somebody who wrote a line that pip rejects most likely meant, in words safe to show."""

from __future__ import annotations

import re

# The first pattern that fits gives the hint; a group may be quoted by name.
_NAME = r"^(?P<n>[\w.\[\],-]+)"
_HINTS = (
    (r"^(<{7}|={7}|>{7}|\|{7})", "a merge conflict was left in the file: resolve it"),
    (r"(?i)^<(!doctype|html|head|body|\?xml)", "this is a web page: download the raw file"),
    (r"^(!?\s*(python\S* -m )?(uv )?pip3? install)\s+(?P<rest>\S+)", "write only {rest}"),
    (r"^conda install\b", "write only the project and its version"),
    (
        r"^_\w+\s*=\s*[\w.]+=\w+$",
        "this is a package of conda's own, which no index has: leave it out",
    ),
    (r"^[A-Za-z]:\\", "write the path with forward slashes, or as file:///C:/…"),
    (r"\$\{[A-Z0-9_]+\}", "set the variable in the environment, or write what it stands for"),
    (r"^\[+[\w.-]+\]+$|^[\w-]+ = [\"\[{]", "this is TOML: give the file its own name back"),
    (r"^['\"\u201c\u2018]|^[^;]*[=<>]\s*['\"][\w.]+['\"]\s*$", "take the quotation marks off"),
    (r"\t--?\w", "put a space in place of the tab before the option"),
    (r"\\\s*$", "a backslash continues a line only as its very last character"),
    (_NAME + r"\s*=\s*(?P<v>[\w.*]+)=\w+$", "a conda line: write {n}=={v}"),
    (_NAME + r"\s*=\s*(?P<v>[\w.*+!-]+)\s*(;.*)?$", "write {n}=={v}"),
    (_NAME + r"\s*=>\s*(?P<v>[\w.]+)", "write {n}>={v}"),
    (_NAME + r"\s*=<\s*(?P<v>[\w.]+)", "write {n}<={v}"),
    (_NAME + r"\s*={2,3}\s*$", "write a version after the equals signs, or take them off"),
    (_NAME + r"\s*={2,3}\s*\*", "write only {n}"),
    (_NAME + r"\s*[><]=?\s*(?P<v>[\w.]+)\.\*", "a wildcard goes with == or != only"),
    (_NAME + r"\s*={0,3}\s*\^\s*(?P<v>0\.\d+)[\w.]*$", "pip has no ^: write {n}=={v}.*"),
    (
        _NAME + r"\s*={0,3}\s*\^\s*(?P<v>\d+)[\w.]*$",
        "pip has no ^: write {n}=={v}.*, or a lower and an upper bound",
    ),
    (_NAME + r"\s*~=\s*(?P<v>\d+)\s*$", "~= needs two numbers: write {n}~={v}.0"),
    (_NAME + r"\s*~\s*(?P<v>\d[\w.]*)\s*$", "write {n}~={v}"),
    (
        _NAME + r"\s*={2,3}\s*\$\{?(?P<v>\w+)\}?\s*$",
        "pip expands only ${{NAME}} in capitals: write {n}==${{{v}}}",
    ),
    (
        r"^[\w.\[\]-]+\s*(?:[=<>~!]=?=?\s*[\w.*+!]+)\s+[\w.\[\]-]+\s*[=<>~!]=",
        "two requirements on one line: give each a line of its own",
    ),
    (_NAME + r"\s*\^", "pip has no ^: write a lower and an upper bound, or ~="),
    (_NAME + r"(\s+|:\s*|@)(?P<v>v?\d[\w.]*)$", "write {n}=={v}"),
    (_NAME + r"\s*==\s*(?P<v>\d+[a-zA-Z]\w*)$", "write {n}==={v}, or a valid version"),
    (r"\S;", "a marker compares a name like python_version with a value in quotes"),
    (r"^git\+\w+@[\w.-]+:", "write git+ssh://git@host/path"),
    (r"^[\w.-]+:$", "this looks like a heading: put a # before it"),
    (r"^_|^-\s", "a project's name starts with a letter or a digit"),
    (r"\[[^\],]*\s[^\],]+", "put commas between the extras"),
    (r"^[^\s#]+#\S", "a comment needs a space before its #"),
    (r"^\.{0,2}/|\\|^[\w.-]+/", "it looks like a path: no such file or folder from here"),
    (r"^[\w.-]+\s*,", "one requirement per line, without commas between them"),
    (r"^[\w.-]+\s+[\w.-]+(\s|$)", "one requirement per line, and a # before a comment"),
    (r"^[^\s=<>~!]*[^\x00-\x7f]", "a project's name has only letters without accents and digits"),
)
_GENERAL = "write name==version, or put a # before the line"


def hint_for(text: str) -> str:
    """Return what to write in place of a line that is no requirement."""
    for pattern, hint in _HINTS:
        if found := re.search(pattern, text):
            return hint.format(**found.groupdict())
    return _GENERAL


def quoted(text: str) -> str:
    """Return the user's words in quotes, cut where they are long."""
    return repr(text if len(text) <= 80 else text[:79] + "\u2026")
