"""The provider keys that are stored with the vendor, by workspace. This needs no manifest and no lockfile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.execution.ports import Stop
from fbsync.workflow.connection import Patience, connected
from fbsync.workflow.memberships import resolve_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fbsync.client import Exchange
    from fbsync.model.server import ApiKey
    from fbsync.workflow.memberships import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A stored provider key, and the workspace that lists it."""

    workspace_id: str
    api_key: ApiKey


async def list_stored_keys(
    server: Access,
    workspaces: Sequence[str] = (),
    patience: Patience | None = None,
    *,
    on_exchange: Callable[[Exchange], None] = lambda _: None,
) -> tuple[StoredKey, ...]:
    """List the stored provider keys for AI, sorted by workspace, provider and description.

    A listed key does not name its workspace (``flashback-api.md``), so each workspace is asked separately.

    Args:
        server: the server.
        workspaces: the workspaces by id or name. Empty for all that the user may see.
        patience: timeouts, retries and parallelism.
        on_exchange: called with every request.

    Raises:
        FbsyncError: there is no way to sign in, there is no such workspace, or a call failed.
    """
    async with connected(server, patience or Patience(), stop=Stop(), on_exchange=on_exchange) as connection:
        ids = await resolve_names(connection, workspaces)
        if not workspaces:
            ids = tuple(workspace.id for workspace in await connection.list_workspaces())
        found = [
            StoredKey(workspace_id=workspace_id, api_key=api_key)
            for workspace_id in ids
            for api_key in await connection.list_api_keys(workspace_id)
        ]
    return tuple(sorted(found, key=_order))


def _order(key: StoredKey) -> tuple[str, str, str, str]:
    return key.workspace_id, key.api_key.provider or "", key.api_key.description or "", key.api_key.id
