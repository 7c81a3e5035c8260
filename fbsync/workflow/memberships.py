"""The workspaces that the user can see, with the user's role in each. This needs no manifest and no lockfile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.execution.ports import Stop
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.server_error import Failure, ServerError
from fbsync.redact import nearest
from fbsync.settings import DEFAULT_API_URL, check_api_url
from fbsync.workflow.connection import Patience, connected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fbsync.client import Exchange
    from fbsync.model.live import Workspace
    from fbsync.model.server import Server
    from fbsync.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A server and the variables to sign in with."""

    api_url: str
    variables: Variables


def access(variables: Variables, api_url: str | None = None) -> Access:
    """Return the given server, or the server that the variables name.

    Raises:
        FbsyncError: its URL is not valid.
    """
    return Access(
        api_url=check_api_url(api_url or variables.text("FLASHBACK_API_URL") or DEFAULT_API_URL), variables=variables
    )


async def list_memberships(
    server: Access, patience: Patience | None = None, *, on_exchange: Callable[[Exchange], None] = lambda _: None
) -> tuple[Workspace, ...]:
    """Return the workspaces, sorted by name, with the roles that the server returns.

    Args:
        server: the server.
        patience: timeouts, retries and parallelism.
        on_exchange: called with every request.

    Raises:
        FbsyncError: there is no way to sign in, or the call failed.
    """
    async with connected(server, patience or Patience(), stop=Stop(), on_exchange=on_exchange) as connection:
        listed = await connection.list_memberships()
    return tuple(sorted(listed, key=lambda workspace: (workspace.name, workspace.id)))


async def resolve_names(server: Server, given: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of workspaces that are given by id or name.

    If the server does not list workspaces, the given values are returned unchanged.

    Args:
        server: the server.
        given: ids or names.

    Raises:
        FbsyncError: there is no such workspace, several have the name, or the call failed.
    """
    if not given:
        return ()
    try:
        listed = await server.list_workspaces()
    except ServerError as error:
        if error.failure in (Failure.NOT_SIGNED_IN, Failure.UNREACHABLE, Failure.THROTTLED):
            raise
        return tuple(given)
    return tuple(dict.fromkeys(_id_of_workspace(word, listed) for word in given))


def _id_of_workspace(given: str, listed: Sequence[Workspace]) -> str:
    if any(workspace.id == given for workspace in listed):
        return given
    named = [workspace.id for workspace in listed if workspace.name == given]
    if len(named) == 1:
        return named[0]
    if named:
        raise FbsyncError(
            f'{len(named)} workspaces are named "{given}": {", ".join(sorted(named))}',
            hint="give its id instead",
            exit_code=ExitCode.INVALID_INPUT,
        )
    close = nearest(given, [word for workspace in listed for word in (workspace.name, workspace.id)])
    raise FbsyncError(
        f'you cannot see a workspace with the id or name "{given}"',
        hint=(f'did you mean "{close}"? ' if close else "") + "`fbsync workspaces` lists the ones that you can see",
        exit_code=ExitCode.INVALID_INPUT,
    )
