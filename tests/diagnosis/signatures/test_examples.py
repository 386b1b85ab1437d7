"""Every signature is its own test: it matches its example, and no line makes it slow."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from bisect_deps.diagnosis.gate import ALARMS, MARKS, candidates
from bisect_deps.diagnosis.log_prefixes import LONGEST
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Signature, Trait


def by_name(signature: Signature) -> str:
    return signature.name


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_signature_recognises_its_example(signature: Signature) -> None:
    assert signature.match(signature.example)
    assert signature in candidates(signature.example)


@pytest.mark.parametrize("signature", [known for known in SIGNATURES if known.counter], ids=by_name)
def test_signature_leaves_its_counter_example_alone(signature: Signature) -> None:
    assert not signature.match(signature.counter)


# They stand in the output of a step whose failure was announced before.
FOLLOWING = {
    "pdm-name",
    "pdm-no-file-fits",
    "pdm-candidate-python",
    "pdm-python",
    "setup-refuses",
    "compiler-cmake-policy",
    "conda-not-found",
    "python-openai-1",
    "system-pg-config-hint",
}


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_reader_lets_the_example_through(signature: Signature) -> None:
    line = signature.example.lower().encode()
    assert signature.name in FOLLOWING or any(alarm in line for alarm in (*ALARMS, *MARKS))


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_advice_and_meaning_name_only_groups_of_the_pattern(signature: Signature) -> None:
    named = re.findall(r"\{(\w+)\}", signature.means + signature.advice)
    walked = {"walk", "bound"} if Trait.WALKS in signature.traits else set()
    told = {"holder"} if "module" in signature.regex.groupindex else set()
    assert set(named) <= {*signature.regex.groupindex, "project", "name"} | walked | told


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_no_line_makes_a_signature_slow(signature: Signature) -> None:
    for line in worst_cases(signature):
        start = time.process_time()
        signature.regex.search(line)
        spent = time.process_time() - start
        assert spent < 0.25, f"{spent:.2f} s for {line[:60]!r}..."


def worst_cases(signature: Signature) -> Iterator[str]:
    """Yield lines of the greatest length that invite backtracking: runs, and broken examples."""
    for run in ("a", " ", "=", "(", "-", "1.", "a-1 ", "['\"", "/a", "\t", "a b (c) "):
        yield (run * LONGEST)[:LONGEST]
    example = signature.example
    yield (example * LONGEST)[:LONGEST]
    yield (example[:-1] * LONGEST)[:LONGEST]
    middle = len(example) // 2
    for at in sorted({1, middle, len(example) - 1}):
        for run in (example[at], " ", "a", "a.", "1,"):
            yield example[:at] + (run * LONGEST)[: LONGEST - len(example)]
    gate = signature.gate[0]
    yield ((gate + " ") * LONGEST)[:LONGEST]
    yield ((gate + "a") * LONGEST)[:LONGEST]


def test_names_are_unique() -> None:
    names = [signature.name for signature in SIGNATURES]
    assert len(set(names)) == len(names)
