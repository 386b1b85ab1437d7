"""The HTML report is one inert page: hostile text stays text, and nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as changed
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bisect_deps.model import Candidate, Edit, EditAction, Evidence, Note, Verdict
from bisect_deps.reports._drawing import drawn
from bisect_deps.reports._pages import _prose
from bisect_deps.reports.html import kept_logs, render
from tests.reports.verdicts import (
    ANOTHER_AGE,
    HOSTILE,
    NOT_FIXED,
    NUMPY,
    PAIR,
    PASSES,
    READY,
    UNAVAILABLE,
    VERDICTS,
)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
each_verdict = pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
VOID = {"meta", "link", "br", "img", "input", "hr"}
LOG = "\n".join(f"line {number} of the log" for number in range(1, 131))


class Page(HTMLParser):
    """Collects what a page consists of, and that its tags match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@each_verdict
def test_page_is_well_formed_and_loads_nothing(verdict: Verdict) -> None:
    page = Page(render(verdict, logs={"probes/1.log": LOG}))
    assert page.open == []
    assert page.tags.count("script") == 1
    assert not {"iframe", "img", "object", "embed", "form", "base"} & set(page.tags)
    links = {value for _, name, value in page.attributes if name in ("href", "src")}
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in render(verdict)
    assert "@import" not in render(verdict)


@each_verdict
def test_every_link_has_its_target_unless_the_probe_is_not_in_the_report(verdict: Verdict) -> None:
    page = Page(render(verdict))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    known = {f"#build-{probe.number}" for probe in verdict.probes}
    links = {value for _, name, value in page.attributes if name == "href" and value != "data:,"}
    assert known & links <= {f"#{name}" for name in ids}


@each_verdict
def test_page_holds_no_control_character_and_no_password(verdict: Verdict) -> None:
    text = render(verdict, logs={"probes/1.log": "\x1b[31m https://me:hunter2@index.example/\x07"})
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "hunter2" not in text


def test_the_page_tells_the_whole_story() -> None:
    text = Page(render(READY, logs={"probes/3.log": LOG})).text
    for part in (
        "Fix found",
        "3 lines of requirements.txt break the build on Python 3.12",
        "numpy==1.19.5 requirements.txt:1",
        "its setup needs distutils, which Python 3.12 removed.",
        "line 117 of the log",
        "ModuleNotFoundError: No module named 'distutils'",
        "numpy fails at 1.25.2, passes at 1.26.0, the next release.",
        "build 3 fails with it, build 5 passes without it.",
        "+numpy==1.26.0",
        "it keeps every requirement",
        "add jinja2<3.1",
        "requests==2.25.1 is not at fault",
        "(pandas 2.1.1 asks for numpy>=1.26).",
        "Time to the fix31 s",
        "2026-11-21 00:00 UTC",
        READY.sha256,
    ):
        assert part in text
    assert "line 113 of the log" not in text.partition("Everything that was tried")[0]


def test_the_python_of_the_file_follows_the_verdict_and_links_its_build() -> None:
    page = render(ANOTHER_AGE)
    text = Page(page).text
    assert text.index("Nothing but the Python") < text.index("This file was made for Python 3.8")
    assert '<a href="#build-2">build 2</a>' in page
    assert "Not pinned: flask>=2.0,<2.1 (2.0.3) and six (1.17.0)" in text


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (READY, "was built and checked:"),
        (PAIR, "was built:"),
        (changed(PAIR, target=changed(PAIR.target, checks=("true",))), "was built and checked:"),
        (changed(PAIR, target=changed(PAIR.target, imports=True)), "was built and checked:"),
    ],
    ids=["its check failed", "install alone", "a check", "imports"],
)
def test_a_fix_is_said_to_be_checked_where_a_check_was_asked_for(
    verdict: Verdict, said: str
) -> None:
    assert said in render(verdict)


def test_several_files_are_all_named() -> None:
    page = render(changed(READY, file="a.txt", files=("a.txt", "sub/b.txt")))
    assert "<title>Fix found: a.txt and sub/b.txt - depbisect</title>" in page
    assert "3 lines of requirements.txt break the build" in Page(page).text


def test_what_to_install_is_listed_by_system() -> None:
    page = Page(render(NOT_FIXED))
    assert "Fedoradnf install mysql-devel" in page.text
    assert ("dl", "class", "install") in page.attributes


def test_a_note_links_the_build_that_shows_it() -> None:
    note = Note("It fails.", 7)
    assert 'It fails (<a href="#build-7">build 7</a>).' in render(changed(READY, notes=(note,)))


def test_versions_between_that_were_not_built_are_said() -> None:
    assert "between them 2.0.2, 2.0.3 and 3 more were not built" in Page(render(PAIR)).text


def test_evidence_stands_out_among_its_neighbours() -> None:
    text = render(READY, logs={"probes/3.log": LOG})
    assert '<span class="row hit"><b>118</b>' in text
    assert '<span class="row"><b>119</b><span>line 119 of the log</span>' in text


def test_lines_left_out_between_evidence_are_marked() -> None:
    apart = (Evidence(10, "first", "probes/3.log"), Evidence(100, "second", "probes/3.log"))
    text = render(
        changed(READY, culprits=(changed(NUMPY, evidence=apart),)), logs={"probes/3.log": LOG}
    )
    article = text[text.index("<article>") : text.index("</article>")]
    assert re.findall(r'class="row jump"><b>(\d+)', article) == ["96"]


def test_the_turn_stands_between_the_versions_where_the_outcome_changes() -> None:
    text = render(changed(READY, culprits=(NUMPY,)))
    strip = re.sub(r"<[^>]*class=.turn.[^>]*>", "|", text[text.index('class="strip"') :])
    strip = re.sub(r"<[^>]+>", " ", strip[: strip.index("</ol>")])
    assert strip.split()[-7:] == ["1.19.5", "fails", "1.25.2", "fails", "|", "1.26.0", "passes"]


def test_a_log_that_is_gone_leaves_the_quoted_line() -> None:
    assert "error: metadata-generation-failed" in render(READY, logs={})


def test_a_line_number_beyond_the_log_does_no_harm() -> None:
    far = changed(NUMPY, evidence=(Evidence(10_000, "far away", "probes/3.log"),))
    text = render(changed(READY, culprits=(far,)), logs={"probes/3.log": "short\n"})
    assert "far away" in text


def test_lines_are_numbered_as_evidence_counts_them() -> None:
    log = "one\r\ntwo \x0b still two\n10%\r50%\r100%\r\n" + "x" * 5000 + "\nlast\n"
    evidence = (Evidence(5, "last", "probes/3.log"),)
    text = render(
        changed(READY, culprits=(changed(NUMPY, evidence=evidence),)), logs={"probes/3.log": log}
    )
    article = text[text.index("<article>") : text.index("</article>")]
    rows = re.findall(r"<b>(\d+)</b><span>([^<]*)</span>", article)
    assert [number for number, _ in rows] == ["1", "2", "3", "4", "5"]
    assert [row for _, row in rows[:3]] == ["one", "two   still two", "100%"]
    assert len(rows[3][1]) == 2000


def test_logs_are_taken_from_the_state_folder_alone(tmp_path: Path) -> None:
    state = tmp_path / ".depbisect"
    (state / "probes").mkdir(parents=True)
    (state / "probes" / "3.log").write_bytes(b"one\r\n\xff\n")
    (tmp_path / "outside").write_text("hidden", encoding="utf-8")
    with (state / "probes" / "4.log").open("wb") as stream:
        stream.truncate(17_000_000)
    outside = changed(READY.probes[0], log="../outside")
    verdict = changed(READY, probes=(outside, *READY.probes))
    assert kept_logs(state, verdict) == {"probes/3.log": "one\r\n\ufffd\n"}


def test_options_are_set_as_code_and_never_broken() -> None:
    page = render(READY)
    assert 'with <code class="option">--write</code> to change' in page
    assert "code.option { white-space: nowrap; }" in page


def test_what_is_written_into_a_sentence_stays_text() -> None:
    said = str(_prose("`<b>x</b>` & <i> --write"))
    assert said == (
        '<code class="quoted">&lt;b&gt;x&lt;/b&gt;</code> &amp; &lt;i&gt; '
        '<code class="option">--write</code>'
    )


def test_what_was_written_is_said_instead_of_how_to_write() -> None:
    text = Page(render(READY, written=("requirements.txt",))).text
    assert "Written to requirements.txt." in text
    assert "--write" not in text


def test_other_verdicts_show_what_they_have() -> None:
    assert (
        "Known to pass The file without mysqlclient (with --allow-removal, that counts as a fix)."
        in Page(render(NOT_FIXED)).text
    )
    assert "there is nothing to fix" in Page(render(PASSES)).text
    assert "https://***@index.example/simple does not answer" in Page(render(UNAVAILABLE)).text


@dataclass
class Visit:
    """What a browser made of a page."""

    dom: str
    console: list[str]
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def requests() -> Iterator[tuple[int, list[str]]]:
    """Serve on localhost, and note what is asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, seen
        server.shutdown()


def visit(path: Path, profile: Path) -> Visit:
    assert CHROMIUM
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=3000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return Visit(done.stdout, [row for row in done.stderr.splitlines() if "CONSOLE" in row])


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_a_browser_finds_hostile_text_inert(
    tmp_path: Path, requests: tuple[int, list[str]]
) -> None:
    port, seen = requests
    attack = (
        f"</span></pre><script>document.title='owned'</script><img src=http://127.0.0.1:{port}/x>"
        f"<link rel=stylesheet href=http://127.0.0.1:{port}/y>"
    )
    evil = tmp_path / "evil.html"
    evil.write_text(f"<title>good</title>{attack}", encoding="utf-8")
    control = visit(evil, tmp_path / "profile")
    assert "<title>owned</title>" in control.dom, "the attack works where nothing stops it"
    assert set(seen) >= {"/x", "/y"}
    seen.clear()

    report = tmp_path / "report.html"
    evidence = (Evidence(1, attack, "probes/1.log"),)
    hostile = changed(
        HOSTILE, culprits=(changed(HOSTILE.culprits[0], evidence=evidence),), notes=(Note(attack),)
    )
    report.write_text(render(hostile, logs={"probes/1.log": attack}), encoding="utf-8")
    page = visit(report, tmp_path / "profile")
    assert "owned" not in Page(page.dom).text.partition("depbisect")[0]
    assert Page(page.dom).tags.count("script") == 1, "that of the page itself"
    assert page.console == []
    assert seen == []


def test_the_one_script_is_named_by_its_hash_and_not_needed() -> None:
    text = render(READY)
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(text)
    assert '<button type="button" class="copy" hidden>' in text


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_the_button_that_copies_is_there_where_scripts_run(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(render(READY), encoding="utf-8")
    page = visit(tmp_path / "report.html", tmp_path / "profile")
    assert '<button type="button" class="copy">' in page.dom
    assert page.console == []


def test_the_search_is_drawn_build_by_build() -> None:
    drawing = drawn(READY)
    assert drawing is not None
    assert [column.number for column in drawing.columns] == list(range(1, 14))
    rows = {line.name: "".join(cell.mark for cell in line.cells) for line in drawing.lines}
    assert rows == {
        "numpy==1.19.5": "●○●○○○◐◐●●●●◐",
        "pandas==1.1.5": "●○○●○○●●◐◐●●◐",
        "flask==1.1.2": "●○○○●●●●●●○●◐",
        "all other lines": "●" * 13,
    }
    assert drawn(changed(READY, probes=READY.probes[:1])) is None


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_lines_keep_their_words_beside_many_builds(tmp_path: Path) -> None:
    probes = [changed(READY.probes[at % 13], number=at + 1) for at in range(60)]
    text = render(changed(READY, probes=tuple(probes)))
    measure = (
        "<script>document.title = Math.max(...[...document.querySelectorAll('.search th code')]"
        ".map(name => name.getClientRects().length))</script></body>"
    )
    text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    page = tmp_path / "report.html"
    page.write_text(text.replace("</body>", measure), encoding="utf-8")
    assert "<title>1</title>" in visit(page, tmp_path / "profile").dom, "lines of a name"


def test_a_release_built_alone_is_in_and_all_others_are_out() -> None:
    alone = changed(READY.probes[3], isolated="pandas==1.1.5", reported="it does not compile")
    verdict = changed(READY, probes=(READY.probes[0], alone))
    drawing = drawn(verdict)
    assert drawing is not None
    assert {line.name: line.cells[1].mark for line in drawing.lines} == {
        "numpy==1.19.5": "○",
        "pandas==1.1.5": "●",
        "flask==1.1.2": "○",
        "all other lines": "○",
    }
    assert "pandas==1.1.5 alone" in Page(render(verdict)).text
    assert "it does not compile" in Page(render(verdict)).text


def test_a_large_search_says_what_is_not_drawn() -> None:
    many = tuple(
        changed(
            READY.probes[0],
            number=at,
            candidate=Candidate((Edit(EditAction.DROP, f"p{at}", at),)),
        )
        for at in range(1, 131)
    )
    text = Page(render(changed(READY, probes=many))).text
    assert "Not drawn: 99 lines that few builds changed and the first 10 builds." in text


def test_the_marks_of_steps_stand_beside_no_evidence() -> None:
    log = (
        "Traceback\nImportError: no\n::depbisect check end rc=1\n::depbisect stopped: time is up\n"
    )
    culprit = changed(NUMPY, evidence=(Evidence(2, "ImportError: no", "probes/1.log"),))
    page = render(changed(READY, culprits=(culprit,)), logs={"probes/1.log": log})
    assert "ImportError: no" in page
    assert "check end rc" not in page
    assert "stopped: time is up" in page


def test_a_version_at_the_turn_is_drawn_where_another_build_showed_it() -> None:
    narrowing = changed(NUMPY.narrowings[0], last_failing="1.24.9")
    culprit = changed(NUMPY, narrowings=(narrowing,))
    assert "1.24.9</code>" in render(changed(READY, culprits=(culprit,)))
