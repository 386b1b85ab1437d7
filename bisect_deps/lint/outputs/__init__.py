"""How a lint report is written: one function per format, one line per format in the table.

Every format shows the same diagnostics; the exit code does not depend on the format.
"""

from __future__ import annotations

import importlib

from bisect_deps.lint.diagnostics import Report
from bisect_deps.lint.outputs.base import OutputStyle

# Format to (module in this folder, function).
FORMATS: dict[str, tuple[str, str]] = {
    "concise": ("text", "concise"),
    "full": ("text", "full"),
    "statistics": ("text", "statistics"),
    "json": ("json", "render"),
    "sarif": ("sarif", "render"),
    "github": ("github", "render"),
    "gitlab": ("gitlab", "render"),
    "junit": ("junit", "render"),
}


def render(report: Report, output_format: str, style: OutputStyle) -> str:
    """Return the report in the format, ending in a line end (or empty), without any secret."""
    module, function = FORMATS[output_format]
    found = importlib.import_module(f"bisect_deps.lint.outputs.{module}")
    text: str = getattr(found, function)(report, style)
    if module == "text" and not report.diagnostics and not report.not_judged:
        return text  # Counts alone: half the runs end here, and need not know what a secret is.
    from bisect_deps.secret import masked

    return masked(text)
