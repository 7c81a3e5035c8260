"""The ids that configurations have during a run. The server must not give one of them to another configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Change, Delete, id_of
from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Container


class IdsInUse:
    """The owner of each id.

    Args:
        changes: the plan's changes. Their configurations keep their ids, except deleted ones.
        others: the ids of configurations outside the plan.

    Attributes:
        temporary: the ids of existing temporary configurations.
    """

    def __init__(self, changes: tuple[Change, ...], others: Container[str]) -> None:
        staying = ((id_of(change), at) for at, change in enumerate(changes) if not isinstance(change, Delete))
        self._changes = {llm_id: at for llm_id, at in staying if llm_id is not None}
        self._others = others
        self.temporary: set[str] = set()

    def has(self, llm_id: str) -> bool:
        """Whether a configuration has an id, which a temporary one then cannot have."""
        return any(llm_id in ids for ids in (self._changes, self.temporary, self._others))

    def claim(self, llm_id: str, at: int) -> FbsyncError | None:
        """Register the id of a created configuration.

        Args:
            llm_id: the id.
            at: the number of the change.

        Returns:
            An error if another configuration already has the id, else None.
        """
        if llm_id not in self.temporary and self._changes.setdefault(llm_id, at) == at:
            return None
        return FbsyncError(
            f"the server returned the id {llm_id} for the creation, but another configuration already has it",
            hint="see `fbsync plan --refresh` for the server's list, and tell the API's operator",
        )
