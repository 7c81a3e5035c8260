"""Findings as text: the place, the mistake, the underlined line, and the fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position, Severity
from fbsync.render.excerpt import excerpt
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_LINE_BREAK = re.compile(r"\r\n?|\n")
_MOST_RELATED = 3
_MOST_PLACES = 3


def findings_text(
    findings: Sequence[Finding], *, sources: Mapping[str, str], paint: Paint, folded: bool = False
) -> str:
    """Render findings.

    Args:
        findings: the findings, in the order to show them.
        sources: the text of the files, by the names that positions use, for excerpts. Files may be missing.
        paint: colours.
        folded: whether to combine many findings of one kind into one block with the first places.

    Returns:
        A block for each finding, and a line with the counts. Empty if there are no findings.
    """
    lines = {file: _LINE_BREAK.split(source) for file, source in sources.items()}
    kinds = _by_kind(findings, folded=folded)
    blocks = ["\n".join([*_block(kind[0], lines, paint), *_others(kind[1:], paint), ""]) for kind in kinds]
    return "\n".join([*blocks, findings_count(findings), ""]) if blocks else ""


def _by_kind(findings: Sequence[Finding], *, folded: bool) -> Iterable[Sequence[Finding]]:
    """Group findings. If a kind has many, they are one group at the place of the first."""
    if not folded:
        return [[finding] for finding in findings]
    kinds: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.rule, finding.severity), []).append(finding)
    return [
        part
        for kind in kinds.values()
        for part in ([kind] if len(kind) > _MOST_PLACES else [[finding] for finding in kind])
    ]


def _others(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """Yield a line with further places of the same finding, if there are any."""
    if not findings:
        return
    places = [
        visible(f'{finding.position} in "{finding.entry}"' if finding.entry else str(finding.position))
        for finding in findings[: _MOST_PLACES - 1]
    ]
    rest = len(findings) - len(places)
    yield f"    {paint.bold('the same')} at {', '.join(places)} and {rest} more; -v shows all"


def findings_count(findings: Sequence[Finding]) -> str:
    """Say how many errors and warnings there are."""
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
