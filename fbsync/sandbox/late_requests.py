"""Requests that were answered but not processed yet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.sandbox.caught_answer import Process
    from fbsync.sandbox.fault_actions import ProcessLater


class LateRequests:
    """Processes requests after a time or before a later request. The rest are lost when the server stops."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Process]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, process: Process, action: ProcessLater) -> None:
        """Postpone a request as the action says."""
        if action.requests is not None:
            self._waiting.append((action.requests, process))
            return
        task = asyncio.create_task(_after(action.after / 1000, process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def arrive(self) -> None:
        """Count an arriving request, and process the requests that are due before it."""
        counted = [(left - 1, process) for left, process in self._waiting]
        self._waiting = [(left, process) for left, process in counted if left]
        for left, process in counted:
            if not left:
                await process()


async def _after(seconds: float, process: Process) -> None:
    await asyncio.sleep(seconds)
    await process()
