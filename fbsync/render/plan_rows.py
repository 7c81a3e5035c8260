"""What becomes of each field of an entry of a plan, as rows; the values are safe to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Cause, Changed, CredentialChange, FieldChange, Update
from fbsync.model.configurations import Field
from fbsync.render.entries import Row, Tone
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.model.configurations import Credential, LiveLlm, Llm, LockedLlm, Text


def declared_rows(llm: Llm) -> Iterator[Row]:
    """Every field of an entry that is to be made."""
    for label, value in ((Field.AI_TYPE, llm.ai_type), (Field.ENDPOINT, llm.endpoint)):
        text, note = (visible(value), "") if isinstance(value, str) else _text(value)
        yield Row(label=label, after=text, note=note, tone=Tone.ADD)
    for field, credential in llm.credentials:
        yield Row(label=field, after=f"${credential.reference}", note=_availability(credential), tone=Tone.ADD)


def adopted_rows(llm: Llm, live: LiveLlm) -> Iterator[Row]:
    """An adoption sends everything; what the server holds is shown where it is another value."""
    held = {Field.AI_TYPE: live.ai_type, Field.ENDPOINT: live.endpoint}
    for row in declared_rows(llm):
        before = held.get(Field(row.label))
        if before is None:
            yield Row(label=row.label, after=row.after, note=row.note, tone=Tone.CHANGE)
        elif visible(before) != row.after:
            yield Row(label=row.label, before=visible(before), after=row.after, note=row.note, tone=Tone.CHANGE)
        else:
            yield Row(label=row.label, after=row.after, note="the same", tone=Tone.QUIET)


def known_rows(locked: LockedLlm) -> Iterator[Row]:
    """What is known of an entry that is to go."""
    yield Row(label="id", before=visible(locked.id), tone=Tone.REMOVE)
    yield Row(label=Field.AI_TYPE, before=visible(locked.ai_type), tone=Tone.REMOVE)
    yield Row(label=Field.ENDPOINT, before=visible(locked.endpoint), tone=Tone.REMOVE)


def updated_rows(change: Update) -> Iterator[Row]:
    """Only what changes, and what could not be compared."""
    yield from map(_field_row, change.fields)
    for credential in change.credentials:
        row = _credential_row(credential)
        if row is not None:
            yield row


def _field_row(change: FieldChange) -> Row:
    after, missing = _text(change.after)
    cause = ""
    if change.cause is Cause.OUTSIDE:
        cause = "changed outside"
    elif change.cause is Cause.BOTH:
        cause = f"changed here and outside, known as {visible(change.known)}"
    return Row(
        label=change.field,
        before=visible(change.before),
        after=after,
        note="; ".join(filter(None, (cause, missing))),
        tone=Tone.CHANGE,
        is_drift=change.cause is not Cause.MANIFEST,
    )


def _credential_row(change: CredentialChange) -> Row | None:
    """What becomes of a credential; nothing is said of one that stays as it is."""
    before = None if change.before is None else f"${change.before.reference}"
    if change.after is None:
        return Row(label=change.field, before=before, note="removed", tone=Tone.REMOVE)
    after = f"${change.after.reference}"
    if before is None:
        note = "; ".join(filter(None, ("added", _availability(change.after))))
        return Row(label=change.field, after=after, note=note, tone=Tone.ADD)
    moved = before if before != after else None
    match change.changed:
        case Changed.YES:
            reference = f"{moved} → {after}" if moved else after
            return Row(label=change.field, after=f"changed ({reference})", tone=Tone.CHANGE)
        case Changed.UNVERIFIED:
            note = f"{'to be sent; ' if change.is_sent else ''}not verified: {why_unverified(change)}"
            tone = Tone.CHANGE if change.is_sent else Tone.QUIET
            return Row(label=change.field, before=moved, after=after, note=note, tone=tone)
        case Changed.NO:
            note = "another variable of the same value"
            return Row(label=change.field, before=moved, after=after, note=note, tone=Tone.QUIET) if moved else None


def why_unverified(change: CredentialChange) -> str:
    """Why a credential could not be compared with the one that the server was last given."""
    if change.assumed:
        return "taken for what the server holds, of which nothing is known"
    if change.after is None or change.after.secret is None:
        return "its variable is not set here"
    return "nothing is known of what the server holds"


def _text(text: Text) -> tuple[str, str]:
    """A text as it is shown, and what it lacks."""
    if text.value is not None:
        return visible(text.value), ""
    return visible(text.template), f"not set: {', '.join('$' + name for name in text.missing)}"


def _availability(credential: Credential) -> str:
    return "" if credential.secret else "not set: not yet available"
