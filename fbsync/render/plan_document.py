"""A plan's JSON document (``schemas/plan.schema.json``): printed, saved, and what every rendering reads."""

from __future__ import annotations

from dataclasses import dataclass
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
from fbsync.render.document import Json, refusal_entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fbsync.model.ages import Ages
    from fbsync.model.configurations import LockedCredential
    from fbsync.model.errors import ExitCode
    from fbsync.model.live import LiveLlm
    from fbsync.model.plan import Plan, Refusal
    from fbsync.model.server import LlmStats

FORMAT_VERSION = "2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan was made, and what it was compared with.

    Attributes:
        environment: the environment's name, or None for the manifest's own list.
        api_url: the server that the known state belongs to.
        state: where the known state is kept.
        compared: the sentence that says what was compared with what.
        variable_files: the files that variables were read from.
    """

    environment: str | None
    api_url: str
    state: str
    compared: str
    variable_files: tuple[str, ...] = ()


def plan_document(
    plan: Plan,
    exit_code: ExitCode,
    *,
    origin: Origin,
    refusals: Sequence[Refusal] = (),
    repositories: Mapping[str, Sequence[str]] | None = None,
    usage: Sequence[LlmStats] = (),
    ages: Ages | None = None,
) -> Json:
    """The document of a plan, its words those of Terraform's plan representation.

    Args:
        plan: the plan.
        exit_code: the status that the command ends with.
        origin: where it was made.
        refusals: why apply would refuse it.
        repositories: which repositories use a configuration, by its id.
        usage: how much what is to be deleted is used, as far as the server says.
        ages: the day, by which credentials have their ages; None where those do not matter.
    """
    users = repositories or {}
    counters = {stats.llm_id: dict(stats.counters) for stats in usage}
    return {
        "format_version": FORMAT_VERSION,
        "command": "plan",
        "exit_code": int(exit_code),
        "environment": origin.environment,
        "api_url": origin.api_url,
        "state": origin.state,
        "variable_files": list(origin.variable_files),
        "compared_with": "server" if plan.refreshed else "lockfile",
        "comparison": origin.compared,
        "summary": _summary(plan),
        "credentials": _credential_counts(plan),
        "resource_changes": [
            change_entry(change) | _users(change, users) | _usage(change, counters) | _ages(change, ages)
            for change in plan.changes
        ],
        "warnings": [
            {"workspaceId": item.identity.workspace_id, "name": item.identity.name, "message": item.message}
            for item in plan.warnings
        ],
        "refusals": [refusal_entry(refusal) for refusal in refusals],
    }


def _users(change: Change, repositories: Mapping[str, Sequence[str]]) -> Json:
    """The repositories that will feel a change or a deletion."""
    names = repositories.get(id_of(change) or "", ()) if isinstance(change, Update | Adopt | Delete) else ()
    return {"repositories": list(names)} if names else {}


def _usage(change: Change, counters: Mapping[str, Mapping[str, int]]) -> Json:
    """What a configuration that is to be deleted was used for, in the API's own counters."""
    counted = counters.get(change.locked.id, {}) if isinstance(change, Delete) else {}
    found = {name: counted[name] for name in _COUNTERS if name in counted}
    return {"usage": found} if found else {}


def _ages(change: Change, ages: Ages | None) -> Json:
    """When fbsync last sent the credentials that the server has of a configuration, and how long ago that is."""
    if ages is None or isinstance(change, Create | Adopt | Blocked):
        return {}
    found = [{"field": age.field.value, "sent_on": age.sent_on, "days": age.days} for age in ages.of(change.locked)]
    return {"credential_ages": found} if found else {}


_COUNTERS = ("totalApiCalls", "totalTokensIn", "totalTokensOut")


def _summary(plan: Plan) -> dict[str, int]:
    kinds: dict[str, tuple[type[Change], ...]] = {
        "add": (Create,),
        "change": (Update, Adopt),
        "destroy": (Delete,),
        "adopt": (Adopt,),
        "unchanged": (Unchanged,),
        "undeclared": (Undeclared,),
        "blocked": (Blocked,),
    }
    return {word: plan.count(*kind) for word, kind in kinds.items()} | {"elsewhere": plan.elsewhere}


def _credential_counts(plan: Plan) -> dict[str, int]:
    """How many declared credentials there are of known entries, and how many of them could not be compared."""
    known = [change for change in plan.changes if isinstance(change, Update | Unchanged)]
    unverified = sum(
        item.changed is Changed.UNVERIFIED and item.after is not None for change in known for item in change.credentials
    )
    return {"declared": sum(len(change.desired.credentials) for change in known), "unverified": unverified}


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
    return entry | _remarks(change)


def _remarks(change: Change) -> Json:
    """What only some kinds of changes have."""
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
    """How the manifest gives what the sides have as it is resolved."""
    more: Json = {}
    if missing := _missing(llm):
        more["missing"] = missing
    if (description := description_of(llm)) is not None:
        more["api_key_description"] = description
    return more


def _missing(llm: Llm) -> dict[str, list[str]]:
    """The variables that are not set here, by field."""
    return {field.value: list(text.missing) for field, text in llm.texts if text.missing}


def _sides(change: Change) -> tuple[list[str], str, Json | None, Json | None, tuple[CredentialChange, ...]]:
    """Actions as Terraform names them, our own word, the two sides, and what becomes of the credentials."""
    match change:
        case Create():
            return ["create"], "create", None, _declared(change.desired), _all_new(change.desired)
        case Update():
            before = _known(change.locked) | {item.field.value: item.before or None for item in change.fields}
            after = _declared(change.desired) | {item.field.value: item.after.shown or None for item in change.fields}
            return ["update"], "update", before, after, change.credentials
        case Adopt():
            return ["update"], "adopt", live_fields(change.live), _declared(change.desired), _all_new(change.desired)
        case Delete():
            return ["delete"], "delete", _known(change.locked), None, ()
        case Undeclared():
            return ["no-op"], "undeclared", _known(change.locked), _known(change.locked), ()
        case Blocked():
            return ["no-op"], "blocked", None, _declared(change.desired), ()
        case Unchanged():
            return ["no-op"], "unchanged", _known(change.locked), _declared(change.desired), change.credentials
        case _:
            assert_never(change)


def _declared(llm: Llm) -> Json:
    """A declared entry without its credentials; a field whose variable is not set stands as its template."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id.shown,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint.shown or None,
        **_stored_key(None if llm.api_key is None else llm.api_key.shown),
        "protect": llm.protect,
    }


def _known(llm: LockedLlm) -> Json:
    return locked_fields(llm) | {"protect": llm.protect}


def locked_fields(llm: LockedLlm) -> Json:
    """A known entry without its credentials."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint or None,
        **_stored_key(llm.api_key),
    }


def live_fields(llm: LiveLlm) -> Json:
    """A listed entry; a field that the server left out is null."""
    return {
        Field.WORKSPACE_ID.value: llm.workspace_id,
        Field.NAME.value: llm.name,
        Field.AI_TYPE.value: llm.ai_type,
        Field.ENDPOINT.value: llm.endpoint,
        **_stored_key(llm.api_key_id),
    }


def _stored_key(api_key: str | None) -> Json:
    """The stored provider key, where there is one."""
    return {} if api_key is None else {Field.API_KEY.value: api_key}


def _all_new(llm: Llm) -> tuple[CredentialChange, ...]:
    return tuple(
        CredentialChange(field=field, before=None, after=credential, changed=Changed.YES)
        for field, credential in llm.credentials
    )


def _credential(change: CredentialChange) -> Json:
    """What becomes of a credential: references and a verdict, never a value or a fingerprint."""
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


def is_empty(document: Json) -> bool:
    """Whether a plan's document says that nothing is to be done."""
    summary = document["summary"]
    return not any(summary[word] for word in ("add", "change", "destroy", "blocked"))
