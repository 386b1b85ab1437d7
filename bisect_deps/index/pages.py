"""Pages of indexes and find-links places as files: fetched with a cache, parsed, errors named.

JSON and HTML pages, folders and `file:` addresses. Must not know versions' order or interpreters.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from bisect_deps.errors import IndexUnavailable
from bisect_deps.index.base import Place, as_path, is_local
from bisect_deps.index.parsed import parsed_once
from bisect_deps.index.releases import File
from bisect_deps.policy import POLICY
from bisect_deps.system.files import LONGEST_NAME, read_regular

if TYPE_CHECKING:
    import requests
    from pypi_simple import DistributionPackage, ProjectPage
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPResponse, Retry

# JSON where the index has it, HTML otherwise (PEP 691).
_ACCEPT = {
    "Accept": "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01"
}
_SILENT = '113 - "the index does not say how long this is fresh"'

# A file's date on a JSON page.
_DATE = re.compile(rb'"upload-time"\s{0,9}:\s{0,9}"\d')
# How the archives begin that releases come in: zip, gzip, bzip2, xz.
_ARCHIVES = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PAGE_LOOKED_AT = 100_000
# The largest pages of the public index are 30 MiB; a release's files are limited there, too.
_LARGEST_PAGE = 128 << 20
_LARGEST_FILE = 4 << 30
_LARGEST_METADATA = 4 << 20
# No version that anybody published comes near it; Python reads no number of 4,300 digits.
_LONGEST_VERSION = 200
# What an archive that is none, or is encrypted, or lies, makes the readers raise.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class Page:
    """What one place has of a project. Its files are read when they are asked for.

    Reading takes longer than fetching what is in the cache, and a run's first build need not wait
    for it.
    """

    def __init__(self, read: Callable[[], list[File]], *, dated: bool = False) -> None:
        self._read: Callable[[], list[File]] | None = read
        self._files: list[File] = []
        self._dated = dated

    @property
    def files(self) -> list[File]:
        """The files, in the page's order. Raises IndexUnavailable for what is no index page."""
        read = self._read
        if read is not None:
            self._files = read()
            self._read = None
        return self._files

    @property
    def tells_dates(self) -> bool:
        """Whether some file has a date, or is a local one, which needs none."""
        return self._dated or any(file.uploaded or "://" not in file.url for file in self.files)


class Pages:
    """Fetches pages; safe to use from several threads. `cache` is a folder, None for no cache."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self.silent_on_age = False

    def project(self, place: Place, name: str) -> Page | None:
        """Return a project's page on one index, or None where it has no such project."""
        if is_local(place.url):
            path = as_path(place.url) / name / "index.html"
            return _read_already(self._parse_file(path, name)) if path.is_file() else None
        url = f"{place.url.rstrip('/')}/{name}/"
        response = self._get(url, place.auth)
        return None if response is None else self._parse(response, name)

    def links(self, place: str, auth: tuple[str, str] | None, name: str) -> Page:
        """Return a project's files in a find-links folder or on a find-links page."""
        if not is_local(place):
            response = self._get(place, auth)
            return _read_already([]) if response is None else self._parse(response, name)
        path = as_path(place)
        if path.is_dir():
            return _read_already(list(_folder(path, name)))
        return _read_already(self._parse_file(path, name) if path.is_file() else [])

    def look_at(self, url: str, auth: tuple[str, str] | None) -> tuple[str | None, bool]:
        """Return the sha256 of a file as the index serves it now, and whether it is an archive.

        None where it cannot be had. Streams the file, and keeps nothing of it.
        """
        from bisect_deps.system import answers

        found = hashlib.sha256()
        start = b""
        try:
            with (
                answers.session(POLICY.file_time) as session,
                session.get(url, auth=auth, timeout=POLICY.index_timeout, stream=True) as answer,
            ):
                if not answer.ok:
                    return None, False
                for part in answers.parts(answer, _LARGEST_FILE):
                    start = start or part[:8]
                    found.update(part)
        except (OSError, answers.Endless):
            return None, False
        return found.hexdigest(), start.startswith(_ARCHIVES)

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()

    def _get(self, url: str, auth: tuple[str, str] | None) -> requests.Response | None:
        """Return the page, None for one that is not there. Raises IndexUnavailable."""

        host = urlsplit(url).netloc
        try:
            response = self._ask(url, auth)
        except (OSError, ValueError) as error:
            raise IndexUnavailable(
                f"the package index at {host} cannot be reached ({_reason(error)})",
                hint="check the network and --index-url; --find-links FOLDER needs neither",
            ) from None
        if response.status_code in (404, 410):
            return None
        self.silent_on_age |= _SILENT in response.headers.get("Warning", "")
        if response.status_code in (401, 403):
            raise IndexUnavailable(
                f"the package index at {host} refuses access (HTTP {response.status_code})",
                hint="put credentials into ~/.netrc, the keyring, or ${NAME} in the address",
            )
        if not response.ok:
            raise IndexUnavailable(
                f"the package index at {host} answers with HTTP {response.status_code}",
                hint="try again later; what was built before is kept in the journal",
            )
        return response

    def _ask(self, url: str, auth: tuple[str, str] | None) -> requests.Response:
        """Return the answer with its page; one that breaks off is asked for again.

        The session's own retries end where the page begins.
        """
        from requests.exceptions import ChunkedEncodingError

        for _ in range(POLICY.index_retries):
            with suppress(ChunkedEncodingError):
                return self._ask_once(url, auth)
        return self._ask_once(url, auth)

    def _ask_once(self, url: str, auth: tuple[str, str] | None) -> requests.Response:
        """Return the answer with its page, which may be of any length and never end."""
        from bisect_deps.system import answers

        try:
            with self._session().get(
                url, headers=_ACCEPT, auth=auth, timeout=POLICY.index_timeout, stream=True
            ) as response:
                response._content = b"".join(answers.parts(response, _LARGEST_PAGE))
        except answers.Endless as error:
            raise IndexUnavailable(
                f"the package index at {urlsplit(url).netloc} sends a page without end: {error}",
                hint="no index has such a page: check --index-url, and the network's speed",
            ) from None
        return response

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _new_session(self._cache)
            with self._lock:
                self._sessions.append(session)
        return session

    def _parse(self, response: requests.Response, name: str) -> Page:
        """Return the page; what may be a login form, or tells no date, is read at once."""
        folder = self._cache and self._cache / "parsed"
        url, content = response.url, response.content

        def read() -> list[File]:
            return parsed_once(folder, url, content, lambda: _read(response, name))

        is_json = "json" in response.headers.get("Content-Type", "")
        if is_json and _DATE.search(content):
            return Page(read, dated=True)
        return _read_already(read())

    def _parse_file(self, path: Path, name: str) -> list[File]:
        from pypi_simple import ProjectPage

        try:
            text = read_regular(path, most=_LARGEST_PAGE).decode("utf-8", "replace")
            return _files_of(
                ProjectPage.from_html(name, _parted(text), base_url=path.as_uri()), name
            )
        except (OSError, ValueError, RecursionError) as error:
            raise IndexUnavailable(
                f"the index page {path} cannot be read: {error}",
                hint="check --index-url and --find-links",
            ) from None


def _read_already(files: list[File]) -> Page:
    return Page(lambda: files)


def _read(response: requests.Response, name: str) -> list[File]:
    from pypi_simple import ProjectPage, UnsupportedContentTypeError, UnsupportedRepoVersionError

    try:
        if "html" in response.headers.get("Content-Type", ""):
            page = ProjectPage.from_html(name, _parted(response.text), base_url=response.url)
        else:
            page = ProjectPage.from_response(response, name)
    except (
        *(UnsupportedContentTypeError, UnsupportedRepoVersionError, ValueError),
        *(TypeError, AttributeError, LookupError, RecursionError),
    ) as error:
        host = urlsplit(response.url).netloc
        raise IndexUnavailable(
            f"the package index at {host} answers in a way that is not the Simple API: {error}",
            hint="check --index-url: it usually ends in /simple/",
        ) from None
    if not page.packages and _is_web_page(response):
        host = urlsplit(response.url).netloc
        raise IndexUnavailable(
            f"the package index at {host} answers with a web page in place of an index page",
            hint="it may ask for a login: check --index-url and its credentials",
        )
    return _files_of(page, name)


def _parted(html: str) -> str:
    """Return a page with each link closed before the next begins, as browsers read it.

    Links that stand in each other have a text each that holds all that follow: in 50,000 of them
    the reader would drown.
    """
    return re.sub(r"<a(?=\s)", "</a><a", html, flags=re.IGNORECASE)


def _is_web_page(response: requests.Response) -> bool:
    """Say whether HTML without any file is made for people: a login form, a portal's script."""
    is_html = "html" in response.headers.get("Content-Type", "")
    if not is_html:
        return False
    text = response.text[:_PAGE_LOOKED_AT]
    if re.search(r"<(?:form|input|script|iframe)\b", text, re.I):
        return True
    shown = " ".join(re.sub(r"<[^<>]{0,2000}>", " ", text).split()).casefold()
    return bool(shown) and not shown.startswith(("links for", "simple index"))


def _new_session(cache: Path | None) -> requests.Session:
    import requests
    from urllib3.util import Retry

    from bisect_deps.system.answers import Limited

    retry = Retry(
        total=POLICY.index_retries,
        backoff_factor=POLICY.index_backoff,
        status_forcelist=(429, 502, 503, 504),
        raise_on_status=False,
    )
    session = requests.Session()
    seconds = POLICY.page_time
    adapter = Limited(seconds, max_retries=retry) if cache is None else _caching(cache, retry)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _caching(folder: Path, retry: Retry) -> HTTPAdapter:
    from cachecontrol import CacheControlAdapter
    from cachecontrol.caches import SeparateBodyFileCache
    from cachecontrol.heuristics import BaseHeuristic

    from bisect_deps.system.answers import Limited

    class Caching(Limited, CacheControlAdapter):
        """Answers of the network have a limit, those of the cache need none."""

    class Unspoken(BaseHeuristic):
        """Keep for a while what the server says nothing about."""

        def warning(self, response: HTTPResponse) -> str:
            return _SILENT

        def update_headers(self, response: HTTPResponse) -> dict[str, str]:
            spoken = ("cache-control", "etag", "last-modified", "expires")
            if any(name in response.headers for name in spoken):
                return {}
            now = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
            return {"Cache-Control": f"max-age={POLICY.page_age}", "Date": now}

    class Kept(SeparateBodyFileCache):
        """Pages that cannot be kept, on a full disk say, are asked for again."""

        def set(self, key: str, value: bytes, expires: int | datetime | None = None) -> None:
            with suppress(OSError):
                super().set(key, value, expires)

        def set_body(self, key: str, body: bytes) -> None:
            with suppress(OSError):
                super().set_body(key, body)

    cache = Kept(folder)
    return Caching(POLICY.page_time, cache=cache, heuristic=Unspoken(), max_retries=retry)


def _files_of(page: ProjectPage, name: str) -> list[File]:
    return [
        _file(package)
        for package in page.packages
        if package.version
        and len(package.version) <= _LONGEST_VERSION
        and len(package.filename) <= LONGEST_NAME
        and package.package_type in ("wheel", "sdist")
        and canonicalize_name(package.project or "") == name
    ]


def _file(package: DistributionPackage) -> File:
    moment = package.upload_time
    return File(
        filename=package.filename,
        version=package.version or "",
        url=package.url,
        is_wheel=package.package_type == "wheel",
        requires_python=package.requires_python,
        yanked=_in_one_line(package.yanked_reason) if package.is_yanked else None,
        uploaded=_utc(moment) if moment else None,
        hashes=package.digests,
    )


def _in_one_line(reason: str | None) -> str:
    """Return why a file was yanked, to stand within a sentence: no breaks, no full stop."""
    return " ".join((reason or "").split()).strip(" .")


def _utc(moment: datetime) -> str | None:
    try:
        return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    except OverflowError:  # Some zones have no UTC in the first and the last year.
        return None


def _folder(path: Path, name: str) -> Iterable[File]:
    """Yield a project's files in a find-links folder; requires-python is read from the wheels."""
    from pypi_simple import UnparsableFilenameError, parse_filename

    for file in sorted(path.iterdir()):
        try:
            project, version, kind = parse_filename(file.name)
        except UnparsableFilenameError:
            continue
        if canonicalize_name(project) != name or kind not in ("wheel", "sdist"):
            continue
        if not file.is_file():  # A pipe or a device would be read for ever.
            continue
        python = _metadata(file).get("Requires-Python") if kind == "wheel" else None
        yield File(file.name, version, str(file), kind == "wheel", requires_python=python)


def _metadata(wheel: Path) -> Mapping[str, str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member.endswith(".dist-info/METADATA") and member.count("/") == 1:
                    with archive.open(member) as stream:
                        text = stream.read(_LARGEST_METADATA).decode("utf-8", errors="replace")
                    return dict(HeaderParser().parsestr(text, headersonly=True).items())
    except _UNREADABLE:
        pass
    return {}


def _reason(error: Exception) -> str:
    """Return why a connection failed, in a few words without addresses."""
    text = str(error)
    for words in (
        "Name or service not known",
        "Temporary failure in name resolution",
        "Connection refused",
        "Network is unreachable",
        "CERTIFICATE_VERIFY_FAILED",
        "timed out",
        "Proxy",
        "CA certificate bundle",
    ):
        if words.lower() in text.lower():
            return words.lower().replace("_", " ")
    return type(error).__name__
