"""A known state in a store: a copy in a separate folder for one command, and the lease to write it back."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.lease import await_free, lease_seconds, new_claim, take
from fbsync.stores.protocol import Conflict, Denied, Unavailable
from fbsync.workflow.state_copy import StateCopy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fbsync.stores.document import LeaseClaim
    from fbsync.stores.holder import Holder
    from fbsync.stores.lease import Lease
    from fbsync.stores.swap import StateObject, Version

_FAST_REQUEST_SECONDS = 0.025


class SharedState:
    """The known state of one environment in a store, for one command.

    The command works on a copy, which has the same files as a state next to the manifest. Changes are only in the copy
    until they are published. Threads may share this object.

    Args:
        state_object: the object that has the state.
        folder: an empty folder for the copy.
        holder: describes this command.
        state_folder: the user's folder for state, for a rescue file.
        lease: the value of ``FBSYNC_LEASE_SECONDS``, or None.
    """

    def __init__(
        self,
        state_object: StateObject,
        *,
        folder: Path,
        holder: Holder,
        state_folder: Path,
        lease: str | None = None,
    ) -> None:
        self._lease_given = lease
        self.holder = holder
        self._object = state_object
        self._copy = StateCopy(state_object.name, folder=folder, state_folder=state_folder)
        self._version: Version | None = None
        self._claim: LeaseClaim | None = None
        self._lease: Lease | None = None
        self._lock = threading.Lock()
        self._is_finished = False
        self._round_trip = 0.0

    @property
    def name(self) -> str:
        """The state's address, as messages show it."""
        return self._object.name

    @property
    def lock_path(self) -> Path:
        """The copy of the lockfile."""
        return self._copy.lock_path

    @property
    def lost(self) -> FbsyncError | None:
        """Why this command can no longer write: another run took over its lease. None while it can."""
        return None if self._lease is None else self._lease.lost

    def load(self) -> None:
        """Read the state into the copy.

        Raises:
            FbsyncError: there is no state (exit 8), the store cannot be read (exit 4), or the state is damaged.
        """
        self._take(self._object.read())

    def await_free(self, *, timeout: float, on_wait: Callable[[Holder], None] = lambda _: None) -> None:
        """Wait until the lease is free, and read the state into the copy.

        Args:
            timeout: how many seconds to wait at most.
            on_wait: called with each holder that is waited for.

        Raises:
            FbsyncError: another run still holds it (exit 7), or as for ``load``.
        """
        self._take(await_free(self._object, timeout=timeout, on_wait=on_wait))

    def is_outdated(self) -> bool:
        """Whether another run has written the state since it was read. A plan from the copy is then no longer valid.

        Raises:
            FbsyncError: the store cannot be read.
        """
        latest = self._object.read()
        return self._version is None or latest is None or latest.tag != self._version.tag

    def acquire(self, *, timeout: float) -> None:
        """Take the lease on the version that the copy was made from.

        Args:
            timeout: how many seconds a request may take. The lease lasts for several requests.

        Raises:
            Conflict: the state has changed in the meantime. It must be read again.
            FbsyncError: the store cannot be written.
        """
        assert self._version is not None
        seconds = lease_seconds(self._lease_given, timeout=timeout)
        with self._lock:
            began = time.monotonic()
            self._claim = new_claim(seconds)
            try:
                self._lease = take(self._object, self._version, holder=self.holder, claim=self._claim)
            except (Conflict, Denied, Unavailable):  # Nothing was written.
                self._claim = None
                raise
            self._round_trip = time.monotonic() - began

    def intents_ahead(self, parallelism: int) -> int:
        """Return how many intents to record ahead of their requests, so that no request waits for the store.

        It is the number of requests that can be sent during two writes: the write in progress, and the write that has
        the intent. It should not be larger: if a run is killed, all intents ahead count as sent, because nothing
        shows otherwise.

        Args:
            parallelism: how many requests are in progress at a time.
        """
        return parallelism * (1 + ceil(2 * self._round_trip / _FAST_REQUEST_SECONDS))

    def publish(self) -> None:
        """Write the copy to the store.

        Raises:
            FbsyncError: the lease is lost (exit 7), or the store cannot be written.
        """
        with self._lock:
            assert self._lease is not None
            lockfile, journal = self._copy.content()
            self._lease.write(lockfile=lockfile, journal=journal)

    def publish_last(self) -> None:
        """Write the copy to the store and release the lease in one write. ``release`` then has nothing to do.

        Raises:
            FbsyncError: the lease is lost (exit 7), or the store cannot be written. ``release`` tries again.
        """
        with self._lock:
            if self._is_finished:
                return
            self._release()
            self._is_finished = True
            self._copy.discard_rescue()

    def outlasts(self, seconds: float) -> bool:
        """Whether the lease certainly lasts for this many seconds more."""
        return self._lease is not None and self._lease.outlasts(seconds)

    def renew(self, seconds: float) -> None:
        """Renew the lease unless it lasts for this many seconds more.

        Raises:
            FbsyncError: the lease is lost (exit 7), or the store cannot be written.
        """
        with self._lock:
            assert self._lease is not None
            if not self._lease.outlasts(seconds):
                self._lease.renew()

    def release(self) -> None:
        """Write the copy to the store if it differs, and release the lease if this command holds it.

        Only the first call does anything, whether it succeeds or not.

        Raises:
            FbsyncError: the lease is lost (exit 7), the state has changed in the meantime (exit 7), or the store cannot
                be written. The message says where the known state is instead.
        """
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
            try:
                self._release()
            except FbsyncError as error:
                if self.lost is not None:
                    raise
                raise self._copy.rescued(error) from error
            self._copy.discard_rescue()

    def give_back(self) -> None:
        """Release the lease if the command ends before it records anything, for example by Ctrl-C.

        The lease may have been taken even if the answer was lost; the state then has its claim. If the store cannot be
        asked, the lease ends by itself.
        """
        with self._lock:
            if self._is_finished or self._claim is None:
                return
            self._is_finished = True
            with suppress(FbsyncError):
                found = self._object.read()
                if found is not None and found.state.claim == self._claim:
                    self._object.swap(found.state.succeeded(self.holder, claim=None), found.tag)

    def _release(self) -> None:
        assert self._version is not None
        lockfile, journal = self._copy.content()
        if self._lease is not None:
            self._lease.release(lockfile=lockfile, journal=journal)
            return
        state = self._version.state
        if (lockfile, journal) != (state.lockfile, state.journal):
            latest = state.succeeded(self.holder, claim=None).holding(lockfile=lockfile, journal=journal)
            self._object.swap(latest, self._version.tag)

    def _take(self, version: Version | None) -> None:
        if version is None:
            raise no_state(self.name)
        self._version = version
        self._copy.take(version.state)


def no_state(name: str) -> FbsyncError:
    """Return the error for a store without a state. Such a store is never treated as an empty state."""
    return FbsyncError(
        f"there is no state in {name}",
        hint="run `fbsync state init` to create an empty one, or `fbsync state migrate` to move the lockfile there",
        exit_code=ExitCode.GUARD_REFUSED,
    )
