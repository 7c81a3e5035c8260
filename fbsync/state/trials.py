"""Find temporary configurations that an earlier run may have left, from its open intents."""

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
    """Return the intents that create temporary configurations."""
    return tuple(intent for intent in intents if intent.action == TRY)


def without_trials(live: Live, trials: Iterable[Intent]) -> Live:
    """Move the temporary configurations that these intents explain out of the listed configurations.

    Only the name counts. It is random, so no other configuration has it by chance. A configuration that somebody has
    renamed is theirs.
    """
    names = {canonical_identity(intent.identity) for intent in trials}
    if not names:
        return live
    found = tuple(llm for llm in live.llms if canonical_identity(llm.identity) in names)
    rest = tuple(llm for llm in live.llms if canonical_identity(llm.identity) not in names)
    return replace(live, llms=rest, temporary=(*live.temporary, *found))


def leftovers(trials: Iterable[Intent], live: Live | None, *, known: Container[str]) -> tuple[Leftover, ...]:
    """Return the temporary configurations that can be deleted.

    Args:
        trials: the open intents.
        live: what the server lists, after ``without_trials``, or None if it was not asked.
        known: the ids in the known state. No temporary configuration has one of these.
    """
    found = (_leftover(intent, live, known) for intent in trials)
    return tuple(leftover for leftover in found if leftover.ids)


def still_open_trials(trials: Iterable[Intent], live: Live | None, *, known: Container[str]) -> tuple[Intent, ...]:
    """Return the intents that stay open: their configurations can be deleted, or the list may not show them yet.

    Args:
        trials: as for ``leftovers``.
        live: as for ``leftovers``.
        known: as for ``leftovers``.
    """
    return tuple(
        intent
        for intent in trials
        if _leftover(intent, live, known).ids or (intent.llm_id is None and not is_past(intent, live))
    )


def _leftover(intent: Intent, live: Live | None, known: Container[str]) -> Leftover:
    """Return the ids that a temporary configuration may have.

    They are the listed ids with its name, and its recorded id unless that id is listed under another name.
    """
    wanted = canonical_identity(intent.identity)
    listed = {llm.id for llm in (live.temporary if live else ()) if canonical_identity(llm.identity) == wanted}
    recorded = {intent.llm_id} if intent.llm_id is not None and not _is_listed(intent.llm_id, live) else set[str]()
    ids = tuple(sorted(llm_id for llm_id in listed | recorded if llm_id not in known))
    return Leftover(identity=intent.identity, ids=ids, is_listed=recorded <= listed)


def _is_listed(llm_id: str, live: Live | None) -> bool:
    return live is not None and any(llm.id == llm_id for llm in live.llms)
