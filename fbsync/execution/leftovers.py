"""Delete leftovers, the temporary configurations of an earlier run, before anything is changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fbsync.execution.trial import delete_temporary
from fbsync.execution.workers import until_done
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import ServerError
from fbsync.model.spelling import canonical_identity
from fbsync.model.temporary import Leftover, Removal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.execution.ports import Ledger, Stop
    from fbsync.model.server import Server


async def remove_leftovers(
    leftovers: Sequence[Leftover], *, server: Server, ledger: Ledger, stop: Stop, grace: float
) -> tuple[Removal, ...]:
    """Delete leftovers.

    Args:
        leftovers: the leftovers.
        server: the server.
        ledger: records each removal.
        stop: lets the caller end the work early. It is requested if the ledger cannot be written.
        grace: how many seconds requests in progress get after a stop.

    Returns:
        The result for each leftover, in their order.
    """
    removals: dict[Leftover, Removal] = {}

    async def work(leftover: Leftover) -> None:
        removals[leftover] = await _removal(leftover, server, ledger, stop)

    if leftovers:
        await until_done([asyncio.create_task(work(leftover)) for leftover in leftovers], stop, grace)
    interrupted = FbsyncError("interrupted before it was deleted", hint="run `fbsync apply` again: it deletes it")
    return tuple(
        removals.get(leftover) or Removal(leftover=leftover, error=stop.reason or interrupted) for leftover in leftovers
    )


async def _removal(leftover: Leftover, server: Server, ledger: Ledger, stop: Stop) -> Removal:
    """Delete a leftover with each of its ids. If it no longer exists, it counts as deleted."""
    try:
        ids = leftover.ids if leftover.is_listed or not await _is_anothers(leftover, server) else ()
    except ServerError as error:
        return Removal(leftover=leftover, error=error)
    for llm_id in ids:
        if (failure := await delete_temporary(server, llm_id)) is not None:
            return Removal(leftover=leftover, error=failure)
    try:
        await ledger.removed(leftover.identity)
    except FbsyncError as error:
        stop.request(error)
        return Removal(leftover=leftover, error=error)
    return Removal(leftover=leftover)


async def _is_anothers(leftover: Leftover, server: Server) -> bool:
    """Whether the server lists one of the leftover's ids for a configuration with another identity.

    Raises:
        ServerError: the list cannot be read, although the server has one.
    """
    try:
        listed = (await server.list_llms(None)).llms
    except ServerError as error:
        if error.is_no_such_call and error.by_api:
            return False
        raise
    wanted = canonical_identity(leftover.identity)
    return any(llm.id in leftover.ids and canonical_identity(llm.identity) != wanted for llm in listed)
