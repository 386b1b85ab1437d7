"""Every signature is its own test: it matches its example, and says only what it found."""

from __future__ import annotations

import re

import pytest

from bisect_deps.diagnosis.gate import ALARMS, MARKS, candidates
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Signature, Trait


def by_name(signature: Signature) -> str:
    return signature.name


# They stand in the output of a step whose failure was announced before.
FOLLOWING = {
    "pdm-name",
    "pdm-no-file-fits",
    "pdm-candidate-python",
    "pdm-python",
    "peep-hash",
    "setup-refuses",
    "compiler-cmake-policy",
    "conda-not-found",
    "pipenv-lock-stale",
    "poetry-error",
    "python-import-ended",
    "python-openai-1",
    "uv-archive-refused",
    "system-pg-config-hint",
}


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_signature_recognises_its_example_and_names_what_it_found(signature: Signature) -> None:
    matched = signature.match(signature.example)
    assert matched is not None
    assert signature in candidates(signature.example)
    assert any(literal in matched[0].lower() for literal in map(str.lower, signature.gate))
    assert not (signature.counter and signature.match(signature.counter))
    line = signature.example.lower().encode()
    assert signature.name in FOLLOWING or any(alarm in line for alarm in (*ALARMS, *MARKS))
    named = re.findall(r"\{(\w+)\}", signature.means + signature.advice)
    walked = {"walk", "bound"} if Trait.WALKS in signature.traits else set()
    told = {"holder"} if "module" in signature.regex.groupindex else set()
    known = {*signature.regex.groupindex, "project", "name", "error"}
    assert set(named) <= known | walked | told


def test_names_are_unique() -> None:
    names = [signature.name for signature in SIGNATURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "line",
    [
        "TypeError: CCompiler_spawn() got an unexpected keyword argument 'env'",
        "NameError: name 'CCompiler' is not defined. Did you mean: 'ccompiler'?",
    ],
)
def test_numpys_distutils_is_known_by_either_error_of_a_newer_setuptools(line: str) -> None:
    assert "setup-numpy-distutils" in {s.name for s in candidates(line) if s.match(line)}
