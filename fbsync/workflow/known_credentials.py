"""The ages of the known credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.planning.old_credentials import old_in_known
from fbsync.workflow.checks import chosen_names
from fbsync.workflow.comparison import settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.ages import Ages, CredentialAge
    from fbsync.model.configurations import Identity
    from fbsync.model.live import Live
    from fbsync.model.plan import Notice
    from fbsync.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCredentials:
    """The ages of the known credentials in the compared workspaces.

    Attributes:
        ages: the ages, each with its entry's identity.
        too_old: a notice for each credential that is older than its maximum age.
        has_stored_keys: whether an entry uses a stored key.
    """

    ages: tuple[tuple[Identity, CredentialAge], ...]
    too_old: tuple[Notice, ...]
    has_stored_keys: bool


def known_credentials(project: Project, live: Live, ages: Ages, *, only: Iterable[str] = ()) -> KnownCredentials:
    """Find the ages of the known credentials.

    Args:
        project: the project.
        live: what the server lists.
        ages: the day, and the maximum age if it overrides the manifests'.
        only: the names or patterns to limit the result to.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor in the lockfile nor listed.
    """
    known = settled(project, live)
    chosen = chosen_names(project, only, known, live.llms)
    compared = [
        locked
        for locked in known.llms
        if locked.workspace_id in live.workspaces and (not chosen or locked.name in chosen)
    ]
    return KnownCredentials(
        ages=tuple((locked.identity, age) for locked in compared for age in ages.of(locked)),
        too_old=tuple(old_in_known(compared, project.desired, ages)),
        has_stored_keys=any(locked.api_key is not None for locked in compared),
    )
