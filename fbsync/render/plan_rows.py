"""The rows of an entry in a plan, one for each field. Values are safe to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Cause
from fbsync.model.configurations import Field
from fbsync.render.entries import Row, Tone
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.render.document import Json

_FIELDS = (Field.AI_TYPE.value, Field.ENDPOINT.value, Field.API_KEY.value)


def declared_rows(entry: Json) -> Iterator[Row]:
    """Yield a row for every field of an entry to create."""
    after = entry["change"]["after"]
    for label in _held(after):
        yield Row(label=label, after=visible(after[label]), note=_what_is_missing(entry, label), tone=Tone.ADD)
    for credential in entry["credentials"]:
        note = "" if credential["available"] else "not set, so not yet available"
        yield Row(label=credential["field"], after=credential["after"], note=note, tone=Tone.ADD)


def adopted_rows(entry: Json) -> Iterator[Row]:
    """Yield the rows of an adoption, which sends everything. The server's value is shown if it is different."""
    held = entry["change"]["before"]
    for row in declared_rows(entry):
        before = held.get(row.label)
        if before is None:
            yield Row(label=row.label, after=row.after, note=row.note, tone=Tone.CHANGE)
        elif visible(before) != row.after:
            yield Row(label=row.label, before=visible(before), after=row.after, note=row.note, tone=Tone.CHANGE)
        else:
            yield Row(label=row.label, after=row.after, note="the same", tone=Tone.QUIET)
    for label in _held(held):
        if entry["change"]["after"].get(label) is None:
            yield Row(label=label, before=visible(held[label]), note="removed", tone=Tone.REMOVE)


def known_rows(entry: Json) -> Iterator[Row]:
    """Yield a row for every known field of an entry to delete."""
    before = entry["change"]["before"]
    yield Row(label="id", before=visible(entry["id"]), tone=Tone.REMOVE)
    for label in _held(before):
        yield Row(label=label, before=visible(before[label]), tone=Tone.REMOVE)


def _held(fields: Json) -> Iterator[str]:
    """Return the fields that an entry has. It may have no endpoint or no stored key."""
    return (label for label in _FIELDS if fields.get(label) is not None)


def updated_rows(entry: Json) -> Iterator[Row]:
    """Yield rows for only what changes and what could not be compared."""
    for label, cause in entry["causes"].items():
        yield _field_row(entry, label, Cause(cause))
    for credential in entry["credentials"]:
        row = _credential_row(credential)
        if row is not None:
            yield row


def _field_row(entry: Json, label: str, cause: Cause) -> Row:
    before, after = (entry["change"][side][label] or "none" for side in ("before", "after"))
    said = ""
    if cause is Cause.OUTSIDE:
        said = "changed outside"
    elif cause is Cause.BOTH:
        said = f"changed here and outside; last known: {visible(entry.get('known', {}).get(label, before) or 'none')}"
    return Row(
        label=label,
        before=visible(before),
        after=visible(after),
        note="; ".join(filter(None, (said, _what_is_missing(entry, label)))),
        tone=Tone.CHANGE,
        is_drift=cause is not Cause.MANIFEST,
    )


def _credential_row(credential: Json) -> Row | None:
    """Return a row for what happens to a credential, or None if it is unchanged."""
    label, before, after = credential["field"], credential["before"], credential["after"]
    if (drift := credential.get("drift")) is not None:
        return _drifted_row(label, before, after, drift)
    if credential.get("resent"):
        return Row(label=label, after=after, note="sent again", tone=Tone.CHANGE)
    if after is None:
        note = "removed" if credential["sent"] else "replaced by a stored key"
        return Row(label=label, before=before, note=note, tone=Tone.REMOVE)
    if before is None:
        note = "added" if credential["available"] else "added; not set, so not yet available"
        return Row(label=label, after=after, note=note, tone=Tone.ADD)
    moved = before if before != after else None
    if credential["changed"] == "unverified":
        note = f"{'to be sent; ' if credential['sent'] else ''}not verified: {why_unverified(credential)}"
        tone = Tone.CHANGE if credential["sent"] else Tone.QUIET
        return Row(label=label, before=moved, after=after, note=note, tone=tone)
    if credential["changed"]:
        reference = f"{moved} → {after}" if moved else after
        return Row(label=label, after=f"changed ({reference})", tone=Tone.CHANGE)
    note = "another variable with the same value"
    return Row(label=label, before=moved, after=after, note=note, tone=Tone.QUIET) if moved else None


_KEY_DRIFT = {
    "added": ("a key", "on the server, but not in the known state"),
    "gone": ("none", "no longer listed on the server"),
    "changed": ("another key", "changed outside"),
}


def _drifted_row(label: str, before: str | None, after: str | None, drift: str) -> Row:
    """Return a row for a key that differs on the server from the one that was last sent."""
    held, note = _KEY_DRIFT[drift]
    tone = Tone.REMOVE if after is None else Tone.CHANGE
    return Row(
        label=label, before=before if drift == "gone" else held, after=after, note=note, tone=tone, is_drift=True
    )


def why_unverified(credential: Json) -> str:
    """Say why a credential could not be compared with the one that was last sent."""
    if credential.get("assumed"):
        return "assumed to match the server; nothing recorded"
    if not credential["available"]:
        return NOT_SET
    return "the server's value is not recorded"


NOT_SET = "its variable is not set here"


def _what_is_missing(entry: Json, label: str) -> str:
    """Say which variables a value lacks. For a stored key, say how the manifest names it."""
    names = entry.get("missing", {}).get(label, ())
    if names:
        return f"not set: {', '.join('$' + name for name in names)}"
    return _described(entry) if label == Field.API_KEY.value else ""


def _described(entry: Json) -> str:
    """Say how the manifest names a stored key whose id is shown, or why the id is not shown."""
    description = entry.get("api_key_description")
    if description is None:
        return ""
    is_known = entry["change"]["after"][Field.API_KEY.value] != description
    return visible(description) if is_known else "a description; only the server knows the id"
