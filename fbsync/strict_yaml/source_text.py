"""The text of an input, which turns offsets into lines, columns and findings."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE_BREAK = re.compile(r"\r\n?|\n")


class SourceText:
    """A decoded text. Its lines are counted when a position is first needed.

    Args:
        file: the name that positions show.
        text: the text, without a byte order mark.
    """

    __slots__ = ("_starts", "file", "text")

    def __init__(self, *, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = array("Q")

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset, from 1 and in characters. Offsets after the end count as the end."""
        offset = min(offset, len(self.text))
        start, line = self._line_around(offset)
        return Position(file=self.file, line=line, column=offset - start + 1)

    def line_at(self, offset: int) -> tuple[int, str]:
        """Return the offset where the line around an offset starts, and the line without its line break."""
        start, line = self._line_around(offset)
        starts = self._starts
        end = starts[line] if line < len(starts) else len(self.text)
        return start, self.text[start:end].rstrip("\r\n")

    def _line_around(self, offset: int) -> tuple[int, int]:
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(found.end() for found in _LINE_BREAK.finditer(self.text))
        line = bisect_right(self._starts, offset)
        return self._starts[line - 1], line

    def finding(
        self,
        rule: str,
        offset: int,
        message: str,
        remedy: str = "",
        *,
        related: Iterable[int] = (),
        severity: Severity = Severity.ERROR,
    ) -> Finding:
        """Return a finding at an offset, with the positions of other offsets that belong to it."""
        return Finding(
            rule=rule,
            position=self.position(offset),
            message=message,
            remedy=remedy,
            related=tuple(self.position(other) for other in related),
            severity=severity,
        )
