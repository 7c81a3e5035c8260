"""Recordings: write outcomes to the disk while the workers continue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Recordings:
    """The recordings of a run that have not ended, and those that failed.

    Args:
        on_failure: called if a recording fails, to let nothing more begin.
    """

    def __init__(self, *, on_failure: Callable[[], None]) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_failure = on_failure

    def begin(self, recording: Coroutine[Any, Any, None]) -> None:
        """Start a recording in the background."""
        task = asyncio.create_task(recording)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    async def ended(self) -> None:
        """Wait for all recordings. Raise what one of them raised."""
        await asyncio.gather(*self._tasks)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        """Drop a task that is done. A failed task is kept for ``ended``."""
        if task.cancelled() or task.exception() is not None:
            self._on_failure()
        else:
            self._tasks.discard(task)
