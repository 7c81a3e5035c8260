"""The known state when a run starts: the lockfile, and what an unfinished apply left open."""

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
        lockfile: the lockfile with all outcomes of the journal.
        open: the intents that may have been sent and have no recorded outcome.
    """

    lockfile: Lockfile
    open: tuple[Intent, ...] = ()
