"""Finds which requirements break a build, and what they should say instead."""

__version__ = "0.2.0"
