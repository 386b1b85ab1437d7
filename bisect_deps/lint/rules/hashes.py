"""DB301 to DB304: hashes that make pip refuse the file, or are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bisect_deps.formats.base import ProblemKind, Span, is_conda
from bisect_deps.lint.rules._pinning import add_hashes
from bisect_deps.lint.rules.base import (
    Example,
    Finding,
    Item,
    Profile,
    Rule,
    Scope,
    Severity,
    package_of,
)

_VCS = re.compile(r"^(git|hg|svn|bzr)\+|^git:", re.IGNORECASE)
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_FRAGMENT = re.compile(r"[#&](?:sha256|sha384|sha512)=[0-9a-fA-F]{64,}")


def demands_hashes(scope: Scope) -> bool:
    """Say whether pip runs in hash mode: one hash anywhere, or --require-hashes, is enough."""
    if any(item.parts.hashes for item in scope.items if not item.constraint):
        return True
    return any(
        option.name == "--require-hashes"
        for document in scope.documents
        for line in document.lines
        for option in line.options
    )


def _unhashable(item: Item) -> str:
    """Return what cannot have a hash, "" for an archive or a name."""
    url = item.parts.url or ""
    if item.parts.editable:
        return "an editable install"
    if _VCS.match(url):
        return "a version control checkout"
    archive = re.search(r"\.(whl|zip|tar|tgz|tbz|txz|gz|bz2|xz|lzma)(?:[#?]|$)", url)
    return "a folder" if url.startswith("file:") and not archive else ""


def _without_hash(scope: Scope) -> Iterator[Item]:
    for item in scope.items:
        if item.constraint or item.parts.hashes or _unhashable(item):
            continue
        if is_conda(item.line.group):
            continue  # pip is not asked for it
        if item.parts.url and _FRAGMENT.search(item.parts.url):
            continue
        if not any(other.parts.hashes for other in scope.together(item) if item.name):
            yield item


def _check_partial(scope: Scope) -> Iterator[Finding]:
    if demands_hashes(scope):
        for item in _without_hash(scope):
            message = f"{item.shown or 'this line'} has no hash and others have: pip refuses all"
            repair = add_hashes(scope, item)
            yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _check_missing(scope: Scope) -> Iterator[Finding]:
    if not demands_hashes(scope):
        for item in _without_hash(scope):
            message = f"{item.shown or 'this line'} has no --hash"
            repair = add_hashes(scope, item)
            yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _check_bad(scope: Scope) -> Iterator[Finding]:
    for document, problem in scope.named(ProblemKind.BAD_HASH):
        message = problem.message + (f"; {problem.hint}" if problem.hint else "")
        yield Finding(document, problem.span, message)
    for document in scope.documents:
        for line in document.lines:
            for option in line.options:
                algorithm, _, digest = (option.value or "").partition(":")
                length = _DIGITS.get(algorithm)
                if option.name != "--hash" or length is None:
                    continue
                if len(digest) != length or not re.fullmatch(r"[0-9a-fA-F]*", digest):
                    message = f"a {algorithm} digest has {length} hex digits; no file can match"
                    name = package_of(line)
                    yield Finding(document, option.value_span or option.span, message, name, line)


def _check_unhashable(scope: Scope) -> Iterator[Finding]:
    if not demands_hashes(scope):
        return
    for item in scope.items:
        what = _unhashable(item)
        if what and not item.constraint:
            message = f"{what} cannot be checked by hash, and other lines demand it: pip refuses"
            span: Span = item.parts.url_span or item.span
            yield Finding(item.document, span, message, item.name, item.line)


_HASH = "--hash=sha256:" + "0" * 64

RULES = (
    Rule(
        code="DB301",
        name="partial-hashes",
        severity=Severity.ERROR,
        summary="some requirements have hashes and this one has none",
        why=(
            "One --hash anywhere, in an include too, switches pip to hash mode for everything it "
            "installs. A requirement without a hash then stops the whole install, however well it "
            "is pinned."
        ),
        source="pip: Secure installs, hash-checking mode; run with pip 26.3",
        check=_check_partial,
        fix="adds the hashes of a pinned release: from --from or the lock beside the file (safe), "
        "from the index (unsafe, with --online)",
        bad=(
            f"flask==3.0.3 {_HASH}\nclick==8.1.7\n",
            "--require-hashes\nclick==8.1.7\n",
            Example({"requirements.txt": "-r a.txt\nb==1\n", "a.txt": f"a==1 {_HASH}\n"}),
        ),
        good=(
            f"flask==3.0.3 {_HASH}\nclick==8.1.7 \\\n    {_HASH}\n",
            "flask==3.0.3\nclick==8.1.7\n",
        ),
    ),
    Rule(
        code="DB302",
        name="missing-hash",
        options=("profile",),
        severity=Severity.OFF,
        profiles={Profile.LOCKED: Severity.ERROR},
        summary="a requirement without a hash, in a file that is to be a complete lock",
        why=(
            "A version names a release, a hash the very file. With hashes a replaced upload, or "
            "another index answering in its place, is noticed. Many projects accept the risk, so "
            "the rule is on in the profile `locked` only."
        ),
        source="pip: Secure installs; OSSF Scorecard #2518 and #4189",
        check=_check_missing,
        fix="adds the hashes, as for DB301",
        bad=(Example({"requirements.txt": "flask==3.0.3\n"}, profile=Profile.LOCKED),),
        good=(
            Example({"requirements.txt": f"flask==3.0.3 {_HASH}\n"}, profile=Profile.LOCKED),
            "flask==3.0.3\n",
        ),
    ),
    Rule(
        code="DB303",
        name="bad-hash",
        beside=("DB304",),
        severity=Severity.ERROR,
        summary="a hash that pip rejects or that no file can have",
        why=(
            "pip accepts sha256, sha384 and sha512 as `algorithm:digest` and rejects the whole "
            "file for md5 or a missing colon. A digest of the wrong length is read without "
            "complaint and then matches nothing."
        ),
        source="pip: --hash; run with pip 26.3",
        check=_check_bad,
        bad=(
            "flask==3.0.3 --hash=md5:d41d8cd98f00b204e9800998ecf8427e\n",
            "flask==3.0.3 --hash=sha256:abc\n",
            "flask==3.0.3 --hash=abc\n",
        ),
        good=(f"flask==3.0.3 {_HASH}\n",),
    ),
    Rule(
        code="DB304",
        name="unhashable",
        beside=("DB205", "DB206"),
        severity=Severity.ERROR,
        summary="a checkout, folder or editable install in hash mode",
        why=(
            "In hash mode pip must know the hash of everything. A version control checkout, a "
            "folder and an editable install have none, so pip refuses the file."
        ),
        source="pip: Secure installs, hash-checking mode",
        check=_check_unhashable,
        bad=(
            f"flask==3.0.3 {_HASH}\ntool @ git+https://git.example/t@"
            "1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80\n",
        ),
        good=(
            "flask==3.0.3\ntool @ git+https://git.example/t@"
            "1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80\n",
        ),
    ),
)
