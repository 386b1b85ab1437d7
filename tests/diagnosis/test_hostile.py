"""No log, however broken or hostile, makes the reader fail, hang, or show an escape."""

from __future__ import annotations

import os
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.model import Diagnosis
from tests.diagnosis.labelled import LOGS

# `DEPBISECT_LOGS=10000 pytest tests/diagnosis/test_hostile.py` for the long run.
EXAMPLES = int(os.environ.get("DEPBISECT_LOGS", "150"))

PIECES = [line for log in LOGS for line in log.data.split(b"\n") if len(line) < 400]
PIECES += [signature.example.encode() for signature in SIGNATURES]
junk = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"\x1b[2J", b"\x1b]0;owned\x07", b"\r", b"\x08", b"::depbisect x end rc=1", b"{", b"\\n"]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Real lines in any order, with junk between and inside them."""
    lines = draw(st.lists(st.one_of(st.sampled_from(PIECES), junk), max_size=40))
    for _ in range(draw(st.integers(0, 4))):
        if lines:
            at = draw(st.integers(0, len(lines) - 1))
            cut = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut] + draw(junk) + lines[at][cut:]
    return draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"])).join(lines)


def shown(found: Diagnosis) -> str:
    texts = [line.text for suspect in found.suspects for line in suspect.evidence]
    texts += [
        text
        for suspect in found.suspects
        for text in (suspect.name, suspect.summary, suspect.advice, *suspect.via)
    ]
    texts += [suspect.requirement or "" for suspect in found.suspects] + [
        str(suspect.failing or "") for suspect in found.suspects
    ]
    texts += [line.text for line in found.evidence] + list(found.notes) + [found.signature]
    return "".join(texts)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(mutated(), st.sampled_from([None, 0, 1]))
def test_any_log_is_read_in_time_and_shown_without_escapes(log: bytes, status: int | None) -> None:
    start = time.process_time()
    found = diagnose(log, requirements=["idna==99.1", "flask", "./lib"], exit_status=status)
    assert time.process_time() - start < 2
    text = shown(found)
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F for letter in text)
    assert all(0 < suspect.confidence < 1 for suspect in found.suspects)
    assert not (found.suspects and (found.infrastructure or status == 0))


@settings(max_examples=max(EXAMPLES // 3, 20), deadline=None)
@given(st.sampled_from(LOGS), st.data())
def test_log_cut_off_anywhere_is_read(log: object, data: st.DataObject) -> None:
    whole = log.data  # type: ignore[attr-defined]
    at = data.draw(st.integers(0, len(whole)))
    diagnose(whole[:at])
    diagnose(whole[at:])
