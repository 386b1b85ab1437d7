"""What a line must hold for a pattern to match it is derived from the pattern."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures._literals import KEPT, derived, literals_of


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        (r"^\s*error: (?P<name>\w{1,9}) not found$", {" not found"}),
        (r"Failed to (?:build|install) x", {"Failed to build x", "Failed to install x"}),
        (r"(?:No space left|\[Errno 28\])", {"No space left", "[Errno 28]"}),
        (r"[Oo]ut of memory", {"Out of memory", "out of memory"}),
        (r"versions? of", {"version of", "versions of"}),
        (r"(?!pip)name: .{1,9} stands in (?:[a-z]{3}: ){1,4}x", {" stands in "}),
        (r"(?:a\d{2}b|cd) (?:long enough|(?:a|bc)\d tail)", {"long enough", " tail"}),
    ],
)
def test_literals_are_the_most_telling_choice(pattern: str, literals: set[str]) -> None:
    assert set(literals_of(pattern)) == literals


@pytest.mark.parametrize(
    "pattern", [r"\d+", r"(?i)error", r"(?:abc)?\d", r"ab|cdef", r"(?i:error)s"]
)
def test_pattern_that_needs_no_literal_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="literal"):
        literals_of(pattern)


def test_what_is_kept_is_what_is_derived() -> None:
    patterns = {signature.pattern for signature in SIGNATURES if not signature.literals}
    kept = KEPT.read_text(encoding="utf-8")
    assert kept == derived(patterns), "run python -m bisect_deps.diagnosis.signatures"
