"""Find the listed configurations that a manifest already declares, by record, name or former name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.planning.pairing import pair

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fbsync.model.configurations import Identity, Llm, LockedLlm
    from fbsync.model.live import LiveLlm
    from fbsync.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The listed configurations that a manifest declares.

    Attributes:
        entries: their entries, by id.
        unrecorded: the ids of those that the lockfile can add, since it has no record of their entries.
        elsewhere: the identities that other environments declare.
    """

    entries: dict[str, Llm]
    unrecorded: frozenset[str]
    elsewhere: frozenset[Identity]

    def has(self, live: LiveLlm) -> bool:
        """Whether a configuration is declared, in any environment."""
        return live.id in self.entries or live.identity in self.elsewhere


def find_matches(
    desired: Sequence[Llm],
    known: Sequence[LockedLlm],
    listed: Collection[LiveLlm],
    elsewhere: frozenset[Identity] = frozenset(),
) -> Matches:
    """Find for each entry the configuration that a plan would compare it with, and the configuration with its name.

    Without the former, an entry that was renamed in the manifest or on the server would appear twice after an export.
    Without the latter, an entry that was replaced outside fbsync would.

    Args:
        desired: the manifest's entries, with the ids of their workspaces.
        known: the lockfile's records.
        listed: the configurations that the server lists, each with a different identity.
        elsewhere: the identities that other environments declare.
    """
    by_id = {llm.id: llm for llm in listed}
    by_identity = {llm.identity: llm for llm in listed}
    pairs = pair(desired, known)
    entries = {locked.id: llm for llm, locked in pairs if locked is not None and locked.id in by_id}
    new = [llm for llm, locked in pairs if locked is None]
    entries = {by_identity[llm.identity].id: llm for llm in desired if llm.identity in by_identity} | entries
    for llm in new:
        former = by_identity.get(_former(llm))
        if llm.identity not in by_identity and former is not None:
            entries.setdefault(former.id, llm)
    unrecorded = {llm.identity for llm in new}
    recorded = {locked.id for locked in known}
    return Matches(
        entries=entries,
        unrecorded=frozenset(at for at, llm in entries.items() if llm.identity in unrecorded and at not in recorded),
        elsewhere=elsewhere,
    )


def _former(llm: Llm) -> Identity:
    return replace(llm.identity, name=llm.previous_name or llm.name)


def other_environments(project: Project) -> tuple[Project, ...]:
    """Return a copy of the project for each environment of its manifest, with that environment's entries.

    Raises:
        InvalidInput: an environment has findings.
    """
    manifest = project.manifest
    return tuple(
        replace(project, desired=manifest.desired(environment, project.variables)) for environment in manifest.variants
    )
