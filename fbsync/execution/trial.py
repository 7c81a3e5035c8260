"""Trials: verify new values on a temporary configuration before they replace those in use.

The temporary configuration is recorded like any creation: the intent before the request, the id after it, and the end
after its deletion. If the run is interrupted in between, the next run finds it by its id or its name, and deletes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.execution.body import trial_body
from fbsync.execution.step import signed_out, unexpected
from fbsync.model.configurations import Identity
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.temporary import new_temporary_name
from fbsync.model.verifications import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.execution.create import Creator
    from fbsync.execution.ids import IdsInUse
    from fbsync.execution.ports import Ledger, Stop
    from fbsync.model.changes import Adopt, Update
    from fbsync.model.server import Server

_NO_SUCH_CALL = (404, 405, 501)
_CHECK_VALUES = "check the variable's value and the endpoint; the configuration on the server stays as it was"
_WITHOUT = "apply it without --verify-first, and without `verifyFirst: true` on the entry, if that is acceptable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The result of a trial.

    Attributes:
        verdict: the provider's verdict, or why there is none.
        error: why the change must not be made, or None.
        left: why the temporary configuration still exists, or None.
        stops: why nothing else may start (the ledger cannot be written, or the session ended), or None.
    """

    verdict: Verdict
    error: FbsyncError | None = None
    left: FbsyncError | None = None
    stops: FbsyncError | None = None


class Trial:
    """One temporary configuration.

    Args:
        change: the change that waits for the verdict.
        server: the server.
        creator: creates configurations on the server.
        ledger: records the temporary configuration.
        stop: says when to ask no more providers.
        ids: the ids that configurations have. The trial's own id is among the temporary ones while it exists.
        name: returns a unique name.
    """

    def __init__(
        self,
        change: Update | Adopt,
        *,
        server: Server,
        creator: Creator,
        ledger: Ledger,
        stop: Stop,
        ids: IdsInUse,
        name: Callable[[], str] = new_temporary_name,
    ) -> None:
        self._change = change
        self._identity = Identity(workspace_id=change.desired.identity.workspace_id, name=name())
        self._sent = trial_body(change.desired, self._identity.name)
        self._server = server
        self._creator = creator
        self._ledger = ledger
        self._stop = stop
        self._ids = ids

    async def run(self) -> Tried:
        """Create the temporary configuration, let the provider verify it, and delete it. Raise only a cancellation."""
        try:
            number = await self._ledger.intend_trial(self._change, self._sent)
            self._ledger.sending(number)
        except FbsyncError as error:
            return Tried(verdict=Verdict.NOT_ATTEMPTED, error=error, stops=error)
        try:
            llm_id = await self._create()
        except ServerError as error:
            return await self._not_created(number, error)
        except Exception as error:  # noqa: BLE001 - one entry's failure, whatever it is, must not stop the others
            return Tried(verdict=Verdict.NOT_ATTEMPTED, error=unexpected(error))
        return await self._created(number, llm_id)

    async def _create(self) -> str:
        """Create the temporary configuration. Refuse the id of another one, so that nothing deletes the other one.

        Raises:
            ServerError: the creation failed, or the id is another configuration's.
        """
        llm_id = await self._creator.create_once(self._identity, self._sent)
        if self._ids.has(llm_id):
            llm_id = await self._creator.find_confirmed(self._identity)
        if self._ids.has(llm_id):
            raise ServerError(
                f"the server gave the temporary configuration the id {llm_id}, which another configuration has",
                hint="see `fbsync plan --refresh` for the server's list, and tell the API's operator",
                failure=Failure.UNKNOWN,
                is_transient=False,
            )
        self._ids.temporary.add(llm_id)
        return llm_id

    async def _not_created(self, number: int, error: ServerError) -> Tried:
        """End a trial without a temporary configuration.

        Only a certain refusal ends its intent. Otherwise, the next run looks for the configuration.
        """
        unrecorded = None
        if error.failure is not Failure.UNKNOWN:
            unrecorded = await self._over(number)
        reason = _because("its temporary configuration was not created", error, error.hint)
        return Tried(verdict=Verdict.NOT_ATTEMPTED, error=reason, stops=unrecorded or signed_out(error))

    async def _created(self, number: int, llm_id: str) -> Tried:
        """Verify and delete the temporary configuration. Only a cancellation of the run prevents the deletion."""
        try:
            await self._ledger.made(number, llm_id)
        except FbsyncError as error:
            tried = Tried(verdict=Verdict.NOT_ATTEMPTED, error=error, stops=error)
        else:
            tried = await self._validated(llm_id)
        left, stops = await self._deleted(number, llm_id)
        return Tried(verdict=tried.verdict, error=tried.error, left=left, stops=tried.stops or stops)

    async def _validated(self, llm_id: str) -> Tried:
        if self._stop.reason is not None:
            return Tried(verdict=Verdict.NOT_ATTEMPTED, error=self._stop.reason)
        try:
            validation = await self._server.validate_llm(llm_id)
        except ServerError as error:
            unknown = error.failure is Failure.UNKNOWN
            hint = _WITHOUT if error.status in _NO_SUCH_CALL else error.hint
            what = (
                "whether the provider accepts the new values is unknown"
                if unknown
                else "the new values could not be verified"
            )
            return Tried(
                verdict=Verdict.UNKNOWN if unknown else Verdict.FAILED,
                error=_because(what, error, hint),
                stops=signed_out(error),
            )
        except Exception as error:  # noqa: BLE001 - as above; the temporary configuration still has to be deleted
            return Tried(verdict=Verdict.UNKNOWN, error=unexpected(error))
        if validation.accepted:
            return Tried(verdict=Verdict.ACCEPTED)
        words = f": {validation.message}" if validation.message else ""
        refusal = ServerError(
            f"the provider refused the new values, so nothing was changed{words}",
            hint=_CHECK_VALUES,
            failure=Failure.REJECTED,
            is_transient=False,
        )
        return Tried(verdict=Verdict.REFUSED, error=refusal)

    async def _deleted(self, number: int, llm_id: str) -> tuple[FbsyncError | None, FbsyncError | None]:
        """Delete the temporary configuration. Return why it is left, and why nothing else may start, each or None."""
        error = await delete_temporary(self._server, llm_id)
        if error is None:
            self._ids.temporary.discard(llm_id)
            return None, await self._over(number)
        left = FbsyncError(
            f'its temporary configuration "{self._identity.name}" (id {llm_id}) could not be deleted: {error.message}',
            hint="run `fbsync apply` again: it deletes it",
        )
        return left, signed_out(error)

    async def _over(self, number: int) -> FbsyncError | None:
        """Record that the temporary configuration no longer exists. Return an error if that fails, else None."""
        try:
            await self._ledger.not_done(number)
        except FbsyncError as error:
            return error
        return None


async def delete_temporary(server: Server, llm_id: str) -> FbsyncError | None:
    """Delete a temporary configuration. Return an error if it may still exist, else None."""
    try:
        await server.delete_llm(llm_id)
    except ServerError as error:
        return None if error.failure is Failure.NOT_FOUND else error
    except Exception as error:  # noqa: BLE001 - the next run tries again
        return unexpected(error)
    return None


def cut_off() -> FbsyncError:
    """Return the error for a temporary configuration that could not be deleted in time."""
    return FbsyncError(
        "interrupted while it was verified first, so nothing was changed; its temporary configuration may be left",
        hint="run `fbsync apply` again: it deletes it",
    )


def _because(what: str, error: ServerError, hint: str) -> ServerError:
    """The failure of a trial. The change itself was not sent."""
    return ServerError(
        f"{what}, so nothing was changed: {error.message}",
        hint=hint,
        failure=error.failure,
        status=error.status,
        retry_after=error.retry_after,
        is_transient=error.is_transient,
    )
