"""Where a command's known state is: in files, locked while they are written, or in a store, through a copy."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.stores.holder import Holder
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where


def readable(where: Where) -> Where:
    """Where a command that only reads finds the known state; a copy of one in a store lasts as long as the command.

    Raises:
        FbsyncError: there is no state in the store (exit 8), or it cannot be read (exit 4).
    """
    if not where.is_shared:
        return where
    from fbsync.workflow.shared_state import opened_state

    shared = click.get_current_context().with_resource(opened_state(where, os.environ))
    shared.load()
    return _at_copy(where, shared)


@contextmanager
def writable(where: Where, *, lock_timeout: float) -> Iterator[tuple[Where, SharedState | None]]:
    """Where a command that writes finds the known state, which nobody else writes meanwhile.

    A state in a store is read once nobody holds it, and written when the context ends without an exception; the lease
    is taken by whoever sends changes (``Session``).

    Args:
        where: what the command works on.
        lock_timeout: seconds to wait for another run's end.

    Raises:
        FbsyncError: another run holds it (exit 7), or it cannot be read.
    """
    if not where.is_shared:
        from fbsync.state.runlock import run_lock

        with run_lock(where.lock_path, timeout=lock_timeout):
            yield where, None
        return
    from fbsync.workflow.shared_state import opened_state

    with opened_state(where, os.environ) as shared:
        shared.await_free(timeout=lock_timeout, on_wait=_say_waiting)
        yield _at_copy(where, shared), shared
        shared.release()


def _at_copy(where: Where, shared: SharedState) -> Where:
    return replace(where, lock_file=shared.lock_path, store=shared.name)


def _say_waiting(holder: Holder) -> None:
    terminal.say(f"Waiting for another run, which has locked the state: {holder}")
