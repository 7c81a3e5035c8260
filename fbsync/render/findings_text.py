"""Findings as text: the place, what is wrong, the line itself underlined, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position, Severity
from fbsync.render.excerpt import excerpt
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_LINE_BREAK = re.compile(r"\r\n?|\n")
_MOST_RELATED = 3


def findings_text(findings: Sequence[Finding], *, sources: Mapping[str, str], paint: Paint) -> str:
    """Renders findings.

    Args:
        findings: in the order in which they are to stand.
        sources: the texts of the files by the names that positions use, for excerpts; files may be absent.
        paint: colours.

    Returns:
        A block for each finding, and a line that counts them; empty where there are none.
    """
    lines = {file: _LINE_BREAK.split(source) for file, source in sources.items()}
    blocks = ["\n".join([*_block(finding, lines, paint), ""]) for finding in findings]
    return "\n".join([*blocks, count_sentence(findings), ""]) if blocks else ""


def count_sentence(findings: Sequence[Finding]) -> str:
    """How many findings there are, errors and warnings apart."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    numbers = [_counted(errors, "error"), _counted(len(findings) - errors, "warning")]
    return ", ".join(number for number in numbers if number) or "No findings."


def _counted(number: int, noun: str) -> str:
    return "" if not number else f"{number} {noun}" + ("" if number == 1 else "s")


def _block(finding: Finding, lines: Mapping[str, Sequence[str]], paint: Paint) -> Iterator[str]:
    colour = paint.red if finding.severity is Severity.ERROR else paint.yellow
    severity = colour(finding.severity.value)
    entry = f' in "{visible(finding.entry)}"' if finding.entry else ""
    rule = paint.dim(f"[{finding.rule}]")
    yield f"{paint.bold(visible(str(finding.position)))}: {severity}{entry}: {visible(finding.message)} {rule}"
    yield from _underlined(finding.position, lines, paint, mark=lambda width: colour("^" * width))
    for other in finding.related[:_MOST_RELATED]:
        if other.file != finding.position.file:
            yield f"        and {visible(str(other))}"
        yield from _underlined(other, lines, paint, mark=lambda width: paint.dim("-" * width))
    if len(finding.related) > _MOST_RELATED:
        yield f"        and {len(finding.related) - _MOST_RELATED} more"
    if finding.remedy:
        yield f"    {paint.cyan('fix:')} {visible(finding.remedy)}"


def _underlined(
    place: Position, lines: Mapping[str, Sequence[str]], paint: Paint, *, mark: Callable[[int], str]
) -> Iterator[str]:
    shown = excerpt(lines.get(place.file, ()), place)
    if shown is not None and shown.line:
        yield paint.dim(f"{place.line:>5} | ") + shown.line
        yield paint.dim(f"{'':>5} | ") + " " * shown.offset + mark(shown.width)
