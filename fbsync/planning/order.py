"""The order of changes: a name is freed before another entry takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Change, Create, Delete, Update, identity_of
from fbsync.model.configurations import Field, Identity
from fbsync.model.spelling import canonical_identity

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


def blockers(changes: Sequence[Change]) -> list[int | None]:
    """Find for each change the change that must come first, because it frees the name that this change claims.

    The server allows a name only once in a workspace (``flashback-api.md``). Therefore a rename from A and a
    deletion of A come before a creation of A or a rename to A.
    """
    freed = ((at, freed_name(change)) for at, change in enumerate(changes))
    frees = {canonical_identity(name): at for at, name in freed if name is not None}
    found = (frees.get(canonical_identity(identity_of(change))) if claims_name(change) else None for change in changes)
    return [None if before == at else before for at, before in enumerate(found)]


def detours(changes: Sequence[Change]) -> frozenset[int]:
    """Return the renames that need a temporary third name: one in each circle of entries that swap names."""
    waits = blockers(changes)
    chosen: set[int] = set()
    seen: set[int] = set()
    for start in range(len(changes)):
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = waits[at]
        if at is not None and at in path:
            chosen.add(at)
    return frozenset(chosen)


def in_order(waits: Sequence[int | None], aside: Container[int]) -> list[int]:
    """Return the changes' numbers, each after the change that it waits for.

    Args:
        waits: for each change, the number of the change that it waits for, or None.
        aside: the changes that first take a temporary name (``detours``). They wait for none.
    """
    depths: dict[int, int] = {}
    for start in range(len(waits)):
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in depths:
            path.append(at)
            at = None if at in aside else waits[at]
        depth = -1 if at is None else depths[at]
        for change in reversed(path):
            depth += 1
            depths[change] = depth
    return sorted(depths, key=lambda change: (depths[change], change))


def name_given_up(change: Update) -> str | None:
    """Return the name that a configuration has on the server before the update renames it, or None without a rename."""
    return next((item.before for item in change.fields if item.field is Field.NAME), None)


def claims_name(change: Change) -> bool:
    """Whether a change needs a name in its workspace that it does not have yet."""
    return isinstance(change, Create) or (isinstance(change, Update) and name_given_up(change) is not None)


def freed_name(change: Change) -> Identity | None:
    """Return the identity that a change frees, or None."""
    match change:
        case Delete():
            return change.locked.identity
        case Update() if (name := name_given_up(change)) is not None:
            return Identity(workspace_id=change.locked.workspace_id, name=name)
        case _:
            return None
