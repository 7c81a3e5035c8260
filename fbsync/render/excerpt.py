"""A source line below a finding, and where to underline it, in terminal columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fbsync.render.columns import character_width, columns
from fbsync.render.masking import Piece, masked_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.findings import Position

_WIDEST = 100
_LONGEST = 2_000
"""How many characters of a line are examined: a line of a megabyte may have hundreds of findings."""

_CUT = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A line that is safe to show.

    Attributes:
        line: the masked text. A long line is cut around the place of the finding.
        offset: the number of terminal columns before the place.
        width: the number of terminal columns of the place, at least one.
    """

    line: str
    offset: int
    width: int


def excerpt(lines: Sequence[str], position: Position) -> Excerpt | None:
    """Return the masked line of a position, and where to underline it. Return None if there is no such line.

    Args:
        lines: the file's lines, without line breaks.
        position: the position. Its column is counted in characters.
    """
    if not (0 < position.line <= len(lines) and 0 < position.column <= _LONGEST):
        return None
    pieces = _pieces(lines[position.line - 1][:_LONGEST])
    line = "".join(piece.text for piece in pieces).rstrip()
    offset, width = _place(pieces, position.column - 1)
    return _cut(line, min(offset, columns(line)), width)


@lru_cache(maxsize=2)
def _pieces(line: str) -> tuple[Piece, ...]:
    """Return the pieces of a line. Cached, because the next finding is often on the same line."""
    return tuple(masked_line(line))


def _place(pieces: Sequence[Piece], column: int) -> tuple[int, int]:
    """Return the offset and width, as shown, of the piece around a column. A masked piece is underlined as a whole."""
    before = 0
    for piece in pieces:
        if piece.start <= column < piece.end:
            inside = column - piece.start if len(piece.text) == piece.end - piece.start else 0
            return before + columns(piece.text[:inside]), max(1, columns(piece.text[inside:].rstrip()))
        before += columns(piece.text)
    return before, 1


def _cut(line: str, offset: int, width: int) -> Excerpt:
    """Cut a line to at most ``_WIDEST`` columns around the place, with ellipses where it was cut."""
    total = columns(line)
    if total <= _WIDEST:
        return Excerpt(line=line, offset=offset, width=width)
    first = max(0, min(offset - _WIDEST // 3, total - _WIDEST))
    kept, at, start = "", 0, None
    for character in line:
        if first <= at and at + character_width(character) <= first + _WIDEST - 2:
            start = at if start is None else start
            kept += character
        at += character_width(character)
    begin = start or 0
    lead = _CUT if begin else ""
    line = lead + kept + (_CUT if begin + columns(kept) < total else "")
    shown_offset = offset - begin + len(lead)
    return Excerpt(line=line, offset=shown_offset, width=max(1, min(width, columns(line) - shown_offset)))
