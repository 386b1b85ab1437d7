"""Pages that a hostile index may send: each is read, or ends in an error of ours, and soon."""

from __future__ import annotations

import gzip
import json
import os
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from bisect_deps.errors import IndexUnavailable
from bisect_deps.index import Index, pages
from bisect_deps.model import IndexSettings, Requirement
from bisect_deps.system.interpreters import find

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"
LINK = "<a href='x-1.0.tar.gz'>x-1.0.tar.gz</a>"


class Sent(NamedTuple):
    """What the index sends; `releases` is how many are read, None for an error of ours."""

    releases: int | None
    body: bytes | str
    kind: str = JSON
    headers: Mapping[str, str] = MappingProxyType({})


def page(*files: object, **fields: object) -> str:
    """Return a page as PEP 691 has it, with other fields."""
    return json.dumps({"meta": {"api-version": "1.0"}, "name": "x", "files": files, **fields})


def file(**fields: object) -> dict[str, object]:
    """Return a file of a page, with other fields; a field's `_` is a hyphen."""
    name = "x-1.0-py3-none-any.whl"
    own = {key.replace("_", "-"): value for key, value in fields.items()}
    return {"filename": name, "url": name, "hashes": {}, **own}


def wheel(version: str = "1.0", tags: str = "py3-none-any") -> dict[str, object]:
    """Return a wheel of a version for some tags."""
    return file(filename=f"x-{version}-{tags}.whl")


PAGES = {
    "lists in lists": Sent(None, "[" * 50_000),
    "objects in objects": Sent(None, '{"a":' * 50_000),
    "null": Sent(None, "null"),
    "a list": Sent(None, "[]"),
    "a number": Sent(None, "1e999"),
    "nothing": Sent(None, ""),
    "no files": Sent(None, '{"meta": {"api-version": "1.0"}, "name": "x"}'),
    "files that are null": Sent(None, page(files=None)),
    "a file that is null": Sent(None, page(None)),
    "a name that is a number": Sent(None, page(file(filename=5))),
    "an address that is null": Sent(None, page(file(url=None))),
    "hashes that are a list": Sent(None, page(file(hashes=[]))),
    "yanked is an object": Sent(None, page(file(yanked={}))),
    "requires-python is a number": Sent(None, page(file(requires_python=5))),
    "requires-python of 27,000 characters": Sent(1, page(file(requires_python=">=3" * 9_000))),
    "a date that is none": Sent(None, page(file(upload_time="9999999-99"))),
    "a date before all dates": Sent(1, page(file(upload_time="0001-01-01T00:00:00+23:59"))),
    "a size below nothing": Sent(1, page(file(size=-1))),
    "a version of 6,000 digits": Sent(0, page(wheel("9" * 6_000))),
    "a version of 5,000 parts": Sent(0, page(wheel("1!" + "1." * 5_000 + "0"))),
    "escapes in a version": Sent(0, page(wheel("1.0\x1b[31m"))),
    "27,000,000,000 tags": Sent(0, page(wheel(tags="-".join([".".join("abc" * 1_000)] * 3)))),
    "64,000 tags": Sent(1, page(wheel(tags="-".join([".".join("a" * 40)] * 3)))),
    "an API of another age": Sent(None, page(meta={"api-version": "9.0"})),
    "an API version that is a list": Sent(None, page(meta={"api-version": []})),
    "no API version": Sent(None, page(meta=None)),
    "an address that cannot be one": Sent(None, page(file(url="http://[x/x-1.0-py3-none-any.whl"))),
    "bytes that are no text": Sent(None, b'\xff\xfe{"a": 1}'),
    "blocks in blocks": Sent(1, "<div>" * 5_000 + LINK, HTML),
    "links in links": Sent(1, "<a href=y>" * 2_000 + LINK, HTML),
    "a link that cannot be one": Sent(None, LINK.replace("'x", "'http://[x/x", 1), HTML),
    "a base that cannot be one": Sent(None, f"<base href='http://[x'>{LINK}", HTML),
    "a repository version that is none": Sent(
        None, f"<meta name='pypi:repository-version' content='x'>{LINK}", HTML
    ),
    "an encoding that is none": Sent(1, LINK, f"{HTML}; charset=nosuch"),
    "an encoding of bytes": Sent(1, LINK, f"{HTML}; charset=zlib"),
    "an encoding of nothing": Sent(None, LINK, f"{HTML}; charset=undefined"),
    "an archive that is cut off": Sent(
        None, gzip.compress(page(file()).encode())[:20], headers={"Content-Encoding": "gzip"}
    ),
    "no archive": Sent(None, "xx", headers={"Content-Encoding": "gzip"}),
    "tags with numbers that are none": Sent(1, page(wheel(tags="cp²-none-win32"))),
    "a page of 200 MB in 200 kB": Sent(
        None, gzip.compress(b" " * 200_000_000, 1), headers={"Content-Encoding": "gzip"}
    ),
    "a circle": Sent(None, "", headers={"Location": "/simple/x/"}),
    "on to a file": Sent(None, "", headers={"Location": "file:///etc/passwd"}),
    "on to no address": Sent(None, "", headers={"Location": "http://[x/"}),
    "on to no port": Sent(None, "", headers={"Location": "http://h:99999999/"}),
    "less than it says": Sent(None, page(file()), headers={"Content-Length": "99999"}),
    "ages that are none": Sent(1, page(file()), headers={"Cache-Control": "max-age=x,,=,"}),
    "dates that are none": Sent(1, page(file()), headers={"Expires": "y", "ETag": "\x01"}),
}


@pytest.fixture(scope="module")
def index() -> Iterator[tuple[str, list[Sent]]]:
    """Serve whatever stands in the list; yields the address and the list."""
    sent: list[Sent] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = sent[0]
            body = now.body.encode() if isinstance(now.body, str) else now.body
            headers = {"Content-Type": now.kind, "Content-Length": str(len(body)), **now.headers}
            self.send_response(302 if "Location" in headers else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}/simple/", sent
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_is_read_or_named(
    index: tuple[str, list[Sent]], tmp_path: Path, name: str
) -> None:
    address, sent = index
    sent[:] = [PAGES[name]]
    settings = IndexSettings(index_url=address)
    with Index(settings, find(sys.executable), cache=tmp_path) as opened:
        if PAGES[name].releases is not None:
            assert len(opened.releases("x")) == PAGES[name].releases
            opened.facts(Requirement(0, "x", "", "x", "requirements.txt", 1))
            return
        with pytest.raises(IndexUnavailable, match="the package index at"):
            opened.releases("x")


def test_archives_in_a_link_folder_are_read_as_far_as_they_make_sense(tmp_path: Path) -> None:
    def archive(number: int, metadata: bytes) -> Path:
        path = tmp_path / f"x-{number}.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("x-1.0.dist-info/METADATA", metadata)
        return path

    archive(1, b"Requires-Python: >=3\n\n" + b" " * 50_000_000)
    locked = archive(2, b"Requires-Python: >=3\n\n")
    data = bytearray(locked.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(bytes(data))
    (tmp_path / "x-3.0-py3-none-any.whl").write_bytes(b"PK\x05\x06")
    # What is no file is none of the project's; a pipe would be read for ever.
    os.mkfifo(tmp_path / "x-4.0-py3-none-any.whl")
    (tmp_path / "x-5.0-py3-none-any.whl").symlink_to("/dev/zero")
    (tmp_path / "x-6.0-py3-none-any.whl").mkdir()
    settings = IndexSettings(no_index=True, find_links=(str(tmp_path),))
    with Index(settings, find(sys.executable)) as opened:
        found = {release.version: release for release in opened.releases("x")}
    assert set(found) == {"1.0", "2.0", "3.0"}
    assert found["1.0"].files[0].requires_python == ">=3"
    assert pages._LARGEST_METADATA < 50_000_000
