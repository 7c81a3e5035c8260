"""Drift as a report for a browser: the same page as a plan's."""

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
from fbsync.render.drift_text import IN_DOUBT, summary
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.page import html
from fbsync.render.page_sections import Page, Section
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.planning.drift import FieldDrift

_SECTIONS = (
    ("deleted", "deleted outside", Tone.REMOVE),
    ("replaced", "replaced outside", Tone.CHANGE),
    ("changed", "changed outside", Tone.CHANGE),
    ("unadopted", "declared, but not known", Tone.QUIET),
    ("unmanaged", "unmanaged", Tone.QUIET),
)


def drift_html(drift: Drift, *, environment: str | None, compared: str, title: str = "fbsync drift") -> str:
    """Renders drift as one self-contained page.

    Args:
        drift: the drift.
        environment: the environment's name, or None for the manifest itself.
        compared: the sentences that say what was compared with what, and what was not.
        title: the page's title, to which the environment is added.

    Returns:
        The document, the same for the same arguments. Values stand as known → live.
    """
    entries = tuple(map(_entry, drift.differences))
    sections = tuple(
        Section(
            kind=kind,
            title=words,
            tone=tone,
            entries=tuple(entry for entry in entries if entry.kind == kind),
            is_brief=kind == "unmanaged",
        )
        for kind, words, tone in _SECTIONS
    )
    return html(
        Page(
            title=visible(title if environment is None else f"{title}: {environment}"),
            lead=summary(drift),
            asides=(visible(compared),),
            sections=sections,
        )
    )


def _entry(difference: Difference) -> Entry:
    match difference:
        case ChangedOutside(locked=locked):
            return _made("changed", Tone.CHANGE, difference, f"id {locked.id}", _rows(difference.fields))
        case DeletedOutside(locked=locked):
            return _made("deleted", Tone.REMOVE, difference, f"the server no longer lists id {locked.id}")
        case ReplacedOutside(locked=locked, live=live):
            ids = f"{'id' if len(live) == 1 else 'ids'} {', '.join(llm.id for llm in live)}"
            why = f"the server lists {ids} in the place of id {locked.id}"
            return _made("replaced", Tone.CHANGE, difference, why, _rows(difference.fields))
        case Unadopted(live=live):
            why = f"id {live.id}; `fbsync apply --adopt` takes it over"
            return _made("unadopted", Tone.QUIET, difference, why)
        case Unmanaged(live=live):
            return _made("unmanaged", Tone.QUIET, difference, f"id {live.id}")
        case _:
            assert_never(difference)


def _made(kind: str, tone: Tone, difference: Difference, why: str, rows: Iterable[Row] = ()) -> Entry:
    identity = identity_of(difference)
    in_doubt = not isinstance(difference, (Unadopted, Unmanaged)) and difference.in_doubt
    return Entry(
        kind=kind,
        tone=tone,
        name=visible(identity.name),
        workspace=visible(identity.workspace_id),
        why=visible(why),
        rows=tuple(rows),
        warnings=(IN_DOUBT,) if in_doubt else (),
    )


def _rows(fields: Iterable[FieldDrift]) -> Iterable[Row]:
    for item in fields:
        before, after = visible(item.known), visible(item.live)
        yield Row(label=item.field, before=before, after=after, tone=Tone.CHANGE)
