"""A plan as text, in Terraform's manner: what changes, entry by entry, and a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.columns import columns
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.plan_counts import Unverified, summary, unverified, warning_count
from fbsync.render.plan_entries import Kind, is_worth_showing, plan_entries
from fbsync.render.wrapping import Span, unpainted, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.model.changes import Plan
    from fbsync.render.paint import Paint
    from fbsync.render.wrapping import Style

__all__ = ["plan_text", "summary"]

_SIGNS = {
    Kind.CREATE: "+",
    Kind.UPDATE: "~",
    Kind.ADOPT: "~",
    Kind.DELETE: "-",
    Kind.FORGET: "-",
    Kind.UNDECLARED: "?",
    Kind.BLOCKED: "!",
    Kind.UNCHANGED: "=",
}
_INDENT = 6
_MOST_NAMES = 3


def plan_text(plan: Plan, *, paint: Paint, compared: str, width: int | None = None) -> str:
    """Renders a plan.

    Args:
        plan: the plan.
        paint: colours.
        compared: the sentence that says what was compared with what.
        width: the terminal's columns; without it, as into a pipe, no line is broken.

    Returns:
        Lines, the last one ended.
    """
    lines = [*wrapped([Span(compared)], width=width, indent=2), *_not_verified(plan, paint, width), ""]
    for entry in plan_entries(plan):
        if is_worth_showing(entry):
            lines += [*_block(entry, paint, width), ""]
    if warnings := warning_count(plan):
        lines += wrapped([Span("Warnings: ", paint.yellow), Span(f"{warnings}.")], width=width, indent=2)
    lines += wrapped([Span(summary(plan), paint.bold)], width=width, indent=2)
    return "\n".join([*lines, ""])


def _not_verified(plan: Plan, paint: Paint, width: int | None) -> Iterator[str]:
    found = unverified(plan)
    if not found:
        return
    noun = "This credential" if len(found) == 1 else "These credentials"
    yield from wrapped([Span(f"{noun} could not be compared, and may have changed:")], width=width, indent=2)
    for item in found:
        spans = [Span("  "), Span(item.reference, paint.yellow), Span(f": {item.why} ({_users(item)})")]
        yield from wrapped(spans, width=width, indent=4)


def _users(item: Unverified) -> str:
    rest = len(item.entries) - _MOST_NAMES
    names = ", ".join(item.entries[:_MOST_NAMES])
    return f"{names} and {rest} more" if rest > 0 else names


def _block(entry: Entry, paint: Paint, width: int | None) -> Iterator[str]:
    colour = _colour(entry.tone, paint)
    about = ", ".join((f"workspace {entry.workspace}", *entry.marks))
    why = f": {entry.why}" if entry.why else ""
    head = [Span("  "), Span(f"{_SIGNS[Kind(entry.kind)]} ", colour), Span(entry.name, paint.bold)]
    yield from wrapped([*head, Span(f" ({about}){why}")], width=width, indent=4)
    label_width = max((columns(row.label) for row in entry.rows), default=0) + 1
    for row in entry.rows:
        yield from _row(row, label_width, paint, width)
    if entry.hint:
        yield from _remark("what to do:", paint.cyan, entry.hint, width)
    for warning in entry.warnings:
        yield from _remark("warning:", paint.yellow, warning, width)


def _row(row: Row, label_width: int, paint: Paint, width: int | None) -> Iterator[str]:
    label = f"{row.label}:"
    indent = _INDENT + label_width + 1
    spans = [Span(" " * _INDENT + label + " " * (label_width - columns(label) + 1))]
    if width is not None and any(columns(value or "") > width - indent for value in (row.before, row.after)):
        yield " " * _INDENT + label
        indent = _INDENT + 2
        spans = [Span(" " * indent)]
    if row.before is not None:
        spans.append(Span(row.before))
    if row.before is not None and row.after is not None:
        spans.append(Span(" → "))
    if row.after is not None:
        spans.append(Span(row.after))
    if row.note:
        spans.append(Span(f" ({row.note})", paint.yellow if row.is_drift else unpainted))
    yield from wrapped(spans, width=width, indent=indent)


def _remark(label: str, colour: Style, text: str, width: int | None) -> list[str]:
    spans = [Span(" " * _INDENT), Span(label, colour), Span(f" {text}")]
    return wrapped(spans, width=width, indent=_INDENT + 2)


def _colour(tone: Tone, paint: Paint) -> Style:
    match tone:
        case Tone.ADD:
            return paint.green
        case Tone.CHANGE:
            return paint.yellow
        case Tone.REMOVE | Tone.TROUBLE:
            return paint.red
        case Tone.QUIET:
            return paint.dim
