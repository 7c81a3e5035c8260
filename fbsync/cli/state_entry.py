"""Select one entry of the known state by its name, for ``state show`` and ``state forget``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.configurations import LockedLlm
    from fbsync.state.lockfile import Lockfile
    from fbsync.state.replayed import Replayed
    from fbsync.workflow.target import Where

_MOST_CANDIDATES = 10


def known_at(where: Where) -> Replayed:
    """Read the known state: the lockfile with the journal of an unfinished apply.

    Raises:
        FbsyncError: there is no known state, or it cannot be read or parsed.
    """
    from fbsync.settings import find_state_folder
    from fbsync.state import lockfile
    from fbsync.workflow.known_state import read_known

    path = where.lock_path
    known = read_known(path, lockfile.read_lockfile(path), find_state_folder(os.environ))
    if known is None and where.store is not None:
        raise FbsyncError(
            f"the state in {where.store} is empty: nothing has been applied yet",
            hint="run `fbsync apply`",
            exit_code=ExitCode.INVALID_INPUT,
        )
    if known is None:
        raise FbsyncError(
            f"there is no lockfile {path}",
            hint="name it with --lock-file, or with the -f and -e of the `fbsync apply` that wrote it",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return known


def pick(known: Lockfile, name: str, workspace: str | None) -> LockedLlm:
    """Return the one entry with this name.

    Args:
        known: the known state.
        name: the entry's name.
        workspace: the id of its workspace, or None if the name is enough.

    Raises:
        FbsyncError: no entry matches, or more than one; the hint lists the candidates.
    """
    named = [llm for llm in known.llms if llm.name == name]
    match [llm for llm in named if workspace in (None, llm.workspace_id)]:
        case [entry]:
            return entry
        case []:
            where = "" if workspace is None else f" in workspace {workspace}"
            raise _unclear(f'the known state has no entry "{name}"{where}', "there are", named or _alike(known, name))
        case several:
            raise _unclear(
                f'the known state has "{name}" in several workspaces', "select one with --workspace", several
            )


def _alike(known: Lockfile, name: str) -> list[LockedLlm]:
    """The entries with a similar name, or all entries if there is none."""
    from difflib import get_close_matches

    names = get_close_matches(name, {llm.name for llm in known.llms})
    return [llm for llm in known.llms if llm.name in names] or list(known.llms)


def _unclear(message: str, lead: str, candidates: Sequence[LockedLlm]) -> FbsyncError:
    shown = ", ".join(map(entry_title, candidates[:_MOST_CANDIDATES])) or "none"
    rest = len(candidates) - _MOST_CANDIDATES
    more = f", and {rest} more; see `fbsync state list`" if rest > 0 else ""
    return FbsyncError(message, hint=f"{lead}: {shown}{more}", exit_code=ExitCode.INVALID_INPUT)


def entry_title(entry: LockedLlm) -> str:
    """Name an entry in a message."""
    return f'"{entry.name}" (workspace {entry.workspace_id})'
