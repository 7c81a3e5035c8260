"""A plan as entries: which words each kind of change is put in, the same in every rendering."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Cause,
    Change,
    Create,
    Delete,
    Forget,
    Plan,
    Unchanged,
    Undeclared,
    Update,
    identity_of,
)
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.paint import visible
from fbsync.render.plan_rows import adopted_rows, declared_rows, known_rows, updated_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.configurations import Identity, Llm, LockedLlm

PROTECTED = "protected"
DRIFT = "drift"


class Kind(StrEnum):
    """The kinds of a plan's entries, the most serious first (the words of ``schemas/plan.schema.json``)."""

    BLOCKED = "blocked"
    DELETE = "delete"
    ADOPT = "adopt"
    CREATE = "create"
    UPDATE = "update"
    FORGET = "forget"
    UNDECLARED = "undeclared"
    UNCHANGED = "unchanged"


TONES = {
    Kind.BLOCKED: Tone.TROUBLE,
    Kind.DELETE: Tone.REMOVE,
    Kind.ADOPT: Tone.CHANGE,
    Kind.CREATE: Tone.ADD,
    Kind.UPDATE: Tone.CHANGE,
    Kind.FORGET: Tone.QUIET,
    Kind.UNDECLARED: Tone.QUIET,
    Kind.UNCHANGED: Tone.QUIET,
}


def plan_entries(plan: Plan) -> tuple[Entry, ...]:
    """Every entry of a plan, in its order, each with its warnings; nothing in them is unsafe to show."""
    notices: dict[Identity, list[str]] = {}
    for notice in plan.warnings:
        notices.setdefault(notice.identity, []).append(visible(notice.message))
    return tuple(_entry(change, notices.get(identity_of(change), ())) for change in plan.changes)


def _entry(change: Change, notices: Iterable[str]) -> Entry:
    identity = identity_of(change)
    kind, why, rows = _told(change)
    return Entry(
        kind=kind,
        tone=TONES[kind],
        name=visible(identity.name),
        workspace=visible(identity.workspace_id),
        why=visible(why),
        hint=visible(change.hint) if isinstance(change, Blocked) else "",
        rows=rows,
        marks=tuple(_marks(change)),
        warnings=(*notices, *_protection_warnings(change)),
    )


def is_worth_showing(entry: Entry) -> bool:
    """Whether there is anything to say of an entry beyond that it stays as it is."""
    return entry.kind != Kind.UNCHANGED or bool(entry.warnings)


def _told(change: Change) -> tuple[Kind, str, tuple[Row, ...]]:
    """A change's kind, the reason for it, and what becomes of each field."""
    match change:
        case Create():
            why = "deleted outside, to be created again" if change.lost else ""
            return Kind.CREATE, why, tuple(declared_rows(change.desired))
        case Adopt():
            why = "replaced outside, to be taken over" if change.replaced else "on the server already, to be taken over"
            return Kind.ADOPT, f"{why}, id {change.live.id}", tuple(adopted_rows(change.desired, change.live))
        case Update():
            return Kind.UPDATE, "", tuple(updated_rows(change))
        case Delete():
            return Kind.DELETE, "no longer declared", tuple(known_rows(change.locked))
        case Forget():
            return Kind.FORGET, "neither declared nor on the server: only its record goes", ()
        case Undeclared():
            fate = "--prune refuses while it is protected" if change.locked.protect else "--prune deletes it"
            return Kind.UNDECLARED, f"known, but no longer declared; {fate}", ()
        case Blocked():
            return Kind.BLOCKED, change.message, ()
        case Unchanged():
            return Kind.UNCHANGED, "", ()
        case _:
            assert_never(change)


def _marks(change: Change) -> Iterator[str]:
    if any(side is not None and side.protect for side in _sides(change)):
        yield PROTECTED
    if isinstance(change, Update) and any(item.cause is not Cause.MANIFEST for item in change.fields):
        yield DRIFT


def _sides(change: Change) -> tuple[Llm | LockedLlm | None, ...]:
    """What is known and what is declared of an entry."""
    match change:
        case Create() | Blocked():
            return (change.desired,)
        case Adopt():
            return change.replaced, change.desired
        case Update() | Unchanged():
            return change.locked, change.desired
        case Delete() | Forget() | Undeclared():
            return (change.locked,)
        case _:
            assert_never(change)


def _protection_warnings(change: Change) -> Iterator[str]:
    if isinstance(change, Delete) and change.locked.protect:
        yield "it is protected: apply refuses this"
    if loses_protection(change):
        yield "it loses its protection: from then on, fbsync may delete it"


def loses_protection(change: Change) -> bool:
    """Whether an entry that was protected is not to be any longer."""
    return isinstance(change, (Update, Unchanged)) and change.locked.protect and not change.desired.protect
