"""Guards: conditions under which fbsync refuses a whole run before its first change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Cause, Create, Delete, Update
from fbsync.model.configurations import Field
from fbsync.model.plan import Plan, Refusal
from fbsync.model.spelling import canonical_url
from fbsync.planning.allowed import delete_limit
from fbsync.planning.emptied import emptied_workspaces
from fbsync.planning.hosts import host_of, host_words, scheme_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from fbsync.model.configurations import LockedLlm
    from fbsync.model.live import Live
    from fbsync.planning.allowed import Allowed


def refusals(
    plan: Plan,
    allowed: Allowed,
    *,
    declared: int,
    known: Sequence[LockedLlm],
    live: Live | None,
    explained: Container[tuple[str, str]] = frozenset(),
    destroys: bool = False,
) -> tuple[Refusal, ...]:
    """Return all reasons to refuse a plan.

    Args:
        plan: the plan.
        allowed: what the user allows.
        declared: how many entries the manifest has.
        known: the lockfile's configurations.
        live: what the server lists, or None if it was not asked.
        explained: the ids and endpoints of an earlier run's updates with an unknown outcome.
        destroys: whether the run deletes every known configuration, whatever the manifest declares.
    """
    deletes = [change for change in plan.changes if isinstance(change, Delete)]
    found = [_protected_refusal(change, destroys=destroys) for change in deletes if change.locked.protect]
    found += _in_use(deletes, live, destroys=destroys)
    if not allowed.adopt:
        found = [*(_adoption(change) for change in plan.changes if isinstance(change, Adopt)), *found]
    if not allowed.host_change:
        found += _host_changes(plan, explained)
    if not allowed.recreate and live is not None:
        found += _emptied(plan, known, live, destroys=destroys)
    if deletes:
        found += _deletions(len(deletes), allowed, known=len(known), live=live, destroys=destroys)
        found += () if declared or destroys else (_NOTHING_DECLARED,)
    return tuple(found)


_NOTHING_DECLARED = Refusal(
    identity=None,
    message="the manifest declares nothing: pruning would delete everything in the lockfile",
    hint="declare at least one entry, or delete the configurations with `fbsync destroy`",
)
_OTHERS_ONLY = "or limit the command to other entries with --only"


def _in_use(deletes: Iterable[Delete], live: Live | None, *, destroys: bool) -> Iterator[Refusal]:
    """Yield deletions that the server would refuse: a repository uses the configuration (``flashback-api.md``)."""
    users = {llm.id: llm.repos for llm in live.llms if llm.repos} if live is not None else {}
    otherwise = _OTHERS_ONLY if destroys else "or declare it again"
    for change in deletes:
        if repos := users.get(change.locked.id):
            from fbsync.model.repositories import counted_repositories

            yield Refusal(
                identity=change.locked.identity,
                message=f"is used by {counted_repositories(repos)}, so the server will not delete it",
                hint=f"switch {'it' if len(repos) == 1 else 'them'} to another configuration first, {otherwise}",
            )


def _deletions(count: int, allowed: Allowed, *, known: int, live: Live | None, destroys: bool) -> Iterator[Refusal]:
    """Yield reasons not to delete anything, or not so many configurations."""
    limit = delete_limit(allowed.max_deletes, known)
    if count > limit:
        counted = "1 configuration" if count == 1 else f"{count} configurations"
        yield Refusal(
            identity=None,
            message=f"this would delete {counted}; the limit is {limit}",
            hint=f"to do it anyway, pass --max-deletes {count}",
        )
    if live is not None and not live.is_complete:
        done = "destroyed" if destroys else "pruned"
        yield Refusal(
            identity=None,
            message=f"the server would not list every workspace, so nothing can be {done}",
            hint="make sure that the token may list those workspaces" + ("" if destroys else ", or leave out --prune"),
        )


def _emptied(plan: Plan, known: Sequence[LockedLlm], live: Live, *, destroys: bool) -> Iterator[Refusal]:
    """Yield workspaces with known entries but an empty list, if the plan would recreate or delete something there."""
    affected = {change.lost.workspace_id for change in plan.changes if isinstance(change, Create) and change.lost}
    affected |= {change.locked.workspace_id for change in plan.changes if isinstance(change, Delete)}
    for workspace, count in sorted(emptied_workspaces(known, live).items()):
        if workspace in affected:
            yield Refusal(
                identity=None,
                message=f"{count} configurations of the workspace {workspace} are in the lockfile, and the server "
                "lists none: the list, the token or the server may be wrong",
                hint="if they were really deleted, pass "
                + ("--allow-gone to remove them from the lockfile" if destroys else "--recreate to create them again"),
            )


def _host_changes(plan: Plan, explained: Container[tuple[str, str]]) -> Iterator[Refusal]:
    """Yield endpoints that would move to another host only because of drift, and not because the manifest changed.

    Somebody who makes the same edit in the manifest and in the lockfile shows no change in the manifest. An apply would
    then send the stored credential to a host of their choice.
    """
    updates = (change for change in plan.changes if isinstance(change, Update))
    for change in updates:
        for field in change.fields:
            after = field.after.value
            if field.field is not Field.ENDPOINT or field.cause is not Cause.OUTSIDE or not after:
                continue
            if _goes_elsewhere(field.before, after) and (
                (change.locked.id, canonical_url(field.before)) not in explained
            ):
                yield Refusal(
                    identity=change.desired.identity,
                    message=f"the endpoint is {host_words(field.before)} on the server and would become "
                    f"{host_words(after)}, although nobody changed the manifest: the stored credential would go there",
                    hint="if it was changed outside and should change back, pass --allow-host-change",
                )


def _goes_elsewhere(before: str, after: str) -> bool:
    """Whether a credential would go to another host, or over the network unencrypted."""
    return host_of(before) != host_of(after) or (scheme_of(before), scheme_of(after)) == ("https", "http")


def _adoption(change: Adopt) -> Refusal:
    where = f"is already on the server (id {change.live.id})"
    if change.replaced is None:
        message = f"{where}, but not in the lockfile"
    else:
        message = f"{where}, but the lockfile has it with another id ({change.replaced.id}): it was replaced outside"
    return Refusal(
        identity=change.desired.identity,
        message=message,
        hint="pass --adopt to take it over",
    )


def _protected_refusal(change: Delete, *, destroys: bool) -> Refusal:
    if destroys:
        message, hint = "is protected", f"set `protect: false`, apply, then destroy it; {_OTHERS_ONLY}"
    else:
        message = "is protected and would be deleted because it is no longer declared"
        hint = (
            "declare it again, or set `protect: false` and apply before you remove it; `fbsync state "
            "forget` only removes the record"
        )
    return Refusal(identity=change.locked.identity, message=message, hint=hint)
