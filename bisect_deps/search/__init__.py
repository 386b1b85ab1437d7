"""Searches: sans-I/O generators that yield rounds of questions and are sent answers."""
