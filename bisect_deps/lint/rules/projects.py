"""DB605, DB7xx: build requirements, locks and indexes, judged without a network."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.lint.rules._pinning import is_declared
from bisect_deps.lint.rules.base import (
    BUILD_GROUP,
    Example,
    Finding,
    Profile,
    Rule,
    Scope,
    Severity,
    specifiers,
)


def _check_build_requires(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        if item.line.group == BUILD_GROUP and item.name and not item.parts.specifier:
            message = f"{item.parts.name} has no bound: every build takes the newest"
            yield Finding(item.document, item.span, message, item.name, item.line)


def _check_stale_lock(scope: Scope) -> Iterator[Finding]:
    if not scope.locked:
        return
    for item in scope.items:
        if not is_declared(item) or item.line.group == BUILD_GROUP:
            continue
        if item.parts.marker and not scope.locks_everywhere:
            continue  # the lock may have been made where the line does not apply
        if not scope.locks_group(item.line.group):
            continue
        held = scope.locked.get(item.name)
        allowed = specifiers(item.parts.specifier)
        if held is None:
            again = "lock" if item.line.group else "compile"
            message = f"{scope.lock} does not hold {item.parts.name}: {again} again"
        elif (
            held
            and allowed is not None
            and not any(allowed.contains(v, prereleases=True) for v in held)
        ):
            message = f"{scope.lock} holds {item.name} {', '.join(sorted(held))}, not {item.shown}"
        else:
            continue
        yield Finding(item.document, item.span, message, item.name, item.line)


def _check_no_lock(scope: Scope) -> Iterator[Finding]:
    declared = [item for item in scope.items if item.name and not item.constraint]
    if scope.lock or not declared or any(item.parts.hashes for item in declared):
        return
    first = declared[0]
    message = (
        "only what is named here is pinned: what these requirements need in turn floats; keep a "
        "lock beside the file"
    )
    yield Finding(first.document, first.span, message)


def _check_no_python(scope: Scope) -> Iterator[Finding]:
    if scope.no_python and scope.items:
        first = scope.items[0]
        message = (
            "no file of this project states a Python version: the same pins install other files, "
            "or none, on another one; add requires-python, or a .python-version"
        )
        yield Finding(first.document, first.span, message)


def _check_extra_index(scope: Scope) -> Iterator[Finding]:
    for document in scope.documents:
        for line in document.lines:
            for option in line.options:
                if option.name == "--extra-index-url":
                    message = (
                        "pip takes the best version of any index: a public project of the same "
                        "name wins over yours with a higher version"
                    )
                    yield Finding(document, option.span, message, "", line)


RULES = (
    Rule(
        code="DB605",
        name="unpinned-build-requires",
        severity=Severity.OFF,
        summary="a build requirement without a bound",
        why=(
            "What stands in `[build-system] requires` is installed anew for every build from "
            "source. A release of the build tool that drops an interface breaks builds of a "
            "project that nobody touched, as setuptools 58 and 82 did. Off by default, since most "
            "projects live well with it: `--extend-select DB605`."
        ),
        source="setuptools release notes (58: use_2to3; 82: pkg_resources); PEP 518",
        check=_check_build_requires,
        bad=(Example({"pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'}),),
        good=(Example({"pyproject.toml": '[build-system]\nrequires = ["setuptools>=77,<81"]\n'}),),
    ),
    Rule(
        code="DB701",
        name="no-lock",
        options=("profile",),
        severity=Severity.OFF,
        profiles={Profile.LOCKED: Severity.ERROR},
        summary="pins for direct requirements only, and no lock beside them",
        why=(
            "A file that pins what it names says nothing of what those projects need in turn. "
            "Their newest releases are taken at every build. A lock, or a compiled file with "
            "hashes, holds all of them."
        ),
        source="SonarSource S8544; pip: Repeatable Installs",
        check=_check_no_lock,
        bad=(Example({"requirements.txt": "flask==3.0.3\n"}, profile=Profile.LOCKED),),
        good=(
            Example(
                {"requirements.txt": "flask==3.0.3 --hash=sha256:" + "0" * 64 + "\n"},
                profile=Profile.LOCKED,
            ),
            "flask==3.0.3\n",
        ),
    ),
    Rule(
        code="DB702",
        name="stale-lock",
        beside=("DB107", "DB402", "DB403"),
        severity=Severity.ERROR,
        summary="a lock that does not hold what the project asks for",
        why=(
            "The requirements were changed and the lock was not. Installing from the lock gives "
            "something else than the project asks for, or fails in the tools that compare."
        ),
        source="uv lock --check; poetry check --lock",
        check=_check_stale_lock,
        bad=(
            Example(
                {
                    "pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=2"]\n',
                    "uv.lock": 'version = 1\n\n[[package]]\nname = "a"\nversion = "1.0"\n',
                }
            ),
            Example(
                {
                    "pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1", "b>=1"]\n',
                    "uv.lock": 'version = 1\n\n[[package]]\nname = "a"\nversion = "1.0"\n',
                }
            ),
        ),
        good=(
            Example(
                {
                    "pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1"]\n',
                    "uv.lock": 'version = 1\n\n[[package]]\nname = "a"\nversion = "1.0"\n',
                }
            ),
        ),
    ),
    Rule(
        code="DB704",
        name="extra-index",
        severity=Severity.WARNING,
        summary="--extra-index-url, which opens the door to dependency confusion",
        why=(
            "pip looks at all indexes alike and takes the best version. Whoever registers the name "
            "of a private project on the public index, with a high version, is installed in its "
            "place. One index that holds or proxies both has no such gap."
        ),
        source="pip #8606 and #11694; uv takes the first index that has the name",
        check=_check_extra_index,
        bad=("--extra-index-url https://private.example/simple\nours==1.0\n",),
        good=("--index-url https://private.example/simple\nours==1.0\n",),
    ),
    Rule(
        code="DB705",
        name="no-python-version",
        severity=Severity.INFO,
        summary="a project that states no Python version anywhere",
        why=(
            "A pin names a release and not the files of it. On another Python other wheels are "
            "taken, or the source is built, or nothing fits. Some file should say for which Python "
            "the pins are: `requires-python`, `.python-version`, a base image, a CI job. Looked at "
            "is the repository that the file is in; outside of one, nothing is said."
        ),
        source="Python Packaging User Guide: requires-python; the verdicts of depbisect run",
        check=_check_no_python,
        bad=(Example({"requirements.txt": "flask==3.0.3\n", ".git/HEAD": "ref: x\n"}),),
        good=(
            Example(
                {
                    "requirements.txt": "flask==3.0.3\n",
                    ".git/HEAD": "ref: x\n",
                    ".python-version": "3.12\n",
                }
            ),
            "flask==3.0.3\n",
        ),
    ),
)
