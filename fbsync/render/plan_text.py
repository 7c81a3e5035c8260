"""A plan as text, like Terraform's: the changes of each entry, and a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.columns import columns
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.plan_counts import (
    elsewhere_sentence,
    plan_summary,
    refusal_reasons,
    total_plan_summary,
    unverified,
    unverified_sentence,
    warning_count,
)
from fbsync.render.plan_entries import EntryKind, is_worth_showing, plan_entries
from fbsync.render.plan_origin import comparison, environment_of, other_server
from fbsync.render.wrapping import Span, unpainted, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json
    from fbsync.render.paint import Paint
    from fbsync.render.wrapping import Style

_SIGNS = {
    EntryKind.CREATE: "+",
    EntryKind.UPDATE: "~",
    EntryKind.ADOPT: "~",
    EntryKind.DELETE: "-",
    EntryKind.UNDECLARED: "?",
    EntryKind.BLOCKED: "!",
    EntryKind.UNCHANGED: "=",
}
_INDENT = 6


def plan_text(document: Json, *, paint: Paint, width: int | None = None, verbose: bool = False) -> str:
    """Render a plan.

    Args:
        document: the plan's document.
        paint: colours.
        width: the terminal's width in columns, or None (for example, for a pipe) to break no lines.
        verbose: whether to name every variable that could not be compared.

    Returns:
        Lines, each with a line break at its end.
    """
    lines = [*_origin(document, paint, width), *wrapped([Span(comparison(document))], width=width, indent=2), ""]
    for entry in plan_entries(document):
        if is_worth_showing(entry):
            lines += [*_block(entry, paint, width), ""]
    if sentence := elsewhere_sentence(document):
        lines += wrapped([Span(sentence)], width=width, indent=2)
    lines += _not_compared(document, paint, width, verbose=verbose)
    lines += _refusals(document, paint, width)
    if warnings := warning_count(document):
        lines += wrapped([Span("Warnings: ", paint.yellow), Span(f"{warnings}.")], width=width, indent=2)
    lines += wrapped([Span(plan_summary(document), paint.bold)], width=width, indent=2)
    return "\n".join([*lines, ""])


def plans_text(documents: Sequence[Json], *, paint: Paint, width: int | None = None, verbose: bool = False) -> str:
    """Render the plans of several environments, one after the other, and a summary of all.

    Args:
        documents: the plans' documents, in the order to show them.
        paint: as for one plan.
        width: as for one plan.
        verbose: as for one plan.
    """
    texts = [_titled(one, plan_text(one, paint=paint, width=width, verbose=verbose), paint) for one in documents]
    total = wrapped(
        [Span("All environments: "), Span(total_plan_summary(documents), paint.bold)], width=width, indent=2
    )
    return "\n".join([*texts, "\n".join(total)]) + "\n"


def _titled(document: Json, text: str, paint: Paint) -> str:
    """Return a plan's text among several, with a title if it is the one without an environment."""
    title = "" if document["environment"] is not None else f"Environment: {paint.bold('none (without -e)')}\n"
    return f"{title}{text}"


def _origin(document: Json, paint: Paint, width: int | None) -> Iterator[str]:
    """Yield the environment, and the server if it is not the default one."""
    for label, value in (("Environment: ", environment_of(document)), ("Server: ", other_server(document))):
        if value is not None:
            yield from wrapped([Span(label), Span(value, paint.bold)], width=width, indent=2)


def _not_compared(document: Json, paint: Paint, width: int | None, *, verbose: bool) -> Iterator[str]:
    sentence = unverified_sentence(document)
    if not sentence:
        return
    yield from wrapped([Span(sentence)], width=width, indent=2)
    if verbose:
        for item in unverified(document):
            spans = [Span("  "), Span(item.reference, paint.yellow), Span(f": {item.why} ({', '.join(item.entries)})")]
            yield from wrapped(spans, width=width, indent=4)


def _refusals(document: Json, paint: Paint, width: int | None) -> Iterator[str]:
    reasons = refusal_reasons(document)
    if not reasons:
        return
    yield from wrapped([Span("fbsync apply would refuse this plan:", paint.red)], width=width, indent=2)
    for reason in reasons:
        about = f"{reason.name} (workspace {reason.workspace}) " if reason.name else ""
        yield from wrapped([Span("  "), Span("! ", paint.red), Span(about + reason.message)], width=width, indent=4)
        yield from _remark("fix:", paint.cyan, reason.hint, width)
    yield ""


def _block(entry: Entry, paint: Paint, width: int | None) -> Iterator[str]:
    colour = _colour(entry.tone, paint)
    about = ", ".join((f"workspace {entry.workspace}", *entry.marks))
    why = f": {entry.why}" if entry.why else ""
    head = [Span("  "), Span(f"{_SIGNS[EntryKind(entry.kind)]} ", colour), Span(entry.name, paint.bold)]
    yield from wrapped([*head, Span(f" ({about}){why}")], width=width, indent=4)
    label_width = max((columns(row.label) for row in entry.rows), default=0) + 1
    for row in entry.rows:
        yield from _row(row, label_width, paint, width)
    if entry.hint:
        yield from _remark("fix:", paint.cyan, entry.hint, width)
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
