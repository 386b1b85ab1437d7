"""What pip itself reads from a requirements file, beside what we read: the conformance oracle.

The only place that uses pip's own modules, of the test environment's pip.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.specifiers import SpecifierSet
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from pip._internal.req.req_install import InstallRequirement

from bisect_deps.formats.requirements import parse

# What `${NAME}` stands for in the fixtures.
VARIABLES = {
    "DEPBISECT_TEST_USER": "reader",
    "DEPBISECT_TEST_TOKEN": "s3cr3t",
    "DEPBISECT_TEST_VERSION": "3.0.3",
    "DEPBISECT_TEST_NAME": "jinja2",
    "DEPBISECT_TEST_WHOLE": "flask==3.0.3 ; python_version >= '3'",
    "DEPBISECT_TEST_DIGEST": "0" * 64,
    "DEPBISECT_TEST_STEM": "crlf",
}


@dataclass(frozen=True)
class Item:
    """One requirement as an installer sees it; `clauses`, `hashes` in no order."""

    name: str
    clauses: frozenset[str]
    extras: frozenset[str]
    marker: str
    url: str
    hashes: frozenset[str]
    editable: bool
    constraint: bool
    file: str
    line: int


@dataclass(frozen=True)
class Reading:
    """What pip makes of a file: its items, each place once, or why it rejects the file."""

    items: tuple[Item, ...] = ()
    rejected: str | None = None


def read_with_pip(path: Path, folder: Path) -> Reading:
    """Read a file as `pip install -r` would, run in `folder`."""
    items: dict[tuple[str, int], Item] = {}
    with _as_in(folder):
        try:
            for parsed in parse_requirements(str(path), session=PipSession()):
                item = _item(install_req_from_parsed_requirement(parsed), parsed.comes_from)
                before = items.get((item.file, item.line))
                if before is None or before.constraint:
                    items[item.file, item.line] = item
        except Exception as error:  # pip reports some bad lines by whatever its helpers raise
            return Reading(rejected=f"{type(error).__name__}: {error}")
    return Reading(tuple(items.values()))


def read_with_ours(path: Path, folder: Path) -> Reading:
    """Read a file with the line model, in the form that compares with pip's."""
    manifest = parse(path.read_bytes(), path, folder=folder, variables=variables())
    rejected = next((problem for problem in manifest.problems if problem.fatal), None)
    if rejected is not None:
        return Reading(rejected=f"{rejected.file}:{rejected.line}: {rejected.message}")
    items = []
    for requirement in manifest.requirements:
        parts = manifest.line_of(requirement).parts
        assert parts is not None
        items.append(
            Item(
                name=parts.name.lower(),
                clauses=frozenset(str(clause) for clause in SpecifierSet(parts.specifier)),
                extras=parts.extras,
                marker=parts.marker or "",
                url=parts.url or "",
                hashes=frozenset(parts.hashes),
                editable=parts.editable,
                constraint=requirement.constraint,
                file=os.path.abspath(path.parent / requirement.file),
                line=requirement.line,
            )
        )
    return Reading(tuple(items))


def _item(requirement: InstallRequirement, comes_from: str) -> Item:
    place, _, line = comes_from[3:].rpartition(" (line ")
    if place.startswith("file:"):
        place = url2pathname(urlsplit(place).path)
    own = requirement.req
    return Item(
        name=(own.name if own else "").lower(),
        clauses=frozenset(str(clause) for clause in own.specifier) if own else frozenset(),
        extras=frozenset(requirement.extras),
        marker=str(requirement.markers or ""),
        url=requirement.link.url if requirement.link else "",
        hashes=frozenset(
            f"{algorithm}:{digest}"
            for algorithm, digests in requirement.hash_options.items()
            for digest in digests
        ),
        editable=requirement.editable,
        constraint=requirement.constraint,
        file=os.path.abspath(place),
        line=int(line.rstrip(")")),
    )


@contextlib.contextmanager
def _as_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    logging.disable(logging.CRITICAL)
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, VARIABLES),
            contextlib.redirect_stderr(io.StringIO()),  # optparse prints its usage
        ):
            yield
    finally:
        os.chdir(before)
        logging.disable(logging.NOTSET)


def variables() -> Mapping[str, str]:
    """Return the environment that `read_with_pip` reads in."""
    return {**os.environ, **VARIABLES}
