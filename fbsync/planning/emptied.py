"""Workspaces with known entries but an empty list, which may be wrong (``design.md``, 'The plan')."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fbsync.model.configurations import LockedLlm
    from fbsync.model.live import Live

_FEW = 2
"""With this many known entries or more, an empty workspace suggests a wrong list or server."""


def emptied_workspaces(known: Iterable[LockedLlm], live: Live) -> Mapping[str, int]:
    """Find the workspaces that the server lists as empty although several of their entries are known.

    Args:
        known: the lockfile's configurations.
        live: what the server lists.

    Returns:
        The number of known entries of each.
    """
    empty = live.workspaces - {llm.workspace_id for llm in live.llms}
    counts = Counter(llm.workspace_id for llm in known if llm.workspace_id in empty)
    return {workspace: count for workspace, count in counts.items() if count >= _FEW}
