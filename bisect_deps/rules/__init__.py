"""Lint rules, one file per family, listed here."""
