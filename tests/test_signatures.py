"""Every signature is its own test: its example matches, its counter-example does not."""

from __future__ import annotations

import pytest

from bisect_deps.evidence.gate import ALARMS, MARKS
from bisect_deps.signatures import SIGNATURES
from bisect_deps.signatures.base import Signature


def by_name(signature: Signature) -> str:
    return signature.name


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_signature_recognises_its_example(signature: Signature) -> None:
    assert signature.match(signature.example)


@pytest.mark.parametrize("signature", [one for one in SIGNATURES if one.counter], ids=by_name)
def test_signature_leaves_its_counter_example_alone(signature: Signature) -> None:
    assert not signature.match(signature.counter)


@pytest.mark.parametrize("signature", SIGNATURES, ids=by_name)
def test_reader_lets_every_gate_through(signature: Signature) -> None:
    triggers = (*ALARMS, *MARKS)
    for literal in signature.gate:
        assert any(trigger in literal.encode() for trigger in triggers), literal


def test_names_are_unique() -> None:
    names = [signature.name for signature in SIGNATURES]
    assert len(set(names)) == len(names)
