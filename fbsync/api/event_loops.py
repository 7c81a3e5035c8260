"""Run work that has an event loop of its own, or await work in a thread."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")


def outside_of_event_loops(work: Callable[[], _Result]) -> _Result:
    """Do work that runs its own event loop. Use another thread if this thread already runs a loop."""
    if not _runs_an_event_loop():
        return work()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def _runs_an_event_loop() -> bool:
    # If asyncio is not loaded, no loop runs. A plan then need not load it.
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False


async def in_a_thread(work: Callable[[], _Result]) -> _Result:
    """Do work in a thread. A caller that is cancelled waits for its end, so that nothing is left half done."""
    import asyncio

    under_way = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(under_way)
    except asyncio.CancelledError:
        await asyncio.wait([under_way])
        raise
