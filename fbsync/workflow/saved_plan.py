"""Saved plans: a commitment to what was reviewed. ``apply`` plans again and does of it only what is still the same.

A saved plan is the plan's document with what it takes to plan again, and with fingerprints of the
credentials that it was made with, so that one rotated since is noticed. It holds no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.model.changes import Change, Delete, Plan, Refusal, Unchanged, Undeclared, identity_of
from fbsync.model.configurations import Identity, Llm
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.planning.allowed import Allowed
from fbsync.render.document import dump
from fbsync.render.plan_document import change_entry
from fbsync.schema.validate import Kind
from fbsync.state import atomic_file, documents
from fbsync.state.lockfile import parameters_from, parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.state.fingerprint import Fingerprinter, Parameters

Json = dict[str, Any]

_HINT = "review and apply a new plan"
_STAYS = ("unchanged", "undeclared")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A saved plan, read back.

    Attributes:
        environment, files, lock_file, state, only, prune, assume_secrets, resend_secrets,
            verify_first: what the plan was made for.
        allowed: what its options allowed, which a guard would refuse otherwise.
        api_url: the server whose state it was made against.
        fingerprints: how its fingerprints are made.
        reviewed: what was to happen to each entry, by workspace and name.
        credentials: the fingerprint of each credential by workspace, name and field, where there was one.
    """

    environment: str | None
    files: tuple[Path, ...]
    lock_file: Path | None
    state: str | None
    only: tuple[str, ...]
    prune: bool
    assume_secrets: bool
    resend_secrets: bool
    verify_first: bool
    allowed: Allowed
    api_url: str
    fingerprints: Parameters
    reviewed: dict[tuple[str, str], Json]
    credentials: dict[tuple[str, str, str], str]


_SORT = documents.Sort(
    name="plan",
    kind=Kind.PLAN,
    version=(2, 0),
    version_of=documents.major_and_minor,
    older="make a new plan with `fbsync plan --out`",
    restore="make a new plan with `fbsync plan --out`",
    conflict="make a new plan with `fbsync plan --out`: saved plans cannot be merged",
)


def save_plan(path: Path, plan: Plan, document: Json, how: Json, fingerprints: Fingerprinter) -> None:
    """Write a plan to a file, in one step.

    Args:
        path: where.
        plan: the plan.
        document: its document.
        how: the options that it was made with, as the schema has them ('saved').
        fingerprints: makes the fingerprints.

    Raises:
        FbsyncError: the operating system refuses.
    """
    saved = {
        **how,
        "fingerprints": parameters_of(fingerprints.parameters),
        "credentials": _credentials(plan, fingerprints),
    }
    try:
        atomic_file.write_atomically(path, dump(document | {"saved": saved}), follow=False)
    except OSError as error:
        raise FbsyncError(f"the plan {path} cannot be written: {error.strerror}", hint="name another file") from error


def _credentials(plan: Plan, fingerprints: Fingerprinter) -> list[Json]:
    """A fingerprint for each credential that was there, keyed by identity since a new entry has no id yet."""
    return [
        {
            "workspaceId": llm.identity.workspace_id,
            "name": llm.name,
            "field": field.value,
            "fingerprint": fingerprints.commitment(credential.secret, llm.identity, field),
        }
        for change in plan.changes
        if (llm := _declared(change)) is not None
        for field, credential in llm.credentials
        if credential.secret is not None and fingerprints.can_verify
    ]


def read_plan_document(path: Path) -> Json:
    """Read a saved plan as the document that it is.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of another version; findings say where.
        FbsyncError: there is no such file, or it is a plan's document that was not saved with ``--out``.
    """
    value = documents.read_checked(path, _SORT)
    if value is None or "saved" not in value:
        wrong = (
            "there is no such saved plan"
            if value is None
            else "this plan was printed with --format json, not saved with --out"
        )
        raise FbsyncError(f"{path}: {wrong}", hint=_SORT.restore, exit_code=ExitCode.INVALID_INPUT)
    return value


def read_saved_plan(path: Path) -> SavedPlan:
    """Read a saved plan.

    Raises:
        FbsyncError: as ``read_plan_document``.
    """
    value = read_plan_document(path)
    saved = value["saved"]
    return SavedPlan(
        environment=value["environment"],
        files=tuple(map(Path, saved["files"])),
        lock_file=None if saved["lock_file"] is None else Path(saved["lock_file"]),
        state=saved["state"],
        only=tuple(saved["only"]),
        prune=saved["prune"],
        assume_secrets=saved["assume_secrets"],
        resend_secrets=saved["resend_secrets"],
        verify_first=saved["verify_first"],
        allowed=Allowed(**saved["allowed"]),
        api_url=value["api_url"],
        fingerprints=parameters_from(saved["fingerprints"]),
        reviewed={(entry["workspaceId"], entry["name"]): entry for entry in value["resource_changes"]},
        credentials={
            (item["workspaceId"], item["name"], item["field"]): item["fingerprint"] for item in saved["credentials"]
        },
    )


def narrowed(saved: SavedPlan, plan: Plan) -> Plan:
    """The part of a plan that was reviewed: a change that came up elsewhere since waits for its own review."""
    changes = tuple(
        change
        for change in plan.changes
        if isinstance(change, (Unchanged, Undeclared)) or not _stays(_reviewed(saved, change))
    )
    return replace(plan, changes=changes)


def differences(saved: SavedPlan, plan: Plan, fingerprints: Fingerprinter, api_url: str) -> tuple[Refusal, ...]:
    """Why a plan is not the one that was reviewed: every difference in what would happen to a reviewed entry."""
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
    """What was reviewed for an entry; its workspace may have been a reference that was not set then."""
    identity, llm = identity_of(change), _declared(change)
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
    """A credential that could not be verified then may be found changed or unchanged now: the reviewer knew."""
    then = {item["field"]: item for item in reviewed["credentials"]}
    here = {item["field"]: item for item in now["credentials"]}
    for field in sorted(then.keys() | here.keys()):
        old, new = then.get(field), here.get(field)
        if old is None or new is None or (old["before"], old["after"]) != (new["before"], new["after"]):
            yield f"{field}: comes from a different variable than in the plan"
        elif old["changed"] not in ("unverified", new["changed"]):
            state = "changed" if old["changed"] else "unchanged"
            yield f"{field}: the value of {new['after']} was {state} then, and is not now"
    llm = _declared(change)
    for field_name, credential in llm.credentials if llm else ():
        committed = saved.credentials.get((reviewed["workspaceId"], reviewed["name"], field_name.value))
        if committed is None or credential.secret is None or not fingerprints.can_verify:
            continue
        identity = Identity(workspace_id=reviewed["workspaceId"], name=reviewed["name"])
        if fingerprints.commitment(credential.secret, identity, field_name) != committed:
            yield f"{field_name.value}: the value of ${credential.reference} has changed since the plan was made"


def _templates(change: Change) -> Json:
    llm = _declared(change)
    return {} if llm is None else {field.value: text.template for field, text in llm.texts}


def _declared(change: Change) -> Llm | None:
    return None if isinstance(change, (Delete, Undeclared)) else change.desired
