"""Findings as a JUnit report, which most CI systems show as tests: one for each finding and for each clean file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fbsync.model.findings import Finding


def findings_junit(findings: Sequence[Finding], *, files: Sequence[str], failing: Collection[Finding]) -> str:
    """Render findings.

    Args:
        findings: the findings, in the order to show them.
        files: the files that were checked.
        failing: the findings that fail the run. The others pass, with their text as output.
    """
    concerned = {finding.position.file for finding in findings}
    clean = [file for file in dict.fromkeys(files) if file not in concerned]
    suite = Element("testsuite", name="fbsync validate", tests=str(len(findings) + len(clean)))
    suite.set("failures", str(sum(finding in failing for finding in findings)))
    suite.set("errors", "0")
    for finding in findings:
        _add_testcase(suite, finding, fails=finding in failing)
    for file in clean:
        SubElement(suite, "testcase", classname=_xml_text(file), name="no findings")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _add_testcase(suite: Element, finding: Finding, *, fails: bool) -> None:
    place = finding.position
    entry = f" in {finding.entry}" if finding.entry else ""
    name = f"{finding.rule}{entry}" + (f" (line {place.line})" if place.line else "")
    case = SubElement(
        suite, "testcase", classname=_xml_text(place.file), name=_xml_text(name), file=_xml_text(place.file)
    )
    if place.line:
        case.set("line", str(place.line))
    text = f"{place}: {finding.severity.value}{entry}: {finding.message}"
    text += "".join(f"\nsee also {other}" for other in finding.related)
    text += f"\nfix: {finding.remedy}" if finding.remedy else ""
    if fails:
        failure = SubElement(case, "failure", message=_xml_text(finding.message), type=finding.severity.value)
        failure.text = _xml_text(text)
    else:
        SubElement(case, "system-out").text = _xml_text(text)


def _xml_text(text: str) -> str:
    """Escape characters that XML forbids (XML 1.0, 2.2) but that Python's XML writer lets through."""
    lines = (visible(line) for line in text.split("\n"))
    return "\n".join(lines).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
