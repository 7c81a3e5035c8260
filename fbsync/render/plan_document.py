"""A plan's JSON document (``schemas/plan.schema.json``): printed, saved, and the source of every rendering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Changed,
    Create,
    Delete,
    Unchanged,
    Undeclared,
    Update,
    id_of,
)
from fbsync.render.change_document import change_entry
from fbsync.render.document import Json, refusal_entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fbsync.model.ages import Ages
    from fbsync.model.errors import ExitCode
    from fbsync.model.plan import Plan, Refusal
    from fbsync.model.server import LlmStats

FORMAT_VERSION = "2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The environment and server of a plan, and what it was compared with.

    Attributes:
        environment: the environment's name, or None for no environment.
        api_url: the server that the known state belongs to.
        state: where the known state is kept.
        compared: the sentence that says what was compared.
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
    """Return the document of a plan. Its words are those of Terraform's plan representation.

    Args:
        plan: the plan.
        exit_code: the command's exit code.
        origin: the plan's environment and server, and what it was compared with.
        refusals: why apply would refuse it.
        repositories: the repositories that use a configuration, by the configuration's id.
        usage: how much the configurations to delete are used, as far as the server says.
        ages: gives the ages of credentials, or None if they do not matter.
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
            change_entry(change)
            | _repositories_part(change, users)
            | _usage_part(change, counters)
            | _age_part(change, ages)
            for change in plan.changes
        ],
        "warnings": [
            {"workspaceId": item.identity.workspace_id, "name": item.identity.name, "message": item.message}
            for item in plan.warnings
        ],
        "refusals": [refusal_entry(refusal) for refusal in refusals],
    }


def _repositories_part(change: Change, repositories: Mapping[str, Sequence[str]]) -> Json:
    """Return the repositories that a change or a deletion affects."""
    names = repositories.get(id_of(change) or "", ()) if isinstance(change, Update | Adopt | Delete) else ()
    return {"repositories": list(names)} if names else {}


def _usage_part(change: Change, counters: Mapping[str, Mapping[str, int]]) -> Json:
    """Return the API's usage counters of a configuration to delete."""
    counted = counters.get(change.locked.id, {}) if isinstance(change, Delete) else {}
    found = {name: counted[name] for name in _COUNTERS if name in counted}
    return {"usage": found} if found else {}


def _age_part(change: Change, ages: Ages | None) -> Json:
    """Return the days on which a configuration's credentials were last sent, and how long ago that is."""
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
    """Return the number of declared credentials of known entries, and how many could not be compared."""
    known = [change for change in plan.changes if isinstance(change, Update | Unchanged)]
    unverified = sum(
        item.changed is Changed.UNVERIFIED and item.after is not None for change in known for item in change.credentials
    )
    return {"declared": sum(len(change.desired.credentials) for change in known), "unverified": unverified}


def is_empty(document: Json) -> bool:
    """Whether a plan's document has nothing to do."""
    summary = document["summary"]
    return not any(summary[word] for word in ("add", "change", "destroy", "blocked"))
