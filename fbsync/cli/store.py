"""Access a command's known state, and report the runs that it waits for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from fbsync.cli import terminal
from fbsync.workflow import state_access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fbsync.stores.holder import Holder
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where

_Result = TypeVar("_Result")


def readable(where: Where) -> Where:
    """Return the target with a known state to read. A copy of a state in a store lasts as long as the command.

    Raises:
        FbsyncError: there is no state in the store (exit 8), or it cannot be read (exit 4).
    """
    reading = state_access.readable(where, os.environ, waits=terminal.waits)
    return click.get_current_context().with_resource(reading)


@contextmanager
def writable(where: Where, *, lock_timeout: float) -> Iterator[tuple[Where, SharedState | None]]:
    """Yield the target with a known state to write, and its store; see ``fbsync.workflow.state_access``."""
    with state_access.writable(
        where, os.environ, lock_timeout=lock_timeout, on_wait=_say_waiting, waits=terminal.waits
    ) as found:
        yield found


def carried_out(work: Callable[[Where, SharedState | None], _Result], where: Where, *, lock_timeout: float) -> _Result:
    """Do work on the known state, again if another run was faster; see ``fbsync.workflow.state_access``."""
    return state_access.carried_out(
        work,
        where,
        os.environ,
        lock_timeout=lock_timeout,
        on_wait=_say_waiting,
        on_outdated=_say_outdated,
        waits=terminal.waits,
    )


def _say_waiting(holder: Holder) -> None:
    terminal.end_bar()
    terminal.say(f"Waiting for another run, which has locked the state: {holder}")


def _say_outdated() -> None:
    terminal.say("Another run changed the state in the meantime; planning again.")
