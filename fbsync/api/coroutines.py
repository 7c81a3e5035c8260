"""The library for coroutines: the same functions, run in threads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fbsync.api.event_loops import in_a_thread
from fbsync.api.functions import apply, drift, plan

if TYPE_CHECKING:
    from fbsync.api.preview import Preview
    from fbsync.planning.drift import Drift
    from fbsync.workflow.applied import Applied
    from fbsync.workflow.inputs import Inputs


async def plan_async(inputs: Inputs, **options: Any) -> Preview:  # noqa: ANN401 - those of plan
    """Await ``plan`` in a coroutine. The options are the same."""
    return await in_a_thread(partial(plan, inputs, **options))


async def apply_async(inputs: Inputs, **options: Any) -> Applied:  # noqa: ANN401 - those of apply
    """Await ``apply`` in a coroutine. The options are the same; ``on_outcome`` is called in another thread.

    A task that is cancelled in the meantime ends only after the run has ended and is recorded.
    """
    return await in_a_thread(partial(apply, inputs, **options))


async def drift_async(inputs: Inputs, **options: Any) -> Drift:  # noqa: ANN401 - those of drift
    """Await ``drift`` in a coroutine. The options are the same."""
    return await in_a_thread(partial(drift, inputs, **options))
