"""The workspaces that whoever is signed in can see, and their role in each; this needs no manifest and no lockfile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.execution.ports import Stop
from fbsync.settings import DEFAULT_API_URL, check_api_url
from fbsync.workflow.session import Patience, connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.client import Exchange
    from fbsync.model.configurations import Workspace
    from fbsync.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A server, and the variables to sign in to it with."""

    api_url: str
    variables: Variables


def access(variables: Variables, api_url: str | None = None) -> Access:
    """The server that the variables name, unless another one is given.

    Raises:
        FbsyncError: its URL is wrong.
    """
    return Access(
        api_url=check_api_url(api_url or variables.text("FLASHBACK_API_URL") or DEFAULT_API_URL), variables=variables
    )


async def list_memberships(
    server: Access, patience: Patience | None = None, *, on_exchange: Callable[[Exchange], None] = lambda _: None
) -> tuple[Workspace, ...]:
    """The workspaces, sorted by name, with the roles that the server tells.

    Args:
        server: which server.
        patience: how it is asked.
        on_exchange: told of every request.

    Raises:
        FbsyncError: there are no means of signing in, or the call failed.
    """
    async with connected(server, patience or Patience(), stop=Stop(), on_exchange=on_exchange) as connection:
        listed = await connection.list_memberships()
    return tuple(sorted(listed, key=lambda workspace: (workspace.name, workspace.id)))
