"""Drift as text, like a plan: the differences of each entry, and a summary sentence."""

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
    identity_of_difference,
)
from fbsync.render.drift_remedies import advice_on
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fbsync.planning.drift import FieldDrift
    from fbsync.render.drift_found import DriftFound

IN_DOUBT = "an interrupted apply may have done this; the next one checks"


def drift_text(found: DriftFound, *, paint: Paint) -> str:
    """Render drift.

    Args:
        found: the drift of an environment.
        paint: colours.

    Returns:
        Lines, each with a line break at its end. Values are shown as "known → live".
    """
    lines = [
        f"{label}: {paint.bold(visible(value))}"
        for label, value in (("Environment", found.environment), ("Server", found.other_server))
        if value is not None
    ]
    lines += [" ".join(found.remarks), ""]
    for difference in found.drift.differences:
        advice = advice_on(difference, found)
        lines += [*_block(difference, paint), *_advice(advice, paint), ""]
    lines += [f"{paint.yellow('warning:')} {warning}" for warning in warning_lines(found)]
    return "\n".join([*lines, paint.bold(drift_summary(found.drift)), ""])


def warning_lines(found: DriftFound) -> tuple[str, ...]:
    """Return the warnings, each with its entry. They are safe to show."""
    return tuple(
        visible(f"{item.identity.name} (workspace {item.identity.workspace_id}): {item.message}")
        for item in found.warnings
    )


def drifts_text(found: Sequence[DriftFound], *, paint: Paint) -> str:
    """Render the drift of several environments, one after the other, and a summary of all."""
    own = f"Environment: {paint.bold('none (without -e)')}\n"
    texts = [("" if one.environment is not None else own) + drift_text(one, paint=paint) for one in found]
    total = paint.bold(total_drift_summary([one.drift for one in found]))
    return "\n".join([*texts, f"All environments: {total}\n"])


def _advice(advice: Iterable[tuple[str, str]], paint: Paint) -> Iterator[str]:
    for label, text in advice:
        yield f"      {paint.cyan(f'{label}:')} {text}"


def drift_summary(drift: Drift) -> str:
    """Summarise drift in one line: the counts of differences, of unchanged entries, and of what is not known."""
    return total_drift_summary([drift])


def total_drift_summary(drifts: Sequence[Drift]) -> str:
    """Summarise the drift of several environments in one line."""

    def count(kind: type[Difference]) -> int:
        return sum(drift.count(kind) for drift in drifts)

    is_found = any(drift.is_found for drift in drifts)
    counts = [f"{sum(drift.in_step for drift in drifts)} unchanged"]
    if is_found:
        changed, deleted, replaced = map(count, (ChangedOutside, DeletedOutside, ReplacedOutside))
        counts = [f"{changed} changed", f"{deleted} deleted", f"{replaced} replaced", *counts]
    words = ((Unmanaged, "unmanaged"), (Unadopted, "to adopt"))
    rest = [f"{number} {word}" for kind, word in words if (number := count(kind))]
    opening = "Drift" if is_found else "No drift"
    return f"{opening}: {', '.join(counts)}." + (f" {', '.join(rest)}." if rest else "")


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
            return [_head(paint.dim("?"), difference, live.id, "declared, but not in the lockfile", paint)]
        case Unmanaged(live=live):
            return [
                _head(paint.dim("?"), difference, live.id, "unmanaged: neither declared nor in the lockfile", paint)
            ]
        case _:
            assert_never(difference)


def _head(sign: str, difference: Difference, llm_id: str, what: str, paint: Paint) -> str:
    identity = identity_of_difference(difference)
    where = f"(workspace {visible(identity.workspace_id)}, id {visible(llm_id)})"
    return f"  {sign} {paint.bold(visible(identity.name))} {where}: {visible(what)}"


def _rows(fields: Iterable[FieldDrift]) -> list[str]:
    fields = tuple(fields)
    width = max((len(item.field.value) for item in fields), default=0) + 1
    return [f"      {item.field.value + ':':<{width}} {visible(item.known)} → {visible(item.live)}" for item in fields]


def _doubt(paint: Paint, *, in_doubt: bool) -> list[str]:
    return [f"      {paint.cyan('note:')} {IN_DOUBT}"] if in_doubt else []
