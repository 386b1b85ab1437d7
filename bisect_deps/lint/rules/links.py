"""DB2xx: requirements by URL, path or version control, and what their links give away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bisect_deps.formats.base import Document, LogicalLine, Option, ProblemKind, Span
from bisect_deps.lint.rules.base import (
    Change,
    Example,
    Finding,
    Item,
    Profile,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    line_at,
    package_of,
)

_VCS = re.compile(r"^(git|hg|svn|bzr)\+|^git:", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)
_SHORT_COMMIT = re.compile(r"(?=.*\d)[0-9a-f]{7,39}", re.IGNORECASE)
_BRANCHES = r"(?:main|master|develop|devel|dev|trunk|head|default|latest|nightly|stable)"
_MUTABLE_ARCHIVE = re.compile(
    rf"/refs/heads/|/latest/|/(?:raw|blob|download)/{_BRANCHES}/"
    rf"|//raw\.[^/]+/[^/]+/[^/]+/{_BRANCHES}/|[/=]{_BRANCHES}(?:\.zip|\.tar\.\w+|\.tgz)$"
    rf"|/(?:archive|zipball|tarball|zip|tar\.gz)/{_BRANCHES}$",
    re.IGNORECASE,
)
_HASH_FRAGMENT = re.compile(r"[#&](?:sha256|sha384|sha512)=[0-9a-fA-F]{64,}")
_WINDOWS_PATH = re.compile(r"^[A-Za-z]:[\\/]")
_TOKEN = re.compile(
    r"gh[opsur]_\w{20,}|github_pat_\w+|glpat-\S{10,}|pypi-\S{16,}|[0-9a-zA-Z_-]{32,}"
)
# What hosts want in place of a password where the user's name is the token, or the other way round.
_NO_SECRET = re.compile(
    r"x-oauth-basic|x-oauth-token|x-token-auth|x-access-token|oauth2|\$.*|%\w+%|\*+|<[^>]*>"
)
_INDEX_OPTIONS = ("--index-url", "--extra-index-url", "--find-links")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def _linked(scope: Scope) -> Iterator[tuple[Item, str]]:
    for item in scope.items:
        if item.parts.url is not None:
            yield item, item.parts.url


def _is_locked(scope: Scope, item: Item) -> bool:
    """Say whether the project's lock holds the commit, or the hash, of what the URL gives.

    A URL in `[project]` itself is published with the project, and installed without the lock.
    """
    span = item.parts.url_span
    is_published = item.line.group.startswith("project.") and (
        span is None or item.span.start <= span.start < item.span.end
    )
    return item.name in scope.held_links and not is_published


def _found(item: Item, message: str, repair: Repair | None = None) -> Finding:
    span = item.parts.url_span or item.span
    return Finding(item.document, span, message, item.name, item.line, repair)


def _called(item: Item) -> str:
    """Return the project's name; for a URL that tells none, the last part of its path."""
    if item.parts.name:
        return item.parts.name
    path = re.split(r"[#?]", item.parts.url or "")[0].rstrip("/")
    last = path.rpartition("/")[2].partition("@")[0]
    return last.removesuffix(".git") or "the requirement"


def _ref_of(url: str) -> str:
    """Return what stands after the `@` of a version control URL, "" without one."""
    path = url.split("#", 1)[0].split("://", 1)[-1].partition("/")[2]
    return unquote(path.rpartition("@")[2]) if "@" in path else ""


def _is_commit(url: str, ref: str) -> bool:
    if url.lower().startswith(("svn+", "bzr+", "hg+")) and ref.isdigit():
        # Such a number is a revision: given once, and to one state. Mercurial counts them anew in
        # every clone, so that only its full identifier is safe there.
        return not url.lower().startswith("hg+")
    return bool(_COMMIT.fullmatch(ref))


def _check_not_a_url(scope: Scope) -> Iterator[Finding]:
    for item, url in _linked(scope):
        if ":" in url or item.parts.editable or not item.parts.name:
            continue
        version = url.removeprefix("v") if re.fullmatch(r"v?\d[\w.]*", url) else ""
        if version:
            right = f"{item.parts.name}=={version}"
            hint = f"write {right}"
        else:
            right, hint = "", "write a URL, as in file:///path or https://host/file"
        message = f"what stands behind the @ is no URL, and pip stops at it; {hint}"
        yield _found(item, message, _as_pin(item, right) if right else None)


def _as_pin(item: Item, right: str) -> Repair | None:
    if item.parts.extras or item.parts.marker:
        return None
    return Repair(Safety.UNSAFE, f"write {right}", (Change(item.document, item.span, right),))


def _check_mutable_ref(scope: Scope) -> Iterator[Finding]:
    for item, url in _linked(scope):
        ref = _ref_of(url)
        if not _VCS.match(url) or _is_commit(url, ref) or _SHORT_COMMIT.fullmatch(ref):
            continue
        if _is_locked(scope, item) or "$" in (ref or url.rpartition("/")[2]):
            continue  # what a variable stands for, only the place that runs it knows
        what = f"follows {ref!r}, which can move" if ref else "follows the default branch"
        commit = scope.facts.commit_of(url) if scope.facts is not None else None
        repair = _at_commit(item, ref, commit) if commit else None
        message = f"{_called(item)} {what}; name the full commit: …@<40 hex digits>"
        yield _found(item, message, repair)


def _at_commit(item: Item, ref: str, commit: str) -> Repair | None:
    span = item.parts.url_span
    if span is None:
        return None
    written = item.document.slice(span)
    before, mark, fragment = written.partition("#")
    quote = '"' if before.endswith('"') else ""
    before = before.removesuffix('"').removesuffix("@" + ref if ref else "")
    change = Change(item.document, span, f"{before}@{commit}{quote}{mark}{fragment}")
    return Repair(Safety.UNSAFE, f"name the commit {commit[:12]} of today", (change,))


def _check_short_commit(scope: Scope) -> Iterator[Finding]:
    for item, url in _linked(scope):
        ref = _ref_of(url)
        is_short = _SHORT_COMMIT.fullmatch(ref) and not _is_commit(url, ref)
        if _VCS.match(url) and is_short and not _is_locked(scope, item):
            message = f"{ref} is an abbreviated commit: write all 40 digits"
            commit = scope.facts.commit_of(url) if scope.facts is not None else None
            repair = _at_commit(item, ref, commit) if commit and commit.startswith(ref) else None
            yield _found(item, message, repair)


def _check_mutable_archive(scope: Scope) -> Iterator[Finding]:
    for item, url in _linked(scope):
        if _is_web(url) and _is_mutable_archive(url):
            yield _found(item, f"the archive of {_called(item)} changes in place under this URL")


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://", "ftp://"))


def _is_mutable_archive(url: str) -> bool:
    return bool(_MUTABLE_ARCHIVE.search(url.split("#", 1)[0].split("?", 1)[0]))


def _check_url_without_hash(scope: Scope) -> Iterator[Finding]:
    for item, url in _linked(scope):
        hashed = item.parts.hashes or _HASH_FRAGMENT.search(url)
        is_steady = hashed or _is_locked(scope, item)
        if _is_web(url) and not is_steady and not _is_mutable_archive(url):
            message = (
                f"nothing proves that the file of {_called(item)} stays the same: add its hash"
            )
            yield _found(item, message, _with_digest(scope, item))


def _with_digest(scope: Scope, item: Item) -> Repair | None:
    """Return the edit that adds the digest of today's file to the URL, None where there is none."""
    span = item.parts.url_span
    written = item.document.slice(span) if span is not None else ""
    if scope.facts is None or span is None or item.parts.url != written:
        return None
    digest = scope.facts.sha256_of(written)
    if digest is None:
        return None
    mark = "&" if "#" in written else "#"
    change = Change(item.document, Span(span.end, span.end), f"{mark}sha256={digest}")
    return Repair(Safety.SAFE, "add the digest of today's file", (change,))


def _path_of(item: Item) -> str | None:
    """Return the path that the user wrote, None where it is no file on this machine."""
    url = item.parts.url
    if url is None or not url.lower().startswith("file:"):
        return None
    span = item.parts.url_span
    written = item.document.slice(span).strip("'\"") if span is not None else url
    return written.removeprefix("file://localhost").removeprefix("file://").removeprefix("file:")


def _is_absolute(path: str) -> bool:
    if _is_variable(path):
        return False
    return path.startswith(("/", "~", "\\\\")) or bool(_WINDOWS_PATH.match(path))


def _is_variable(path: str) -> bool:
    """Say whether a path begins with what is set where the build runs, as in ${PROJECT_ROOT}."""
    return path.lstrip("/").startswith("$")


def _check_local_path(scope: Scope) -> Iterator[Finding]:
    for item, _ in _linked(scope):
        path = _path_of(item)
        if path is None or _is_absolute(path) or _is_variable(path):
            continue
        # The project itself travels with its requirements file.
        if re.fullmatch(r"\.[/\\]?(\[[^\]]*\])?", path):
            continue
        yield _found(item, f"{path} must be there on every machine that builds")


def _check_absolute_path(scope: Scope) -> Iterator[Finding]:
    for item, _ in _linked(scope):
        path = _path_of(item)
        if path is not None and _is_absolute(path):
            message = f"{path} exists on one machine only"
            if item.parts.name:
                message += (
                    f"; write {item.parts.name}=={_known_version(scope, item) or '<version>'}"
                )
            yield _found(item, message, _by_name(scope, item))


def _known_version(scope: Scope, item: Item) -> str | None:
    known = scope.evidence.get(item.name)
    return item.pin or (known.version if known else None)


def _by_name(scope: Scope, item: Item) -> Repair | None:
    version = _known_version(scope, item)
    if not item.parts.name or version is None or item.parts.hashes:
        return None
    extras = f"[{','.join(sorted(item.parts.extras))}]" if item.parts.extras else ""
    marker = f" ; {item.parts.marker}" if item.parts.marker else ""
    text = f"{item.parts.name}{extras}=={version}{marker}"
    change = Change(item.document, item.span, text)
    return Repair(Safety.UNSAFE, f"write {text}", (change,), pins=(item.name, version))


def _check_egg(scope: Scope) -> Iterator[Finding]:
    for document, problem in scope.named(ProblemKind.EGG_FRAGMENT):
        severity = Severity.ERROR if problem.fatal else Severity.WARNING
        line = line_at(document, problem.line)
        message = problem.message + (f"; {problem.hint}" if problem.hint else "")
        repair = _without_egg(document, line) if line is not None else None
        yield Finding(document, problem.span, message, "", line, repair, severity)


def _without_egg(document: Document, line: LogicalLine) -> Repair | None:
    """Return the edit from `url#egg=name[extra]` to `name[extra] @ url`."""
    written = document.slice(line.body)
    found = re.fullmatch(
        r"(?P<flag>(?:-e|--editable)[ =]?\s*)?(?P<quote>['\"]?)(?P<url>[^\s'\"#]+)"
        r"#(?:(?P<before>[^\s'\"]*)&)?egg=(?P<egg>[A-Za-z0-9._-]+(?:\[[\w., -]*\])?)"
        r"(?P<after>&[^\s'\"]*)?(?P=quote)(?P<rest>\s.*)?",
        written,
    )
    if found is None:
        return None
    fragment = "&".join(part for part in (found["before"], (found["after"] or "")[1:]) if part)
    text = f"{found['egg']} @ {found['url']}" + (f"#{fragment}" if fragment else "")
    if found["flag"]:
        text = f'{found["flag"]}"{text}"'
    change = Change(document, line.body, text + (found["rest"] or ""))
    return Repair(Safety.SAFE, f"write {found['egg']} @ …", (change,))


def _urls(scope: Scope) -> Iterator[tuple[Document, LogicalLine, Span, str, str, Option | None]]:
    """Yield every URL as written, of requirements and of index options."""
    for document in scope.documents:
        for line in document.lines:
            if line.parts is not None and line.parts.url is not None:
                span = line.parts.url_span or line.body
                written = document.slice(span).strip("'\"")
                yield document, line, span, written, package_of(line), None
            if line.include is not None:
                span = line.include.span
                yield document, line, span, document.slice(span), "", None
            for option in line.options:
                if option.name in _INDEX_OPTIONS and option.value_span is not None:
                    written = document.slice(option.value_span).strip("'\"")
                    yield document, line, option.value_span, written, "", option


def _check_secret(scope: Scope) -> Iterator[Finding]:
    for document, line, span, url, name, _ in _urls(scope):
        user, password = _credentials(url)
        is_known = not password or _NO_SECRET.fullmatch(password) or "${" in password
        secret = password if not is_known else None
        if secret is None and is_known and _TOKEN.fullmatch(user):
            secret = user
        if secret is not None:
            message = "the URL holds a secret that everyone with the file can read; use ${VARIABLE}"
            yield Finding(document, span, message, name, line)


def _credentials(url: str) -> tuple[str, str]:
    authority = re.split(r"[/?#\s]", url.partition("://")[2], maxsplit=1)[0]
    user, at_sign, _ = authority.rpartition("@")
    name, _, password = user.partition(":")
    return (name, password) if at_sign else ("", "")


def _check_plain_http(scope: Scope) -> Iterator[Finding]:
    for document, line, span, url, name, _ in _urls(scope):
        if (
            re.match(r"(?:\w+\+)?(?:http|git):", url, re.IGNORECASE)
            and _host(url) not in _LOCAL_HOSTS
        ):
            scheme = url.partition(":")[0].rpartition("+")[2]
            message = f"{scheme} is read and changed by anyone on the way; use https"
            yield Finding(document, span, message, name, line)
    for document in scope.documents:
        for line in document.lines:
            for option in line.options:
                if option.name == "--trusted-host":
                    message = f"{document.slice(option.span)}: its certificate is not checked"
                    yield Finding(document, option.span, message, "", line)


def _host(url: str) -> str:
    try:
        return urlsplit(url.partition("+")[2] or url).hostname or ""
    except ValueError:
        return ""


RULES = (
    Rule(
        code="DB201",
        name="vcs-mutable-ref",
        severity=Severity.ERROR,
        profiles={Profile.DEV: Severity.WARNING},
        summary="a version control URL that names a branch, a tag or nothing",
        why=(
            "A branch moves with every push and a tag can be moved: the next build installs "
            "other code under the same line. Only the full commit names one state. Build "
            "services that rebuild later are hit most, since nobody looks at the file in between."
        ),
        source="pip: VCS Support; OSSF Scorecard: Pinned-Dependencies",
        check=_check_mutable_ref,
        bad=(
            "tool @ git+https://git.example/team/tool\n",
            "tool @ git+https://git.example/team/tool@main\n",
            "tool @ git+https://git.example/team/tool@v1.2\n",
            "-e git+https://git.example/team/tool#egg=tool\n",
        ),
        good=(
            "tool @ git+https://git.example/team/tool@1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80\n",
            "tool @ git+ssh://git@git.example/team/tool@"
            "1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80#subdirectory=python\n",
        ),
        fix="writes the commit that the reference names today (unsafe, with --online)",
    ),
    Rule(
        code="DB202",
        name="short-commit",
        severity=Severity.WARNING,
        summary="an abbreviated commit",
        why=(
            "A short commit is looked up in the whole repository at every build. It may become "
            "ambiguous, servers refuse to fetch it directly, and a branch of the same name wins."
        ),
        source="git: gitrevisions",
        check=_check_short_commit,
        bad=("tool @ git+https://git.example/team/tool@1f0c3b8\n",),
        good=(
            "tool @ git+https://git.example/team/tool@1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80\n",
        ),
        fix="writes the full commit (unsafe, with --online)",
    ),
    Rule(
        code="DB203",
        name="mutable-archive-url",
        severity=Severity.ERROR,
        profiles={Profile.DEV: Severity.WARNING},
        summary="an archive URL whose content changes in place",
        why=(
            "`archive/main.zip` and `releases/latest` name whatever is there today. A hash beside "
            "them makes the build fail at the next push, no hash lets it install something else."
        ),
        source="observed: rebuilt services that installed another state of a branch archive",
        check=_check_mutable_archive,
        bad=(
            "tool @ https://git.example/team/tool/archive/main.zip\n",
            "https://git.example/team/tool/archive/refs/heads/x.tar.gz#egg=tool\n",
        ),
        good=("tool @ https://git.example/team/tool/archive/refs/tags/v1.2.tar.gz\n",),
    ),
    Rule(
        code="DB204",
        name="url-without-hash",
        beside=("DB301",),
        severity=Severity.WARNING,
        summary="a file by URL without a hash",
        why=(
            "A URL says where a file is and not what it is. With `--hash` on the line, or "
            "`#sha256=` in the URL, pip notices when the file is replaced."
        ),
        source="pip: Secure installs",
        check=_check_url_without_hash,
        fix="adds `#sha256=` of the file that the URL gives today (with --online)",
        bad=("https://files.example/tool-1.2-py3-none-any.whl\n",),
        good=(
            "https://files.example/tool-1.2-py3-none-any.whl#sha256=" + "0" * 64 + "\n",
            "https://files.example/tool-1.2-py3-none-any.whl --hash=sha256:" + "0" * 64 + "\n",
        ),
    ),
    Rule(
        code="DB205",
        name="local-path",
        severity=Severity.WARNING,
        summary="a path in the working folder",
        why=(
            "`./pkg` is looked for in the folder in which the installer runs, not in that of the "
            "file. Where only the requirements file is uploaded or copied it does not exist. The "
            "project itself (`.`) is not reported."
        ),
        source="pip: Requirements File Format; hadolint #389 and #915",
        check=_check_local_path,
        bad=(
            "./vendor/tool-1.2.tar.gz\n",
            Example({"requirements.txt": "-e ./tool\n", "tool/pyproject.toml": ""}),
        ),
        good=("-e .\n", "tool==1.2\n"),
    ),
    Rule(
        code="DB206",
        name="absolute-path",
        severity=Severity.ERROR,
        summary="an absolute path, as `pip freeze` leaves it in a conda environment",
        why=(
            "`pip freeze` writes where a package was built, as in `file:///croot/…`. That folder "
            "was on the build machine of the maker and nowhere else, so the file never installs."
        ),
        source="pip freeze run in conda environments",
        check=_check_absolute_path,
        bad=(
            "certifi @ file:///croot/certifi_1671487769961/work/certifi\n",
            "/home/me/wheels/tool-1.2-py3-none-any.whl\n",
        ),
        good=("certifi==2022.12.7\n",),
        fix="writes `name==version` where the version is known (unsafe)",
    ),
    Rule(
        code="DB207",
        name="egg-fragment",
        severity=Severity.ERROR,
        summary="`#egg=` with more than a project name",
        why=(
            "pip 25 and later reject `#egg=name[extra]` and every other value that is no project "
            "name, and with it the whole file. The standard form `name[extra] @ url` says the "
            "same and is understood by every installer."
        ),
        source="pip 25.1 release notes; seen in 13 of 333 public files",
        check=_check_egg,
        bad=("git+https://git.example/team/tool@v1#egg=tool[fast]\n",),
        good=("tool[fast] @ git+https://git.example/team/tool@v1\n",),
        fix="writes the standard form",
    ),
    Rule(
        code="DB208",
        name="secret-in-url",
        severity=Severity.ERROR,
        summary="a password or token in a URL",
        why=(
            "A requirements file is committed, copied into images and shown in logs. pip expands "
            "`${NAME}`, so the secret can stay in the environment."
        ),
        source="pip: Requirements File Format, using environment variables",
        check=_check_secret,
        bad=(
            "--index-url https://me:hunter2@index.example/simple\n",
            "tool @ git+https://ghp_0123456789abcdefghij0123@git.example/team/tool\n",
        ),
        good=(
            "--index-url https://me:${TOKEN}@index.example/simple\n",
            "tool @ git+ssh://git@git.example/team/tool\n",
        ),
    ),
    Rule(
        code="DB209",
        name="plain-http",
        beside=("DB201", "DB204"),
        severity=Severity.WARNING,
        summary="http instead of https, or a host whose certificate is not checked",
        why=(
            "What comes over http can be replaced on the way, and what is installed is run. "
            "--trusted-host gives the same freedom to anyone between the machine and that host."
        ),
        source="pip: --trusted-host; OWASP on transport security",
        check=_check_plain_http,
        bad=(
            "--index-url http://index.example/simple\n",
            "--trusted-host index.example\n",
            "tool @ git+http://git.example/tool@1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80\n",
        ),
        good=("--index-url https://index.example/simple\n", "-f http://localhost:3141/\n"),
    ),
    Rule(
        code="DB210",
        name="not-a-url",
        severity=Severity.ERROR,
        summary="an @ with something behind it that is no URL",
        why=(
            "`name @` takes a URL. `requests@2.0` is how npm writes a version; the text is valid "
            "for a parser of requirements, and pip stops at it when it is to be installed."
        ),
        source="Dependency specifiers specification: direct references; pip: run with 26.3",
        check=_check_not_a_url,
        bad=("requests@2.0\n", "tool @ tool-1.2\n"),
        good=("requests==2.0\n", "tool @ file:///srv/tool-1.2-py3-none-any.whl\n"),
        fix="writes the version as a pin, where it is one (unsafe)",
    ),
)
