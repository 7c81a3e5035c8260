"""A plan as entries: the words for each kind of change, which are the same in every rendering."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.ages import CredentialAge
from fbsync.model.changes import Cause
from fbsync.model.configurations import Field
from fbsync.render.entries import Entry, Row, Tone
from fbsync.render.paint import visible
from fbsync.render.plan_rows import adopted_rows, declared_rows, known_rows, updated_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.render.document import Json

PROTECTED = "protected"
DRIFT = "drift"
VERIFIED_FIRST = "verified first"


class EntryKind(StrEnum):
    """The kinds of a plan's entries, most serious first, with the words of ``schemas/plan.schema.json``."""

    BLOCKED = "blocked"
    DELETE = "delete"
    ADOPT = "adopt"
    CREATE = "create"
    UPDATE = "update"
    UNDECLARED = "undeclared"
    UNCHANGED = "unchanged"


TONES = {
    EntryKind.BLOCKED: Tone.TROUBLE,
    EntryKind.DELETE: Tone.REMOVE,
    EntryKind.ADOPT: Tone.CHANGE,
    EntryKind.CREATE: Tone.ADD,
    EntryKind.UPDATE: Tone.CHANGE,
    EntryKind.UNDECLARED: Tone.QUIET,
    EntryKind.UNCHANGED: Tone.QUIET,
}


def plan_entries(document: Json) -> tuple[Entry, ...]:
    """Return every entry of a plan's document, in its order, with its warnings. All text is safe to show."""
    notices: dict[tuple[str, str], list[str]] = {}
    for notice in document["warnings"]:
        notices.setdefault((notice["workspaceId"], notice["name"]), []).append(visible(notice["message"]))
    return tuple(
        _change_entry(change, notices.get((change["workspaceId"], change["name"]), ()))
        for change in document["resource_changes"]
    )


def _change_entry(change: Json, notices: Iterable[str]) -> Entry:
    kind = EntryKind(change["kind"])
    why, rows = _told(kind, change)
    return Entry(
        kind=kind,
        tone=TONES[kind],
        name=visible(change["name"]),
        workspace=visible(change["workspaceId"]),
        why=visible(why),
        hint=visible(change.get("remedy", "")),
        rows=tuple(rows),
        marks=tuple(_marks(change)),
        ages=tuple(map(_age, change.get("credential_ages", ()))),
        warnings=(*notices, *_protection_warnings(change), *_use_warnings(change)),
    )


def is_worth_showing(entry: Entry) -> bool:
    """Whether an entry changes or has warnings."""
    return entry.kind != EntryKind.UNCHANGED or bool(entry.warnings)


def _told(kind: EntryKind, change: Json) -> tuple[str, Iterable[Row]]:
    """Return the reason for a change, and what happens to each field."""
    match kind:
        case EntryKind.CREATE:
            why = "deleted outside, to recreate" if "former_id" in change else ""
            return why, declared_rows(change)
        case EntryKind.ADOPT:
            why = "replaced outside" if "former_id" in change else "already on the server"
            return f"{why}, to adopt, id {change['id']}", adopted_rows(change)
        case EntryKind.UPDATE:
            return "", updated_rows(change)
        case EntryKind.DELETE:
            return "; ".join((change.get("reason", "no longer declared"), *_served_calls(change))), known_rows(change)
        case EntryKind.UNDECLARED:
            fate = (
                "--prune refuses because it is protected" if _is_protected(change, "before") else "--prune deletes it"
            )
            return f"in the lockfile, but no longer declared; {fate}", ()
        case EntryKind.BLOCKED:
            return change["reason"], ()
        case EntryKind.UNCHANGED:
            return "", ()


def _served_calls(change: Json) -> Iterator[str]:
    """Say how many calls a configuration served, if the server says so."""
    calls = change.get("usage", {}).get("totalApiCalls")
    if calls is not None:
        yield "served no calls" if calls == 0 else f"served {calls:,} {'call' if calls == 1 else 'calls'}"


def _age(age: Json) -> str:
    return visible(CredentialAge(field=Field(age["field"]), sent_on=age["sent_on"], days=age["days"]).shown)


def _marks(change: Json) -> Iterator[str]:
    if _is_protected(change, "before") or _is_protected(change, "after"):
        yield PROTECTED
    causes = change.get("causes", {}).values()
    if any(cause != Cause.MANIFEST for cause in causes) or any("drift" in item for item in change["credentials"]):
        yield DRIFT
    if change.get("verify_first"):
        yield VERIFIED_FIRST


def _is_protected(change: Json, side: str) -> bool:
    fields = change["change"][side]
    return fields is not None and fields.get("protect", False)


def _protection_warnings(change: Json) -> Iterator[str]:
    if touches_protected(change) and change["kind"] == EntryKind.DELETE:
        yield "it is protected: fbsync will refuse to delete it"
    if loses_protection(change):
        yield "it loses its protection: fbsync may then delete it"


def _use_warnings(change: Json) -> Iterator[str]:
    """Yield warnings about repositories that use a configuration."""
    if not affects_repositories(change):
        return
    from fbsync.model.repositories import counted_repositories

    said = visible(counted_repositories(change["repositories"]))
    if change["kind"] == EntryKind.DELETE:
        yield f"it is used by {said}: the server will refuse to delete it"
    else:
        yield f"it is used by {said}, which this affects"


def affects_repositories(change: Json) -> bool:
    """Whether repositories use an entry and are affected by the change."""
    if not change.get("repositories"):
        return False
    is_felt = change["kind"] in (EntryKind.DELETE, EntryKind.ADOPT)
    return is_felt or not {"endpoint", "aiType"}.isdisjoint(change.get("causes", {}))


def touches_protected(change: Json) -> bool:
    """Whether a protected entry is updated or deleted."""
    return change["kind"] in (EntryKind.UPDATE, EntryKind.DELETE) and _is_protected(change, "before")


def loses_protection(change: Json) -> bool:
    """Whether a protected entry will no longer be protected."""
    return (
        change["kind"] in (EntryKind.UPDATE, EntryKind.UNCHANGED)
        and _is_protected(change, "before")
        and not _is_protected(change, "after")
    )
