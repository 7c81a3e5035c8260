"""Drift as entries: the words for each kind of difference, in a report and in a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    Difference,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    identity_of_difference,
)
from fbsync.render.drift_remedies import advice_on
from fbsync.render.drift_text import IN_DOUBT
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.planning.drift import FieldDrift
    from fbsync.render.drift_found import DriftFound

KINDS = (
    ("deleted", "deleted outside", Tone.REMOVE),
    ("replaced", "replaced outside", Tone.CHANGE),
    ("changed", "changed outside", Tone.CHANGE),
    ("unadopted", "declared, but not in the lockfile", Tone.QUIET),
    ("unmanaged", "unmanaged", Tone.QUIET),
)
"""The kinds of differences and their names, most serious first."""


def drift_entries(found: DriftFound, *, of_several: bool = False) -> tuple[Entry, ...]:
    """Return an entry for every difference, in the same order. All of their text is safe to show.

    Args:
        found: the drift of an environment.
        of_several: whether several environments are shown, so that each entry names its environment.
    """
    place = visible(found.environment or "") if of_several else None
    return tuple(
        _drift_entry(difference, advice_on(difference, found), place) for difference in found.drift.differences
    )


def _drift_entry(difference: Difference, advice: Iterable[tuple[str, str]], environment: str | None) -> Entry:
    identity = identity_of_difference(difference)
    kind, tone, why, fields = _told(difference)
    in_doubt = not isinstance(difference, (Unadopted, Unmanaged)) and difference.in_doubt
    return Entry(
        kind=kind,
        tone=tone,
        name=visible(identity.name),
        workspace=visible(identity.workspace_id),
        why=visible(why),
        rows=(*_rows(fields), *(Row(label=label, after=text, tone=Tone.QUIET) for label, text in advice)),
        warnings=(IN_DOUBT,) if in_doubt else (),
        environment=environment,
    )


def _told(difference: Difference) -> tuple[str, Tone, str, tuple[FieldDrift, ...]]:
    match difference:
        case ChangedOutside(locked=locked):
            return "changed", Tone.CHANGE, f"id {locked.id}", difference.fields
        case DeletedOutside(locked=locked):
            return "deleted", Tone.REMOVE, f"the server no longer lists id {locked.id}", ()
        case ReplacedOutside(locked=locked, live=live):
            ids = f"{'id' if len(live) == 1 else 'ids'} {', '.join(llm.id for llm in live)}"
            why = f"the server lists {ids} instead of id {locked.id}"
            return "replaced", Tone.CHANGE, why, difference.fields
        case Unadopted(live=live):
            return "unadopted", Tone.QUIET, f"id {live.id}", ()
        case Unmanaged(live=live):
            return "unmanaged", Tone.QUIET, f"id {live.id}", ()
        case _:
            assert_never(difference)


def _rows(fields: Iterable[FieldDrift]) -> Iterable[Row]:
    for item in fields:
        before, after = visible(item.known), visible(item.live)
        yield Row(label=item.field, before=before, after=after, tone=Tone.CHANGE)
