"""Compare a saved plan with what a new plan would do to the same entries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.changes import Change, Unchanged, Undeclared, desired_of, identity_of
from fbsync.model.configurations import Identity
from fbsync.model.plan import Plan, Refusal
from fbsync.render.change_document import change_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.render.document import Json
    from fbsync.state.fingerprint import Fingerprinter
    from fbsync.workflow.saved_plan import SavedPlan


_HINT = "review and apply a new plan"
_STAYS = ("unchanged", "undeclared")


def narrowed(saved: SavedPlan, plan: Plan) -> Plan:
    """Return the part of a plan that was reviewed. Changes to other entries since then need their own review."""
    changes = tuple(
        change
        for change in plan.changes
        if isinstance(change, (Unchanged, Undeclared)) or not _stays(_reviewed(saved, change))
    )
    return replace(plan, changes=changes)


def differences(saved: SavedPlan, plan: Plan, fingerprints: Fingerprinter, api_url: str) -> tuple[Refusal, ...]:
    """Return why a plan differs from the reviewed plan: every difference in what would happen to a reviewed entry."""
    if saved.api_url != api_url:
        message = f"the plan was made for {saved.api_url}, but the lockfile belongs to {api_url}"
        return (Refusal(identity=None, message=message, hint=_HINT),)
    found = []
    if saved.fingerprints != fingerprints.parameters:
        message = "the lockfile is no longer the one that the plan was made with, so credentials cannot be compared"
        found.append(Refusal(identity=None, message=message, hint=_HINT))
        saved = replace(saved, credentials={})
    seen: list[Json] = []
    for change in plan.changes:
        reviewed = _reviewed(saved, change)
        if reviewed is not None:
            seen.append(reviewed)
        if reviewed is None or _stays(reviewed):
            continue
        found += [
            Refusal(identity=identity_of(change), message=message, hint=_HINT)
            for message in _differences(reviewed, change, saved, fingerprints)
        ]
    for entry in saved.reviewed.values():
        if not _stays(entry) and entry not in seen:
            identity = Identity(workspace_id=entry["workspaceId"], name=entry["name"])
            message = f"was to be {_DONE[entry['kind']]}, but is no longer declared or in the lockfile"
            found.append(Refusal(identity=identity, message=message, hint=_HINT))
    return tuple(found)


_DONE = {
    "create": "created",
    "update": "updated",
    "adopt": "taken over",
    "delete": "deleted",
    "blocked": "blocked",
    "unchanged": "unchanged",
    "undeclared": "left alone, undeclared",
}


def _stays(reviewed: Json | None) -> bool:
    return reviewed is None or reviewed["kind"] in _STAYS


def _reviewed(saved: SavedPlan, change: Change) -> Json | None:
    """Return what was reviewed for an entry. Its workspace may have been a reference that was not set at that time."""
    identity, llm = identity_of(change), desired_of(change)
    entry = saved.reviewed.get((identity.workspace_id, identity.name))
    if entry is None and llm is not None:
        entry = saved.reviewed.get((llm.workspace_id.template, llm.name))
    return entry


def _differences(reviewed: Json, change: Change, saved: SavedPlan, fingerprints: Fingerprinter) -> Iterator[str]:
    now = change_entry(change)
    if (reviewed["kind"], reviewed["id"]) != (now["kind"], now["id"]):
        ids = f" (id {reviewed['id']}, now {now['id']})" if reviewed["id"] != now["id"] else ""
        yield f"was to be {_DONE[reviewed['kind']]}, but would now be {_DONE[now['kind']]}{ids}"
        return
    templates = _templates(change)
    for side in ("before", "after"):
        then, here = reviewed["change"][side] or {}, now["change"][side] or {}
        for field in sorted(then.keys() | here.keys()):
            if then.get(field) not in (here.get(field), templates.get(field) if side == "after" else None):
                when = "to begin with" if side == "before" else "to be"
                yield f"{field} {when}: {then.get(field)} then, {here.get(field)} now"
    if reviewed.get("verify_first") and not now.get("verify_first"):
        yield "was to be verified with the provider first, but would not be now"
    yield from _credential_differences(reviewed, now, change, saved, fingerprints)


def _credential_differences(
    reviewed: Json, now: Json, change: Change, saved: SavedPlan, fingerprints: Fingerprinter
) -> Iterator[str]:
    """Yield the differences of credentials. A credential that was unverified at review may be changed or unchanged."""
    then = {item["field"]: item for item in reviewed["credentials"]}
    here = {item["field"]: item for item in now["credentials"]}
    for field in sorted(then.keys() | here.keys()):
        old, new = then.get(field), here.get(field)
        if old is None or new is None or (old["before"], old["after"]) != (new["before"], new["after"]):
            yield f"{field}: comes from a different variable than in the plan"
        elif old["changed"] not in ("unverified", new["changed"]):
            state = "changed" if old["changed"] else "unchanged"
            yield f"{field}: the value of {new['after']} was {state} then, and is not now"
    llm = desired_of(change)
    for field_name, credential in llm.credentials if llm else ():
        committed = saved.credentials.get((reviewed["workspaceId"], reviewed["name"], field_name.value))
        if committed is None or credential.secret is None or not fingerprints.can_verify:
            continue
        identity = Identity(workspace_id=reviewed["workspaceId"], name=reviewed["name"])
        if fingerprints.commitment(credential.secret, identity, field_name) != committed:
            yield f"{field_name.value}: the value of ${credential.reference} has changed since the plan was made"


def _templates(change: Change) -> Json:
    llm = desired_of(change)
    return {} if llm is None else {field.value: text.template for field, text in llm.texts}
