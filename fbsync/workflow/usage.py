"""The usage of configurations that a plan deletes: figures for people, on which nothing depends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fbsync.model.changes import Delete
from fbsync.model.server_error import ServerError

if TYPE_CHECKING:
    from fbsync.model.plan import Plan
    from fbsync.model.server import LlmStats, Server

_SECONDS = 2.0
"""fbsync is silent no longer than this on a terminal, and nobody waits for these figures."""


async def usage_of(server: Server, plan: Plan, *, seconds: float = _SECONDS) -> tuple[LlmStats, ...]:
    """Ask for the counters of what a plan deletes.

    Args:
        server: the server; it is not asked where the plan deletes nothing.
        plan: the plan.
        seconds: how long to wait for the answer.

    Returns:
        The counters of the deletions that the server has some of. A server that fails, answers in another shape or
        does not answer in time has none: its errors are not documented (``flashback-api.md``).
    """
    deleted = {change.locked.id for change in plan.changes if isinstance(change, Delete)}
    if not deleted:
        return ()
    try:
        async with asyncio.timeout(seconds):
            stats = await server.llm_stats()
    except (ServerError, TimeoutError):
        return ()
    return tuple(one for one in stats if one.llm_id in deleted)
