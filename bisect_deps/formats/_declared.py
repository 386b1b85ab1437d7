"""What the requirement part of a line declares: a name, a URL or a path, read as pip reads it.

Pip tells a path from a name by looking at the disk, so `folder` (pip's working directory) is part
of the question. Source: pip's `req.constructors` module and `models.link`; PEP 508.
"""

from __future__ import annotations

import os
import posixpath
import re
import urllib.parse
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.formats._markers import plain as plain_marker
from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Parts, ProblemKind, Span
from bisect_deps.system.files import LONGEST_NAME

# The parser of the packaging specifications takes a tenth of the linter's start; plain pins need
# none, so that it is imported where a line is more.
if TYPE_CHECKING:
    from packaging.requirements import Requirement as Pep508

_VCS_TRANSPORTS = {
    "git": ("http", "https", "ssh", "git", "file"),
    "hg": ("file", "http", "https", "ssh", "static-http"),
    "svn": ("ssh", "http", "https", "svn", "file"),
    "bzr": ("http", "https", "ssh", "sftp", "ftp", "lp", "file"),
}
_VCS_SCHEMES = frozenset(
    f"{system}+{transport}"
    for system, transports in _VCS_TRANSPORTS.items()
    for transport in transports
)
_SCHEMES = _VCS_SCHEMES | {"http", "https", "file", "ftp"}
_TARBALLS = (".tar", ".tar.bz2", ".tar.gz", ".tar.xz", ".tar.lz", ".tar.lzma")
_ARCHIVES = frozenset((".zip", ".whl", ".tbz", ".tgz", ".txz", ".tlz", *_TARBALLS))
_EGG = re.compile(r"[#&]egg=([^&]*)")
_PROJECT = re.compile(r"^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$", re.IGNORECASE)
# Most lines of most files. What it matches can be neither URL nor path, and needs no parser.
_CLAUSE = r"(?:(?:[=!<>]=|[<>])\d+(?:\.\d+)*|[=!]=\d+(?:\.\d+)*\.\*|~=\d+(?:\.\d+)+)"
_PLAIN = re.compile(rf"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)({_CLAUSE}(?:, ?{_CLAUSE})*)")
_NAMED_LINK = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*@[ \t]*([^ \t]+)")
# A name with a dot may end like an archive's, which is a path.
_BARE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_FORWARD = "write the path with forward slashes, or as file:///C:/folder/file.whl"
_EXTRAS_AT_END = re.compile(r"^(.+)(\[[^\[\]]+\])$")
_HEAD = re.compile(
    r"[ \t]*(?P<name>\b[a-zA-Z0-9][a-zA-Z0-9._-]*\b)[ \t]*(?P<extras>\[[^\]]*\])?[ \t]*"
)


class Rejected(Exception):
    """Why pip rejects a requirement, and what to write instead."""

    def __init__(
        self, message: str, hint: str = "", kind: ProblemKind = ProblemKind.INVALID_REQUIREMENT
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind


def declared(code: Mapped, folder: Path) -> Parts:
    """Read a requirement that stands for itself on a line. Raises Rejected."""
    text = code.text
    separator = "; " if _is_url(text) else ";"
    name, found, marker_text = text.partition(separator)
    marker, marker_span = None, None
    if marker_text.strip():
        marker = _marker(marker_text.strip())
        marker_span = _span_of(code, marker_text, len(name) + len(found))
    body = code.slice(0, len(name)).stripped()
    if (parts := declared_plainly(body)) is not None:
        return parts._replace(marker=marker, marker_span=marker_span) if marker else parts
    if _is_url(body.text):
        link, extras = body.text, frozenset[str]()
    else:
        path = os.path.normpath(os.path.join(folder, body.text))
        path, extras = _extras_at_end(path)
        found_link = _link_to_path(path, body.text)
        if found_link is None:
            parts = _named(body, extras, marker, marker_span)
            return parts._replace(url=_share(parts.url, folder) if parts.url else None)
        link = found_link
    parts = _linked(link, folder)
    return parts._replace(
        extras=extras or parts.extras,
        marker=marker or parts.marker,
        marker_span=marker_span,
        url_span=body.span(0, len(body.text)),
    )


def declared_plainly(code: Mapped) -> Parts | None:
    """Read a name, alone or with plain clauses, that is all of the text; None for all else."""
    if _BARE.fullmatch(code.text):
        whole = code.span(0, len(code.text))
        return Parts(name=code.text, name_span=whole, insertion=whole.end, span=whole)
    found = _PLAIN.fullmatch(code.text)
    if found is None:
        return None
    return Parts(
        name=found[1],
        specifier=_in_order(found[2]),
        name_span=code.span(*found.span(1)),
        specifier_span=code.span(*found.span(2)),
        span=code.span(0, len(code.text)),
    )


@lru_cache(maxsize=4096)
def _in_order(clauses: str) -> str:
    """Return plain clauses as the parser writes them: in order, each once."""
    return ",".join(sorted({clause.strip() for clause in clauses.split(",")}))


def declared_pep508(code: Mapped) -> Parts:
    """Read a requirement as standard metadata has it: names only, no path. Raises Rejected."""
    whole = code.stripped()
    return _standard(code)._replace(span=whole.span(0, len(whole.text)))


def _standard(code: Mapped) -> Parts:
    requirement = _pep508(code.text)
    if requirement.marker is None:
        return _named(code.slice(0, len(code.text.rstrip("; \t"))), frozenset(), None, None)
    found = re.search(r"[ \t];" if requirement.url else ";", code.text)
    assert found is not None
    cut = found.end()
    marker_span = _span_of(code, code.text[cut:], cut)
    body = code.slice(0, cut - 1).stripped()
    return _named(body, frozenset(), str(requirement.marker), marker_span)


def declared_editable(value: str, span: Span | None, folder: Path) -> Parts:
    """Read the value of `-e`, which stands at `span`. Raises Rejected."""
    name, url, extras = _editable(value, folder)
    url = _share(url, folder)
    _check_link(url)
    is_vcs = urllib.parse.urlsplit(url).scheme in _VCS_SCHEMES
    if not is_vcs and not url.startswith("file:"):
        raise Rejected(
            f"{value!r} is neither a folder here nor a version control URL",
            "write -e ./folder, or -e git+https://…#egg=name",
        )
    if not name and not url.startswith("file:"):
        raise Rejected(
            f"pip cannot tell the project's name from {value!r}",
            f"write `name @ {value}` in quotes",
        )
    requirement = _pep508(name) if name else None
    marker = str(requirement.marker) if requirement and requirement.marker else None
    return Parts(
        name=requirement.name if requirement else "",
        specifier=str(requirement.specifier) if requirement else "",
        extras=extras or frozenset(requirement.extras if requirement else ()),
        marker=marker,
        url=url,
        editable=True,
        url_span=span,
    )


def _named(
    body: Mapped, extras: frozenset[str], marker: str | None, marker_span: Span | None
) -> Parts:
    head = _HEAD.match(body.text)
    if (named := _NAMED_LINK.fullmatch(body.text)) is not None and head is not None:
        _check_link(named[2])
        return Parts(
            name=named[1],
            specifier="",
            extras=extras,
            marker=marker,
            url=named[2],
            name_span=body.span(*head.span("name")),
            marker_span=marker_span,
            url_span=body.span(*named.span(2)),
        )
    requirement = _pep508(body.text)
    if requirement.url:
        _check_link(requirement.url)
    assert head is not None
    rest = body.slice(head.end(), len(body.text)).stripped()
    parts = Parts(
        name=requirement.name,
        specifier=str(requirement.specifier),
        extras=extras or frozenset(requirement.extras),
        marker=marker,
        url=requirement.url,
        name_span=body.span(*head.span("name")),
        extras_span=body.span(*head.span("extras")) if head["extras"] else None,
        marker_span=marker_span,
    )
    if requirement.url:
        link = rest.slice(1, len(rest.text)).stripped()
        return parts._replace(url_span=link.span(0, len(link.text)))
    if rest.text.startswith("("):
        rest = rest.slice(1, rest.text.rindex(")")).stripped()
        if not rest.text:
            return parts._replace(insertion=None)
    if rest.text:
        return parts._replace(specifier_span=rest.span(0, len(rest.text)))
    end = head.end("extras") if head["extras"] else head.end("name")
    return parts._replace(insertion=body.ends[end - 1])


def _linked(link: str, folder: Path) -> Parts:
    parsed = urllib.parse.urlsplit(link)
    if parsed.scheme == "file" and re.search(r"\.\./", link):
        _check_egg(link)
        link = _path_to_url(os.path.join(folder, urllib.parse.unquote(parsed.path)))
    _check_link(link)
    path = urllib.parse.unquote(urllib.parse.urlsplit(link).path)
    filename = posixpath.basename(path.rstrip("/"))
    if _extension(filename) == ".whl":
        if len(filename) > LONGEST_NAME:
            raise Rejected("no file has a name that long", "give the file its own name back")
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            is_windows = "\\" in filename
            hint = _FORWARD if is_windows else "give the file its own name back"
            raise Rejected(str(error), hint) from error
        requirement = _pep508(f"{name}=={version}")  # a file name may hold what no project may
        return Parts(name=requirement.name, specifier=str(requirement.specifier), url=link)
    egg = _EGG.search(link)
    return Parts(name=egg[1] if egg else "", url=link)


def _is_url(text: str) -> bool:
    if ":" not in text and "//" not in text:
        return False
    try:
        return urllib.parse.urlsplit(text).scheme in _SCHEMES
    except ValueError as error:
        raise Rejected(f"not a valid URL: {error}") from error


def _check_link(link: str) -> None:
    try:
        parsed = urllib.parse.urlsplit(link)
    except ValueError as error:
        raise Rejected(f"not a valid URL: {error}") from error
    _check_egg(link)
    if parsed.scheme == "file" and not link.startswith("file:"):
        raise Rejected("pip accepts file URLs in lower case only", "write file:///path")
    # A variable that is not set here may stand for a path where the build runs.
    is_local = parsed.netloc in ("", "localhost") or parsed.netloc.startswith("${")
    if parsed.scheme == "file" and not is_local:
        raise Rejected(
            f"a file URL cannot name another machine ({parsed.netloc})", "write file:///path"
        )


def _check_egg(link: str) -> None:
    egg = _EGG.search(link)
    if egg and not _PROJECT.match(egg[1]):
        before = re.sub(r"[#&]egg=[^&]*", "", link, count=1)
        name = re.match(r"[\w.-]*(\[[^\]]*\])?", egg[1])
        raise Rejected(
            f"`#egg={egg[1]}` is no project name: pip 25 and later reject the file",
            f"write `{name[0] if name else ''} @ {before}`",
            ProblemKind.EGG_FRAGMENT,
        )


@lru_cache(maxsize=10_000)
def _marker(text: str) -> str:
    if (known := plain_marker(text)) is not None:
        return known.text
    from packaging.markers import InvalidMarker, Marker

    try:
        return str(Marker(text))
    except InvalidMarker as error:
        hint = ""
        if re.search(r"(<|>|=|in)\s*[\w.]+\s*$", text) and not re.search(r"['\"]", text):
            hint = 'put the value in quotes, as in python_version < "3.8"'
        raise Rejected(f"not a valid marker: {_first_line(error)}", hint) from error


@lru_cache(maxsize=10_000)
def _pep508(text: str) -> Pep508:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise Rejected(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else "it cannot be read"


def _extras_at_end(path: str) -> tuple[str, frozenset[str]]:
    found = _EXTRAS_AT_END.match(path)
    if not found:
        return path, frozenset()
    return found[1].rstrip(), frozenset(_pep508("placeholder" + found[2].lower()).extras)


def _link_to_path(path: str, text: str) -> str | None:
    looks_like_path = _looks_like_path(text)
    try:
        if looks_like_path and os.path.isdir(path):
            if any(os.path.isfile(os.path.join(path, n)) for n in ("pyproject.toml", "setup.py")):
                return _path_to_url(path)
            raise Rejected(
                f"the folder {text!r} cannot be installed",
                "it has neither a pyproject.toml nor a setup.py",
            )
        if _extension(path) not in _ARCHIVES:
            return None
        if os.path.isfile(path):
            return _path_to_url(path)
    except ValueError:  # an embedded NUL
        return None
    before, at_sign, _ = text.partition("@")
    if at_sign and not _looks_like_path(before):
        return None
    return _path_to_url(path)


def _looks_like_path(text: str) -> bool:
    separators = (os.path.sep, os.path.altsep or os.path.sep)
    return any(separator in text for separator in separators) or text.startswith(".")


def _extension(path: str) -> str:
    base, extension = posixpath.splitext(path)
    if base.lower().endswith(".tar"):
        extension = base[-4:] + extension
    return extension.lower()


def _path_to_url(path: str) -> str:
    import urllib.request  # brings in the whole HTTP client, and few files need it

    return urllib.parse.urljoin("file://", urllib.request.pathname2url(os.path.normpath(path)))


def _editable(value: str, folder: Path) -> tuple[str | None, str, frozenset[str]]:
    try:
        requirement = _pep508(value)
    except Rejected:
        pass
    else:
        if requirement.url:
            marker = f" ; {requirement.marker}" if requirement.marker else ""
            return requirement.name + marker, requirement.url, frozenset(requirement.extras)
    bare, extras = _extras_at_end(value)
    try:
        if bare and os.path.isdir(os.path.join(folder, bare)):
            bare = _path_to_url(os.path.join(folder, bare))
    except ValueError:
        pass
    if bare.startswith("file:"):
        _check_link(bare)
        return _egg_name(bare), bare, extras
    url = value
    for system in _VCS_TRANSPORTS:
        if url.lower().startswith(f"{system}:"):
            url = f"{system}+{url}"
            break
    url = _share(url, folder)
    _check_link(url)
    return _egg_name(url), url, frozenset()


def _share(url: str, folder: Path) -> str:
    """Return the URL of what may be a path on a Windows share, which pip makes absolute."""
    return _path_to_url(os.path.join(folder, url)) if url.startswith("\\\\") else url


def _egg_name(url: str) -> str | None:
    egg = _EGG.search(url)
    return egg[1] if egg else None


def _span_of(code: Mapped, text: str, at: int) -> Span:
    left = at + len(text) - len(text.lstrip())
    return code.span(left, at + len(text.rstrip()))
