"""The report as JUnit XML: a test case for each file, a failure for each diagnostic."""

from __future__ import annotations

from xml.etree import ElementTree

from bisect_deps.lint.diagnostics import Report
from bisect_deps.lint.outputs.base import TOOL, OutputStyle


def render(report: Report, style: OutputStyle) -> str:
    """Return one suite. Hints are no failures and go to the case's output."""
    suite = ElementTree.Element("testsuite", name=f"{TOOL} lint", errors="0")
    failures = 0
    for file in report.files:
        case = ElementTree.SubElement(suite, "testcase", classname=TOOL, name=file)
        hints = []
        for diagnostic in report.diagnostics:
            if diagnostic.file != file:
                continue
            place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
            reported = f"{place}: {diagnostic.rule.code} {diagnostic.message}"
            if diagnostic.severity.value == "info":
                hints.append(reported)
                continue
            failures += 1
            failure = ElementTree.SubElement(
                case, "failure", type=diagnostic.rule.code, message=_xml(diagnostic.message)
            )
            failure.text = _xml(reported)
        if hints:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(hints))
    suite.set("tests", str(len(report.files)))
    suite.set("failures", str(failures))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return "".join(
        char
        if char in "\t\n\r"
        or "\x20" <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
        else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
