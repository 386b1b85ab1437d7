"""Keeps the literals of all signatures, after a pattern was added or changed: see `_literals`."""

from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures._literals import KEPT, derived

if __name__ == "__main__":
    patterns = {signature.pattern for signature in SIGNATURES if not signature.literals}
    KEPT.write_text(derived(patterns), encoding="utf-8")
