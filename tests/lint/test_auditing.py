"""`lint --audit` hands pins to pip-audit itself, which asks a service of the tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from bisect_deps.lint.outputs import render
from bisect_deps.lint.outputs.base import OutputStyle
from bisect_deps.lint.rules.vulnerable import RULES
from bisect_deps.lint.settings import LintSettings
from tests.support.linted import checker, codes, fixed, lint, write_files

pytestmark = pytest.mark.skipif(find_spec("pip_audit") is None, reason="pip-audit is missing")

OLD = {"jinja2": "2.4.1"}
ADVISORY = {
    "id": "PYSEC-2019-217",
    "aliases": ["CVE-2016-10745"],
    "summary": "In Pallets Jinja before 2.8.1, str.format allows a sandbox escape.",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.8.1"}]}],
        }
    ],
}


class Service(BaseHTTPRequestHandler):
    """Answers as an OSV service does: advisories for what is asked, an empty object for none."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_old = OLD.get(asked["package"]["name"]) == asked["version"]
        answer = json.dumps({"vulns": [ADVISORY]} if is_old else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
    yield server
    server.shutdown()
    server.server_close()


def test_advisory_is_reported_in_its_own_words(tmp_path: Path) -> None:
    files = {"requirements.txt": "flask==3.0.3\njinja2==2.4.1\n"}
    [found] = lint(tmp_path, files, settings=LintSettings(audit=True)).diagnostics
    assert (found.rule.code, found.line) == ("DB801", 2)
    assert "PYSEC-2019-217 (CVE-2016-10745), fixed in 2.8.1: In Pallets Jinja" in found.message


def test_fix_pins_the_lowest_release_that_is_fixed(tmp_path: Path) -> None:
    files = {"requirements.txt": "jinja2==2.4.1\n"}
    result = fixed(tmp_path, files, settings=LintSettings(audit=True), unsafe=True)
    assert list(result.files.values()) == [b"jinja2==2.8.1\n"]


def test_examples_of_the_rule_are_judged_rightly(tmp_path: Path) -> None:
    [rule] = RULES
    for number, example in enumerate((*rule.bad, *rule.good)):
        assert not isinstance(example, str)
        report = lint(tmp_path / str(number), example.files, settings=LintSettings(audit=True))
        assert (rule.code in codes(report)) is (example in rule.bad)


def test_pins_of_locks_and_other_formats_are_audited(tmp_path: Path) -> None:
    lock = 'version = 1\n\n[[package]]\nname = "jinja2"\nversion = "2.4.1"\n'
    files = {
        "uv.lock": lock,
        "Dockerfile": "FROM x\nRUN pip install Jinja2==2.4.1\n",
    }
    report = lint(tmp_path, files, "uv.lock", "Dockerfile", settings=LintSettings(audit=True))
    assert codes(report) == ["DB801", "DB801"]


def test_service_without_an_answer_is_no_success(
    tmp_path: Path, service: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")
    report = lint(tmp_path, {"requirements.txt": "a==1\n"}, settings=LintSettings(audit=True))
    assert "the audit could not run" in report.unavailable


def test_nobody_is_asked_without_a_pin_or_without_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")
    write_files(tmp_path, {"requirements.txt": "flask\n", "pinned.txt": "jinja2==2.4.1\n"})
    asked = checker(tmp_path, LintSettings(audit=True)).check(["requirements.txt"])
    assert asked.unavailable == ""
    assert codes(checker(tmp_path).check(["pinned.txt"])) == []


@pytest.mark.parametrize("answers", [True, False])
def test_summary_says_who_was_asked(
    tmp_path: Path, service: HTTPServer, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    if not answers:
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:1/v1/query")
    settings = LintSettings(audit=True)
    report = lint(tmp_path, {"requirements.txt": "jinja2==2.4.1\n"}, settings=settings)
    how = "audited" if answers else "not audited"
    assert f"(1 requirement; publish; {how})" in render(report, "concise", OutputStyle())
    assert json.loads(render(report, "json", OutputStyle()))["audited"] is answers
