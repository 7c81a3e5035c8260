"""Findings as GitHub workflow commands, which become annotations on the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.findings import Finding

_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def findings_github(findings: Sequence[Finding]) -> str:
    """Render findings, one line for each. Return an empty string if there are none."""
    return "".join(f"{_command(finding)}\n" for finding in findings)


def _command(finding: Finding) -> str:
    place = finding.position
    about = {
        "file": place.file,
        "line": place.line or None,
        "col": place.column or None,
        "title": f"fbsync {finding.rule}" + (f" in {finding.entry}" if finding.entry else ""),
    }
    properties = ",".join(
        f"{key}={visible(str(value)).translate(_IN_PROPERTY)}" for key, value in about.items() if value is not None
    )
    lines = [finding.message, *(f"See also {place}" for place in finding.related)]
    if finding.remedy:
        lines.append(f"Fix: {finding.remedy}")
    message = "\n".join(visible(line) for line in lines).translate(_IN_DATA)
    return f"::{finding.severity.value} {properties}::{message}"
