"""Compare a project with its known state and with the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.planning.pairing import pair
from fbsync.planning.stored_keys import unresolved_keys
from fbsync.planning.workspaces import unresolved
from fbsync.workflow.checks import chosen_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.configurations import Identity, Llm, LockedLlm
    from fbsync.model.live import Live
    from fbsync.planning.drift import Drift
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project


def settled(project: Project, live: Live) -> Lockfile:
    """Return the known state, including what an unfinished apply created if the server lists it."""
    from fbsync.state.intents import settle

    return settle(project.known, project.open_intents, live.llms)


def drift_of(project: Project, live: Live, *, only: Iterable[str] = ()) -> Drift:
    """Compare the known state with what the server lists.

    Args:
        project: the project.
        live: what the server lists.
        only: the names or patterns to limit the comparison to.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor in the lockfile nor listed.
    """
    from fbsync.planning.drift import find_drift

    known = settled(project, live)
    chosen = chosen_names(project, only, known, live.llms)
    in_doubt = frozenset(intent.llm_id for intent in project.open_intents if intent.llm_id is not None)
    return find_drift(project.desired, known.llms, live, only=chosen, in_doubt=in_doubt, keys_masked=known.keys_masked)


def declared_entries(project: Project, known: Iterable[LockedLlm]) -> dict[Identity, Llm]:
    """Return the declared entries by their identities in the known state. Unknown entries have their own identity.

    An entry that was renamed in the manifest and is not applied yet has its previous name in the known state.

    Args:
        project: the project, for the declared entries.
        known: the known configurations.
    """
    pairs = pair(project.desired, tuple(known))
    return {llm.identity if locked is None else locked.identity: llm for llm, locked in pairs}


def compared_with(project: Project, live: Live | None) -> str:
    """Return the sentence that says what was compared: the lockfile, and what the server listed if it was asked."""
    known = f"Compared with {project.where.known_in}"
    if project.on_disk is None:
        known = f"{project.where.known_in} is empty" if project.where.store else f"No {project.where.known_in} yet"
    if live is None:
        sentence = f"{known}, so everything is new. The" if project.on_disk is None else f"{known}; the"
        return f"{sentence} server was not checked{_unresolved(project)}."
    against = f"{known}. Compared with the server" if project.on_disk is None else f"{known} and with the server"
    if live.untold:
        return f"{against}, which would not list {workspaces_in_words(live.untold)}."
    return f"{against}."


def workspaces_in_words(ids: Iterable[str]) -> str:
    """Name workspaces by their ids: 'workspace 9', 'workspaces 9, 10'."""
    named = sorted(ids)
    return f"{'workspace' if len(named) == 1 else 'workspaces'} {', '.join(named)}"


def _unresolved(project: Project) -> str:
    unknown = (("workspaces", unresolved(project.desired)), ("stored keys", unresolved_keys(project.desired)))
    named = (f"these {what}' ids are unknown: {', '.join(names)}" for what, names in unknown if names)
    return "".join(f"{', so' if at == 0 else '; and'} {words}" for at, words in enumerate(named))
