"""Findings: the mistakes in an input, as data, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MOST_FINDINGS = 500
"""More than anyone corrects at once. fbsync neither searches for more findings nor lists them."""


class Severity(StrEnum):
    """The severity of a finding. An error stops the run; a warning does so only with ``--strict``."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in an input.

    Attributes:
        file: the path as the user gave it, or one relative to the current folder.
        line: counted from 1; 0 means the file as a whole.
        column: counted in characters from 1; 0 means the line as a whole.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """The position as compilers write it, which editors and terminals link: ``file:line:column``."""
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


NOWHERE = Position(file="")
"""The position of a record that was made in code and is in no file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake in an input.

    Attributes:
        rule: the kind of mistake, a stable kebab-case word that tools may filter by.
        position: where it is.
        message: what is wrong and what was expected. It never contains a secret, nor the value of a field that
            should have been a reference to one.
        remedy: what to write instead, or an empty string.
        entry: the entry's name, or None.
        severity: error or warning.
        related: related places, such as the first of two equal names.
    """

    rule: str
    position: Position
    message: str
    remedy: str = ""
    entry: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Position, ...] = ()


def in_file_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by file, line and column; equal places keep the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: finding.position))


def first_of(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Take as many findings as fbsync lists, and one more, which shows that there are more."""
    return islice(findings, MOST_FINDINGS + 1)


def limited(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first ``MOST_FINDINGS`` findings, errors before warnings, and one that says that there are more.

    Args:
        findings: the findings, in the order to list them in.
    """
    everything = tuple(findings)
    if len(everything) <= MOST_FINDINGS:
        return everything
    errors = errors_among(everything)
    warnings = tuple(finding for finding in everything if finding.severity is Severity.WARNING)
    chosen = frozenset((*errors, *warnings)[:MOST_FINDINGS])
    kept = tuple(finding for finding in everything if finding in chosen)[:MOST_FINDINGS]
    rest = Finding(
        rule="too-many-findings",
        position=kept[-1].position,
        message=f"there are more than {MOST_FINDINGS} findings; the rest is not listed",
        remedy="fix the findings above first, and check that this is the right file",
        severity=Severity.ERROR if errors else Severity.WARNING,
    )
    return (*(finding for finding in kept if finding.rule != rest.rule), rest)


def errors_among(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop a run."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
