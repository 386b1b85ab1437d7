"""Requirements replaced, held by a range and added, in every format, and nothing else changed."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest, parse_manifest
from bisect_deps.formats._toml import load
from bisect_deps.formats.base import Document, Manifest, Span
from bisect_deps.formats.requirements import parse
from bisect_deps.model import Edit, EditAction, FixEdit
from bisect_deps.resolution.edits import edited

NEW, OTHER = f"sha256:{'e' * 64}", f"sha384:{'f' * 96}"
OLD = f"sha256:{'0' * 64}"
WINDOWS = 'pywin32==306 ; sys_platform == "win32"'
SOURCE = "tool @ git+https://g.example/tool@0123456789012345678901234567890123456789"


def read(name: str, text: str) -> Manifest:
    path = Path("/nowhere") / name
    if name.endswith(".txt"):
        return parse(text.encode(), path, folder=path.parent, variables={"VER": "1.5"})
    return parse_manifest(text.encode(), path)


def replaced(number: int, to: str, *hashes: str, name: str = "x") -> Edit:
    return Edit(EditAction.REPLACE, name, number, to, hashes)


def held(number: int, to: str, *hashes: str) -> Edit:
    return Edit(EditAction.REPIN, "", number, to, hashes)


def added(name: str, to: str, *, constraint: bool = False) -> Edit:
    return Edit(EditAction.ADD, name, None, to, constraint=constraint)


def written(name: str, text: str, *edits: Edit) -> str:
    return read(name, text).render(edits)[name].decode()


REPLACED_LINES = {
    "another project": ("faiss==1.12.0\n", "faiss-cpu==1.12.0", "faiss-cpu==1.12.0\n"),
    "in place, with its comment and line end": (
        "a\r\n  faiss [x] >=1 , <2 # why\r\nb",
        "faiss-cpu==1.12.0",
        "a\r\n  faiss-cpu==1.12.0 # why\r\nb",
    ),
    "a link by name": (
        "a\npackaging @ file:///home/nobody/packaging_1/work  # conda\n",
        "packaging==24.1",
        "a\npackaging==24.1  # conda\n",
    ),
    "a link by name with a marker": (
        "a\np @ file:///w ; python_version < '4'\n",
        "p==24.1 ; python_version < '4'",
        "a\np==24.1 ; python_version < '4'\n",
    ),
    "a bare URL": ("a\nhttps://h.example/x-1.zip#egg=x\n", "x==1", "a\nx==1\n"),
    "a bare path": ("a\n./wheels/x-1-py3-none-any.whl\n", "x==1", "a\nx==1\n"),
    "an editable": ("a\n -e git+https://g.example/x#egg=x # c\n", "x==1", "a\n x==1 # c\n"),
    "a long editable": ("a\n--editable=git+https://g.example/x#egg=x\n", "x==1", "a\nx==1\n"),
    "an editable by its source": (
        "a\n-e git+https://g.example/tool@0123#egg=tool\n",
        SOURCE,
        f"a\n{SOURCE}\n",
    ),
    "an editable, with the words that it made pip drop": (
        "a\n-e git+https://g.example/x#egg=x ; os_name=='nt' # c\n",
        "x==1",
        "a\nx==1 # c\n",
    ),
    "words that pip reads as the editable": (
        "a\ngit+https://g.example/x#egg=x -e git+https://g.example/y#egg=y # c\n",
        "x==1",
        "a\nx==1 # c\n",
    ),
    "by one with a marker": ("a\npywin32==306\n", WINDOWS, f"a\n{WINDOWS}\n"),
    "a continued line": ("a\nb \\\n  ==1 \\\n  # c\n", "x==1", "a\nx==1 \\\n  # c\n"),
    "a variable": ("a\nb==${VER} # c\n", "x==${VER}", "a\nx==${VER} # c\n"),
    "other options stay": ("a\nb==1 -C k=v -C x=y\n", "x==1", "a\nx==1 -C k=v -C x=y\n"),
    "the options of an editable stay": (
        "a\n-e git+https://g.example/x#egg=x -C k=v\n",
        "x==1",
        "a\nx==1 -C k=v\n",
    ),
    "hashes of another release go": (
        f"a\nb==1 \\\n    --hash={OLD} \\\n    --hash={OLD}  # c\nd\n",
        "x==1",
        "a\nx==1  # c\nd\n",
    ),
}


@pytest.mark.parametrize("case", REPLACED_LINES)
def test_a_requirement_is_replaced_in_its_place(case: str) -> None:
    before, to, after = REPLACED_LINES[case]
    number = 0 if before.startswith("faiss") else 1
    assert written("requirements.txt", before, replaced(number, to)) == after


REPLACED_HASHES = {
    "in the layout of the line": (
        f"b==1 \\\n    --hash={OLD}  # c\n",
        f"x==2 \\\n    --hash={NEW} \\\n    --hash={OTHER}  # c\n",
    ),
    "on a line without any": (
        "b==1  # c\r\n",
        f"x==2 \\\r\n    --hash={NEW} \\\r\n    --hash={OTHER}  # c\r\n",
    ),
    "on the line of a path": (
        "./b-1.zip\n",
        f"x==2 \\\n    --hash={NEW} \\\n    --hash={OTHER}\n",
    ),
}


@pytest.mark.parametrize("case", REPLACED_HASHES)
def test_the_hashes_of_the_new_release_stand_in_place_of_the_old(case: str) -> None:
    before, after = REPLACED_HASHES[case]
    assert written("requirements.txt", before, replaced(0, "x==2", NEW, OTHER)) == after


PROJECT = """\
[project]  # the project
name = "x"
dependencies = [
  "faiss>=1,<2",  # search
  'pywin32==306',
    "packaging @ file:///w ; python_version < '4'"
]
"""
SETUP = """\
[options]
install_requires =
    faiss>=1   # search
    # note
    pywin32==306
    packaging @ file:///w
"""
SCRIPT = """\
# /// script
# dependencies = [
#   "faiss",
#   "pywin32==306",  # c
#   '''packaging @ file:///w''',
# ]
# ///
print()
"""
CONDA = """\
name: x
dependencies:
  - pip:
    - faiss==1.12.0  # search
    - "pywin32==306"
    - packaging @ file:///w
  - numpy
"""
EDITS = (
    replaced(0, "faiss-cpu==1.12.0"),
    replaced(1, WINDOWS),
    replaced(2, "packaging==24.1"),
)
EMBEDDED: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "pyproject.toml": (
        PROJECT,
        (
            ('"faiss>=1,<2"', '"faiss-cpu==1.12.0"'),
            ("'pywin32==306'", f"'{WINDOWS}'"),
            ("packaging @ file:///w ; python_version < '4'", "packaging==24.1"),
        ),
    ),
    "setup.cfg": (
        SETUP,
        (
            ("faiss>=1", "faiss-cpu==1.12.0"),
            ("pywin32==306", WINDOWS),
            ("packaging @ file:///w", "packaging==24.1"),
        ),
    ),
    "tool.py": (
        SCRIPT,
        (
            ('"faiss"', '"faiss-cpu==1.12.0"'),
            ('"pywin32==306"', "\"pywin32==306 ; sys_platform == 'win32'\""),
            ("packaging @ file:///w", "packaging==24.1"),
        ),
    ),
    "environment.yml": (
        CONDA,
        (
            ("faiss==1.12.0", "faiss-cpu==1.12.0"),
            ('"pywin32==306"', "\"pywin32==306 ; sys_platform == 'win32'\""),
            ("packaging @ file:///w", "packaging==24.1"),
        ),
    ),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("name", EMBEDDED)
def test_requirements_inside_another_format_are_replaced(name: str, ends: str) -> None:
    text, changes = EMBEDDED[name]
    expected = text
    for before, after in changes:
        assert expected.count(before) == 1
        expected = expected.replace(before, after)
    assert written(name, text.replace("\n", ends), *EDITS) == expected.replace("\n", ends)


def test_hashes_in_a_list_of_pip_lines_belong_to_the_new_release() -> None:
    text = f"dependencies:\n  - pip:\n    - a==1 --hash={OLD}\n"
    name = "environment.yml"
    assert written(name, text, held(0, "==2")) == text.replace(f"1 --hash={OLD}", "2")
    assert written(name, text, held(0, "==2", NEW)) == text.replace(
        f"1 --hash={OLD}", f"2 --hash={NEW}"
    )
    after = written(name, text, replaced(0, "b==2", NEW))
    assert after == text.replace(f"a==1 --hash={OLD}", f"b==2 --hash={NEW}")


@pytest.mark.parametrize(
    "to", ["", "x==", "x==1\ny==2", "x==1 -C k=v", "-r more.txt", "-e ./x", "x==1 # c"]
)
@pytest.mark.parametrize("name", ["requirements.txt", *EMBEDDED])
def test_what_is_not_one_requirement_replaces_none(name: str, to: str) -> None:
    text = EMBEDDED[name][0] if name in EMBEDDED else "a==1\n"
    with pytest.raises(InputError):
        written(name, text, replaced(0, to))


def test_a_marker_has_no_place_where_semicolons_part_requirements() -> None:
    with pytest.raises(InputError, match="more than its own"):
        written("setup.cfg", "[options]\ninstall_requires = a; b\n", replaced(0, WINDOWS))


def test_options_before_an_editable_are_not_reordered() -> None:
    with pytest.raises(InputError, match="more than its own line"):
        written(
            "requirements.txt", "-C k=v -e git+https://g.example/x#egg=x\n", replaced(0, "x==1")
        )


def test_utf16_lines_are_replaced_as_utf16() -> None:
    data = codecs.BOM_UTF16_LE + "-e git+https://g.example/x#egg=x  # é\r\n".encode("utf-16-le")
    manifest = parse(data, Path("/nowhere/r.txt"))
    after = codecs.BOM_UTF16_LE + "x==1  # é\r\n".encode("utf-16-le")
    assert manifest.render([replaced(0, "x==1")]) == {"r.txt": after}


RANGES = ("==6.0", ">=6,<7", "<3", "~=2.0", "!=1.5,>1", "===2004d")


@pytest.mark.parametrize("to", RANGES)
@pytest.mark.parametrize(
    "before", ["a", "a==1", "a>=1,<2", "a (>=1)", "a[x]~=1.0", "a<2;os_name=='nt'"]
)
def test_any_clause_takes_the_place_of_any_other(before: str, to: str) -> None:
    after = written("requirements.txt", f"{before}  # c\nb\n", held(0, to))
    [own, _] = read("requirements.txt", after).requirements
    was = read("requirements.txt", before).requirements[0]
    assert (own.specifier, own.extras, own.marker) == (to, was.extras, was.marker)
    assert after.startswith("a")
    assert after.endswith("  # c\nb\n")


@pytest.mark.parametrize("to", RANGES)
@pytest.mark.parametrize("name", EMBEDDED)
def test_any_clause_takes_its_place_inside_another_format(name: str, to: str) -> None:
    text = EMBEDDED[name][0]
    manifest = read(name, text)
    after = written(name, text, held(0, to), held(1, to))
    assert [own.text for own in read(name, after).requirements[:2]] == [
        f"faiss{to}",
        f"pywin32{to}",
    ]
    spans = [manifest.line_of(own).body for own in manifest.requirements[:2]]
    assert outside(manifest.documents[0], spans) == outside(
        read(name, after).documents[0],
        [read(name, after).line_of(own).body for own in read(name, after).requirements[:2]],
    )


def test_a_line_of_a_constraints_file_is_edited_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("flask==1.1.2  # old\nfaiss==1\nsix\n")
    (tmp_path / "requirements.txt").write_text("-c limits.txt\nflask\n")
    manifest = open_manifest(tmp_path / "requirements.txt")
    edits = [held(0, ">=2,<3"), replaced(1, "faiss-cpu==1.12.0"), held(2, "<2")]
    files = manifest.render(edits)
    assert files["limits.txt"] == b"flask>=2,<3  # old\nfaiss-cpu==1.12.0\nsix<2\n"
    assert files["requirements.txt"] == manifest.files["requirements.txt"]
    assert {own.file for own in manifest.describe(edits)} == {"limits.txt"}


ADDED = {
    "requirements.txt": ("a\r\nb", "a\r\nb\r\nwerkzeug<3\r\nsix>=1,<2\r\n"),
    "pyproject.toml": (
        '[project]\ndependencies = ["a"]\n',
        '[project]\ndependencies = ["a", "werkzeug<3", "six>=1,<2"]\n',
    ),
    "setup.cfg": (
        "[options]\ninstall_requires =\n    a\n",
        "[options]\ninstall_requires =\n    a\n    werkzeug<3\n    six>=1,<2\n",
    ),
    "tool.py": (
        '# /// script\n# dependencies = [\n#   "a",\n# ]\n# ///\n',
        '# /// script\n# dependencies = [\n#   "a",\n#   "werkzeug<3",\n#   "six>=1,<2",\n'
        "# ]\n# ///\n",
    ),
    "environment.yml": (
        "dependencies:\n  - pip:\n    - a\n",
        "dependencies:\n  - pip:\n    - a\n    - werkzeug<3\n    - six>=1,<2\n",
    ),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_bound_is_added_in_the_style_of_the_file(name: str) -> None:
    before, after = ADDED[name]
    assert written(name, before, added("werkzeug", "<3"), added("six", ">=1,<2")) == after


def test_a_bound_with_a_marker_is_added_to_a_list() -> None:
    text = "[project]\ndependencies = []\n"
    after = written("pyproject.toml", text, added("x", '<3 ; os_name == "nt"'))
    assert load(after)["project"]["dependencies"] == ["x<3 ; os_name == 'nt'"]


def test_edits_are_described_by_what_stood_there_and_what_stands_there_then() -> None:
    text = "faiss==1.12.0  # c\np @ file:///w\n-e git+https://g.example/x#egg=y\nsix\n"
    edits = [
        replaced(0, "faiss-cpu==1.12.0", name="faiss-cpu"),
        replaced(1, "p==24.1", name="p"),
        replaced(2, "y==1", name="y"),
        held(3, ">=1,<2"),
        added("werkzeug", "<3"),
    ]
    described = read("requirements.txt", text).describe(edits)
    file = "requirements.txt"
    replace, repin, add = EditAction.REPLACE, EditAction.REPIN, EditAction.ADD
    assert described == [
        FixEdit(file, 1, "faiss-cpu", "faiss==1.12.0", "faiss-cpu==1.12.0", replace),
        FixEdit(file, 2, "p", "p @ file:///w", "p==24.1", replace),
        FixEdit(file, 3, "y", "-e git+https://g.example/x#egg=y", "y==1", replace),
        FixEdit(file, 4, "six", "", ">=1,<2", repin),
        FixEdit(file, 5, "werkzeug", None, "<3", add),
    ]


@pytest.mark.parametrize("name", EMBEDDED)
def test_replacements_inside_another_format_are_described(name: str) -> None:
    [own] = read(name, EMBEDDED[name][0]).describe([replaced(1, WINDOWS, name="pywin32")])
    assert (own.name, own.before, own.after) == ("pywin32", "pywin32==306", WINDOWS)


def outside(document: Document, spans: list[Span]) -> str:
    """Return all text but these spans."""
    pieces, at = [], 0
    for span in sorted(spans):
        pieces.append(document.text[at : span.start])
        at = span.end
    return "\0".join([*pieces, document.text[at:]])


LINES = st.sampled_from(
    [
        "a",
        "b==1",
        "  c [x] >=1 , <2",
        "e==1;os_name=='nt'",
        "f==1 \\\n  -C k=v",
        "-e git+https://g.example/i#egg=i",
        "k @ https://h.example/k.zip",
        "https://h.example/x-1.zip",
        "./x-1-py3-none-any.whl",
        "l (==1)",
        "m==${VER}",
        "--pre",
        "# note",
        "",
    ]
)
TAILS = st.sampled_from(["", "  # c", "\t# coding: x"])
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\x0c", "\u2028"])
WRITTEN = st.sampled_from(["x==1", "x[a,b]>=1,<2", WINDOWS, SOURCE, "x", "x<3;os_name=='nt'"])


@st.composite
def files(draw: st.DrawFn) -> tuple[Manifest, list[Edit]]:
    count = draw(st.integers(1, 8))
    text = "".join(draw(LINES) + draw(TAILS) + draw(ENDS) for _ in range(count))
    manifest = read("requirements.txt", text if draw(st.booleans()) else text.rstrip("\r\n"))
    edits = []
    for own in manifest.requirements:
        choice = draw(st.sampled_from(["keep", "replace", "hold"]))
        if choice == "replace":
            edits.append(replaced(own.number, draw(WRITTEN)))
        elif choice == "hold" and own.url is None:
            edits.append(held(own.number, draw(st.sampled_from(RANGES))))
    return manifest, edits


@given(files())
def test_all_other_bytes_stay(case: tuple[Manifest, list[Edit]]) -> None:
    manifest, edits = case
    after = read("requirements.txt", manifest.render(edits)["requirements.txt"].decode())
    touched = [edit.number for edit in edits if edit.number is not None]
    kept, changed = manifest.documents[0], after.documents[0]
    assert outside(kept, spans_of(manifest, touched)) == outside(changed, spans_of(after, touched))
    # What a log of the candidate is read against is what the edited file declares.
    expected = edited(manifest.requirements, edits)
    assert [(own.name, own.extras, own.marker, own.url) for own in expected] == [
        (own.name, own.extras, own.marker, own.url) for own in after.requirements
    ]
    assert [own.specifier.replace(" ", "") for own in expected] == [
        own.specifier.replace(" ", "") for own in after.requirements
    ]
    assert [(own.number, own.line, own.file) for own in expected] == [
        (own.number, own.line, own.file) for own in manifest.requirements
    ]


def spans_of(manifest: Manifest, numbers: list[int]) -> list[Span]:
    spans = []
    for number in numbers:
        parts = manifest.line_of(manifest.requirements[number]).parts
        assert parts is not None
        assert parts.span is not None
        spans.append(parts.span)
    return spans


QUOTES = st.sampled_from(['"{}"', "'{}'", '"""{}"""', "'''{}'''"])
GAPS = st.sampled_from(["", " ", "\n", "\n  ", "  # c\n ", "\t"])


@given(st.data())
def test_all_other_strings_of_a_list_stay(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 5))
    strings = [data.draw(QUOTES).format(f"p{number}>=1") for number in range(count)]
    pieces = [f"{data.draw(GAPS)}{string}{data.draw(GAPS)}" for string in strings]
    text = f"[project]\nname = 'n' # x\ndependencies = [{','.join(pieces)}]\nversion = '1'\n"
    writes = [data.draw(st.one_of(st.none(), WRITTEN)) for _ in range(count)]
    edits = [replaced(number, to) for number, to in enumerate(writes) if to is not None]
    after = written("pyproject.toml", text, *edits)
    found = load(after)["project"]["dependencies"]
    assert [own.replace("'", '"') for own in found] == [
        f"p{number}>=1" if to is None else to.replace("'", '"') for number, to in enumerate(writes)
    ]
    before, changed = read("pyproject.toml", text), read("pyproject.toml", after)
    touched = [edit.number for edit in edits if edit.number is not None]
    assert outside(before.documents[0], spans_of(before, touched)) == outside(
        changed.documents[0], spans_of(changed, touched)
    )
