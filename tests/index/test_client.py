from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bisect_deps.errors import IndexUnavailable, InputError
from bisect_deps.index import FactKind, File, Index, completed, on_platform
from bisect_deps.index.base import indexes
from bisect_deps.index.parsed import parsed_once
from bisect_deps.model import IndexSettings, Interpreter, Release, Requirement
from tests.support.local_index import (
    HTML_TYPE,
    JSON_TYPE,
    Fault,
    LocalIndex,
    Project,
    Server,
)

PYTHON = Interpreter(
    path="python",
    version="3.12.1",
    implementation="cpython",
    platform="linux-x86_64",
    tags=("cp312-cp312-manylinux_2_17_x86_64", "py3-none-any"),
    markers={"python_version": "3.12", "sys_platform": "linux"},
)

PROJECTS = [
    Project("good").release("1.0").release("1.1").release("2.0rc1"),
    Project("compiled")
    .release("1.0", wheel="cp39-cp39-manylinux1_x86_64", sdist=True)
    .release("1.1", wheel=("cp39-cp39-win_amd64", "cp312-cp312-manylinux_2_17_x86_64")),
    Project("modern").release("1.0").release("2.0", requires_python=">=3.13"),
    Project("elsewhere").release("1.0", wheel="cp312-cp312-win_amd64"),
    Project("withdrawn").release("1.0").release("1.1", yanked="lost\na file.\n"),
    Project("late")
    .release("1.0", uploaded="2021-01-01T10:00:00Z")
    .release("2.0", uploaded="2022-01-01T10:00:00Z"),
    Project("only-source").release("1.0", fault=Fault.COMPILE),
]


def requirement(text: str) -> Requirement:
    body, _, marker = text.partition(";")
    name = body.strip()
    for index, char in enumerate(body):
        if char in "=<>!~":
            name, specifier = body[:index].strip(), body[index:].strip()
            break
    else:
        specifier = ""
    return Requirement(0, name, specifier, text, "requirements.txt", 1, marker=marker or None)


def index_at(server: Server, tmp_path: Path, **settings: object) -> Index:
    given = IndexSettings(index_url=server.url, **settings)  # type: ignore[arg-type]
    return Index(given, PYTHON, cache=tmp_path / "cache")


FACTS = [
    ("a release that installs has no facts", "good==1.0", [], None),
    ("unknown project", "nothing==1.0", [FactKind.GONE], None),
    ("unknown version, its own line is nearest", "good==1.0.5", ["no-such-version"], "1.0"),
    ("unknown line, the next one is nearest", "good==0.9", ["no-such-version"], "1.0"),
    ("no wheel here, its source is compiled", "compiled==1.0", ["no-usable-wheel"], "1.1"),
    ("a wheel here", "compiled", [], None),
    ("for another Python", "modern==2.0", ["requires-python"], "1.0"),
    ("an unpinned line takes what this Python may have", "modern", [], None),
    ("wheels for another system only", "elsewhere", ["no-artifact"], None),
    ("withdrawn", "withdrawn==1.1", ["yanked"], "1.0"),
    ("withdrawn is passed over when not pinned", "withdrawn>=1", [], None),
    ("a source distribution only", "only-source", ["no-usable-wheel"], None),
    ("a marker that is false here", "nothing; python_version < '3.8'", ["not-needed"], None),
    ("a pre-release by name", "good==2.0rc1", [], None),
    ("an arbitrary version", "good===1.1", [], None),
]


@pytest.mark.parametrize("formats", [(JSON_TYPE,), (HTML_TYPE,)], ids=["json", "html"])
@pytest.mark.parametrize(
    ("text", "kinds", "nearest"), [case[1:] for case in FACTS], ids=[case[0] for case in FACTS]
)
def test_facts_say_what_an_installer_will_meet(
    tmp_path: Path, formats: tuple[str, ...], text: str, kinds: list[str], nearest: str | None
) -> None:
    served = LocalIndex(tmp_path, *PROJECTS).serve(formats=formats)
    with served as server, index_at(server, tmp_path) as index:
        facts = index.facts(requirement(text))
    assert [fact.kind for fact in facts] == kinds
    if nearest:
        assert facts[0].nearest == nearest


def test_facts_name_the_reason_and_what_the_wheels_are_for(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server, index_at(server, tmp_path) as index:
        [withdrawn] = index.facts(requirement("withdrawn==1.1"))
        [compiled] = index.facts(requirement("compiled==1.0"))
    assert withdrawn.sentence == "withdrawn 1.1 was withdrawn from the index: lost a file"
    assert compiled.sentence == (
        "compiled 1.0 has no wheel for Python 3.12 on linux-x86_64 "
        "(its wheels are for cp39 on manylinux), so its source will be compiled"
    )


def test_the_index_as_of_an_instant_hides_what_came_later(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        cut = "2022-01-01T10:00:00Z"
        with index_at(server, tmp_path, exclude_newer=cut) as index:
            assert [release.version for release in index.releases("late")] == ["1.0"]
            assert [fact.kind for fact in index.facts(requirement("late==2.0"))] == ["too-new"]
            newest = index.latest_upload([Release("late", "1.0"), Release("late", "2.0")])
            assert newest == "2022-01-01T10:00:00Z"
        with index_at(server, tmp_path, exclude_newer="2022-01-01") as index:
            assert [release.version for release in index.releases("late")] == ["1.0", "2.0"]


def test_events_lie_between_the_dates_and_come_in_order(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server, index_at(server, tmp_path) as index:
        events = index.events(["late", "good"], "2020-01-01T00:00:00Z", "2022-01-01T10:00:00Z")
    assert [(event.project, event.version) for event in events] == [
        ("good", "1.1"),
        ("good", "2.0rc1"),
        ("late", "1.0"),
        ("late", "2.0"),
    ]


def test_releases_come_in_version_order_with_their_hashes(tmp_path: Path) -> None:
    project = (
        Project("mixed").release("1.10").release("1.9").release("1.10.post1").release("1.10a1")
    )
    with LocalIndex(tmp_path, project).serve() as server, index_at(server, tmp_path) as index:
        releases = index.releases("Mixed")
    assert [release.version for release in releases] == ["1.9", "1.10a1", "1.10", "1.10.post1"]
    assert all(release.hashes[0].startswith("sha256:") for release in releases)


def test_find_links_need_no_index(tmp_path: Path) -> None:
    local = LocalIndex(tmp_path, *PROJECTS)
    settings = IndexSettings(find_links=(str(local.find_links),), no_index=True)
    with Index(settings, PYTHON, cache=tmp_path / "cache") as index:
        assert index.facts(requirement("good")) == ()
        assert [fact.kind for fact in index.facts(requirement("modern==2.0"))] == [
            "requires-python"
        ]
        assert [fact.kind for fact in index.facts(requirement("nothing"))] == ["gone"]


def test_find_links_may_be_a_page(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        settings = IndexSettings(find_links=(server.links_url,), no_index=True)
        with Index(settings, PYTHON, cache=tmp_path / "cache") as index:
            assert [release.version for release in index.releases("late")] == ["1.0", "2.0"]


def test_the_first_index_with_the_project_wins_unless_merged(tmp_path: Path) -> None:
    ours = LocalIndex(tmp_path / "a", Project("both").release("1.0"))
    public = LocalIndex(
        tmp_path / "b", Project("both").release("2.0"), Project("other").release("1")
    )
    with ours.serve() as extra, public.serve() as main:
        settings = IndexSettings(index_url=main.url, extra_index_urls=(extra.url,))
        with Index(settings, PYTHON, cache=tmp_path / "c") as index:
            assert [release.version for release in index.releases("both")] == ["1.0"]
            assert [release.version for release in index.releases("other")] == ["1"]
        with Index(settings, PYTHON, cache=tmp_path / "c", merged=True) as index:
            assert [release.version for release in index.releases("both")] == ["1.0", "2.0"]


def test_prefetch_asks_for_each_page_once_and_a_second_run_revalidates(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        for _ in range(2):
            with index_at(server, tmp_path) as index:
                index.prefetch(["good", "Good", "late", "nothing"])
                assert index.facts(requirement("good==1.0")) == ()
        assert sorted(server.pages()) == ["good", "good", "late", "late", "nothing", "nothing"]
        assert [hit.status for hit in server.hits if "good" in hit.path] == [200, 304]


def test_credentials_come_from_variables_and_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_PASSWORD", "hunter2")
    with LocalIndex(tmp_path, *PROJECTS).serve(auth=("me", "hunter2")) as server:
        url = server.url_with("me", "${INDEX_PASSWORD}")
        with Index(IndexSettings(index_url=url), PYTHON, cache=tmp_path / "c") as index:
            assert index.facts(requirement("good==1.0")) == ()
            assert "hunter2" not in repr(index.releases("good"))
        wrong = server.url_with("me", "wrong-word")
        with Index(IndexSettings(index_url=wrong), PYTHON, cache=tmp_path / "d") as index:
            with pytest.raises(IndexUnavailable) as caught:
                index.releases("good")
            assert "wrong-word" not in str(caught.value)
            assert "refuses access" in str(caught.value)
    nameless = IndexSettings(index_url="http://${INDEX_USER}@index.example/simple/")
    with pytest.raises(InputError, match="INDEX_USER"):
        Index(nameless, PYTHON, cache=tmp_path / "e").releases("good")


def test_credentials_come_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    served = LocalIndex(tmp_path, *PROJECTS).serve(auth=("me", "hunter2"))
    with served as server, index_at(server, tmp_path) as index:
        assert index.exists("good")


@pytest.mark.parametrize("switch", ["outage", "drop"])
def test_an_index_that_is_down_is_no_fact(tmp_path: Path, switch: str) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        setattr(server, switch, True)
        with index_at(server, tmp_path) as index, pytest.raises(IndexUnavailable) as caught:
            index.prefetch(["good", "late", "modern"])
    assert caught.value.hint


@pytest.mark.parametrize(("broken", "is_there"), [(1, True), (99, False)])
def test_a_page_that_breaks_off_is_asked_for_again(
    tmp_path: Path, broken: int, is_there: bool
) -> None:
    page = b'<a href="good-1.0-py3-none-any.whl">good-1.0-py3-none-any.whl</a>'
    left = [broken]

    class Breaking(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            whole = left[0] <= 0
            left[0] -= 1
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(page), page) + b"0\r\n\r\n" * whole)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Breaking)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    given = IndexSettings(index_url=f"http://127.0.0.1:{server.server_port}/simple/")
    index = Index(given, PYTHON, cache=tmp_path / "cache")
    try:
        if is_there:
            assert [release.version for release in index.releases("good")] == ["1.0"]
        else:
            with pytest.raises(IndexUnavailable, match="cannot be reached"):
                index.releases("good")
    finally:
        server.shutdown()
        server.server_close()


def test_a_page_that_is_no_index_page_is_named(tmp_path: Path) -> None:
    served = LocalIndex(tmp_path, *PROJECTS).serve(formats=("text/plain",))
    refused = pytest.raises(IndexUnavailable, match="not the Simple API")
    with served as server, index_at(server, tmp_path) as index, refused:
        index.releases("good")


def test_another_platform_has_other_wheels(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        settings = IndexSettings(index_url=server.url)
        windows = on_platform(PYTHON, "windows")
        with Index(settings, windows, cache=tmp_path / "cache") as index:
            assert index.facts(requirement("elsewhere")) == ()
            [fact] = index.facts(requirement("compiled==1.1"))
            assert fact.kind is FactKind.NO_ARTIFACT
    with pytest.raises(InputError, match="unknown platform"):
        on_platform(PYTHON, "plan9")


INSTALLERS = [
    ("uv's default index", "uv", {"UV_DEFAULT_INDEX": "https://index.example/a"}, "a", ()),
    ("uv's old name for it", "uv", {"UV_INDEX_URL": "https://index.example/a"}, "a", ()),
    (
        "a named extra index",
        "uv",
        {"UV_INDEX": "ours=https://index.example/b", "UV_INDEX_URL": "https://index.example/a"},
        "a",
        ("b",),
    ),
    ("pip's", "pip", {"PIP_INDEX_URL": "https://index.example/a", "UV_INDEX_URL": "x"}, "a", ()),
    ("uv does not read pip's", "uv", {"PIP_INDEX_URL": "https://index.example/a"}, None, ()),
]


@pytest.mark.parametrize(
    ("installer", "environ", "url", "extra"),
    [case[1:] for case in INSTALLERS],
    ids=[case[0] for case in INSTALLERS],
)
def test_the_installers_own_settings_say_where_releases_come_from(
    tmp_path: Path,
    installer: str,
    environ: dict[str, str],
    url: str | None,
    extra: tuple[str, ...],
) -> None:
    env = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path), "UV_NO_CONFIG": "1", **environ}
    env.setdefault("PIP_CONFIG_FILE", "/dev/null")
    found = completed(IndexSettings(), installer, env)
    assert found.index_url == (url and f"https://index.example/{url}")
    assert found.extra_index_urls == tuple(f"https://index.example/{name}" for name in extra)


def test_the_default_index_is_the_clients_own() -> None:
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    assert [spot.url for spot in indexes(IndexSettings(), {})] == [PYPI_SIMPLE_ENDPOINT]


def test_a_page_is_parsed_once_for_each_content(tmp_path: Path) -> None:
    calls = []

    def parse() -> list[File]:
        calls.append(1)
        return [
            File("a-1.tar.gz", "1", "http://index.example/a-1.tar.gz", False, hashes={"x": "y"})
        ]

    def ask(content: bytes) -> list[File]:
        return parsed_once(tmp_path / "kept", "http://index.example/a/", content, parse)

    assert ask(b"one") == ask(b"one") == parse()
    assert len(calls) == 2
    assert ask(b"two") == ask(b"two")
    assert len(calls) == 3
    [path] = (tmp_path / "kept").iterdir()
    path.write_text("damaged")
    assert ask(b"two")
    assert len(calls) == 4


def test_configuration_files_are_read_as_the_installers_read_them(tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "uv").mkdir(parents=True)
    (config / "pip").mkdir()
    (config / "uv" / "uv.toml").write_text(
        '[[index]]\nurl = "https://index.example/user"\ndefault = true\n'
    )
    (config / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://index.example/pip\nextra-index-url =\n"
        "  https://index.example/one\n  https://index.example/two\n"
    )
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[tool.uv]\nfind-links = ["wheels"]\n')
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(config), "XDG_CONFIG_DIRS": str(config)}
    by_uv = completed(IndexSettings(), "uv", env, project)
    assert (by_uv.index_url, by_uv.find_links) == ("https://index.example/user", ("wheels",))
    by_pip = completed(IndexSettings(), "pip", env)
    assert by_pip.index_url == "https://index.example/pip"
    assert by_pip.extra_index_urls == ("https://index.example/one", "https://index.example/two")
    given = completed(IndexSettings(index_url="https://index.example/given"), "uv", env, project)
    assert given.index_url == "https://index.example/given"
