"""Guards: reasons to refuse a whole run before its first change, and the variables that it cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Cause, Change, Create, Delete, Plan, Refusal, Update
from fbsync.model.configurations import Field
from fbsync.model.findings import Finding
from fbsync.model.repositories import counted_repositories
from fbsync.model.spelling import canonical_url
from fbsync.planning.hosts import host_of, host_words, scheme_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from fbsync.model.configurations import Credential, Llm, LockedLlm, Text
    from fbsync.model.findings import Position
    from fbsync.model.live import Live

MAX_DELETES = "5"
"""How many configurations a prune may delete unless somebody allows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the user allows that a guard would refuse otherwise.

    Attributes:
        adopt: configurations that are already on the server may be taken over.
        max_deletes: how many deletions are too many: a number, or a percentage of what is known.
        recreate: all that is known of a workspace may be created again.
        host_change: an endpoint may go back to another host although the manifest did not change.
    """

    adopt: bool = False
    max_deletes: str = MAX_DELETES
    recreate: bool = False
    host_change: bool = False


def refusals(
    plan: Plan,
    allowed: Allowed,
    *,
    declared: int,
    known: Sequence[LockedLlm],
    live: Live | None,
    explained: Container[tuple[str, str]] = frozenset(),
) -> tuple[Refusal, ...]:
    """Every reason to refuse a plan, all at once.

    Args:
        plan: what would be done.
        allowed: what the user allows.
        declared: how many entries the manifest has.
        known: what the lockfile holds.
        live: what the server lists, or None where it was not asked.
        explained: the ids and endpoints of updates that an earlier run may have made, without anybody knowing.
    """
    deletes = [change for change in plan.changes if isinstance(change, Delete)]
    found = [_protected(change) for change in deletes if change.locked.protect]
    found += _in_use(deletes, live)
    if not allowed.adopt:
        found = [*(_adoption(change) for change in plan.changes if isinstance(change, Adopt)), *found]
    if not allowed.host_change:
        found += _host_changes(plan, explained)
    if not allowed.recreate and live is not None:
        found += _emptied(plan, known, live)
    if deletes:
        found += _deletions(len(deletes), allowed, declared=declared, known=len(known), live=live)
    return tuple(found)


def _in_use(deletes: Iterable[Delete], live: Live | None) -> Iterator[Refusal]:
    """Deletions that the server would refuse, since a repository uses the configuration (``flashback-api.md``)."""
    users = {llm.id: llm.repos for llm in live.llms if llm.repos} if live is not None else {}
    for change in deletes:
        if repos := users.get(change.locked.id):
            yield Refusal(
                identity=change.locked.identity,
                message=f"is used by {counted_repositories(repos)}, so the server will not delete it",
                hint="switch them to another configuration first, or declare it again",
            )


def _deletions(count: int, allowed: Allowed, *, declared: int, known: int, live: Live | None) -> Iterator[Refusal]:
    """Reasons not to delete at all, or not so many."""
    limit = delete_limit(allowed.max_deletes, known)
    if count > limit:
        counted = "1 configuration" if count == 1 else f"{count} configurations"
        yield Refusal(
            identity=None,
            message=f"this would delete {counted}; the limit is {limit}",
            hint=f"to do it anyway, pass --max-deletes {count}",
        )
    if not declared:
        yield Refusal(
            identity=None,
            message="the manifest declares nothing: pruning would delete everything in the lockfile",
            hint="declare at least one entry, or delete the configurations with `fbsync destroy`",
        )
    if live is not None and not live.is_complete:
        yield Refusal(
            identity=None,
            message="the server would not list every workspace, so nothing can be pruned",
            hint="make sure that the token may list those workspaces, or leave out --prune",
        )


_FEW = 2
"""From so many known entries on, a workspace that lists none is suspected of a wrong list or a wrong server."""


def _emptied(plan: Plan, known: Sequence[LockedLlm], live: Live) -> Iterator[Refusal]:
    """Workspaces of which something is known and nothing is listed, where the plan would act on that."""
    listed = {llm.workspace_id for llm in live.llms}
    affected = {change.lost.workspace_id for change in plan.changes if isinstance(change, Create) and change.lost}
    affected |= {change.locked.workspace_id for change in plan.changes if isinstance(change, Delete)}
    for workspace in sorted(affected & live.workspaces - listed):
        count = sum(llm.workspace_id == workspace for llm in known)
        if count >= _FEW:
            yield Refusal(
                identity=None,
                message=f"{count} configurations of the workspace {workspace} are in the lockfile, and the server "
                "lists none: the list, the token or the server may be wrong",
                hint="if they were really deleted, pass --recreate to create them again",
            )


def _host_changes(plan: Plan, explained: Container[tuple[str, str]]) -> Iterator[Refusal]:
    """Endpoints that go to another host only since the server holds another one: nobody changed the manifest.

    Whoever edits manifest and lockfile alike has no change to show, and an apply would send the stored credential to
    the host of their choice.
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
    """Whether a credential would go to another host, or over the network in clear."""
    return host_of(before) != host_of(after) or (scheme_of(before), scheme_of(after)) == ("https", "http")


def delete_limit(text: str, known: int) -> int:
    """How many deletions ``--max-deletes`` allows.

    Raises:
        ValueError: the text is neither a number nor a percentage from 0% to 100%.
    """
    if text.endswith("%"):
        percentage = int(text[:-1])
        if not 0 <= percentage <= 100:  # noqa: PLR2004 - percent
            raise ValueError("a percentage must be between 0% and 100%")
        return known * percentage // 100
    number = int(text)
    if number < 0:
        raise ValueError("a number of deletions cannot be negative")
    return number


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


def _protected(change: Delete) -> Refusal:
    return Refusal(
        identity=change.locked.identity,
        message="is protected and would be deleted because it is no longer declared",
        hint="declare it again, or set `protect: false` and apply before you remove it; `fbsync state "
        "forget` only removes the record",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A variable that a change cannot do without."""

    variable: str
    position: Position
    entry: str
    field: str


def missing_variables(changes: Iterable[Change]) -> tuple[Need, ...]:
    """The variables that are not set and that carrying out these changes would send, each with its place."""
    return tuple(need for change in changes for need in _needs(change))


def missing_workspaces(llms: Iterable[Llm]) -> tuple[Need, ...]:
    """The variables without which the server cannot be asked for the entries' workspaces."""
    return tuple(need for llm in llms for need in _of_text(llm, "workspaceId", llm.workspace_id))


def _needs(change: Change) -> Iterator[Need]:
    match change:
        # A temporary configuration carries everything, too.
        case Create(desired=llm) | Adopt(desired=llm) | Update(desired=llm, verify_first=True):
            for name, text in llm.texts:
                yield from _of_text(llm, name, text)
            for field, credential in llm.credentials:
                yield from _of_credential(llm, field, credential)
        case Update(desired=llm):
            for item in change.fields:
                yield from _of_text(llm, item.field, item.after)
            for sent in change.credentials:
                if sent.is_sent and sent.after is not None:
                    yield from _of_credential(llm, sent.field, sent.after)
        case _:
            return


def _of_text(llm: Llm, field: str, text: Text) -> Iterator[Need]:
    for variable in text.missing:
        yield Need(variable=variable, position=text.position, entry=llm.name, field=field)


def _of_credential(llm: Llm, field: str, credential: Credential) -> Iterator[Need]:
    if credential.secret is None:
        yield Need(variable=credential.reference, position=credential.position, entry=llm.name, field=field)


def need_finding(need: Need, *, empty: bool) -> Finding:
    """The finding for a missing variable; an empty one gets its own words, since CI systems pass those."""
    state = "is set but empty" if empty else "is not set"
    return Finding(
        rule="missing-variable",
        position=need.position,
        entry=need.entry,
        message=f"${need.variable} {state}, and {need.field} needs it",
        remedy=f"set {need.variable} in the environment, in .env next to the manifest, or with --env-file",
    )
