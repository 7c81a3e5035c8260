"""A plan: its changes in order, notices for reviewers, and reasons to refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Blocked, Change, Create, Delete, Update

if TYPE_CHECKING:
    from fbsync.model.configurations import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A remark about an entry for reviewers. It stops nothing."""

    identity: Identity
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes to make, and warnings for reviewers.

    Attributes:
        changes: the declared entries' changes in the manifest's order, then those of undeclared entries.
        refreshed: whether the plan compares with the server, too, and not only with the lockfile.
        elsewhere: the number of known entries that stay as they are, since this run does not read their manifest.
        warnings: remarks for reviewers.
    """

    changes: tuple[Change, ...]
    refreshed: bool
    elsewhere: int = 0
    warnings: tuple[Notice, ...] = ()

    def count(self, *kinds: type[Change]) -> int:
        """Return the number of changes of these kinds."""
        return sum(isinstance(change, kinds) for change in self.changes)

    @property
    def is_empty(self) -> bool:
        """Whether the plan changes neither the server nor the lockfile's list of entries."""
        return not self.count(Create, Update, Adopt, Delete, Blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why a plan must not be applied.

    Attributes:
        identity: the entry's identity, or None for the plan as a whole.
        message: what is wrong.
        hint: what to do.
    """

    identity: Identity | None
    message: str
    hint: str
