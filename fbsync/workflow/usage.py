"""How much the configurations that a plan deletes are used: figures for people, on which nothing depends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fbsync.model.changes import Delete
from fbsync.model.server_error import ServerError

if TYPE_CHECKING:
    from fbsync.model.plan import Plan
    from fbsync.model.server import LlmStats, Server

_SECONDS = 2.0
"""On a terminal, fbsync is never silent for longer than this, and these figures are not worth a longer wait."""


async def usage_of(server: Server, plan: Plan, *, seconds: float = _SECONDS) -> tuple[LlmStats, ...]:
    """Ask for the usage counters of the configurations that a plan deletes.

    Args:
        server: the server. It is not asked if the plan deletes nothing.
        plan: the plan.
        seconds: how long to wait for the answer.

    Returns:
        The counters of deleted configurations, as far as the server has them. If the server fails, sends an unexpected
        answer or is too slow, there are none: its errors are not documented (``flashback-api.md``).
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
