"""The order of changes: a name is freed before another entry takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Change, Create, Delete, Update, identity_of
from fbsync.model.configurations import Field, Identity
from fbsync.model.spelling import canonical_identity

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


def blockers(changes: Sequence[Change]) -> list[int | None]:
    """For each change, the one that must come first because it frees the name that this one claims.

    The server takes a name once in a workspace (``flashback-api.md``), so a rename from A and a
    deletion of A come before whatever becomes A.
    """
    freed = ((at, freed_name(change)) for at, change in enumerate(changes))
    frees = {canonical_identity(name): at for at, name in freed if name is not None}
    found = (frees.get(canonical_identity(identity_of(change))) if claims_name(change) else None for change in changes)
    return [None if before == at else before for at, before in enumerate(found)]


def detours(changes: Sequence[Change]) -> frozenset[int]:
    """The renames that must go by way of a third name: one of each circle of entries that swap names."""
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
    """The changes by number, each after the one that it waits for; those that go aside first wait for none."""
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
    """The name that a configuration bears on the server until it is renamed, or None where it is not."""
    return next((item.before for item in change.fields if item.field is Field.NAME), None)


def claims_name(change: Change) -> bool:
    """Whether a change needs a name in its workspace that it does not have yet."""
    return isinstance(change, Create) or (isinstance(change, Update) and name_given_up(change) is not None)


def freed_name(change: Change) -> Identity | None:
    """The name in its workspace that a change gives up."""
    match change:
        case Delete():
            return change.locked.identity
        case Update() if (name := name_given_up(change)) is not None:
            return Identity(workspace_id=change.locked.workspace_id, name=name)
        case _:
            return None
