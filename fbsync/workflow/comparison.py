"""What a project is compared with, and how that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.planning.workspaces import unresolved
from fbsync.state.intents import Replayed, settle
from fbsync.workflow.checks import chosen_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.live import Live
    from fbsync.planning.drift import Drift
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project


def settled(project: Project, live: Live) -> Lockfile:
    """The known state, with what an unfinished apply created and the server lists."""
    return settle(Replayed(lockfile=project.known, open=project.open_intents), live.llms)


def drift_of(project: Project, live: Live, *, only: Iterable[str] = ()) -> Drift:
    """Compares what is known with what the server lists.

    Args:
        project: what is known.
        live: what the server lists.
        only: names, or patterns of them, to limit the comparison to.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor known nor listed.
    """
    from fbsync.planning.drift import find_drift

    known = settled(project, live)
    chosen = chosen_names(project, only, known, live.llms)
    in_doubt = frozenset(intent.llm_id for intent in project.open_intents if intent.llm_id is not None)
    return find_drift(project.desired, known.llms, live, only=chosen, in_doubt=in_doubt, keys_masked=known.keys_masked)


def compared_with(project: Project, live: Live | None) -> str:
    """The sentence that says what was compared with: the lockfile, and what the server told, if it was asked."""
    path = project.where.known_in
    lockfile = (
        path
        if project.on_disk is not None
        else f"nothing ({path} {'is empty' if project.where.store else 'does not exist yet'})"
    )
    match live:
        case None if names := unresolved(project.desired):
            unknown = f"so the ids of these workspaces are not known: {', '.join(names)}"
            return f"Compared with {lockfile}; the server was not asked, {unknown}."
        case None:
            return f"Compared with {lockfile}; the server was not asked."
        case _ if live.untold:
            workspaces = ", ".join(sorted(live.untold))
            return f"Compared with {lockfile} and with the server, which did not tell what {workspaces} holds."
        case _:
            return f"Compared with {lockfile} and with the server."
