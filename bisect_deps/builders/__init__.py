"""Who builds a candidate: one file per system, listed here."""
