"""Verification: let the server try credentials with their providers, several at a time, each at most once.

Each is a real call to the provider, which may be billed (``flashback-api.md``). A call without an answer is therefore
not repeated.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from fbsync.execution.step import unexpected
from fbsync.model.changes import identity_of
from fbsync.model.configurations import PROVIDER_FIELDS
from fbsync.model.outcomes import Outcome, Result
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.verifications import Target, Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fbsync.execution.ports import Stop
    from fbsync.model.server import Server


async def verify(
    targets: Sequence[Target],
    *,
    server: Server,
    parallelism: int,
    stop: Stop,
    on_verdict: Callable[[Verified], None],
) -> tuple[Verified, ...]:
    """Verify configurations.

    Args:
        targets: the configurations.
        server: the server.
        parallelism: how many verifications may run at a time.
        stop: lets the caller end the run early. Nothing new is then started.
        on_verdict: called with each result as it arrives.

    Returns:
        The result for each target, in their order.
    """
    queue = deque(targets)
    verified: dict[Target, Verified] = {}

    async def work() -> None:
        while queue and stop.reason is None:
            target = queue.popleft()
            verified[target] = await _verify_one(target, server, stop)
            on_verdict(verified[target])

    await asyncio.gather(*(work() for _ in range(min(parallelism, len(targets)))))
    return tuple(
        verified.get(target) or Verified(target=target, verdict=Verdict.NOT_ATTEMPTED, error=stop.reason)
        for target in targets
    )


async def _verify_one(target: Target, server: Server, stop: Stop) -> Verified:
    try:
        validation = await server.validate_llm(target.llm_id)
    except ServerError as error:
        if error.failure is Failure.NOT_SIGNED_IN:
            stop.request(error)
            error = stop.reason if isinstance(stop.reason, ServerError) else error
        unknown = error.failure is Failure.UNKNOWN
        return Verified(target=target, verdict=Verdict.UNKNOWN if unknown else Verdict.FAILED, error=error)
    except Exception as error:  # noqa: BLE001 - one entry's failure, whatever it is, must not stop the others
        return Verified(target=target, verdict=Verdict.UNKNOWN, error=unexpected(error))
    verdict = Verdict.ACCEPTED if validation.accepted else Verdict.REFUSED
    return Verified(target=target, verdict=verdict, message=validation.message)


def targets(outcomes: Iterable[Outcome]) -> tuple[Target, ...]:
    """Return the configurations that an apply created, adopted, or changed in a way that may change the verdict."""
    made = (Result.CREATED, Result.ADOPTED)
    return tuple(
        Target(identity=identity_of(outcome.change), llm_id=outcome.llm_id)
        for outcome in outcomes
        if outcome.llm_id is not None
        and (
            outcome.result in made or (outcome.result is Result.UPDATED and PROVIDER_FIELDS.intersection(outcome.sent))
        )
    )
