"""Version clauses of other tools as those of the packaging specifications: `^1.2`, `~1.2`.

Source: Poetry's page on dependency specification; conda's on package match specifications; the
npm-like operators mean the same in both.
"""

from __future__ import annotations

import re

_RELEASE = re.compile(r"\d+(?:\.\d+)*")
_VERSION = re.compile(r"v?(?P<version>\d\w*(?:[.\-+]\w+)*)", re.IGNORECASE)
_STARRED = re.compile(r"(?P<stem>\d+(?:\.\d+)*)\.(?:\*|x)(?:\.(?:\*|x))*", re.IGNORECASE)


def caret_clause(version: str) -> str:
    """Return the clause of `^version`: up to the next change of its first number that is not 0."""
    release = _release(version)
    if release is None:
        return ""
    at = next((place for place, number in enumerate(release) if number), len(release) - 1)
    upper = [*release[:at], release[at] + 1]
    upper += [0] * (min(len(release), 3) - len(upper))
    return f">={version},<{'.'.join(map(str, upper))}"


def tilde_clause(version: str) -> str:
    """Return the clause of `~version`: up to the next minor release, or major where it has one."""
    release = _release(version)
    if release is None:
        return ""
    upper = [release[0] + 1] if len(release) == 1 else [release[0], release[1] + 1]
    return f">={version},<{'.'.join(map(str, upper))}"


def poetry_clause(text: str) -> str | None:
    """Return what a constraint of Poetry means, "" for any version, None for what is none.

    Alternatives (`||`) are no clause of the specifications: they come back as `!=0`, a range that
    says only that there is one.
    """
    if "|" in text:
        return "!=0"
    clauses = []
    for part in re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^])", text.strip()):
        clause = _poetry_part(part.strip())
        if clause is None:
            return None
        clauses += [clause] if clause else []
    return ",".join(clauses)


def _poetry_part(part: str) -> str | None:
    if part in ("", "*"):
        return ""
    sign = re.match(r"(?:===?|~=|[<>!]=|[<>=^~])?", part)
    operator, version = (sign[0] if sign else ""), part[sign.end() if sign else 0 :].strip()
    starred = _STARRED.fullmatch(version)
    if starred is not None and operator in ("", "=", "==", "!="):
        return f"{'!=' if operator == '!=' else '=='}{starred['stem']}.*"
    found = _VERSION.fullmatch(version)
    if found is None:
        return None
    version = found["version"]
    if operator == "^":
        return caret_clause(version)
    if operator == "~":
        return tilde_clause(version)
    return f"{operator if operator not in ('', '=') else '=='}{version}"


def conda_clause(text: str) -> str:
    """Return what conda's version part means, `1.2` and `=1.2` being any release of that series.

    Three numbers or more with one `=` are a pin in all but name: conda-forge publishes no fourth.
    """
    text = text.strip()
    if not text or text == "*":
        return ""
    if "|" in text:
        return "!=0"
    return ",".join(_conda_part(part.strip()) for part in text.split(",") if part.strip())


def _conda_part(part: str) -> str:
    fuzzy = re.fullmatch(r"=?(?P<version>\d[\w.]*?)(?P<star>\.?\*)?", part)
    if fuzzy is None:
        return re.sub(r"\s+", "", part)
    version, star = fuzzy["version"], fuzzy["star"]
    if not star and part[0] != "=":
        return f"=={version}"
    return f"=={version}.*"


def _release(version: str) -> list[int] | None:
    found = _RELEASE.match(version)
    return [int(number) for number in found[0].split(".")] if found else None
