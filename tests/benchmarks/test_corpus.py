"""What counts as named in the corpus, and what counts as the same answer in two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus_compare import compare
from benchmarks.corpus_truth import Case, compared, read_case

CASE = """\
python = "3.12"
expected = "red"
stage = "install"
single_culprits = ["lxml==4.6.3"]
conflict_sets = [["Flask==2.3.2", "Jinja2==2.11.3"]]
overlapping_conflict_sets = [["Werkzeug==0.15.5", "Flask==2.3.2"]]
transitive_culprits = ["typed-ast==1.4.3"]
not_judged = ["scikit-learn==1.3.0"]

[[transitive]]
package = "typed-ast"
via = ["mypy==0.770"]
"""


def report(*culprits: tuple[str, ...], edits: tuple[str, ...] = (), cause: str = "x") -> Any:
    """Return a report of these culprits, each a tuple of names, and edits of these lines.

    A name stands on the line of its own length; `line>name` is a release that a line pulls in.
    """
    found = [
        {"cause": cause, "requirements": [_member(name) for name in names]} for names in culprits
    ]
    changes = [{"name": name, "action": "repin", "line": len(name)} for name in edits]
    fix = {"edits": changes} if edits else None
    return {"verdict": "fixed", "culprits": found, "fix": fix}


def _member(name: str) -> dict[str, object]:
    line, _, release = name.rpartition(">")
    line = line or release
    return {"name": release, "version": "1", "text": line, "line": len(line)}


def checked(truth: str) -> Case:
    """Return a case whose check fails."""
    names = frozenset(truth.split())
    return Case("checked", Path(), "3.12", ("true",), "red", "check", names, frozenset())


def test_a_case_is_read_with_all_that_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(CASE)
    case = read_case(tmp_path)
    assert case.truth == {"lxml", "flask", "jinja2", "typed-ast"}
    assert case.accepted == {"mypy", "werkzeug", "flask", "scikit-learn"}
    judged = compared(case, report(("flask", "werkzeug"), ("lxml",), ("six",)), None)
    assert judged.missed == ("jinja2", "typed-ast")
    assert judged.innocent == ("six",)


@pytest.mark.parametrize(
    ("unneeded", "missed", "innocent"),
    [(None, ("django",), ("flask", "jinja2")), ((), (), ()), (("six",), ("django",), None)],
    ids=["not asked", "minimal", "not minimal"],
)
def test_another_way_out_of_a_failing_check_is_right_where_each_edit_is_needed(
    unneeded: tuple[str, ...] | None, missed: tuple[str, ...], innocent: tuple[str, ...] | None
) -> None:
    given = report(("flask", "jinja2"), edits=("jinja2",))
    judged = compared(checked("django"), given, unneeded)
    assert judged.missed == missed
    assert judged.innocent == (("flask", "jinja2") if innocent is None else innocent)


def test_who_is_named_and_not_changed_by_a_minimal_fix_is_innocent() -> None:
    given = report(("jinja2",), ("six",), edits=("jinja2",))
    assert compared(checked("django"), given, ()).innocent == ("six",)


def test_a_line_that_is_changed_and_not_named_is_seen() -> None:
    given = report(("jinja2",), edits=("jinja2", "regex"))
    assert compared(checked("jinja2"), given, None).unaccused == ("regex",)


def test_a_line_that_takes_another_name_is_the_culprits_own() -> None:
    given = report(("sklearn",), edits=("sklearn",))
    given["fix"]["edits"][0]["name"] = "scikit-learn"
    assert compared(checked("sklearn"), given, None).unaccused == ()
    given["fix"]["edits"][0]["line"] = 1
    assert compared(checked("sklearn"), given, None).unaccused == ("scikit-learn",)


def test_a_line_that_only_follows_is_explained_where_a_note_says_so() -> None:
    given = report(("typed-ast",), edits=("typed-ast", "mypy"))
    given["notes"] = [{"text": "mypy==1 moves along: x 2 requires mypy>=1.", "fact": "x"}]
    assert compared(checked("typed-ast"), given, None).unaccused == ()
    given["notes"][0]["fact"] = ""
    assert compared(checked("typed-ast"), given, None).unaccused == ("mypy",)


def test_either_side_of_a_failing_check_is_its_name() -> None:
    given = report(("pyopenssl>cryptography",))
    for truth in ("pyopenssl", "cryptography"):
        judged = compared(checked(truth), given, None)
        assert (judged.missed, judged.innocent) == ((), ())
    judged = compared(checked("flask"), given, None)
    assert (judged.missed, judged.innocent) == (("flask",), ("cryptography",))


def test_a_machine_that_lacks_something_is_told_apart() -> None:
    lacks = report(("mysqlclient",), cause="system-dep-missing")
    assert compared(checked("mysqlclient"), lacks, None).machine_lacks
    fixed = report(("mysqlclient",), edits=("mysqlclient",), cause="system-dep-missing")
    assert not compared(checked("mysqlclient"), fixed, None).machine_lacks


def keep(folder: Path, name: str, fix: str, given: Any) -> Path:
    """Leave what a run leaves of one case."""
    (folder / name / "fixed").mkdir(parents=True)
    (folder / name / "err.txt").touch()
    (folder / name / "fixed" / "requirements.txt").write_text(fix)
    (folder / name / "report.json").write_text(json.dumps(given))
    return folder


def test_two_folders_differ_in_bytes_of_the_fix_and_in_culprits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cold, warm = tmp_path / "cold", tmp_path / "warm"
    for folder in (cold, warm):
        keep(folder, "same", "six==1\n", report(("six",)))
    keep(cold, "bytes", "six==1\n", report(("six",)))
    keep(warm, "bytes", "six==1 \n", report(("six",)))
    keep(cold, "culprits", "six==1\n", report(("six",)))
    keep(warm, "culprits", "six==1\n", report(("six", "idna")))
    keep(cold, "alone", "six==1\n", report(("six",)))
    assert compare(cold, warm) == ["bytes", "culprits"]
    printed = capsys.readouterr().out
    assert "bytes: another fix" in printed
    assert "culprits: culprits six 1 and idna 1 + six 1" in printed
    assert "alone: in one of the folders only" in printed
    assert "1 of 3 alike" in printed
