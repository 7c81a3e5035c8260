"""The trials of a run, with the providers' verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.execution.scheduler import not_attempted
from fbsync.model.changes import Adopt, Change, Update, is_verified_first
from fbsync.model.outcomes import Outcome, Result

if TYPE_CHECKING:
    from fbsync.execution.create import Creator
    from fbsync.execution.ids import IdsInUse
    from fbsync.execution.ports import Ledger, Stop
    from fbsync.execution.trial import Tried
    from fbsync.model.server import Server


class Trials:
    """The trials of one run. Each is made once, even if a rename takes two turns with a temporary name.

    Args:
        server: the server.
        creator: creates configurations on the server.
        ledger: records the temporary configurations.
        stop: requested if a failure would affect all requests.
        ids: the ids that configurations have.
    """

    def __init__(self, server: Server, *, creator: Creator, ledger: Ledger, stop: Stop, ids: IdsInUse) -> None:
        self._server = server
        self._creator = creator
        self._ledger = ledger
        self._stop = stop
        self._ids = ids
        self._tried: dict[int, Tried] = {}

    async def outcome(self, at: int, change: Change) -> Outcome | None:
        """Verify a change first if it asks for that.

        Args:
            at: the number of the change.
            change: the change.

        Returns:
            The change's outcome if it must not be made, else None.
        """
        if not is_verified_first(change) or not isinstance(change, Update | Adopt):
            return None
        if at not in self._tried:
            self._tried[at] = await self._try(change)
        error = self._tried[at].error
        if error is not None and error is not self._stop.reason:
            return Outcome(change=change, result=Result.FAILED, error=error)
        return not_attempted(change, self._stop.reason) if self._stop.reason is not None else None

    async def _try(self, change: Update | Adopt) -> Tried:
        from fbsync.execution.trial import Trial

        trial = Trial(
            change, server=self._server, creator=self._creator, ledger=self._ledger, stop=self._stop, ids=self._ids
        )
        tried = await trial.run()
        if tried.stops is not None:
            self._stop.request(tried.stops)
        return tried

    def with_verdict(self, at: int, outcome: Outcome) -> Outcome:
        """Add to an outcome the provider's verdict, and why the temporary configuration still exists, if it does."""
        if (tried := self._tried.get(at)) is None:
            return outcome
        return replace(outcome, first=tried.verdict, error=outcome.error or tried.left)
