"""Edits of requirements files keep every other byte, and traps of the format are reported."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest
from bisect_deps.formats.base import Manifest, ProblemKind, applies
from bisect_deps.formats.requirements import RequirementsManifest, parse
from bisect_deps.model import Edit, EditAction

NEW, OTHER = f"sha256:{'e' * 64}", f"sha384:{'f' * 96}"
OLD = "0" * 64


def read(text: str | bytes, folder: Path = Path("/nowhere")) -> RequirementsManifest:
    data = text if isinstance(text, bytes) else text.encode()
    return parse(data, folder / "requirements.txt", folder=folder, variables={"VER": "1.5"})


def drop(number: int) -> Edit:
    return Edit(EditAction.DROP, "", number)


def repin(number: int, to: str, *hashes: str) -> Edit:
    return Edit(EditAction.REPIN, "", number, to, hashes)


def add(name: str, to: str = "", *hashes: str, constraint: bool = False) -> Edit:
    return Edit(EditAction.ADD, name, None, to, hashes, constraint)


def rendered(text: str | bytes, *edits: Edit) -> str:
    data = read(text).render(edits)["requirements.txt"]
    return data.decode() if isinstance(text, str) else repr(data)


DROPS = {
    "a plain line": ("a==1\nb==2\n", "# depbisect: a==1\nb==2\n"),
    "every physical line of a continued one": (
        "a==1 \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\nb==2\n".replace("0", OLD),
        "# depbisect: a==1 \\\n# depbisect:   --hash=sha256:0 \\\n"
        "# depbisect:   --hash=sha256:1\nb==2\n".replace("0", OLD),
    ),
    "with its own terminators": (
        "a==1\\\r\n\r\nb==2\r",
        "# depbisect: a==1\\\r\n# depbisect: \r\nb==2\r",
    ),
    "the last line without a newline": ("a==1", "# depbisect: a==1"),
    "swallowed lines stay swallowed": (
        "a==1  # n \\\nb==2\nc==3\n",
        "# depbisect: a==1  # n \\\n# depbisect: b==2\nc==3\n",
    ),
    "behind a hidden separator": ("# x\x0ca==1\nb\n", "# x\x0c# depbisect: a==1\nb\n"),
    "without making a coding line": (
        "a @ https://h.example/?coding=utf-16\n",
        " # depbisect: a @ https://h.example/?coding=utf-16\n",
    ),
    "without making a coding line of two": (
        "a==1\rb @ https://h.example/?coding=utf-16\r",
        " # depbisect: a==1\rb @ https://h.example/?coding=utf-16\r",
    ),
    "with a coding word below the second line": (
        "# 1\n# 2\na @ https://h.example/?coding=utf-16\n",
        "# 1\n# 2\n# depbisect: a @ https://h.example/?coding=utf-16\n",
    ),
    "where one is commented out already": (
        "# depbisect: a==1\na==1\n",
        "# depbisect: a==1\n# depbisect: a==1\n",
    ),
    "an editable": (
        "-e git+https://g.example/a#egg=a\n",
        "# depbisect: -e git+https://g.example/a#egg=a\n",
    ),
}


@pytest.mark.parametrize("case", DROPS)
def test_dropping_comments_out(case: str) -> None:
    before, after = DROPS[case]
    assert rendered(before, drop(0)) == after


REPINS = {
    "only the specifier": (
        "a [x] >=1 , <2 ; os_name == 'nt'  # c\n",
        "a [x] ==9 ; os_name == 'nt'  # c\n",
    ),
    "a bare name": ("a\n", "a==9\n"),
    "a bare name with extras, marker and comment": (
        "a[x] ; os_name=='nt' # c\n",
        "a[x]==9 ; os_name=='nt' # c\n",
    ),
    "inside parentheses": ("a (>=1,<2)\n", "a (==9)\n"),
    "on a continued line": ("a \\\n  ==1\nb\n", "a \\\n  ==9\nb\n"),
    "from a variable": ("a==${VER}\n", "a==9\n"),
    "a trailing comma": ("a==1,\n", "a==9\n"),
    "hashes go with their version": (
        f"a==1 \\\n    --hash=sha256:{OLD} \\\n    --hash=sha256:{OLD}  # c\nb\n",
        "a==9  # c\nb\n",
    ),
    "other options stay": (f"a==1 -C k=v --hash=sha256:{OLD} -C x=y\n", "a==9 -C k=v -C x=y\n"),
    "an annotated line": ("a==1\r\n    # via b\r\n", "a==9\r\n    # via b\r\n"),
}


@pytest.mark.parametrize("case", REPINS)
def test_repinning_replaces_only_the_specifier(case: str) -> None:
    before, after = REPINS[case]
    assert rendered(before, repin(0, "==9")) == after


HASHES = {
    "fewer than before": (
        f"a==1 \\\n    --hash=sha256:{OLD} \\\n    --hash=sha256:{OLD}\n",
        (NEW,),
        f"a==9 \\\n    --hash={NEW}\n",
    ),
    "more than before": (
        f"a==1 --hash=sha256:{OLD}\n",
        (NEW, OTHER),
        f"a==9 --hash={NEW} --hash={OTHER}\n",
    ),
    "in the layout of the line": (
        f"a==1 \\\n  --hash=sha256:{OLD} \\\n    --hash=sha256:{OLD}  # c\n",
        (NEW, OTHER, NEW),
        f"a==9 \\\n  --hash={NEW} \\\n    --hash={OTHER} \\\n    --hash={NEW}  # c\n",
    ),
    "on a line without any": ("a==1  # c\r\n", (NEW,), f"a==9 \\\r\n    --hash={NEW}  # c\r\n"),
}


@pytest.mark.parametrize("case", HASHES)
def test_new_hashes_come_with_a_new_version(case: str) -> None:
    before, hashes, after = HASHES[case]
    assert rendered(before, repin(0, "==9", *hashes)) == after


ADDITIONS = {
    "an empty file": ("", "x==1\n"),
    "no final newline": ("a", "a\nx==1\n"),
    "the file's own line ends": ("a\r\nb\r\nc\n", "a\r\nb\r\nc\nx==1\r\n"),
    "old line ends": ("a\rb", "a\rb\rx==1\r"),
    "a backslash at the end": ("a \\", "a \\\n\nx==1\n"),
    "a backslash and a newline at the end": ("a \\\n", "a \\\n\nx==1\n"),
    "a comment with a backslash at the end": ("# a \\\n", "# a \\\nx==1\n"),
    "a comment that would swallow it": ("a # \\\n", "a # \\\n\nx==1\n"),
}


@pytest.mark.parametrize("case", ADDITIONS)
def test_an_added_line_is_a_line_of_its_own(case: str) -> None:
    before, after = ADDITIONS[case]
    assert rendered(before, add("x", "==1")) == after


def test_constraints_are_added_to_a_file_of_their_own() -> None:
    files = read("a\r\nb").render([add("x", "==1", constraint=True), add("y", constraint=True)])
    assert files == {
        "requirements.txt": b"a\r\nb\r\n-c depbisect-constraints.txt\r\n",
        "depbisect-constraints.txt": b"x==1\r\ny\r\n",
    }


def test_constraints_are_added_to_that_file_where_it_is_included(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-c depbisect-constraints.txt\na\n")
    (tmp_path / "depbisect-constraints.txt").write_text("x==1")
    manifest = open_manifest(tmp_path / "requirements.txt")
    files = manifest.render([add("y", "<2", constraint=True)])
    assert files["depbisect-constraints.txt"] == b"x==1\ny<2\n"
    assert files["requirements.txt"] == b"-c depbisect-constraints.txt\na\n"


def test_a_foreign_constraints_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a\n")
    (tmp_path / "depbisect-constraints.txt").write_text("x==1")
    manifest = open_manifest(tmp_path / "requirements.txt")
    with pytest.raises(InputError, match="exists already"):
        manifest.render([add("y", "<2", constraint=True)])


def test_an_edit_in_an_included_file_changes_that_file_only(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "web.txt").write_text("flask==1\n-c ../limits.txt\n")
    (tmp_path / "limits.txt").write_text("flask<3\n")
    (tmp_path / "requirements.txt").write_text("-r more/web.txt\nb\n")
    manifest = open_manifest(tmp_path / "requirements.txt")
    assert list(manifest.files) == ["requirements.txt", "more/web.txt", "limits.txt"]
    assert [(own.file, own.line, own.constraint) for own in manifest.requirements] == [
        ("more/web.txt", 1, False),
        ("limits.txt", 1, True),
        ("requirements.txt", 2, False),
    ]
    files = manifest.render([repin(0, "==2")])
    assert files["more/web.txt"] == b"flask==2\n-c ../limits.txt\n"
    assert files["requirements.txt"] == manifest.files["requirements.txt"]


@pytest.mark.parametrize(
    "text", ["a @ https://h.example/a.zip\n", "-e git+https://h.example/a#egg=a\n"]
)
def test_a_url_has_no_version_to_change(text: str) -> None:
    with pytest.raises(InputError, match="no version"):
        rendered(text, repin(0, "==9"))


def test_a_requirement_inside_a_variable_is_not_edited_in_place() -> None:
    manifest = parse(b"${WHOLE}\n", Path("/nowhere/r.txt"), variables={"WHOLE": "a==1"})
    assert manifest.requirements[0].specifier == "==1"
    with pytest.raises(InputError, match="more than its own line"):
        manifest.render([repin(0, "==9")])
    assert manifest.render([drop(0)])["r.txt"] == b"# depbisect: ${WHOLE}\n"


def test_utf16_is_edited_as_utf16() -> None:
    data = codecs.BOM_UTF16_LE + "a==1  # é\r\nb\r\n".encode("utf-16-le")
    files = read(data).render([repin(0, "==9"), add("x")])
    assert files["requirements.txt"] == codecs.BOM_UTF16_LE + (
        "a==9  # é\r\nb\r\nx\r\n".encode("utf-16-le")
    )


def test_a_secret_in_a_variable_stays_out_of_requirements_and_problems() -> None:
    text = b"a @ https://${TOKEN}@h.example/a.zip\n--hash=${TOKEN}\n${TOKEN}\n-r ${TOKEN}\n"
    manifest = parse(text, Path("/nowhere/r.txt"), variables={"TOKEN": "s3cr3t!"})
    assert manifest.problems
    assert "s3cr3t" not in repr(manifest.requirements)
    assert "s3cr3t" not in repr([(own.message, own.hint) for own in manifest.problems])


@pytest.mark.parametrize(
    "text",
    [
        "https://me:s3cr3t@h.example/a#egg=b[c]\n",
        "a==1 -r https://me:s3cr3t@h.example/r.txt\n",
        "-e https://me:s3cr3t@h.example/a\n",
        "--pre https://me:s3cr3t@h.example\n",
    ],
)
def test_a_password_in_a_url_is_not_repeated_in_problems(text: str) -> None:
    problems = read(text).problems
    assert problems
    told = " ".join(own.message + own.hint for own in problems)
    assert "s3cr3t" not in told


def test_problems_hold_no_control_characters() -> None:
    told = [own.message for own in read("a==1 --pre \x1b[31mred\n-r \x1bx\n").problems]
    assert told
    assert all(text.isprintable() for text in told)


def test_edits_are_described_as_the_report_shows_them() -> None:
    manifest = read("a==1\nb>=2\nc\n")
    described = manifest.describe([repin(0, "==2"), drop(1), add("x", "<2"), add("y")])
    assert [(own.line, own.name, own.before, own.after, own.action.value) for own in described] == [
        (1, "a", "==1", "==2", "repin"),
        (2, "b", ">=2", None, "drop"),
        (4, "x", None, "<2", "add"),
        (5, "y", None, "", "add"),
    ]


PROBLEMS = {
    "a==1 --pre\n": (ProblemKind.IGNORED_OPTION, 1, False),
    "-f a -f b\n": (ProblemKind.IGNORED_OPTION, 1, False),
    "-C k=v\n": (ProblemKind.IGNORED_OPTION, 1, False),
    "-r gone.txt --pre\n": (ProblemKind.IGNORED_OPTION, 1, False),
    "-e git+https://g.example/a#egg=a --hash=sha256:0\n": (ProblemKind.IGNORED_OPTION, 1, False),
    "a\n-r x.txt -r y.txt\n": (ProblemKind.DROPPED_INCLUDE, 2, False),
    "-e git+https://g.example/a#egg=a ; os_name=='nt'\n": (ProblemKind.DROPPED_MARKER, 1, False),
    "-e git+https://g.example/a#egg=a -e ./b\n": (ProblemKind.DROPPED_EDITABLE, 1, False),
    "-e git+https://g.example/a#egg=a and more\n": (ProblemKind.DROPPED_WORDS, 1, False),
    "--pre flask\n": (ProblemKind.DROPPED_WORDS, 1, False),
    "-r=x.txt\n": (ProblemKind.EQUALS_IN_INCLUDE, 1, False),
    "a==1 # c \\\nb==2\n": (ProblemKind.SWALLOWED_LINE, 2, False),
    "# c\u2028b==2\n": (ProblemKind.HIDDEN_SEPARATOR, 2, False),
    "a\n--hash=sha256:0\n": (ProblemKind.LONE_HASH, 2, False),
    "a @ https://${NOPE}@h.example/a.zip\n": (ProblemKind.UNSET_VARIABLE, 1, False),
    "a\nb=1\n": (ProblemKind.INVALID_REQUIREMENT, 2, True),
    "a\n--nope\n": (ProblemKind.INVALID_OPTION, 2, True),
    "a==1 --install-option=x\n": (ProblemKind.REMOVED_OPTION, 1, True),
    "a==1 --hash=md5:0\n": (ProblemKind.BAD_HASH, 1, True),
    "git+https://g.example/a#egg=a[x]\n": (ProblemKind.EGG_FRAGMENT, 1, True),
    "a\n\n-r gone.txt\n": (ProblemKind.BAD_INCLUDE, 3, True),
    "-r https://h.example/r.txt\n": (ProblemKind.REMOTE_INCLUDE, 1, False),
    "# coding: nope\n": (ProblemKind.ENCODING, 1, True),
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_a_trap_is_reported_where_it_is(text: str) -> None:
    kind, line, fatal = PROBLEMS[text]
    found = [(own.kind, own.line, own.fatal) for own in read(text).problems]
    assert (kind, line, fatal) in found


def test_options_in_their_place_are_no_problem() -> None:
    lines = (
        "-f a",
        "--pre --prefer-binary",
        f"a==1 -C k=v --hash=sha256:{OLD}",
        "-e git+https://g.example/b#egg=b -C k=v",
    )
    assert read("\n".join(lines)).problems == ()


@pytest.mark.parametrize(
    ("text", "fatal"),
    [
        ("-e git+https://g.example/a#egg=a\n", True),
        ("https://h.example/a.zip\n", False),
        ("a[x]==1\n", False),
    ],
)
def test_what_no_constraints_file_may_hold_is_reported(text: str, fatal: bool) -> None:
    place = Path("/nowhere/limits.txt")
    [problem] = parse(f"a<2\n{text}".encode(), place, constraint=True).problems
    assert (problem.kind, problem.line, problem.fatal) == (ProblemKind.BAD_CONSTRAINT, 2, fatal)


def test_a_problem_points_at_its_own_characters() -> None:
    manifest = read("a\nb==1 --pre  # c\n")
    [problem] = manifest.problems
    assert manifest.documents[0].slice(problem.span) == "--pre"


def test_places_count_lines_and_columns_from_one() -> None:
    document = read("ab\ncd\n").documents[0]
    assert [document.place(offset) for offset in (0, 1, 3, 4, 6)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (2, 4),
    ]


def test_parts_know_their_places() -> None:
    manifest = read('Flask [async] >=1 , \\\n  <2 ; python_version < "3.13"  # web\n')
    parts = manifest.line_of(manifest.requirements[0]).parts
    document = manifest.documents[0]
    assert parts is not None
    spans = (parts.name_span, parts.extras_span, parts.specifier_span, parts.marker_span)
    assert [document.slice(span) for span in spans if span] == [
        "Flask",
        "[async]",
        ">=1 , \\\n  <2",
        'python_version < "3.13"',
    ]


def test_markers_say_where_a_requirement_applies() -> None:
    windows, always = read("a; sys_platform == 'win32'\nb\n").requirements
    assert applies(windows, {"sys_platform": "win32"})
    assert not applies(windows, {"sys_platform": "linux"})
    assert applies(always, {})


REJECTED = {
    "a=1\n": ("1", "write a==1"),
    "ok\n'a==1'\n": ("2", "quotation marks"),
    "a==1; python_version<3\n": ("1", "quotes"),
    "<<<<<<< HEAD\na\n": ("1", "merge conflict"),
    "a\tb\n": ("1", ""),
    "a==1\t--hash=sha256:0\n": ("1", "tab"),
    "numpy=1.19=py38_0\n": ("1", "numpy==1.19"),
    "ok\n-r gone.txt\n": ("2", "relative"),
    "pip install a\n": ("1", "write only a"),
    "a => 1\n": ("1", "write a>=1"),
    "a 1.0\n": ("1", "write a==1.0"),
    "a: 1.0\n": ("1", "write a==1.0"),
    "a==\n": ("1", "write a version"),
    "a==*\n": ("1", "write only a"),
    "a>=1.*\n": ("1", "wildcard"),
    "a^1\n": ("1", "lower and an upper bound"),
    "a==2004d\n": ("1", "a===2004d"),
    "a; pythn_version < '3'\n": ("1", "marker"),
    "a[b c]\n": ("1", "commas between the extras"),
    "a==1#c\n": ("1", "space before its #"),
    "./gone\n": ("1", "path"),
    "a, b\n": ("1", "without commas"),
    "a b\n": ("1", "one requirement per line"),
    "a==1 \\ \n": ("1", "very last character"),
    "<!DOCTYPE html>\n": ("1", "raw file"),
    "[project]\n": ("1", "TOML"),
    "a==${NOT_SET_HERE}\n": ("1", "set the variable"),
    "-e a @ git+https://g.example/a\n": ("1", "in quotes"),
    "git+git@g.example:a/a.git\n": ("1", "git+ssh"),
    "-e git+https://g.example/a#egg=a==1\n": ("1", "write `a @ git"),
}


@pytest.mark.parametrize("text", REJECTED)
def test_an_unusable_file_names_the_line_and_what_to_do(text: str, tmp_path: Path) -> None:
    line, hint = REJECTED[text]
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        open_manifest(path)
    assert caught.value.place == f"{path}:{line}"
    assert hint in (caught.value.hint or "")


def test_a_rejected_include_is_named_with_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "web.txt").write_text("\nflask=1\n")
    (tmp_path / "requirements.txt").write_text("-r more/web.txt\n")
    with pytest.raises(InputError) as caught:
        open_manifest(tmp_path / "requirements.txt")
    assert caught.value.place == f"{tmp_path}/more/web.txt:2"


def test_a_circle_of_includes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt\n")
    (tmp_path / "b.txt").write_text("x\n-r a.txt\n")
    with pytest.raises(InputError, match="includes this one") as caught:
        open_manifest(tmp_path / "a.txt")
    assert caught.value.place == f"{tmp_path}/b.txt:2"


def test_what_is_no_text_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_manifest(tmp_path / "requirements.txt")
    with pytest.raises(InputError, match="folder"):
        open_manifest(tmp_path)
    (tmp_path / "requirements.txt").write_bytes(b"\x7fELF\0\0\0")
    with pytest.raises(InputError, match="binary"):
        open_manifest(tmp_path / "requirements.txt")
    (tmp_path / "requirements.txt").write_bytes(b"caf\xe9\n# \xff\n# coding: x\n")
    with pytest.raises(InputError):
        open_manifest(tmp_path / "requirements.txt")


def test_an_empty_file_has_no_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"")
    manifest = open_manifest(tmp_path / "requirements.txt")
    assert manifest.requirements == ()
    assert manifest.render() == {"requirements.txt": b""}


def test_a_folder_beside_the_file_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "pkg").mkdir(parents=True)
    (project / "pkg" / "pyproject.toml").write_text("")
    (project / "requirements.txt").write_text("./pkg\n-e ./pkg\n")
    monkeypatch.chdir(tmp_path)
    manifest = open_manifest(project / "requirements.txt")
    assert [own.url for own in manifest.requirements] == ["./pkg", "./pkg"]


def test_deep_includes_do_not_exhaust_the_stack(tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / f"{number}.txt").write_text(f"a{number}\n-r {number + 1}.txt\n")
    (tmp_path / "150.txt").write_text("end\n")
    assert len(open_manifest(tmp_path / "0.txt").requirements) == 151
    (tmp_path / "150.txt").write_text("-r 151.txt\n")
    for number in range(151, 2000):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")
    with pytest.raises(InputError, match="too deeply"):
        open_manifest(tmp_path / "0.txt")


@given(st.binary())
def test_arbitrary_bytes_never_crash_and_render_as_they_were(data: bytes) -> None:
    manifest = read(data)
    assert manifest.render() == {"requirements.txt": data}


LINES = st.sampled_from(
    "a b==1 c[x]>=1,<2 # d==1 |e==1;os_name=='nt'|f==1 \\\n  --hash=sha256:00|g  # c \\\nh|"
    "-e git+https://g.example/i#egg=i|--pre|k @ https://h.example/k.zip||  |l (==1)|m==1,|"
    "n \\\n # c".replace(" b", "|b")
    .replace(" c[", "|c[")
    .split("|")
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\x0c", "\u2028"])


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, Manifest, list[Edit]]:
    text = "".join(draw(LINES) + draw(ENDS) for _ in range(draw(st.integers(1, 8))))
    text = text if draw(st.booleans()) else text.rstrip("\r\n")
    manifest = read(text)
    edits = []
    for own in manifest.requirements:
        choice = draw(st.sampled_from(["keep", "drop", "repin"]))
        if choice == "drop":
            edits.append(drop(own.number))
        elif choice == "repin" and own.url is None and not own.editable:
            edits.append(repin(own.number, "==9"))
    return text, manifest, edits


@given(edited(), st.booleans())
def test_edits_keep_every_byte_of_other_lines(
    case: tuple[str, Manifest, list[Edit]], adds: bool
) -> None:
    text, manifest, edits = case
    extra = [add("x", "==1")] if adds else []
    after = manifest.render([*edits, *extra])["requirements.txt"].decode()
    again = read(after)
    touched = {edit.number for edit in edits}
    kept = [own for own in manifest.requirements if own.number not in touched]
    document, edited_document = manifest.documents[0], again.documents[0]
    blocks = [edited_document.slice(line.span) for line in edited_document.lines]
    for own in kept:
        assert document.slice(manifest.line_of(own).span) in blocks
    dropped = sum(edit.action is EditAction.DROP for edit in edits)
    assert len(again.requirements) == len(manifest.requirements) - dropped + adds
    assert manifest.render() == {"requirements.txt": text.encode()}
