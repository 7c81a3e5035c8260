"""Access to a known state, wherever it is kept: for reading, or for exclusive writing."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from fbsync.model.errors import GuardRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from fbsync.stores.holder import Holder
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where

_Result = TypeVar("_Result")


def _nobody_listens(*_: object) -> None:
    """Do nothing."""


def _nobody_watches(_: str) -> AbstractContextManager[object]:
    """Show nothing."""
    return nullcontext()


@contextmanager
def readable(
    where: Where,
    environ: Mapping[str, str],
    *,
    waits: Callable[[str], AbstractContextManager[object]] = _nobody_watches,
) -> Iterator[Where]:
    """Make a known state readable for as long as the context lasts. A state in a store is copied.

    Args:
        where: the command's target.
        environ: the process's environment.
        waits: called with a description of each wait. The context that it returns is entered during the wait.

    Raises:
        FbsyncError: there is no state in the store (exit 8), or it cannot be read (exit 4).
    """
    if not where.is_shared:
        yield where
        return
    from fbsync.workflow.open_store import opened_state

    with ExitStack() as held:
        shared = held.enter_context(opened_state(where, environ))
        with waits(f"Reading the state in {shared.name}"):
            shared.load()
        yield _at_copy(where, shared)


@contextmanager
def writable(
    where: Where,
    environ: Mapping[str, str],
    *,
    lock_timeout: float,
    on_wait: Callable[[Holder], None] = _nobody_listens,
    waits: Callable[[str], AbstractContextManager[object]] = _nobody_watches,
) -> Iterator[tuple[Where, SharedState | None]]:
    """Make a known state writable for as long as the context lasts. No other run can write it in the meantime.

    A state in a store is read when its lease is free, and written when the context ends without an exception. The code
    that sends changes takes the lease (``Session``). It is released however the context ends.

    Args:
        where: the command's target.
        environ: the process's environment.
        lock_timeout: how many seconds to wait for another run to end.
        on_wait: called with each holder of a lease that is waited for.
        waits: called with a description of each wait. The context that it returns is entered during the wait.

    Raises:
        FbsyncError: another run holds it (exit 7), or it cannot be read.
    """
    with ExitStack() as held:
        if not where.is_shared:
            from fbsync.state.runlock import run_lock

            with waits(f"Waiting for another run, which has locked {where.lock_path}"):
                held.enter_context(run_lock(where.lock_path, timeout=lock_timeout))
            yield where, None
            return
        from fbsync.workflow.open_store import opened_state

        shared = held.enter_context(opened_state(where, environ))
        with waits(f"Reading the state in {shared.name}"):
            shared.await_free(timeout=lock_timeout, on_wait=on_wait)
        try:
            yield _at_copy(where, shared), shared
        except BaseException:
            with waits(f"Unlocking the state in {shared.name}"):
                shared.give_back()
            raise
        with waits(f"Writing the state in {shared.name}"):
            shared.release()


def carried_out(
    work: Callable[[Where, SharedState | None], _Result],
    where: Where,
    environ: Mapping[str, str],
    *,
    lock_timeout: float,
    on_wait: Callable[[Holder], None] = _nobody_listens,
    on_outdated: Callable[[], None] = _nobody_listens,
    waits: Callable[[str], AbstractContextManager[object]] = _nobody_watches,
) -> _Result:
    """Do work on a known state. If another run changes the state in the meantime, do it again from the start.

    Args:
        work: makes a plan and carries it out. It gets the target, and the state's store or None.
        where: the command's target.
        environ: the process's environment.
        lock_timeout: how many seconds to wait for another run to end.
        on_wait: called with each holder of a lease that is waited for.
        on_outdated: called before the work is done again.
        waits: called with a description of each wait. The context that it returns is entered during the wait.

    Raises:
        FbsyncError: another run holds the state (exit 7), it cannot be read, or the work fails.
    """
    if not where.is_shared:
        with writable(where, environ, lock_timeout=lock_timeout, waits=waits) as (place, shared):
            return work(place, shared)
    from fbsync.stores.protocol import Conflict

    Thread(target=_load_client, daemon=True).start()
    while True:
        try:
            with writable(where, environ, lock_timeout=lock_timeout, on_wait=on_wait, waits=waits) as (place, shared):
                return _unless_outdated(work, place, shared)
        except Conflict:
            on_outdated()


def _load_client() -> None:
    """Import the HTTP client while the store is read: both take about as long, and neither needs the other."""
    with suppress(ImportError):  # Reported when the client is needed.
        import fbsync.client.transport  # noqa: F401 - loaded for those who need it next


def _unless_outdated(
    work: Callable[[Where, SharedState | None], _Result], place: Where, shared: SharedState | None
) -> _Result:
    """Do the work. If a guard refuses, but the state has changed, the refusal does not count.

    Raises:
        Conflict: the state has changed in the meantime.
    """
    try:
        return work(place, shared)
    except GuardRefused as error:
        if shared is None or not shared.is_outdated():
            raise
        from fbsync.stores.protocol import Conflict

        raise Conflict(shared.name) from error


def _at_copy(where: Where, shared: SharedState) -> Where:
    return replace(where, lock_file=shared.lock_path, store=shared.name)
