"""Findings as text: the place, what is wrong, the line itself with a caret, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.findings import Finding, Severity
from fbsync.render.excerpt import excerpt
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def findings_text(findings: Sequence[Finding], *, sources: Mapping[str, str], paint: Paint) -> str:
    """Renders findings.

    Args:
        findings: in the order in which they are to stand.
        sources: the texts of the files by the names that positions use, for excerpts; files may be absent.
        paint: colours.

    Returns:
        A block for each finding, and a line that counts them; empty where there are none.
    """
    blocks = [_block(finding, sources.get(finding.position.file), paint) for finding in findings]
    return "\n".join([*blocks, count_sentence(findings), ""]) if blocks else ""


def count_sentence(findings: Sequence[Finding]) -> str:
    """How many findings there are, errors and warnings apart."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    numbers = [_counted(errors, "error"), _counted(len(findings) - errors, "warning")]
    return ", ".join(number for number in numbers if number) or "No findings."


def _counted(number: int, noun: str) -> str:
    return "" if not number else f"{number} {noun}" + ("" if number == 1 else "s")


def _block(finding: Finding, source: str | None, paint: Paint) -> str:
    colour = paint.red if finding.severity is Severity.ERROR else paint.yellow
    entry = f' in "{visible(finding.entry)}"' if finding.entry else ""
    head = f"{paint.bold(visible(str(finding.position)))}: {colour(finding.severity.value)}{entry}"
    lines = [f"{head}: {visible(finding.message)}"]
    shown = excerpt(source, finding.position) if source is not None else None
    if shown is not None:
        number = f"{finding.position.line:>5} | "
        lines.append(paint.dim(number) + shown.line)
        lines.append(" " * len(number) + " " * shown.offset + colour("^" * shown.width))
    if finding.remedy:
        lines.append(f"    {paint.cyan('remedy:')} {visible(finding.remedy)}")
    return "\n".join([*lines, ""])
