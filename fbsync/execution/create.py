"""Creation, exactly once: a POST whose outcome is not known is followed by a look, never by a blind repetition.

The API has no idempotency key and no read by id (``flashback-api.md``, 'Common'), so identity, which the
server keeps unique, has to serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.configurations import Field
from fbsync.model.server import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.execution.ports import Clock
    from fbsync.model.configurations import Identity, LiveLlm
    from fbsync.model.server import Fields, Server

_ROUNDS = 3
LOOKS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look at the list, which may lag behind."""

_NAME_MAY_EXIST = (400, 409, 422)
"""Statuses that may mean "this name exists": which one is not documented."""


class Creator:
    """Creates configurations.

    Args:
        server: the server.
        clock: the time.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def create(self, identity: Identity, fields: Fields, *, in_doubt: bool) -> str:
        """Creates one configuration; gives its id.

        Args:
            identity: its identity.
            fields: the request's body.
            in_doubt: whether an earlier request for it may have been carried out.

        Raises:
            ServerError: it was refused, somebody else has it, or its state cannot be found out.
        """
        unsure = False
        for _ in range(_ROUNDS):
            try:
                return await self._server.create_llm(fields)
            except ServerError as error:
                failure = error
            refused = failure.failure is not Failure.UNKNOWN
            unsure = unsure or not refused
            if refused and failure.status not in _NAME_MAY_EXIST:
                break
            found = await self._look(identity)
            if found:
                return await self._take(found, identity, fields, failure, in_doubt=in_doubt or unsure)
            # Without a look nothing more may be sent, and what was refused once is not sent again.
            if refused or found is None:
                break
        raise _left_open(failure) if unsure else failure

    async def _look(self, identity: Identity) -> Sequence[LiveLlm] | None:
        """Everything live that has the identity, looked for a few times; None where the server does not tell."""
        for seconds in LOOKS:
            await self._clock.sleep(seconds)
            try:
                listed = (await self._server.list_llms(identity.workspace_id)).llms
            except ServerError:
                return None
            if found := [llm for llm in listed if llm.identity == identity]:
                return found
        return ()

    async def _take(
        self, found: Sequence[LiveLlm], identity: Identity, fields: Fields, failure: ServerError, *, in_doubt: bool
    ) -> str:
        """Takes what is there for our own if it is; makes sure of its credential then."""
        if len(found) > 1:
            raise several(identity, found)
        (live,) = found
        if not (in_doubt and (live.ai_type, live.endpoint) == (fields[Field.AI_TYPE], fields[Field.ENDPOINT])):
            raise ServerError(
                f"somebody else created it meanwhile, or changed it since (id {live.id}): {failure.message}",
                hint="to take it over as the manifest has it, run `fbsync apply --adopt`",
                failure=Failure.REJECTED,
                status=failure.status,
            )
        # An earlier request for it may have carried a key that is no longer declared.
        whole: Fields = ({Field.KEY: None} if live.has_key else {}) | {**fields}
        try:
            await self._server.update_llm(
                live.id, {field: value for field, value in whole.items() if field is not Field.WORKSPACE_ID}
            )
        except ServerError as error:
            raise _left_open(error) from None
        return live.id


def _left_open(error: ServerError) -> ServerError:
    """The failure of a creation that an earlier request may have carried out: whatever came last, that stays open."""
    return ServerError(
        error.message,
        hint="run `fbsync apply` again: it looks at the server's list before it sends anything",
        failure=Failure.UNKNOWN,
        status=error.status,
        retry_after=error.retry_after,
        is_transient=error.is_transient,
    )


def several(identity: Identity, found: Sequence[LiveLlm]) -> ServerError:
    """The failure of an entry whose identity the server has more than once."""
    ids = ", ".join(sorted(llm.id for llm in found))
    return ServerError(
        f"the server holds {len(found)} configurations of this name in {identity.workspace_id}: ids {ids}",
        hint="find out which one is right, delete or rename the others, and run `fbsync apply` again",
        failure=Failure.REJECTED,
    )
