"""Rows: one measurement each, with its target, as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement.

    Attributes:
        work: what was measured.
        peer: what it is compared with.
        target: the target, in words.
        measured: the result, in words; empty if the row was skipped.
        is_met: whether the target is met, or None if the row was skipped.
        took: the times of both, or why the row was skipped.
    """

    work: str
    peer: str
    target: str
    measured: str = ""
    is_met: bool | None = None
    took: str = ""


def against(work: str, peer: str, *, limit: float, ratio: float, seconds: tuple[float, float], digits: int = 2) -> Row:
    """The row of a ratio with an upper limit."""
    return Row(
        work=work,
        peer=peer,
        target=f"≤ {limit:g} x",
        measured=f"{ratio:.{digits}f} x",
        is_met=ratio <= limit,
        took=f"{shown(seconds[0])}, {shown(seconds[1])}",
    )


def skipped(work: str, peer: str, target: str, why: str) -> Row:
    """The row of a skipped measurement."""
    return Row(work=work, peer=peer, target=target, took=f"skipped: {why}")


def shown(seconds: float) -> str:
    """A time for people."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    head = ("work", "compared with", "target", "measured", "met", "medians: fbsync, the other")
    lines = [head, ("---",) * len(head)]
    for row in rows:
        met = {True: "yes", False: "**no**", None: "-"}[row.is_met]
        lines.append((row.work, row.peer, row.target, row.measured or "-", met, row.took))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def document(rows: Sequence[Row], machine: dict[str, Any]) -> dict[str, Any]:
    """The rows for JSON."""
    return {"machine": machine, "rows": [asdict(row) for row in rows]}
