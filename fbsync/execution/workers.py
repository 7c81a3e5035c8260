"""Workers: tasks that share a run's changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.execution.ports import Stop


async def until_done(workers: Sequence[asyncio.Task[None]], stop: Stop, grace: float) -> None:
    """Wait for the workers. After a stop, wait only for the grace period, then cancel the rest.

    Args:
        workers: the workers.
        stop: the request to stop.
        grace: the grace period in seconds.
    """
    finished = asyncio.gather(*workers)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((finished, stopped), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((finished,), timeout=grace)
    finally:
        stopped.cancel()
    if not finished.done() or finished.exception() is not None:
        for worker in workers:
            worker.cancel()
    results = await asyncio.gather(*workers, return_exceptions=True)
    if finished.done() and not finished.cancelled():
        finished.exception()  # mark it as retrieved, or asyncio prints the traceback of a cancelled worker
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
