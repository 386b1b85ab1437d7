"""Whatever stands in a file: no crash, fixes that settle, and nothing left of what was fixed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bisect_deps.lint.outputs import FORMATS, render
from bisect_deps.lint.outputs.base import OutputStyle
from tests.support.linted import fixed, lint

NAMES = st.sampled_from(["a", "b", "Flask", "sklearn", "zope.interface", "x_y"])
VERSIONS = st.sampled_from(["1", "1.0", "2.0b1", "1.0+cu118", "3.*", "2004d", "", "1.0.0"])
SIGNS = st.sampled_from(["==", "===", ">=", "~=", "<", "!=", "=", "=>", " == ", ""])
TAILS = st.sampled_from(
    [
        "",
        "  # note",
        "  # note \\",
        " \\",
        " --pre",
        " --hash=sha256:" + "0" * 64,
        " --hash=md5:0",
        ' ; python_version < "3.9"',
        " --global-option=x",
        "  # depbisect: ignore[DB101]",
        "  # depbisect: ignore",
        ",>=0",
        "\fevil==1",
    ]
)
LINES = st.one_of(
    st.builds(lambda n, s, v, t: n + s + v + t, NAMES, SIGNS, VERSIONS, TAILS),
    st.sampled_from(
        [
            "",
            "# comment",
            "# depbisect: ignore[DB102] why",
            "-r requirements.txt",
            "-r missing.txt -c other.txt",
            "-e git+https://u:secret@git.example/t@v1#egg=t[x]",
            "git+https://git.example/t#egg=t[x]&subdirectory=s",
            "t @ https://files.example/archive/main.zip",
            "--extra-index-url http://x.example/simple --pre",
            "-r=x.txt",
            '"a==1"',
            "<<<<<<< HEAD",
        ]
    ),
)
TEXTS = st.builds(
    lambda lines, end: end.join(lines),
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\n\n"]),
)


LAW = settings(deadline=None, max_examples=int(os.environ.get("LAW_EXAMPLES", "60")))


class Folder:
    """A fresh folder per example: hypothesis shares one fixture among all of a test."""

    def __enter__(self) -> Path:
        self.path = Path(tempfile.mkdtemp())
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)


@LAW
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_never_crash(data: bytes) -> None:
    with Folder() as folder:
        report = lint(folder, {"requirements.txt": data})
        for output_format in FORMATS:
            render(report, output_format, OutputStyle())


@LAW
@given(text=TEXTS)
def test_any_lines_are_reported_in_every_format(text: str) -> None:
    with Folder() as folder:
        report = lint(folder, {"requirements.txt": text})
        for output_format in FORMATS:
            shown = render(report, output_format, OutputStyle())
            assert "u:secret" not in shown
            assert "\f" not in shown


@LAW
@given(text=TEXTS, unsafe=st.booleans())
def test_fixing_twice_changes_nothing_more(text: str, unsafe: bool) -> None:
    with Folder() as folder:
        first = fixed(folder, {"requirements.txt": text}, unsafe=unsafe)
        once = first.files.get(str(folder / "requirements.txt"), text.encode())
        again = fixed(folder, {"requirements.txt": once}, unsafe=unsafe)
        assert not again.files


@LAW
@given(text=TEXTS)
def test_fixed_file_has_nothing_left_that_was_fixable(text: str) -> None:
    with Folder() as folder:
        result = fixed(folder, {"requirements.txt": text}, unsafe=True)
        left = [
            diagnostic for diagnostic in result.report.diagnostics if diagnostic.repair is not None
        ]
        assert not left or result.notes


@LAW
@given(text=TEXTS)
def test_safe_fix_never_makes_a_readable_file_unreadable(text: str) -> None:
    with Folder() as folder:
        before = lint(folder, {"requirements.txt": text})
        after = fixed(folder, {"requirements.txt": text}).report
        assert after.fatal["requirements.txt"] <= before.fatal["requirements.txt"]


@LAW
@given(text=st.text(max_size=120))
def test_arbitrary_toml_never_crashes(text: str) -> None:
    with Folder() as folder:
        lint(folder, {"pyproject.toml": f"[project]\ndependencies = [{text}]\n"})
        lint(folder, {"uv.lock": text})
