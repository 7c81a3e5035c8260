"""One change in a plan's document: both sides of the entry, its credentials, and remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.model.api_keys import description_of
from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Changed,
    Create,
    CredentialChange,
    Delete,
    Unchanged,
    Undeclared,
    Update,
    desired_of,
    id_of,
    identity_of,
    is_verified_first,
)
from fbsync.model.configurations import Field, Llm, LockedLlm

if TYPE_CHECKING:
    from fbsync.model.configurations import LockedCredential
    from fbsync.model.live import LiveLlm
    from fbsync.render.document import Json


def change_entry(change: Change) -> Json:
    """Return the document of one entry's change (``schemas/plan.schema.json``, 'resourceChange')."""
    identity = identity_of(change)
    actions, kind, before, after, credentials = _sides(change)
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": id_of(change),
        "kind": kind,
        "change": {"actions": actions, "before": before, "after": after},
        "credentials": [_credential_entry(item) for item in credentials],
    }
    return entry | _more_of(change)


def _more_of(change: Change) -> Json:
    """Return the fields that only some kinds of changes have."""
    more: Json = {}
    match change:
        case Blocked():
            more |= {"reason": change.message, "remedy": change.hint}
        case Update():
            more["causes"] = {item.field.value: item.cause.value for item in change.fields}
            if known := {item.field.value: item.known or None for item in change.fields if item.known != item.before}:
                more["known"] = known
        case Create(lost=LockedLlm() as former) | Adopt(replaced=LockedLlm() as former):
            more["former_id"] = former.id
        case _:
            pass
    if is_verified_first(change):
        more["verify_first"] = True
    if (desired := desired_of(change)) is not None:
        more |= _of_declared(desired)
    return more


def _of_declared(llm: Llm) -> Json:
    """Return how the manifest writes the values that are resolved in both sides of the change."""
    more: Json = {}
    if missing := _missing(llm):
        more["missing"] = missing
    if (description := description_of(llm)) is not None:
        more["api_key_description"] = description
    return more


def _missing(llm: Llm) -> dict[str, list[str]]:
    """Return the variables that are not set, by field."""
    return {field.value: list(text.missing) for field, text in llm.texts if text.missing}


def _sides(change: Change) -> tuple[list[str], str, Json | None, Json | None, tuple[CredentialChange, ...]]:
    """Return Terraform's names of the actions, fbsync's own word, both sides, and the changes of credentials."""
    match change:
        case Create():
            return ["create"], "create", None, _declared_fields(change.desired), _all_new(change.desired)
        case Update():
            before = _known_fields(change.locked) | {item.field.value: item.before or None for item in change.fields}
            after = _declared_fields(change.desired) | {
                item.field.value: item.after.shown or None for item in change.fields
            }
            return ["update"], "update", before, after, change.credentials
        case Adopt():
            return (
                ["update"],
                "adopt",
                live_fields(change.live),
                _declared_fields(change.desired),
                _all_new(change.desired),
            )
        case Delete():
            return ["delete"], "delete", _known_fields(change.locked), None, ()
        case Undeclared():
            return ["no-op"], "undeclared", _known_fields(change.locked), _known_fields(change.locked), ()
        case Blocked():
            return ["no-op"], "blocked", None, _declared_fields(change.desired), ()
        case Unchanged():
            return (
                ["no-op"],
                "unchanged",
                _known_fields(change.locked),
                _declared_fields(change.desired),
                change.credentials,
            )
        case _:
            assert_never(change)


def _declared_fields(llm: Llm) -> Json:
    """Return a declared entry without its credentials. A field with an unset variable has its template as its value."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id.shown,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint.shown or None,
        **_stored_key(None if llm.api_key is None else llm.api_key.shown),
        "protect": llm.protect,
    }


def _known_fields(llm: LockedLlm) -> Json:
    return locked_fields(llm) | {"protect": llm.protect}


def locked_fields(llm: LockedLlm) -> Json:
    """Return a known entry without its credentials."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint or None,
        **_stored_key(llm.api_key),
    }


def live_fields(llm: LiveLlm) -> Json:
    """Return a listed entry. A field that the server left out is null."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint,
        **_stored_key(llm.api_key_id),
    }


def _stored_key(api_key: str | None) -> Json:
    """Return the stored provider key as a field, or no field if there is none."""
    return {} if api_key is None else {Field.API_KEY.value: api_key}


def _all_new(llm: Llm) -> tuple[CredentialChange, ...]:
    return tuple(
        CredentialChange(field=field, before=None, after=credential, changed=Changed.YES)
        for field, credential in llm.credentials
    )


def _credential_entry(change: CredentialChange) -> Json:
    """Return what happens to a credential: references and a verdict, never a value or a fingerprint."""
    entry: Json = {
        "field": change.field.value,
        "before": _reference(change.before),
        "after": None if change.after is None else f"${change.after.reference}",
        "changed": {"true": True, "false": False}.get(change.changed.value, "unverified"),
        "available": change.after is not None and change.after.secret is not None,
        "sent": change.is_sent,
    }
    entry |= {name: True for name in ("assumed", "resent") if getattr(change, name)}
    return entry | ({"drift": change.drift.value} if change.drift is not None else {})


def _reference(locked: LockedCredential | None) -> str | None:
    return None if locked is None else f"${locked.reference}"
