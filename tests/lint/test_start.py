"""What a lint of a plain file does not import: the linter starts at every commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bisect_deps.formats._declared import declared
from bisect_deps.formats._markers import plain
from bisect_deps.formats._text import mapped
from bisect_deps.formats.base import normalised
from bisect_deps.lint.rules._worlds import SYSTEMS, world

# 0.1.0 imported the parser for every file; the model's 27 dataclasses take a fifth of a start.
_NOT_NEEDED = {
    "bisect_deps.model",
    "bisect_deps.secret",
    "packaging.markers",
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


_FILE = """\
flask==3.0.3
tomli==2.0.1 ; python_version < '3.11' and sys_platform == "linux"
tool @ git+https://git.example/t@1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80
"""


def test_pinned_file_is_judged_without_parser_model_and_secrets(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(_FILE)
    done = subprocess.run(
        [sys.executable, "-c", _START], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("All clear: 3 requirements")
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


_QUOTED = st.sampled_from(["'3.8'", '"3.10"', "'3'", '"3.11.0"', '"3.9.1"'])
_VERSION_CLAUSES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["python_version", "python_full_version"]),
    st.sampled_from([" ", ""]),
    st.sampled_from(["==", "!=", ">=", "<=", ">", "< "]),
    _QUOTED,
)
_NAME_CLAUSES = st.builds(
    "{} {} '{}'".format,
    st.sampled_from(["sys_platform", "platform_system", "os_name", "platform_machine"]),
    st.sampled_from(["==", "!="]),
    st.sampled_from(["linux", "win32", "Linux", "posix", "x86_64"]),
)


@given(
    st.lists(_VERSION_CLAUSES | _NAME_CLAUSES, min_size=1, max_size=4),
    st.lists(st.sampled_from([" and ", " or "]), min_size=4, max_size=4),
)
def test_plain_markers_are_judged_as_the_parser_judges_them(
    clauses: list[str], joins: list[str]
) -> None:
    text = "".join(part for pair in zip(clauses, ["", *joins], strict=False) for part in pair[::-1])
    found, parsed = plain(text), Marker(text)
    assert found is not None
    assert found.text == str(parsed)
    for environment in (world("3.9"), world("3.11", SYSTEMS[4]), world("3.9.1")):
        assert found.holds(environment) is parsed.evaluate(dict(environment))
