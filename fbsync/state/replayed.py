"""The known state when a run begins: the lockfile, and what an unfinished apply left open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.state.intents import Intent
    from fbsync.state.lockfile import Lockfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The known state after the journal was applied to the lockfile.

    Attributes:
        lockfile: with everything that the journal says was done.
        open: intents that may have been sent and whose outcome nobody recorded.
    """

    lockfile: Lockfile
    open: tuple[Intent, ...] = ()
