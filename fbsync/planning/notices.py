"""Notices: remarks for the reviewers of a plan. They do not stop a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Blocked, Change, Create, Delete, Unchanged, Undeclared, Update
from fbsync.model.configurations import Field, Text
from fbsync.model.plan import Notice
from fbsync.model.spelling import same
from fbsync.planning.fields import server_spellings
from fbsync.planning.hosts import host_of, host_words, is_ascii_host, scheme_of, shown_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fbsync.model.configurations import Llm, LockedLlm
    from fbsync.planning.view import View


_MOST_CANDIDATES = 3
MOST_NAMED = 10
"""How many entries of a chain of renames a message names."""


def notices(
    changes: Sequence[Change], known: Sequence[LockedLlm], view: View, *, reads: Callable[[str | None], bool]
) -> Iterator[Notice]:
    """Yield everything that a reviewer should know, in the plan's order.

    Args:
        changes: the plan's changes.
        known: the lockfile's configurations.
        view: what the server lists.
        reads: whether this run reads the manifest that declared a known entry.
    """
    hosts = _known_hosts(known)
    left = [change for change in changes if isinstance(change, (Undeclared, Delete))]
    for change in changes:
        match change:
            case Create():
                yield from _of_creation(change, left, known, view)
                yield from _of_new_hosts(change.desired, hosts, {field for field, _ in change.desired.credentials})
            case Adopt():
                yield from _of_new_hosts(change.desired, hosts, {field for field, _ in change.desired.credentials})
            case Update():
                yield from () if _changes_means(change) else _of_endpoint(change)
                sent = {item.field for item in change.credentials if item.is_sent}
                if _changes_means(change) or not any(item.field is Field.ENDPOINT for item in change.fields):
                    yield from _of_new_hosts(change.desired, hosts, sent)
                yield from _of_record(change, reads)
            case Unchanged():
                yield from _of_record(change, reads)
            case _:
                pass


def _of_creation(
    change: Create, left: Sequence[Undeclared | Delete], known: Sequence[LockedLlm], view: View
) -> Iterator[Notice]:
    llm = change.desired
    elsewhere = next((at for at in left if at.locked.name == llm.name), None)
    if change.lost is not None and (moved := view.moved(change.lost)) is not None:
        yield _notice(
            llm,
            f"its id {moved.id} is now in workspace {moved.workspace_id} and stays there; fbsync recreates it here",
        )
    if elsewhere is not None:
        yield _notice(llm, _moved_message(elsewhere))
    elif change.lost is None and llm.previous_name is None:
        yield from _of_likely_rename(llm, left)
    if change.lost is None and llm.previous_name is not None and known:
        yield _notice(
            llm,
            f'no lockfile entry has its previousName "{llm.previous_name}": it is created as a new configuration',
        )
    if (near := view.nearly(llm.identity)) is not None:
        yield _notice(
            llm,
            f'the server has "{near.name}" (id {near.id}), which differs only by case or '
            "whitespace; it may reject the new name",
        )


def _moved_message(before: Undeclared | Delete) -> str:
    """Say what a change of workspace means (``flashback-api.md``: a configuration cannot be moved)."""
    fate = "is deleted" if isinstance(before, Delete) else "stays until it is deleted with --prune"
    return (
        "configurations cannot be moved between workspaces: a new one is created, and the one in "
        f"{before.locked.workspace_id} (id {before.locked.id}) {fate}"
    )


def _of_likely_rename(llm: Llm, left: Sequence[Undeclared | Delete]) -> Iterator[Notice]:
    """Yield a hint if an addition looks like a rename: it has the same type, endpoint and credential."""
    alike = [at.locked for at in left if _is_alike(llm, at.locked)]
    if len(alike) == 1:
        yield _notice(
            llm,
            f'looks like "{alike[0].name}" (id {alike[0].id}), which is no longer declared: if it was renamed, set '
            f'previousName: "{alike[0].name}"',
        )
    elif alike:
        rest = len(alike) - _MOST_CANDIDATES
        more = f" and {rest} more" if rest > 0 else ""
        names = ", ".join(f'"{locked.name}"' for locked in alike[:_MOST_CANDIDATES])
        yield _notice(
            llm, f"looks like one of {names}{more}, which are no longer declared: if it was renamed, set previousName"
        )


def _is_alike(llm: Llm, locked: LockedLlm) -> bool:
    return (
        llm.workspace_id.value == locked.workspace_id
        and same(Field.AI_TYPE, llm.ai_type, locked.ai_type)
        and llm.endpoint.value is not None
        and same(Field.ENDPOINT, llm.endpoint.value, locked.endpoint)
        and _source(llm) == _source(locked)
    )


def _source(llm: Llm | LockedLlm) -> tuple[str | None, str | None]:
    """Return the source of the credential: its variable, and its stored key."""
    api_key = llm.api_key.value if isinstance(llm.api_key, Text) else llm.api_key
    return None if llm.secret is None else llm.secret.reference, api_key


def _changes_means(change: Update) -> bool:
    """Whether a stored key replaces a secret or a secret replaces a stored key.

    No stored credential goes to another host then.
    """
    changed = (item for item in change.fields if item.field is Field.API_KEY)
    return any(not item.before or item.after.value == "" for item in changed)


def _of_endpoint(change: Update) -> Iterator[Notice]:
    """Warn if the stored credential would go to another host than before, or over the network unencrypted."""
    for field in change.fields:
        if field.field is not Field.ENDPOINT or not field.after.value:
            continue
        before, after = field.before, field.after.value
        if host_of(before) != host_of(after):
            yield _notice(
                change.desired,
                f"the credential will now be sent to {host_words(after)} instead of {host_words(before)}",
            )
        if (scheme_of(before), scheme_of(after)) == ("https", "http"):
            yield _notice(
                change.desired, "the endpoint changes to http: the stored credential will be sent unencrypted"
            )


def _known_hosts(known: Sequence[LockedLlm]) -> dict[str, set[str]]:
    """Return the known hosts of each variable: those that its value was sent to."""
    hosts: dict[str, set[str]] = {}
    for locked in known:
        for credential in (locked.secret, locked.key):
            if credential is not None:
                hosts.setdefault(credential.reference, set()).add(host_of(locked.endpoint))
    return hosts


def _of_new_hosts(llm: Llm, hosts: dict[str, set[str]], sent: set[Field]) -> Iterator[Notice]:
    """Warn if a known variable's value goes to a new host, and if a host is not ASCII."""
    endpoint = llm.endpoint.value
    if not endpoint or not sent:
        return
    for reference in dict.fromkeys(credential.reference for field, credential in llm.credentials if field in sent):
        if reference in hosts and host_of(endpoint) not in hosts[reference]:
            before = ", ".join(sorted(hosts[reference]))
            yield _notice(
                llm,
                f"${reference} will be sent to a host that it was not sent to before: {shown_host(endpoint)} "
                f"(before: {before})",
            )
    if not is_ascii_host(endpoint):
        yield _notice(llm, f"the host name is not ASCII and may look like another one: {shown_host(endpoint)}")


def _of_record(change: Update | Unchanged, reads: Callable[[str | None], bool]) -> Iterator[Notice]:
    """Report spellings that a list newly showed, and an entry that another manifest declared before."""
    llm, locked = change.desired, change.locked
    if change.live is not None:
        for field, there in server_spellings(llm, change.live):
            if (field, there) not in locked.served:
                yield _notice(llm, f"the server writes {field.value} as {there}; fbsync treats them as the same")
    if locked.declared_in is not None and not reads(locked.declared_in):
        yield _notice(llm, f"it was declared in {locked.declared_in}, and now belongs to {llm.declared_in}")


def _notice(llm: Llm, message: str) -> Notice:
    return Notice(identity=llm.identity, message=message)


def blocked_by_limit(change: Change, chain: Sequence[str]) -> Blocked:
    """Block a change that cannot be made alone, because an entry that ``--only`` leaves out has its new name.

    Args:
        change: a creation or a rename.
        chain: the names of the entries that must change too, nearest first.
    """
    assert isinstance(change, (Create, Update))
    named = chain[:MOST_NAMED]
    others = ", ".join(f'"{name}"' for name in named) + (" and others" if len(chain) > MOST_NAMED else "")
    options = " ".join(f'--only "{name}"' for name in named)
    return Blocked(
        desired=change.desired,
        message=f"it takes over the name of an entry that --only leaves out: {others}",
        hint=f"add {options}" if len(chain) <= MOST_NAMED else "leave out --only: these renames depend on each other",
    )
