"""The workspaces of a user as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.columns import columns
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.live import Workspace

_HEADINGS = ("NAME", "ID", "ROLE")


def workspace_table(workspaces: Sequence[Workspace], *, paint: Paint) -> str:
    """Render workspaces, aligned by terminal columns. A dash stands for a role that the server does not return.

    Returns:
        Lines, each with a line break at its end. The first has the headings.
    """
    rows = [(visible(one.name), visible(one.id), visible(one.role or "-")) for one in workspaces]
    widths = [max(map(columns, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    return "".join(
        [paint.bold(_workspace_line(_HEADINGS, widths)) + "\n", *(_workspace_line(row, widths) + "\n" for row in rows)]
    )


def _workspace_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
