"""Drift as text, in the manner of a plan: what differs, entry by entry, and a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    Difference,
    Drift,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    identity_of,
)
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.planning.drift import FieldDrift

IN_DOUBT = "an apply that was cut off may have done this itself; the next one finds out"


def drift_text(drift: Drift, *, paint: Paint, compared: str) -> str:
    """Renders drift.

    Args:
        drift: the drift.
        paint: colours.
        compared: the sentences that say what was compared with what, and what was not.

    Returns:
        Lines, the last one ended. Values stand as known → live.
    """
    lines = [compared, ""]
    for difference in drift.differences:
        lines += [*_block(difference, paint), ""]
    return "\n".join([*lines, paint.bold(summary(drift)), ""])


def summary(drift: Drift) -> str:
    """One line: how much differs, how much does not, and what is not known at all."""
    counts = [f"{drift.in_step} as known"]
    if drift.is_found:
        changed, deleted, replaced = map(drift.count, (ChangedOutside, DeletedOutside, ReplacedOutside))
        counts = [f"{changed} changed", f"{deleted} deleted", f"{replaced} replaced", *counts]
    rest = [
        f"{number} {word}"
        for kind, word in ((Unmanaged, "unmanaged"), (Unadopted, "to adopt"))
        if (number := drift.count(kind))
    ]
    opening = "Drift" if drift.is_found else "No drift"
    return f"{opening}: {', '.join(counts)}." + (f" Beside that: {', '.join(rest)}." if rest else "")


def _block(difference: Difference, paint: Paint) -> list[str]:
    match difference:
        case ChangedOutside(locked=locked):
            return [
                _head(paint.yellow("~"), difference, locked.id, "changed outside", paint),
                *_rows(difference.fields),
                *_doubt(paint, in_doubt=difference.in_doubt),
            ]
        case DeletedOutside(locked=locked):
            return [
                _head(paint.red("-"), difference, locked.id, "deleted outside", paint),
                *_doubt(paint, in_doubt=difference.in_doubt),
            ]
        case ReplacedOutside(locked=locked, live=live):
            ids = f"{'id' if len(live) == 1 else 'ids'} {', '.join(llm.id for llm in live)}"
            return [
                _head(paint.yellow("~"), difference, locked.id, f"replaced outside, now {ids}", paint),
                *_rows(difference.fields),
                *_doubt(paint, in_doubt=difference.in_doubt),
            ]
        case Unadopted(live=live):
            why = "declared, but not known; `fbsync apply --adopt` takes it over"
            return [_head(paint.dim("?"), difference, live.id, why, paint)]
        case Unmanaged(live=live):
            return [_head(paint.dim("?"), difference, live.id, "unmanaged: neither declared nor known", paint)]
        case _:
            assert_never(difference)


def _head(sign: str, difference: Difference, llm_id: str, what: str, paint: Paint) -> str:
    identity = identity_of(difference)
    where = f"(workspace {visible(identity.workspace_id)}, id {visible(llm_id)})"
    return f"  {sign} {paint.bold(visible(identity.name))} {where}: {visible(what)}"


def _rows(fields: Iterable[FieldDrift]) -> list[str]:
    fields = tuple(fields)
    width = max((len(item.field.value) for item in fields), default=0) + 1
    return [f"      {item.field.value + ':':<{width}} {visible(item.known)} → {visible(item.live)}" for item in fields]


def _doubt(paint: Paint, *, in_doubt: bool) -> list[str]:
    return [f"      {paint.cyan('note:')} {IN_DOUBT}"] if in_doubt else []
