"""The live state: what the server lists, and of which workspaces it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fbsync.model.configurations import LiveLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the server lists.

    Attributes:
        workspaces: those that it listed.
        untold: those that it was asked for and would not list.
        temporary: temporary configurations that an earlier run left there, which are not among ``llms``.
        served_at: the server's time when it made the first of its lists, or None where it did not say.
    """

    llms: tuple[LiveLlm, ...]
    workspaces: frozenset[str]
    untold: frozenset[str] = frozenset()
    temporary: tuple[LiveLlm, ...] = ()
    served_at: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the server listed every workspace that it was asked for."""
        return not self.untold
