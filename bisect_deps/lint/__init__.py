"""The pin lint: files in, diagnostics out, and their fixes.

Puts formats, rules and (on demand) the index together. Must not know how a report is shown on a
terminal, nor any flag of the command line.
"""

from __future__ import annotations
