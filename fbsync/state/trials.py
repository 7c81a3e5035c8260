"""Trials: temporary configurations that an earlier run may have left, from the open intents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.spelling import canonical_identity
from fbsync.model.temporary import Leftover
from fbsync.state.intents import TRY, is_past

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from fbsync.model.live import Live
    from fbsync.state.intents import Intent


def trials_among(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """The intents that are about temporary configurations."""
    return tuple(intent for intent in intents if intent.action == TRY)


def without_trials(live: Live, trials: Iterable[Intent]) -> Live:
    """What the server lists, with the temporary configurations that these intents explain set apart.

    The name decides, since it is random: nobody else can have it by chance. One that somebody has renamed is theirs.
    """
    names = {canonical_identity(intent.identity) for intent in trials}
    if not names:
        return live
    found = tuple(llm for llm in live.llms if canonical_identity(llm.identity) in names)
    rest = tuple(llm for llm in live.llms if canonical_identity(llm.identity) not in names)
    return replace(live, llms=rest, temporary=(*live.temporary, *found))


def leftovers(trials: Iterable[Intent], live: Live | None, *, known: Container[str]) -> tuple[Leftover, ...]:
    """The temporary configurations that can be deleted.

    Args:
        trials: the open intents.
        live: what the server lists, set apart by ``without_trials``, or None where it was not asked.
        known: ids that the known state has: no temporary configuration is one of them.
    """
    found = (_leftover(intent, live, known) for intent in trials)
    return tuple(leftover for leftover in found if leftover.ids)


def still_open_trials(trials: Iterable[Intent], live: Live | None, *, known: Container[str]) -> tuple[Intent, ...]:
    """The trials that stay open: those that can be deleted, and those that a list made so early may not show yet.

    Args:
        trials: as for ``leftovers``.
        live: likewise.
        known: likewise.
    """
    return tuple(
        intent
        for intent in trials
        if _leftover(intent, live, known).ids or (intent.llm_id is None and not is_past(intent, live))
    )


def _leftover(intent: Intent, live: Live | None, known: Container[str]) -> Leftover:
    """Where it may be: as listed, or else as recorded, unless that id is listed as something else."""
    wanted = canonical_identity(intent.identity)
    listed = {llm.id for llm in (live.temporary if live else ()) if canonical_identity(llm.identity) == wanted}
    recorded = {intent.llm_id} if intent.llm_id is not None and not _is_listed(intent.llm_id, live) else set[str]()
    ids = tuple(sorted(llm_id for llm_id in listed | recorded if llm_id not in known))
    return Leftover(identity=intent.identity, ids=ids, is_listed=recorded <= listed)


def _is_listed(llm_id: str, live: Live | None) -> bool:
    return live is not None and any(llm.id == llm_id for llm in live.llms)
