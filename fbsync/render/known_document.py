"""The known state and drift as JSON (``schemas/result.schema.json``, 'drift' and 'state')."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.model.configurations import Field
from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    Difference,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    identity_of_difference,
)
from fbsync.render.change_document import live_fields, locked_fields
from fbsync.render.drift_remedies import KEEP, UNDO, remedies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.ages import Ages
    from fbsync.model.configurations import Identity, LockedCredential, LockedLlm
    from fbsync.model.live import LiveLlm
    from fbsync.planning.drift import FieldDrift
    from fbsync.render.document import Json
    from fbsync.render.drift_found import DriftFound

_KINDS: dict[type[Difference], str] = {
    ChangedOutside: "changed",
    DeletedOutside: "deleted",
    ReplacedOutside: "replaced",
    Unadopted: "unadopted",
    Unmanaged: "unmanaged",
}

_REMEDIES = {UNDO: "undo", KEEP: "keep"}


def drift_part(found: DriftFound) -> Json:
    """Return what ``drift`` adds to its result document."""
    drift = found.drift
    return {
        "api_url": found.api_url,
        "workspaces": sorted(drift.workspaces),
        "credential_ages": [
            _identity_part(identity) | {"field": age.field.value, "sent_on": age.sent_on, "days": age.days}
            for identity, age in found.ages
        ],
        "warnings": [_identity_part(item.identity) | {"message": item.message} for item in found.warnings],
        "summary": {"unchanged": drift.in_step} | {word: drift.count(kind) for kind, word in _KINDS.items()},
        "entries": [
            _difference_entry(difference)
            | {
                _REMEDIES[label]: text
                for label, text in remedies(
                    difference, environment=found.environment, declared=found.declared, by_hand=found.by_hand
                )
            }
            for difference in drift.differences
        ],
    }


def _identity_part(identity: Identity) -> Json:
    return {"workspaceId": identity.workspace_id, "name": identity.name}


def _difference_entry(difference: Difference) -> Json:
    locked, live, fields, in_doubt = _sides_of(difference)
    return {
        **_identity_part(identity_of_difference(difference)),
        "kind": _KINDS[type(difference)],
        "id": None if locked is None else locked.id,
        "live_ids": [llm.id for llm in live],
        "known": None if locked is None else locked_fields(locked),
        "live": live_fields(live[0]) if len(live) == 1 else None,
        "fields": [item.field.value for item in fields],
        "in_doubt": in_doubt,
    }


def _sides_of(
    difference: Difference,
) -> tuple[LockedLlm | None, tuple[LiveLlm, ...], tuple[FieldDrift, ...], bool]:
    """Return the known side, the live side, the fields that differ, and whether an open request may be the cause."""
    match difference:
        case ChangedOutside():
            return difference.locked, (difference.live,), difference.fields, difference.in_doubt
        case DeletedOutside():
            return difference.locked, (), (), difference.in_doubt
        case ReplacedOutside():
            return difference.locked, difference.live, difference.fields, difference.in_doubt
        case Unadopted() | Unmanaged():
            return None, (difference.live,), (), False
        case _:
            assert_never(difference)


def state_part(
    llms: Iterable[LockedLlm],
    *,
    lockfile: str,
    api_url: str,
    open_requests: int,
    ages: Ages,
    temporary: Iterable[tuple[Identity, str | None]] = (),
) -> Json:
    """Return what ``state list`` and ``state show`` add to their result document.

    Args:
        llms: the entries.
        lockfile: the name of the known state.
        api_url: the server.
        open_requests: how many requests an interrupted apply left open.
        ages: gives the ages of credentials.
        temporary: the temporary configurations of open requests, each with its id or None.
    """
    left = [{"workspaceId": one.workspace_id, "name": one.name, "id": llm_id} for one, llm_id in temporary]
    return {
        "lockfile": lockfile,
        "api_url": api_url,
        "open_requests": open_requests,
        **({"temporary": left} if left else {}),
        "entries": [_record_entry(llm, ages) for llm in llms],
    }


def _record_entry(llm: LockedLlm, ages: Ages) -> Json:
    days = {age.field: age.days for age in ages.of(llm)}
    credentials = ((field, llm.credential(field), days.get(field)) for field in (Field.KEY, Field.SECRET))
    return {
        **locked_fields(llm),
        "id": llm.id,
        "protect": llm.protect,
        "previousName": llm.previous_name,
        "templates": _templates(llm),
        "credentials": [_credential_record(field, held, age) for field, held, age in credentials if held is not None],
    }


def _templates(llm: LockedLlm) -> Json:
    templates = {Field.WORKSPACE_ID.value: llm.workspace_template, Field.ENDPOINT.value: llm.endpoint_template}
    return templates | ({} if llm.api_key is None else {Field.API_KEY.value: llm.api_key_template})


def _credential_record(field: Field, locked: LockedCredential, days: int | None) -> Json:
    """Return a reference, when it was last sent, and whether there is a fingerprint, but never the fingerprint."""
    sent_on: Json = {} if locked.sent_on is None else {"sent_on": locked.sent_on}
    sent_on |= {} if days is None else {"days": days}
    return {
        "field": field.value,
        "reference": f"${locked.reference}",
        "fingerprint": bool(locked.fingerprint),
        **sent_on,
    }
