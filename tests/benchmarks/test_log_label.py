"""A log is labelled by what its diagnosis suggests; nothing of its owner is left in the corpus."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.log_label import append, cleaned, labelled

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOG = """\
Looking in indexes: https://me:hunter2@index.corp.example:8443/simple
Collecting idna==99.1 (from -r /home/jane/shop/requirements.txt (line 1))
Connecting to 10.1.2.3:443 for jane.doe@corp.example
ERROR: Could not find a version that satisfies the requirement idna==99.1 (from versions: 3.3)
ERROR: No matching distribution found for idna==99.1
"""


def test_cleaned_log_holds_neither_secret_nor_place_nor_person() -> None:
    text = cleaned(LOG)
    for word in ("hunter2", "corp", "jane", "10.1.2.3", "8443"):
        assert word not in text
    assert "idna==99.1" in text


def test_suggestions_that_are_taken_are_the_label() -> None:
    label = labelled("a.log", cleaned(LOG), ["idna==99.1"], lambda field, suggestion: suggestion)
    assert (label["outcome"], label["cause"], label["phase"]) == (
        "fail",
        "no-matching-version",
        "resolve",
    )
    assert (label["culprits"], label["evidence_lines"][0]) == (["idna==99.1"], 4)
    assert label["evidence"][0].startswith("ERROR: Could not find")


def test_answer_replaces_a_suggestion_and_a_dash_empties_a_list() -> None:
    answers = {"cause": "network", "culprits": "-", "evidence_lines": "5"}
    label = labelled("a.log", LOG, [], lambda field, suggestion: answers.get(field, suggestion))
    assert (label["is_infra"], label["culprits"], label["evidence_lines"]) == (True, [], [5])


def test_entry_is_added_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "labels.toml"
    path.write_text('# ours\nschema = 1\n\n[[log]]\nfile = "old.log"\n', "utf-8")
    label = labelled("a.log", LOG, [], lambda field, suggestion: suggestion)
    append(path, label)
    assert path.read_text("utf-8").startswith('# ours\nschema = 1\n\n[[log]]\nfile = "old.log"\n')
    assert [load["file"] for load in tomllib.loads(path.read_text("utf-8"))["log"]] == [
        "old.log",
        "a.log",
    ]
