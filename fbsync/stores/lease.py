"""The lease: the right of one run to write a state. Its time counts on the holder's clock, and each write renews it.

No other machine's clock is read. This follows Gray and Cheriton, "Leases" (SOSP 1989), but without synchronised clocks:
for a run that waits, a lease has ended once it has seen the same version of the object for longer than the lease lasts.
"""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.document import LeaseClaim, new_nonce
from fbsync.stores.protocol import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fbsync.stores.document import StoredState
    from fbsync.stores.holder import Holder
    from fbsync.stores.swap import StateObject, Version

DEFAULT_SECONDS = 180
_POLL_SECONDS = 2.0

VARIABLE = "FBSYNC_LEASE_SECONDS"
_LONGEST_SECONDS = 86_400
_REQUESTS_PER_LEASE = 3


def lease_seconds(given: str | None, *, timeout: float) -> int:
    """Return how many seconds a run's lease lasts after each write.

    Args:
        given: the value of ``FBSYNC_LEASE_SECONDS``, or None.
        timeout: how many seconds a request may take. A request is sent only while the lease outlasts it.

    Raises:
        FbsyncError: the value is not a valid number, or the lease would end before a request's timeout (exit 3).
    """
    if not given:
        return max(DEFAULT_SECONDS, ceil(timeout * _REQUESTS_PER_LEASE))
    if not (given.isascii() and given.isdigit() and timeout < int(given) <= _LONGEST_SECONDS):
        raise FbsyncError(
            f"{VARIABLE} must be a whole number of seconds above the timeout of a request ({timeout:g}), and "
            f"{_LONGEST_SECONDS} at most",
            hint=f"leave it out for {DEFAULT_SECONDS} seconds, or use a shorter --timeout",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return int(given)


def steady_clock() -> float:
    """Return the seconds on a clock that also runs while the machine sleeps, because leases also end then."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def patience(claim: LeaseClaim) -> float:
    """Return how many seconds a version must be seen before its lease is taken over: its length and a safety margin."""
    return claim.seconds * 1.1 + min(5, claim.seconds / 2)


class Lease:
    """A state that one run may write.

    ``take`` makes it. Only one thread may use it at a time.

    Args:
        state_object: the object that has the state.
        version: what this run wrote last.
        since: when that write started, by ``clock``.
        clock: this machine's own clock.
    """

    def __init__(
        self, state_object: StateObject, version: Version, *, since: float, clock: Callable[[], float]
    ) -> None:
        assert version.state.claim is not None
        self._object = state_object
        self._version = version
        self._claim = version.state.claim
        self._since = since
        self._clock = clock
        self._lost: FbsyncError | None = None
        self._tried: str | None = None

    @property
    def state(self) -> StoredState:
        """What this run wrote last."""
        return self._version.state

    @property
    def lost(self) -> FbsyncError | None:
        """Why this run can no longer write, or None while it can."""
        return self._lost

    def outlasts(self, seconds: float) -> bool:
        """Whether the lease certainly lasts for this many seconds more."""
        return self._lost is None and self._clock() + seconds < self._since + self._claim.seconds

    def write(self, *, lockfile: str | None, journal: Iterable[str]) -> None:
        """Write the state, which renews the lease.

        Raises:
            FbsyncError: another run took over the lease (exit 7). Nothing was written, and this run can write no more.
            UnknownOutcome: it is unknown whether the state was written.
            Denied: the store refuses.
            Unavailable: the store cannot be reached.
        """
        self._swap(self._next(self._claim).holding(lockfile=lockfile, journal=journal))

    def renew(self) -> None:
        """Write the same content again. Raises as ``write`` does."""
        self._swap(self._next(self._claim))

    def release(self, *, lockfile: str | None, journal: Iterable[str]) -> None:
        """Write the state and release the lease. Raises as ``write`` does. It may be called again after a failure."""
        self._swap(self._next(None).holding(lockfile=lockfile, journal=journal))

    def _next(self, claim: LeaseClaim | None) -> StoredState:
        return self.state.succeeded(self.state.writer, claim=claim)

    def _swap(self, state: StoredState) -> None:
        if self._lost is not None:
            raise self._lost
        since, before = self._clock(), self._tried
        self._tried = state.nonce
        try:
            self._version = self._object.swap(state, self._version.tag)
        except Conflict as error:
            self._version = self._object.swap(state, self._own_tag(error, before))
        self._since = since

    def _own_tag(self, conflict: Conflict, before: str | None) -> str:
        """Return the current version's tag, if that version is an earlier write of this run whose answer was lost.

        Args:
            conflict: the refusal.
            before: the nonce of the previous attempt to write. A version that releases the lease has no claim.

        Raises:
            FbsyncError: another run wrote the version. The lease is lost.
        """
        found = self._object.read()
        if found is not None and (found.state.nonce == before or _is_claimed_by(found, self._claim)):
            return found.tag
        self._lost = _taken_over(self._object.name)
        raise self._lost from conflict


def _is_claimed_by(version: Version, claim: LeaseClaim) -> bool:
    """Return whether a version belongs to a run's lease."""
    return version.state.claim is not None and version.state.claim.id == claim.id


def new_claim(seconds: int = DEFAULT_SECONDS) -> LeaseClaim:
    """Return the claim for a new lease."""
    return LeaseClaim(id=new_nonce(), seconds=seconds)


def take(
    state_object: StateObject,
    version: Version,
    *,
    holder: Holder,
    claim: LeaseClaim | None = None,
    clock: Callable[[], float] = steady_clock,
) -> Lease:
    """Take the lease by replacing a version that has no lease, or whose lease has ended (``await_free``).

    Args:
        state_object: where the state is.
        version: the version that was read.
        holder: who takes the lease.
        claim: the id and the length of the lease, or None for a new one of the default length.
        clock: this machine's own clock.

    Raises:
        Conflict: the state has changed in the meantime.
        UnknownOutcome: it is unknown whether the lease was taken. If it was, the next run waits until it ends.
        Denied: the store refuses.
        Unavailable: the store cannot be reached.
    """
    claim = claim or new_claim()
    since = clock()
    taken = state_object.swap(version.state.succeeded(holder, claim=claim), version.tag)
    return Lease(state_object, taken, since=since, clock=clock)


def await_free(
    state_object: StateObject,
    *,
    timeout: float,
    on_wait: Callable[[Holder], None],
    clock: Callable[[], float] = steady_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Version | None:
    """Wait until the lease can be taken: it was released, or its holder has written nothing for long enough.

    Args:
        state_object: where the state is.
        timeout: how many seconds to wait at most. With 0, a held lease is refused at once.
        on_wait: called once with each holder that is waited for.
        clock: this machine's own clock.
        sleep: waits.

    Returns:
        The version to replace, or None if there is no object.

    Raises:
        FbsyncError: another run still holds the lease (exit 7).
        Denied: the store refuses.
        Unavailable: the store cannot be reached.
    """
    deadline = clock() + timeout
    version = state_object.read()
    seen_since = clock()
    told: str | None = None
    while version is not None and (claim := version.state.claim) is not None:
        now = clock()
        if now - seen_since > patience(claim):
            return version
        if now >= deadline:
            raise held_by(state_object.name, version.state.writer, claim)
        if told != claim.id:
            on_wait(version.state.writer)
            told = claim.id
        sleep(min(_POLL_SECONDS, deadline - now))
        latest = state_object.read()
        if latest is None or latest.tag != version.tag:
            version, seen_since = latest, clock()
    return version


def held_by(name: str, holder: Holder, claim: LeaseClaim) -> FbsyncError:
    """Return the error for a lease that another run holds."""
    enough = int(patience(claim)) + 1
    return FbsyncError(
        f"another run has locked the state in {name}: {holder}",
        hint=f"wait until it ends, or have this run wait with --lock-timeout SECONDS; if that run was killed, "
        f"--lock-timeout {enough} is long enough to take over",
        exit_code=ExitCode.LOCKED,
    )


def _taken_over(name: str) -> FbsyncError:
    return FbsyncError(
        f"another run took over the state in {name} because this run was silent for too long",
        hint="run the command again: it checks unconfirmed requests against the server's list",
        exit_code=ExitCode.LOCKED,
    )
