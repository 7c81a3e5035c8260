"""What an apply needs from outside: a ledger, a clock, and a request to stop."""

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

    A call records at once; what it gives is awaited for that to be durable, and all that was recorded before.
    """

    def intend(self, change: Change, sent: Fields) -> Awaitable[int]:
        """Record a request that is about to be sent; the number that this comes to names it from then on."""

    def intend_trial(self, change: Update | Adopt, sent: Fields) -> Awaitable[int]:
        """Record that a temporary configuration is about to be created; as ``intend``, but for what ends it."""

    def made(self, number: int, llm_id: str) -> Awaitable[object]:
        """Record the id of a temporary configuration. ``not_done`` records that it is gone."""

    def removed(self, identity: Identity) -> Awaitable[object]:
        """Record that a temporary configuration that an earlier run left is gone."""

    def sending(self, number: int) -> None:
        """Record, just before the first byte leaves, that an intent's request is sent from now on.

        It costs no wait for the disk: what a killed process wrote stays, and after a crash of the machine an intent
        without this mark counts as sent.

        Raises:
            FbsyncError: it cannot be recorded, so that the request must not be sent.
        """

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, and nobody knows."""

    def claims(self, identity: Identity) -> tuple[Claim, ...]:
        """What earlier runs may have created with an identity, unconfirmed."""

    def claim(self, number: int) -> Claim:
        """What an intent of this run would explain if its request was carried out."""

    def noted(self, change: Change, llm_id: str) -> None:
        """Take note of a change that happened without a request: it goes into the lockfile only."""

    def done(self, number: int, change: Change, llm_id: str) -> Awaitable[object]:
        """Record that a request was carried out."""

    def set_aside(self, number: int, change: Update, name: str) -> Awaitable[object]:
        """Record that a configuration bears a third name until it gets the one that the change gives it."""

    def not_done(self, number: int) -> Awaitable[object]:
        """Record that a request certainly was not carried out; one of unknown outcome is left as intended.

        For a temporary configuration it records that there is none any more.
        """

    def ending(self, settled: Iterable[Identity]) -> None:
        """Take note that nothing more will be recorded: what is on its way may become durable with the end itself.

        Args:
            settled: entries of which nothing is open any more, whatever earlier runs left.
        """


@dataclass(slots=True, kw_only=True)
class Stop:
    """A request to start nothing new, set by a signal or by a failure that would affect all requests.

    Attributes:
        reason: why nothing more is started, once it is so.
    """

    reason: FbsyncError | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, reason: FbsyncError) -> None:
        """Ask; the first reason stands."""
        self.reason = self.reason or reason
        self._event.set()

    async def wait(self) -> None:
        """Wait until somebody asks."""
        await self._event.wait()


class Clock(Protocol):
    """Time and randomness for retries."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    def today(self) -> str:
        """The day (ISO 8601, UTC)."""

    def chance(self) -> float:
        """A number from 0 up to 1, each as likely."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def today(self) -> str:
        """The day (ISO 8601, UTC)."""
        return today()

    def chance(self) -> float:
        """A pseudo-random number: it spreads load, it hides nothing."""
        return random.random()  # noqa: S311 - no cryptography

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
