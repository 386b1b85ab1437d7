"""What a lint of a plain file does not import: the linter starts at every commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bisect_deps.formats._declared import declared
from bisect_deps.formats._text import mapped
from bisect_deps.formats.base import normalised

# 0.1.0 imported the parser for every file; the model's 27 dataclasses take a fifth of a start.
_NOT_NEEDED = {
    "bisect_deps.model",
    "bisect_deps.secret",
    "packaging.requirements",
    "packaging.utils",
    "subprocess",
}
_START = """
import sys
from bisect_deps.cli import main
try:
    main(["lint", "--isolated", "requirements.txt"])
except SystemExit:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


def test_pinned_file_is_judged_without_parser_model_and_secrets(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask==3.0.3\n")
    done = subprocess.run(
        [sys.executable, "-c", _START], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("All clear: 1 requirement")
    assert not _NOT_NEEDED & set(done.stderr.split())


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True))
def test_name_is_normalised_as_packaging_does_it(name: str) -> None:
    assert normalised(name) == canonicalize_name(name)


@given(
    st.lists(
        st.from_regex(
            r"([=!<>]=|[<>]|~=)[0-9]{1,2}(\.[0-9]{1,2}){1,2}(\.\*)?", fullmatch=True
        ).filter(lambda clause: not clause.endswith(".*") or clause[:2] in ("==", "!=")),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([",", ", "]),
)
def test_plain_clauses_are_read_as_the_parser_reads_them(clauses: list[str], comma: str) -> None:
    text = f"some.name{comma.join(clauses)}"
    parts = declared(mapped(text, 0), Path())
    assert parts.specifier == str(Requirement(text).specifier)
    assert parts.specifier_span is not None
    assert text[parts.specifier_span.start : parts.specifier_span.end] == text[len("some.name") :]
