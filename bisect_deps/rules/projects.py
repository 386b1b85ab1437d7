"""DB7xx that need no network: locks and indexes."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.rules.base import Example, Finding, Profile, Rule, Scope, Severity


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
        code="DB701",
        name="no-lock",
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
)
