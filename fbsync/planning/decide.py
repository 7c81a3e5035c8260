"""The plan: one pure function of the declared, known and live configurations (``design.md``, 'The plan')."""

from __future__ import annotations

from dataclasses import replace
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
    identity_of,
    name_of,
)
from fbsync.model.configurations import PROVIDER_FIELDS
from fbsync.model.plan import Plan
from fbsync.model.spelling import canonical_identity
from fbsync.planning.credentials import Credentials
from fbsync.planning.fields import field_changes, record_differs
from fbsync.planning.notices import MOST_NAMED, blocked_by_limit, notices
from fbsync.planning.old_credentials import old_in_plan
from fbsync.planning.order import blockers, claims_name, freed_name
from fbsync.planning.pairing import found_again, pair
from fbsync.planning.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from fbsync.model.ages import Ages
    from fbsync.model.configurations import Identity, Llm, LockedLlm
    from fbsync.model.live import Live
    from fbsync.planning.credentials import Fingerprints


def _everything(_declared_in: str | None) -> bool:
    return True


def make_plan(
    desired: Sequence[Llm],
    known: Sequence[LockedLlm],
    live: Live | None,
    *,
    fingerprints: Fingerprints,
    prune: bool = False,
    only: frozenset[str] = frozenset(),
    in_doubt: Container[Identity] = frozenset(),
    assume_secrets: bool = False,
    resend_secrets: bool = False,
    verify_first: bool = False,
    keys_masked: bool = False,
    reads: Callable[[str | None], bool] = _everything,
    ages: Ages | None = None,
) -> Plan:
    """Decide what to do for every declared and every known configuration.

    Args:
        desired: the declared configurations. Their identities are distinct.
        known: the lockfile's configurations. Their identities are distinct.
        live: what the server lists, or None if it was not asked.
        fingerprints: distinguishes a changed credential from an unchanged one.
        prune: whether to delete known configurations that are no longer declared.
        only: the names to which the plan is limited. Empty for no limit.
        in_doubt: identities that an earlier run may have created with an unknown outcome.
        assume_secrets: whether to assume that the server already has credentials without a recorded fingerprint.
        resend_secrets: whether to send all credentials again.
        verify_first: whether the provider must accept changed credentials, endpoints and types of all entries on a
            temporary configuration first.
        keys_masked: whether this server was seen to list a masked key.
        reads: whether this run reads the manifest that declared a known entry. The other entries are left alone.
        ages: the day and the maximum age of credentials, or None if their age does not matter.

    Returns:
        The plan. It is the same for the same arguments.
    """
    pairs = found_again(pair(desired, known), known, live)
    taken = {locked.id for _, locked in pairs if locked is not None}
    view = View(live, taken, in_doubt)
    masked = keys_masked or (live is not None and any(llm.has_key for llm in live.llms))
    credentials = Credentials(
        fingerprints=fingerprints, assume=assume_secrets, resend=resend_secrets, keys_masked=masked
    )
    rest = [locked for locked in known if locked.id not in taken]
    own = [locked for locked in rest if reads(locked.declared_in)]
    changes = [_verified_first(_declared(llm, locked, view, credentials), every=verify_first) for llm, locked in pairs]
    changes += [Delete(locked=locked) if prune else Undeclared(locked=locked) for locked in own]
    foreign = [locked for locked in rest if not reads(locked.declared_in)]
    changes = _without_taken_names(changes, foreign, view)
    if only:
        changes = _limited(changes, only)
    return Plan(
        changes=tuple(changes),
        refreshed=live is not None and live.is_complete,
        elsewhere=len(foreign),
        warnings=(*notices(changes, known, view, reads=reads), *(() if ages is None else old_in_plan(changes, ages))),
    )


def _verified_first(change: Change, *, every: bool) -> Change:
    """Mark a change if the provider must accept its new values first. A creation is not marked: it replaces nothing."""
    match change:
        case Update() if every or change.desired.verify_first:
            sent = {item.field for item in change.fields} | {item.field for item in change.credentials if item.is_sent}
            return replace(change, verify_first=not PROVIDER_FIELDS.isdisjoint(sent))
        case Adopt() if every or change.desired.verify_first:
            return replace(change, verify_first=True)
        case _:
            return change


def _declared(llm: Llm, locked: LockedLlm | None, view: View, credentials: Credentials) -> Change:
    """Decide rows one to five of the table: a declared entry, with or without a record."""
    if locked is None or view.is_absent(locked):
        match view.others(llm.identity):
            case []:
                return _creation(llm, locked, view)
            case [other]:
                return Adopt(desired=llm, live=other, replaced=locked)
            case several:
                ids = ", ".join(sorted(other.id for other in several))
                return Blocked(
                    desired=llm,
                    message=f"the workspace has {len(several)} configurations with this name: ids {ids}",
                    hint="keep the right one, delete or rename the others, then run `fbsync apply` again",
                )
    return _known(llm, locked, view, credentials)


def _known(llm: Llm, locked: LockedLlm, view: View, credentials: Credentials) -> Update | Unchanged:
    live = view.own(locked)
    fields = field_changes(llm, locked, live)
    found = credentials.changes(llm, locked, live)
    if fields or any(change.is_sent for change in found):
        return Update(desired=llm, locked=locked, fields=fields, credentials=found, live=live)
    return Unchanged(
        desired=llm,
        locked=locked,
        credentials=tuple(change for change in found if change.changed is Changed.UNVERIFIED),
        record=record_differs(llm, locked, live) or any(change.assumed for change in found),
        live=live,
    )


def _creation(llm: Llm, locked: LockedLlm | None, view: View) -> Change:
    """Return a creation, or a blocked change if an earlier run may have created it and the server was not asked."""
    if view.is_in_doubt(llm.identity):
        return Blocked(
            desired=llm,
            message="an earlier run may have created it; only the server's list can tell",
            hint="run `fbsync apply` where the server can be reached, or check there for this name",
        )
    return Create(desired=llm, lost=locked)


def _without_taken_names(changes: list[Change], foreign: Iterable[LockedLlm], view: View) -> list[Change]:
    """Block changes that claim a name which another configuration keeps, and the changes that wait for those.

    The server allows a name only once in a workspace.
    """
    holders = _holders(changes, foreign, view)
    claimants: dict[Identity, list[int]] = {}
    for at, change in enumerate(changes):
        if claims_name(change):
            claimants.setdefault(canonical_identity(identity_of(change)), []).append(at)
    taken = [identity for identity in claimants if identity in holders]
    checked = list(changes)
    while taken:
        identity = taken.pop()
        for at in claimants.pop(identity, ()):
            checked[at] = _blocked_by(holders[identity], changes[at])
            # A blocked configuration keeps its own name, so no other change can take that name.
            name, llm_id = freed_name(changes[at]), id_of(changes[at])
            if name is not None and llm_id is not None:
                holders.setdefault(canonical_identity(name), llm_id)
                taken.append(canonical_identity(name))
    return checked


def _holders(changes: Iterable[Change], foreign: Iterable[LockedLlm], view: View) -> dict[Identity, str]:
    """Return the names that configurations keep because this plan leaves them alone, with the configurations' ids."""
    leaving = {change.locked.id for change in changes if isinstance(change, Delete)}
    kept = [change.locked for change in changes if isinstance(change, Undeclared)]
    known = {canonical_identity(at.identity): at.id for at in (*kept, *foreign) if not view.covers(at.workspace_id)}
    return known | {identity: llm.id for identity, llm in view.unclaimed() if llm.id not in leaving}


def _blocked_by(holder: str, change: Change) -> Blocked:
    assert isinstance(change, Create | Update)
    return Blocked(
        desired=change.desired,
        message=f"another configuration in its workspace keeps this name: id {holder}",
        hint="delete or rename that one first (--prune deletes it if it is in the lockfile), or choose another name",
    )


def _limited(changes: Sequence[Change], only: frozenset[str]) -> list[Change]:
    """Return only the changes of the named entries. A change that needs a left-out change first is blocked."""
    nearest = _nearest_left_out(changes, only)
    found = []
    for at, change in enumerate(changes):
        if name_of(change) not in only:
            continue
        chain = [name_of(changes[other]) for other in _followed(at, nearest)]
        found.append(blocked_by_limit(change, chain) if chain else change)
    return found


def _nearest_left_out(changes: Sequence[Change], only: frozenset[str]) -> list[int | None]:
    """Find for each change the nearest change that it waits for, directly or not, and that the limit leaves out."""
    waits = blockers(changes)
    found: dict[int, int | None] = {}
    for start in range(len(changes)):
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in found and (at == start or name_of(changes[at]) in only):
            found[at] = None  # Ends a circle.
            path.append(at)
            at = waits[at]
        if at is not None and name_of(changes[at]) in only:
            at = found[at]
        found.update(dict.fromkeys(path, at))
    return [found[at] for at in range(len(changes))]


def _followed(at: int, nearest: Sequence[int | None]) -> tuple[int, ...]:
    """Return the left-out changes that a change needs, nearest first, and at most one more than a message names."""
    chain: dict[int, None] = {}
    before = nearest[at]
    while before is not None and before not in chain and len(chain) <= MOST_NAMED:
        chain[before] = None
        before = nearest[before]
    return tuple(chain)
