"""The interfaces that an apply needs: a ledger, a clock, and a request to stop."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fbsync.calendar import today

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from fbsync.model.changes import Adopt, Change, Update
    from fbsync.model.claims import Claim
    from fbsync.model.configurations import Identity
    from fbsync.model.errors import FbsyncError
    from fbsync.model.server import Fields


class Ledger(Protocol):
    """Record the known state.

    A call records at once. Await its result to be sure that this record and all earlier ones are durable.
    """

    def intend(self, change: Change, sent: Fields) -> Awaitable[int]:
        """Record the intent to send a request.

        Args:
            change: the change that the request is for.
            sent: the fields of the request.

        Returns:
            An awaitable of the number that identifies the intent from then on.
        """

    def intend_trial(self, change: Update | Adopt, sent: Fields) -> Awaitable[int]:
        """Record the intent to create a temporary configuration, like ``intend``. Only ``not_done`` ends it."""

    def made(self, number: int, llm_id: str) -> Awaitable[object]:
        """Record the id of a temporary configuration that was created."""

    def removed(self, identity: Identity) -> Awaitable[object]:
        """Record that a temporary configuration of an earlier run is gone."""

    def sending(self, number: int) -> None:
        """Record, just before the first byte leaves, that an intent's request is being sent.

        This does not wait for the disk. What a killed process wrote stays, and after a crash of the machine, an intent
        without this mark counts as sent.

        Raises:
            FbsyncError: it cannot be recorded, so the request must not be sent.
        """

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created a configuration with this identity, with an unknown outcome."""

    def claims(self, identity: Identity) -> tuple[Claim, ...]:
        """Return the claims of earlier runs' unconfirmed creations with this identity."""

    def claim(self, number: int) -> Claim:
        """Return the claim of an intent of this run."""

    def noted(self, change: Change, llm_id: str) -> None:
        """Note a change that needs no request: it changes only the lockfile."""

    def done(self, number: int, change: Change, llm_id: str) -> Awaitable[object]:
        """Record that a request was carried out."""

    def set_aside(self, number: int, change: Update, name: str) -> Awaitable[object]:
        """Record that a configuration has a temporary name until it gets the name that the change gives it."""

    def not_done(self, number: int) -> Awaitable[object]:
        """Record that a request certainly was not carried out, or that a temporary configuration no longer exists.

        A request with an unknown outcome is not recorded: its intent stays open.
        """

    def ending(self, settled: Iterable[Identity]) -> None:
        """Note that nothing more will be recorded. Records in progress may become durable together with the end.

        Args:
            settled: entries for which nothing is open any more, whatever earlier runs left.
        """


@dataclass(slots=True, kw_only=True)
class Stop:
    """A request to start nothing new, after a signal or a failure that would affect all requests.

    Attributes:
        reason: why to start nothing new, or None as long as nobody has asked.
    """

    reason: FbsyncError | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, reason: FbsyncError) -> None:
        """Ask to start nothing new. Only the first reason is kept."""
        self.reason = self.reason or reason
        self._event.set()

    async def wait(self) -> None:
        """Wait until somebody asks to start nothing new."""
        await self._event.wait()


class Clock(Protocol):
    """Time and randomness for retries."""

    def now(self) -> float:
        """Return the number of seconds since some fixed moment."""

    def today(self) -> str:
        """Return today's date (ISO 8601, UTC)."""

    def chance(self) -> float:
        """Return a random number from 0 up to 1, evenly distributed."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    def today(self) -> str:
        """Return today's date (ISO 8601, UTC)."""
        return today()

    def chance(self) -> float:
        """Return a pseudo-random number, which spreads load and protects nothing."""
        return random.random()  # noqa: S311 - no cryptography

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
