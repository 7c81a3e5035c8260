"""The JSON documents: what `--format json` prints (``schemas/plan.schema.json``, ``schemas/result.schema.json``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, assert_never

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Changed,
    Create,
    CredentialChange,
    Delete,
    Forget,
    Plan,
    Refusal,
    Unchanged,
    Undeclared,
    Update,
    id_of,
    identity_of,
)
from fbsync.model.configurations import Field, LiveLlm, Llm, LockedLlm
from fbsync.model.errors import GuardRefused, InvalidInput
from fbsync.model.server import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.configurations import LockedCredential
    from fbsync.model.errors import ExitCode, FbsyncError
    from fbsync.model.findings import Finding
    from fbsync.model.outcomes import Outcome
    from fbsync.model.verifications import Verified

FORMAT_VERSION = "1.0"

Json = dict[str, Any]


def dump(document: Json) -> str:
    """A document as text, the same for the same document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def result_document(
    command: str,
    exit_code: ExitCode,
    *,
    error: FbsyncError | None = None,
    findings: Iterable[Finding] = (),
    **more: object,
) -> Json:
    """The document of every command but a plan that came about: its exit code, and what it has to say.

    Args:
        command: the command's name.
        exit_code: the status that the command ends with.
        error: why it failed, if it did.
        findings: what is wrong with its input.
        more: what that command adds, as the schema has it.
    """
    document: Json = {"format_version": FORMAT_VERSION, "command": command, "exit_code": int(exit_code)}
    if error is not None:
        document["error"] = _error(error)
    if found := [_finding(finding) for finding in findings]:
        document["findings"] = found
    return document | more


def failure_document(command: str, error: FbsyncError) -> Json:
    """The document of a command that came to nothing, with the findings that it failed for."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return result_document(command, error.exit_code, error=error, findings=findings)


def plan_document(plan: Plan, exit_code: ExitCode, *, environment: str | None, api_url: str) -> Json:
    """The document of a plan, its words those of Terraform's plan representation."""
    return {
        "format_version": FORMAT_VERSION,
        "command": "plan",
        "exit_code": int(exit_code),
        "environment": environment,
        "api_url": api_url,
        "compared_with": "server" if plan.refreshed else "lockfile",
        "summary": _summary(plan),
        "resource_changes": [change_entry(change) for change in plan.changes],
        "warnings": [
            {"workspaceId": item.identity.workspace_id, "name": item.identity.name, "message": item.message}
            for item in plan.warnings
        ],
    }


def _refusal(refusal: Refusal) -> Json:
    """One reason of a guard."""
    entry: Json = {"message": refusal.message, "hint": refusal.hint}
    if refusal.identity is not None:
        entry |= {"workspaceId": refusal.identity.workspace_id, "name": refusal.identity.name}
    return entry


def outcome_entry(outcome: Outcome) -> Json:
    """What became of one entry."""
    identity = identity_of(outcome.change)
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": outcome.llm_id,
        "outcome": outcome.result.value,
    }
    if outcome.sent:
        entry["sent"] = [field.value for field in outcome.sent]
    if outcome.error is not None:
        entry["error"] = _error(outcome.error)
    return entry


def verified_entry(verified: Verified) -> Json:
    """What a provider said of one configuration's credential."""
    identity = verified.target.identity
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": verified.target.llm_id,
        "verdict": verified.verdict.value,
        "message": verified.message,
    }
    if verified.error is not None:
        entry["error"] = _error(verified.error)
    return entry


def _summary(plan: Plan) -> dict[str, int]:
    kinds: dict[str, tuple[type[Change], ...]] = {
        "add": (Create,),
        "change": (Update, Adopt),
        "destroy": (Delete,),
        "adopt": (Adopt,),
        "forget": (Forget,),
        "unchanged": (Unchanged,),
        "undeclared": (Undeclared,),
        "blocked": (Blocked,),
    }
    return {word: plan.count(*kind) for word, kind in kinds.items()}


def _error(error: FbsyncError) -> Json:
    entry: Json = {"message": error.message, "hint": error.hint}
    if isinstance(error, GuardRefused):
        entry["refusals"] = [_refusal(refusal) for refusal in error.refusals]
    if isinstance(error, ServerError):
        entry |= {"failure": error.failure.value, "status": error.status, "retryable": error.is_retryable}
    return entry


def _finding(finding: Finding) -> Json:
    place = finding.position
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "entry": finding.entry,
        "message": finding.message,
        "remedy": finding.remedy,
        "related": [{"file": at.file, "line": at.line, "column": at.column} for at in finding.related],
    }


def change_entry(change: Change) -> Json:
    """What is to happen to one entry (``schemas/plan.schema.json``, 'resourceChange')."""
    identity = identity_of(change)
    actions, kind, before, after, credentials = _sides(change)
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": id_of(change),
        "kind": kind,
        "change": {"actions": actions, "before": before, "after": after},
        "credentials": [_credential(item) for item in credentials],
    }
    if isinstance(change, Blocked):
        entry["reason"] = change.message
    if isinstance(change, Update):
        entry["causes"] = {item.field.value: item.cause.value for item in change.fields}
    return entry


def _sides(change: Change) -> tuple[list[str], str, Json | None, Json | None, tuple[CredentialChange, ...]]:
    """Actions as Terraform names them, our own word, the two sides, and what becomes of the credentials."""
    match change:
        case Create():
            return ["create"], "create", None, _declared(change.desired), _all_new(change.desired)
        case Update():
            drifted = {item.field.value: item.before for item in change.fields}
            before = locked_fields(change.locked) | drifted
            return ["update"], "update", before, _declared(change.desired), change.credentials
        case Adopt():
            return (
                ["update"],
                "adopt",
                live_fields(change.live),
                _declared(change.desired),
                _all_new(change.desired),
            )
        case Delete():
            return ["delete"], "delete", locked_fields(change.locked), None, ()
        case Forget():
            return ["no-op"], "forget", locked_fields(change.locked), None, ()
        case Undeclared():
            return ["no-op"], "undeclared", locked_fields(change.locked), locked_fields(change.locked), ()
        case Blocked():
            return ["no-op"], "blocked", None, _declared(change.desired), ()
        case Unchanged():
            same = _declared(change.desired)
            return ["no-op"], "unchanged", same, same, change.credentials
        case _:
            assert_never(change)


def _declared(llm: Llm) -> Json:
    """A declared entry without its credentials; a field whose variable is not set stands as its template."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id.shown,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint.shown,
    }


def locked_fields(llm: LockedLlm) -> Json:
    """A known entry without its credentials."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint,
    }


def live_fields(llm: LiveLlm) -> Json:
    """A listed entry; a field that the server left out is null."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint,
    }


def _all_new(llm: Llm) -> tuple[CredentialChange, ...]:
    return tuple(
        CredentialChange(field=field, before=None, after=credential, changed=Changed.YES)
        for field, credential in llm.credentials
    )


def _credential(change: CredentialChange) -> Json:
    """What becomes of a credential: references and a verdict, never a value or a fingerprint."""
    return {
        "field": change.field.value,
        "before": _reference(change.before),
        "after": None if change.after is None else f"${change.after.reference}",
        "changed": {"true": True, "false": False}.get(change.changed.value, "unverified"),
        "available": change.after is not None and change.after.secret is not None,
        "sent": change.is_sent,
    }


def _reference(locked: LockedCredential | None) -> str | None:
    return None if locked is None else f"${locked.reference}"
