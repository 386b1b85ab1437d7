"""What gets past a failure is told as requirements, and the advice says the same in words."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Signature, SignatureScope
from bisect_deps.model import RemedyKind
from tests.diagnosis.test_infrastructure import every_tool


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("error in anyjson setup command: use_2to3 is invalid.", "setuptools<58"),
        ("ModuleNotFoundError: No module named 'pkg_resources'", "setuptools<81"),
        ("ModuleNotFoundError: No module named 'setuptools.extern.six'", "setuptools<71"),
        ("ModuleNotFoundError: No module named 'distutils.msvccompiler'", "setuptools<74"),
        ("ModuleNotFoundError: No module named 'setuptools.command.upload_docs'", "setuptools<75"),
        ("AttributeError: cython_sources", "Cython<3"),
        ("x.c:3:34: error: 'PyArray_Descr' {aka 'x'} has no member named 'elsize'", "numpy<2"),
        ("x.c:2:10: fatal error: numpy/noprefix.h: No such file or directory", "numpy<2"),
    ],
)
@every_tool
def test_a_build_that_broke_advises_older_build_tools(log_of: type, line: str, remedy: str) -> None:
    [suspect] = diagnose(log_of(line), requirements=["a==1"], exit_status=1).suspects
    assert [(remedy.kind, remedy.requirement) for remedy in suspect.remedies] == [
        (RemedyKind.BUILD, remedy)
    ]
    assert f"a build constraint `{remedy}`" in suspect.advice


@every_tool
def test_a_module_that_python_lost_has_no_remedy_among_build_tools(log_of: type) -> None:
    line = "ModuleNotFoundError: No module named 'imp'"
    [suspect] = diagnose(log_of(line), requirements=["a==1"], exit_status=1).suspects
    assert suspect.remedies == ()


def test_suspects_of_a_check_have_what_their_breakage_advises() -> None:
    log = (
        "::depbisect check begin\nTraceback (most recent call last):\n"
        '  File "/e/lib/python3.13/site-packages/old/x.py", line 1, in <module>\n    import imghdr\n'
        "ModuleNotFoundError: No module named 'imghdr'\n::depbisect check end rc=1\n"
    )
    found = diagnose(log, requirements=["old==1"], exit_status=1)
    [suspect], [breakage] = found.suspects, found.breakages
    assert suspect.remedies == breakage.remedies
    assert [remedy.requirement for remedy in suspect.remedies] == ["standard-imghdr"]


@pytest.mark.parametrize(
    "signature",
    [signature for signature in SIGNATURES if signature.remedies],
    ids=lambda signature: signature.name,
)
def test_advice_does_not_repeat_a_remedy_in_prose(signature: Signature) -> None:
    assert signature.scope in (SignatureScope.BUILD, SignatureScope.RUNTIME)
    assert not any(remedy in signature.advice for remedy in signature.remedies)
