"""How the coroutines of a session run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

_Result = TypeVar("_Result")


class Run(Protocol):
    """Runs a session's coroutines: ``run_plainly``, or a function that handles signals, too."""

    def __call__(self, runner: asyncio.Runner, work: Coroutine[Any, Any, _Result], /) -> _Result:
        """Run a coroutine to its end."""


def run_plainly(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end. Signals do what Python does with them."""
    try:
        return runner.run(work)
    finally:
        work.close()  # A signal may have come before it started.
