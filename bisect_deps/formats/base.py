"""What every input format offers: requirements with their places, and loss-free rendering.

A manifest is the parsed file with all that it includes. Rendering without edits gives back the
same bytes; with edits, only the lines concerned change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bisect_deps.model import Edit, FixEdit, Requirement


class Manifest(Protocol):
    """A parsed input file, able to render itself byte for byte."""

    @property
    def path(self) -> Path:
        """The root file, as the user named it."""

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Every requirement of the root file and its includes, `number` being the index."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """The original bytes of the root file and all that it includes.

        Keys are paths relative to the root file's folder, with `/`; the root comes first. A file
        outside that folder has a key that starts with `../`.
        """

    def render(self, edits: Iterable[Edit] = ()) -> Mapping[str, bytes]:
        """Return `files` with the edits made: same keys, plus files that an ADD edit needs.

        Raises InputError for an edit that cannot be made without loss.
        """

    def describe(self, edits: Iterable[Edit]) -> Sequence[FixEdit]:
        """Return the edits as the report shows them: file, line, before and after."""
