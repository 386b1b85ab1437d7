"""Each failure of an installed environment tells who uses what, and where that is gone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.diagnosis import diagnose, same_failure
from bisect_deps.diagnosis.owners import Owners
from bisect_deps.diagnosis.requirements import UserList
from bisect_deps.model import Breakage, BreakageKind, Cause, Diagnosis, Outcome, Phase, RemedyKind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "breakages"
LABELS: list[dict[str, Any]] = tomllib.loads((FOLDER / "labels.toml").read_text("utf-8"))["log"]
# Import names that tell their distribution nowhere but in the environment.
TOLD_BY_THE_ENVIRONMENT = {"django-ugettext.log", "langchain-pydantic.log"}

SITE = "/app/.venv/lib/python3.11/site-packages"


def checked(text: str, step: str = "check") -> str:
    """Return a log whose install passed and whose check printed `text` and failed."""
    return (
        "::depbisect install begin\nInstalled 3 packages in 3ms\n::depbisect install end rc=0\n"
        f"::depbisect {step} begin\n{text.rstrip()}\n::depbisect {step} end rc=1\n"
    )


def read(label: dict[str, Any], *, with_modules: bool = True) -> Diagnosis:
    return diagnose(
        checked((FOLDER / label["file"]).read_text("utf-8")),
        requirements=label["requirements"],
        exit_status=1,
        modules=label["modules"] if with_modules else None,
    )


def only(log: str, modules: dict[str, str] | None = None) -> Breakage:
    [breakage] = diagnose(log, exit_status=1, modules=modules).breakages
    return breakage


every_label = pytest.mark.parametrize("label", LABELS, ids=lambda label: label["file"][:-4])


@every_label
def test_a_real_failure_tells_its_pair(label: dict[str, Any]) -> None:
    [found] = read(label).breakages
    told = (found.kind.value, found.user, found.lacks, found.what)
    assert told == (label["kind"], label["user"], label["lacks"], label["what"])
    assert [remedy.requirement for remedy in found.remedies] == label["remedies"]
    assert all(remedy.kind is RemedyKind.RUN for remedy in found.remedies)


@every_label
def test_the_evidence_is_the_errors_own_line(label: dict[str, Any]) -> None:
    lines = checked((FOLDER / label["file"]).read_text("utf-8")).split("\n")
    [found] = read(label).breakages
    for quoted in found.evidence:
        assert lines[quoted.line - 1].strip().startswith(quoted.text.rstrip("…")[:60])


@pytest.mark.parametrize(
    "label",
    [label for label in LABELS if label["file"] not in TOLD_BY_THE_ENVIRONMENT],
    ids=lambda label: label["file"][:-4],
)
def test_the_log_alone_tells_the_same_pair(label: dict[str, Any]) -> None:
    [found] = read(label, with_modules=False).breakages
    assert (found.user, found.lacks) == (label["user"], label["lacks"])


@every_label
def test_both_sides_are_suspects_where_the_user_asked_for_both(label: dict[str, Any]) -> None:
    found = read(label)
    listed = {line.split("=")[0].split(">")[0].split("<")[0].lower() for line in found_names(label)}
    sides = {label["user"], label["lacks"]} & listed - {"", "setuptools"}
    assert sides <= {suspect.name for suspect in found.suspects}


def found_names(label: dict[str, Any]) -> list[str]:
    return [line.replace("_", "-") for line in label["requirements"]]


def test_no_two_of_the_real_failures_are_the_same() -> None:
    signatures: dict[str, str] = {}
    for label in LABELS:
        signature = read(label).signature
        other = signatures.setdefault(signature, label["file"])
        is_pair = {other, label["file"]} in (
            {"botocore-urllib3.log", "docker-requests.log"},  # docker 4 and 6 lack the same
            {"pyopenssl-cryptography.log", "pyopenssl-cryptography-gen-email.log"},
        )
        assert other == label["file"] or is_pair


# --- whose module it is -------------------------------------------------------------------------


def missing(module: str, attribute: str, frame: str) -> str:
    return checked(
        f'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        f'  File "{SITE}/{frame}", line 7, in <module>\n    x = module.{attribute}\n'
        f"AttributeError: module '{module}' has no attribute '{attribute}'\n"
    )


@pytest.mark.parametrize(
    ("module", "frame", "modules", "pair"),
    [
        ("lib", "OpenSSL/crypto.py", {"OpenSSL": "pyOpenSSL", "pandas._libs.lib": "pandas"}, ("pyopenssl", "cryptography")),
        ("lib", "cffi_user/x.py", {}, ("cffi-user", "")),
        ("_rust", "user/x.py", {"user": "user", "crypto.bindings._rust": "crypto"}, ("user", "crypto")),
        ("_rust", "user/x.py", {}, ("user", "")),
        ("shapely.lib", "geopandas/x.py", {"shapely": "shapely", "geopandas": "geopandas"}, ("geopandas", "shapely")),
        ("inspect", "nltk/x.py", {"nltk": "nltk"}, ("nltk", "")),
        ("yaml", "user/x.py", {"user": "the-user", "yaml": "PyYAML"}, ("the-user", "pyyaml")),
        ("google.protobuf.internal", "google/cloud/storage/x.py",
         {"google.protobuf": "protobuf", "google.cloud.storage": "google-cloud-storage"}, ("google-cloud-storage", "protobuf")),
    ],
)  # fmt: skip
def test_a_module_belongs_to_the_distribution_that_brought_it(
    module: str, frame: str, modules: dict[str, str], pair: tuple[str, str]
) -> None:
    found = only(missing(module, "x", frame), modules)
    assert (found.user, found.lacks) == pair


def imported(name: str, module: str, path: str, *frames: str) -> str:
    shown = "".join(f'  File "{frame}", line 3, in <module>\n    import it\n' for frame in frames)
    return checked(
        f"Traceback (most recent call last):\n{shown}"
        f"ImportError: cannot import name '{name}' from '{module}' ({path})\n"
    )


def test_the_users_own_code_is_no_distribution() -> None:
    log = imported(
        "escape", "jinja2", f"{SITE}/jinja2/__init__.py", "/app/main.py", "/app/views.py"
    )
    found = only(log)
    assert (found.user, found.lacks, found.through) == ("", "jinja2", ())


def test_own_code_that_a_framework_called_is_still_the_users() -> None:
    way = ("/app/main.py", f"{SITE}/flask/cli.py", "/app/views.py")
    found = only(imported("escape", "jinja2", f"{SITE}/jinja2/__init__.py", *way))
    assert (found.user, found.lacks, found.through) == ("", "jinja2", ("flask",))


def test_python_itself_lacks_nothing() -> None:
    path = "/usr/local/lib/python3.11/collections/__init__.py"
    found = only(imported("Mapping", "collections", path, f"{SITE}/attrdict/mapping.py"))
    assert (found.user, found.lacks, found.what) == ("attrdict", "", "Mapping")


def test_what_a_plugin_loader_runs_is_not_missing_in_the_loader() -> None:
    log = checked(
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        f'  File "{SITE}/mkdocs/config.py", line 3, in load\n    return entry.load()\n'
        f'  File "{SITE}/importlib_metadata/__init__.py", line 9, in load\n    import_module(x)\n'
        "ModuleNotFoundError: No module named 'theme_gone'\n"
    )
    assert only(log).user == "mkdocs"


# --- which error is the failure -----------------------------------------------------------------

REPORTED = f"""\
Exception ignored in: <function Pool.__del__ at 0x7f00>
Traceback (most recent call last):
  File "{SITE}/pool/__init__.py", line 3, in __del__
    self.close()
AttributeError: 'Pool' object has no attribute 'close'
"""
FATAL = f"""\
Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "{SITE}/flask/__init__.py", line 14, in <module>
    from jinja2 import escape
ImportError: cannot import name 'escape' from 'jinja2' ({SITE}/jinja2/__init__.py)
"""


@pytest.mark.parametrize("text", [REPORTED + FATAL, FATAL + REPORTED])
def test_an_error_that_was_passed_over_is_not_the_failure(text: str) -> None:
    assert only(checked(text)).what == "escape"


def test_of_an_error_and_what_wraps_it_the_inner_one_tells() -> None:
    log = checked(
        "Traceback (most recent call last):\n"
        f'  File "{SITE}/hub/lazy.py", line 3, in get\n    import_module(name)\n'
        f'  File "{SITE}/hub/model.py", line 4, in <module>\n    from tokens import Encoder\n'
        f"ImportError: cannot import name 'Encoder' from 'tokens' ({SITE}/tokens/__init__.py)\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        f'  File "{SITE}/hub/lazy.py", line 5, in get\n    raise RuntimeError(\n'
        "RuntimeError: Failed to import hub.model\n"
    )
    found = only(log)
    assert (found.user, found.lacks, found.what) == ("hub", "tokens", "Encoder")
    assert [line.text[:12] for line in found.evidence] == ["ImportError:", "RuntimeError"]


def test_of_a_second_error_after_a_handled_one_the_second_tells() -> None:
    log = checked(
        f'Traceback (most recent call last):\n  File "{SITE}/web/json.py", line 3, in <module>\n'
        "    import ujson\nModuleNotFoundError: No module named 'ujson'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        f'  File "{SITE}/web/json.py", line 5, in <module>\n    from flask.json import Encoder\n'
        f"ImportError: cannot import name 'Encoder' from 'flask.json' ({SITE}/flask/json.py)\n"
    )
    assert (only(log).lacks, only(log).what) == ("flask", "Encoder")


IMPORTS = f"""\
::depbisect install begin
::depbisect install end rc=0
::depbisect imports begin
imported click of click
::depbisect import begin project=flask module=flask
{FATAL.rstrip()}
::depbisect import end rc=1
::depbisect import begin project=Flask-Login module=flask_login
Traceback (most recent call last):
  File "{SITE}/flask_login/__init__.py", line 16, in <module>
    from werkzeug.security import safe_str_cmp
ImportError: cannot import name 'safe_str_cmp' from 'werkzeug.security' ({SITE}/werkzeug/security.py)
::depbisect import end rc=1
::depbisect import begin project=crasher module=crasher
Fatal Python error: Segmentation fault

Current thread 0x00007f5bd6f2b740 (most recent call first):
  File "{SITE}/inner/core.py", line 5 in start
  File "{SITE}/crasher/__init__.py", line 1 in <module>
killed by signal 11 while importing
::depbisect import end rc=139
::depbisect import begin project=Flask-Extra module=flask_extra
{FATAL.rstrip()}
::depbisect import end rc=1
::depbisect imports end rc=1
"""


def test_every_module_that_fails_to_import_gives_its_own() -> None:
    found = diagnose(IMPORTS, exit_status=1)
    assert [(breakage.module, breakage.user, breakage.lacks) for breakage in found.breakages] == [
        ("flask", "flask", "jinja2"),
        ("flask_login", "flask-login", "werkzeug"),
        ("crasher", "inner", ""),
        ("flask_extra", "flask", "jinja2"),
    ]
    assert found.breakages[2].through == ("crasher", "inner")
    assert found.breakages[0].signature == found.breakages[3].signature == found.signature


def test_the_sides_of_each_failure_are_a_group_of_their_own() -> None:
    listed = ["flask==1.0", "jinja2==3.1", "flask-login==0.5", "werkzeug==3.0"]
    groups: dict[int | None, set[str]] = {}
    for suspect in diagnose(IMPORTS, requirements=listed, exit_status=1).suspects:
        groups.setdefault(suspect.group, set()).add(suspect.name)
    assert [sides for group, sides in groups.items() if group is not None] == [
        {"flask", "jinja2"},
        {"flask-login", "werkzeug"},
    ]


def test_a_module_without_a_frame_of_its_own_is_its_projects() -> None:
    log = checked(
        "::depbisect import begin project=Fast-Thing module=fast\n"
        "Traceback (most recent call last):\n"
        f"ImportError: {SITE}/fast.abi3.so: undefined symbol: PyOld\n"
        "::depbisect import end rc=1",
        "imports",
    )
    assert only(log, {"fast": "fast-thing"}).user == "fast-thing"


PYTEST = f"""\
============================= test session starts ==============================
collected 1 item / 1 error

==================================== ERRORS ====================================
______________________ ERROR collecting tests/test_a.py ________________________
ImportError while importing test module '/app/tests/test_a.py'.
Traceback:
/usr/lib/python3.11/importlib/__init__.py:126: in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
tests/test_a.py:1: in <module>
    import flask
{SITE}/flask/__init__.py:14: in <module>
    from jinja2 import escape
E   ImportError: cannot import name 'escape' from 'jinja2' ({SITE}/jinja2/__init__.py)
=================================== FAILURES ===================================
___________________________________ test_grow __________________________________

    def test_grow():
>       frame.append(1)

tests/test_b.py:5:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

self = None, name = 'append'

    def __getattr__(self, name):
>       return object.__getattribute__(self, name)
E       AttributeError: 'DataFrame' object has no attribute 'append'

{SITE}/pandas/core/generic.py:5989: AttributeError
=========================== short test summary info ============================
ERROR tests/test_a.py
FAILED tests/test_b.py::test_grow - AttributeError: 'DataFrame' object has no...
========================= 1 failed, 1 error in 1.05s ===========================
"""


def test_of_a_test_runner_every_error_counts() -> None:
    found = diagnose(checked(PYTEST), exit_status=1).breakages
    assert [(breakage.user, breakage.lacks, breakage.what) for breakage in found] == [
        ("flask", "jinja2", "escape"),
        ("", "pandas", "append"),
    ]


def test_a_check_without_a_word_of_python_is_told_by_its_last_line() -> None:
    found = only(checked("frobnicating\nwidget 7 of 12 is broken"))
    assert (found.kind, found.user, found.lacks) == (BreakageKind.OTHER, "", "")
    other = only(checked("frobnicating\nwidget 9 of 12 is broken"))
    assert found.signature == other.signature != only(checked("no such widget")).signature


def test_what_pip_check_says_is_a_distribution_that_is_missing() -> None:
    log = checked(
        "fastapi 0.100.0 has requirement starlette<0.28.0,>=0.27.0, but you have starlette 0.20.0."
    )
    found = only(log)
    assert (found.kind, found.user, found.lacks) == (
        BreakageKind.DISTRIBUTION_MISSING,
        "fastapi",
        "starlette",
    )


@pytest.mark.parametrize(
    ("line", "remedies"),
    [
        ("ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject", ["numpy<2"]),
        ("ValueError: numpy.ndarray size changed, may indicate binary incompatibility. Expected 88 from C header, got 80 from PyObject", []),
        ("ModuleNotFoundError: No module named 'pkg_resources'", ["setuptools<81"]),
        ("ModuleNotFoundError: No module named 'distutils'", ["setuptools<81"]),
        ("ModuleNotFoundError: No module named 'imghdr'", ["standard-imghdr"]),
        ("ModuleNotFoundError: No module named 'imp'", []),
        ("AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.", ["numpy<2"]),
    ],
)  # fmt: skip
def test_a_signature_advises_what_to_install(line: str, remedies: list[str]) -> None:
    frame = f'  File "{SITE}/user/x.py", line 1, in <module>\n    x\n'
    found = only(checked(f"Traceback (most recent call last):\n{frame}{line}\n"))
    assert [remedy.requirement for remedy in found.remedies] == remedies
    assert found.user == "user"


# --- the fingerprint ----------------------------------------------------------------------------


def test_the_same_error_of_another_run_and_release_is_the_same_failure() -> None:
    first = diagnose(checked(FATAL), exit_status=1).signature
    moved = FATAL.replace("/app/.venv", "/tmp/b/9").replace("line 14", "line 21")
    moved = moved.replace("python3.11", "python3.9").replace("    from jinja2 import escape\n", "")
    assert same_failure(first, diagnose(checked(moved), exit_status=1).signature)


@pytest.mark.parametrize(
    ("old", "new"),
    [("escape", "Markup"), ("jinja2", "markupsafe"), ("flask/__init__", "flask_login/__init__")],
)
def test_another_name_module_or_user_is_another_failure(old: str, new: str) -> None:
    first = diagnose(checked(FATAL), exit_status=1).signature
    other = diagnose(checked(FATAL.replace(old, new)), exit_status=1).signature
    assert not same_failure(first, other)


def test_names_that_differ_in_a_figure_are_different_failures() -> None:
    one, other = (
        diagnose(missing("lib", name, "OpenSSL/crypto.py"), exit_status=1).signature
        for name in ("X509_V_FLAG_A", "X510_V_FLAG_A")
    )
    assert not same_failure(one, other)


@pytest.mark.parametrize("status", [0, None])
def test_a_build_that_passed_has_none(status: int | None) -> None:
    log = checked(FATAL).replace("rc=1", "rc=0")
    assert diagnose(log, exit_status=status).breakages == ()


def test_a_failure_of_the_install_has_none() -> None:
    bare = (FOLDER.parent / "logs" / "made-bare-uv0.13.log").read_text("utf-8")
    strange = bare.replace("AssertionError", "StrangeError")
    for failure in ("ERROR: No matching distribution found for idna==99.1", strange):
        log = f"::depbisect install begin\n{failure}\n::depbisect install end rc=1\n"
        found = diagnose(log, exit_status=1)
        assert found.breakages == ()
        assert found.phase is not Phase.CHECK, "nothing was checked"


_TRACE = "Traceback (most recent call last):\n"
_OWN = '  File "/app/main.py", line 3, in <module>\n    go()\n'
_SITE = '  File "/app/.venv/lib/python3.11/site-packages/'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("KeyError: 'a'\n", id="own error"),
        pytest.param(
            "AttributeError: 'NoneType' object has no attribute 'x'\n", id="built-in type"
        ),
        pytest.param(
            f'{_SITE}requests/models.py", line 9, in prepare\n    raise MissingSchema(\n'
            "requests.exceptions.MissingSchema: Invalid URL 'foo'\n",
            id="refused by what it called",
        ),
    ],
)
def test_programs_own_error_is_no_release(text: str) -> None:
    found = diagnose(_TRACE + _OWN + text, requirements=["requests==2.31.0"])
    assert (found.outcome, found.cause, found.suspects) == (Outcome.FAIL, Cause.RUNTIME_ERROR, ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f'{_SITE}hydra/x.py", line 5, in <module>\n    def f(a: list[int]):\n'
            "TypeError: 'type' object is not subscriptable\n",
            id="while importing",
        ),
        pytest.param(
            f'{_SITE}hydra/x.py", line 7, in run\n    return 1 + "a"\n'
            "TypeError: unsupported operand type(s) for +: 'int' and 'str'\n",
            id="by accident",
        ),
    ],
)
def test_error_inside_a_release_is_that_releases(text: str) -> None:
    found = diagnose(_TRACE + _OWN + text, requirements=["hydra-core==1.1"])
    assert (found.cause, found.suspects[0].name) == (Cause.IMPORT_ERROR, "hydra-core")


def test_two_releases_that_refuse_each_other_are_both_named() -> None:
    text = (
        f'{_TRACE}{_OWN}{_SITE}jax/lib.py", line 9, in check\n    raise RuntimeError(msg)\n'
        "RuntimeError: jaxlib version 0.4.1 is newer than and incompatible with jax version 0.3.25.\n"
    )
    found = diagnose(text, requirements=["jax==0.3.25", "jaxlib==0.4.1"])
    assert {suspect.name for suspect in found.suspects} == {"jax", "jaxlib"}


@pytest.mark.parametrize(
    ("requirement", "error", "advice"),
    [
        (
            "enum34==1.1.6",
            "AttributeError: module 'enum' has no attribute 'IntFlag'",
            'leave enum34 out, or write `enum34==1.1.6; python_version < "3.4"`',
        ),
        (
            "Flask==3.0.0",
            "ImportError: cannot import name 'Markup' from 'flask' "
            "(/app/.venv/lib/python3.11/site-packages/flask/__init__.py)",
            "pin flask to a release that still takes Markup",
        ),
        (
            "bleach==3.1.5",
            f'{_SITE}bleach/sanitizer.py", line 2, in <module>\n'
            "    from collections import Mapping\n"
            "ImportError: cannot import name 'Mapping' from 'collections' "
            "(/usr/lib/python3.12/collections/__init__.py)",
            "take a newer release of bleach, or build with an older Python that still has Mapping",
        ),
        (
            "pytest-lazyfixture==0.6.3",
            f'{_SITE}pytest_lazyfixture.py", line 105, in normalize_call\n'
            "    valtype_keys = set(getattr(callspec, valtype).keys()) - used_keys\n"
            "AttributeError: 'CallSpec2' object has no attribute 'funcargs'",
            "take a newer release of pytest-lazyfixture, or an older one of what CallSpec2 comes from",
        ),
    ],
)
def test_release_that_is_alone_at_fault_is_aligned_with_nothing(
    requirement: str, error: str, advice: str
) -> None:
    [suspect] = diagnose(f"{_TRACE}{_OWN}{error}\n", requirements=[requirement]).suspects
    assert suspect.requirement == requirement
    assert advice in suspect.advice


def test_own_file_that_hides_a_module_of_python_is_to_be_renamed() -> None:
    error = (
        "ImportError: cannot import name 'x' from partially initialized module 'random' "
        "(most likely due to a circular import) (/app/random.py)\n"
    )
    found = diagnose(_TRACE + _OWN + error, requirements=["numpy==1.26.4"])
    assert (found.cause, found.suspects) == (Cause.RUNTIME_ERROR, ())
    assert "rename /app/random.py" in found.notes[0]


@pytest.mark.parametrize("project", ["tox", "virtualenv", "pip", "build"])
def test_an_installer_that_is_imported_is_a_project_like_any_other(project: str) -> None:
    text = (
        f"::depbisect import begin project={project} module={project}\n"
        "Traceback (most recent call last):\n"
        f'  File "{SITE}/{project}/__init__.py", line 12, in <module>\n'
        "    import pipes\n"
        "ModuleNotFoundError: No module named 'pipes'\n"
        "::depbisect import end rc=1\n"
    )
    found = only(checked(text, "imports"))
    assert (found.user, found.lacks, found.what) == (project, "", "pipes")


def test_a_module_is_found_inside_any_name_of_a_line() -> None:
    owners = Owners({"httpx": "httpx", "openai": "openai"}, UserList(()))
    assert owners.mentioned("Other = SyncHttpxClientWrapper(1)", inside=True) == ["httpx"]
    assert owners.mentioned("Other = SyncHttpxClientWrapper(1)") == []


@pytest.mark.parametrize(
    ("module", "lacks"), [("ipython_genutils", "ipython-genutils"), ("own_helper", "")]
)
def test_only_a_module_that_is_known_by_its_name_is_taken_for_a_project(
    module: str, lacks: str
) -> None:
    text = (
        "Traceback (most recent call last):\n"
        f'  File "{SITE}/nbconvert/filters/__init__.py", line 11, in <module>\n'
        f"    from {module}.text import indent\n"
        f"ModuleNotFoundError: No module named '{module}'"
    )
    found = only(checked(text), {"nbconvert": "nbconvert"})
    assert (found.user, found.lacks) == ("nbconvert", lacks)


def test_an_extension_that_needs_a_newer_sphinx_is_one_side_of_a_pair() -> None:
    text = (
        "Sphinx version error:\nThe sphinxcontrib.applehelp extension used by this project needs "
        "at least Sphinx v5.0; it therefore cannot be built with this version."
    )
    found = only(checked(text), {"sphinx": "Sphinx"})
    assert (found.user, found.lacks) == ("sphinxcontrib-applehelp", "sphinx")
    assert found.what == "Sphinx v5.0"


SETTINGS = {
    "a variable": (
        '  File "/usr/lib/python3.9/os.py", line 679, in __getitem__\n    raise KeyError(key) from None\n'
        "KeyError: 'TOKEN'",
        "--pass-env TOKEN",
    ),
    "a variable, frozen": ('  File "<frozen os>", line 679, in __getitem__\nKeyError: \'TOKEN\'', "TOKEN"),
    "a key of another mapping": (
        '  File "/env/lib/python3.9/site-packages/pandas/core/frame.py", line 1, in __getitem__\n'
        "    return self[key]\nKeyError: 'TOKEN'",
        "",
    ),
    "a service": (
        "pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused",
        "start what it connects to",
    ),
    "a service that answers": ("requests.exceptions.HTTPError: 404 Client Error: Not Found", ""),
    "a display": ("_tkinter.TclError: no display name and no $DISPLAY environment variable", "xvfb-run"),
    "a place to write": ("OSError: [Errno 30] Read-only file system: 'a.csv'", "$TMPDIR"),
    "credentials": (
        "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.",
        "--pass-env NAME",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "advice"), SETTINGS.values(), ids=SETTINGS)
def test_what_whoever_runs_a_check_has_to_provide_is_told(error: str, advice: str) -> None:
    head = (
        'Traceback (most recent call last):\n  File "/app/run.py", line 1, in <module>\n    go()\n'
    )
    log = f"::depbisect check begin\n{head}{error}\n::depbisect check end rc=1\n"
    [breakage] = diagnose(log, exit_status=1).breakages
    assert (breakage.kind is BreakageKind.SETTING) is bool(advice)
    assert advice in breakage.advice
    assert bool(breakage.advice) is bool(advice)


def test_an_extension_that_is_not_there_is_missing_to_who_asked_for_it() -> None:
    trace = (
        "Traceback (most recent call last):\n"
        f'  File "{SITE}/sphinx/cmd/build.py", line 303, in build_main\n    args.tags)\n'
        f'  File "{SITE}/sphinx/registry.py", line 475, in load_extension\n'
        "    raise ExtensionError(__('Could not import extension %s') % extname, err)\n"
        "sphinx.errors.ExtensionError: Could not import extension {} (exception: No module named '{}')\n"
    )
    asked = only(checked(trace.format("sphinx_tabs", "sphinx_tabs")))
    assert (asked.user, asked.what) == ("", "sphinx_tabs")
    inner = only(checked(trace.format("sphinx_tabs.tabs", "pkg_resources")))
    assert (inner.user, inner.what) == ("sphinx", "pkg_resources")
