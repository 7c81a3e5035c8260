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
    """The changes in the manifest's order, then entries that are known but not declared.

    Attributes:
        refreshed: whether the server was asked; otherwise the lockfile alone was compared.
        elsewhere: how many known entries are left alone since this run does not read the manifest that declares them.
        warnings: what a reviewer should know.
    """

    changes: tuple[Change, ...]
    refreshed: bool
    elsewhere: int = 0
    warnings: tuple[Notice, ...] = ()

    def count(self, *kinds: type[Change]) -> int:
        """The number of changes of these kinds."""
        return sum(isinstance(change, kinds) for change in self.changes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done on the server or to the lockfile's list of entries."""
        return not self.count(Create, Update, Adopt, Delete, Blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why a plan must not be applied.

    Attributes:
        identity: the entry that it is about, or None for the plan as a whole.
        message: what is wrong.
        hint: what to do.
    """

    identity: Identity | None
    message: str
    hint: str
