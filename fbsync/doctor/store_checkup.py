"""Check a store: whether it can be read and written, whether conditional writes work, and who has locked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.doctor.checks import Check, Health, not_checked, ok, problem
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.workflow.open_store import opened_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fbsync.workflow.store_admin import OpenedStore
    from fbsync.workflow.target import Where


def check_store(where: Where, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Check a store. This writes a test object and removes it.

    Args:
        where: the target, which names the store (``is_shared``).
        environment: the process's environment.
    """
    try:
        with opened_store(where, environment) as store:
            return (*_read_check(store), _honest(store))
    except FbsyncError as error:
        return (problem("store", error),)


def _read_check(store: OpenedStore) -> Iterator[Check]:
    try:
        state = store.read().state
    except InvalidInput as error:
        first = error.findings[0]
        yield Check(
            what="store",
            health=Health.PROBLEM,
            detail=f"{store.name}: {first.message}",
            remedy=first.remedy,
            exit_code=error.exit_code,
        )
    except FbsyncError as error:
        yield problem("store", error)
    else:
        yield ok("store", f"{store.name} can be read; last written by {state.writer}")
        if state.claim is not None:
            yield Check(
                what="lease",
                health=Health.WARNING,
                detail=f"a run has locked the state: {state.writer}",
                remedy="wait until it ends; if it was killed, run `fbsync state unlock`, or have apply wait with "
                "--lock-timeout",
            )


def _honest(store: OpenedStore) -> Check:
    try:
        store.check_honesty()
    except FbsyncError as error:
        return problem("writing to the store", error)
    return ok("writing to the store", "allowed, and conditional writes work")


def unread() -> Check:
    """Return the check of the known state for a store that cannot be read."""
    return not_checked("known state", "the store cannot be read")
