"""Stored provider keys as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.columns import columns
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = ("WORKSPACE", "ID", "PROVIDER", "DESCRIPTION", "CONFIGURATIONS")


def key_table(rows: Sequence[Sequence[str | int | None]], *, paint: Paint) -> str:
    """Render stored keys, aligned by terminal columns. A dash stands for what the server does not return.

    Args:
        rows: for each key, its workspace, id, provider and description, and how many configurations use it.
        paint: the colours.

    Returns:
        Lines, each with a line break at its end. The first has the headings.
    """
    cells = [tuple("-" if value is None else visible(str(value)) for value in row) for row in rows]
    widths = [max(map(columns, column)) for column in zip(_HEADINGS, *cells, strict=True)]
    return "".join([paint.bold(_key_line(_HEADINGS, widths)) + "\n", *(_key_line(row, widths) + "\n" for row in cells)])


def _key_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
