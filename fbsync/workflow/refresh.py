"""Refresh: ask the server for its configurations, and for the ids of workspace names and key descriptions."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.execution.create import LOOKS
from fbsync.manifest.resolve import distinct
from fbsync.model.live import Live
from fbsync.model.server import Listing
from fbsync.model.server_error import ServerError
from fbsync.planning.stored_keys import unresolved_keys, with_listed_keys, workspaces_with_descriptions
from fbsync.planning.workspaces import unresolved, with_listed_ids
from fbsync.state.trials import without_trials

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fbsync.execution.ports import Clock
    from fbsync.model.server import Server
    from fbsync.workflow.project import Project

_FEW_WORKSPACES = 4
"""Up to this many workspaces are listed one by one. For more, one unfiltered call is cheaper."""
_DENIED = 403


async def resolve_workspaces(server: Server, project: Project) -> Project:
    """Return the project with the server's ids for the workspaces that are given by name.

    Raises:
        ServerError: the call failed. A refusal (403) or a missing call is ignored if the lockfile has all names.
        InvalidInput: a name belongs to no workspace or to several, or two entries now have the same identity.
    """
    if all(llm.workspace is None for llm in project.desired):
        return project
    try:
        workspaces = await server.list_workspaces()
    except ServerError as error:
        if _is_withheld(error) and not unresolved(project.desired):
            return project
        raise
    return replace(project, desired=distinct(with_listed_ids(project.desired, workspaces)))


async def resolve_stored_keys(server: Server, project: Project) -> Project:
    """Return the project with the server's ids for the stored keys that are given by description.

    Args:
        server: the server.
        project: the project, with its workspaces resolved.

    Raises:
        ServerError: a call failed. A refusal (403) or a missing call is ignored if the lockfile has all descriptions.
        InvalidInput: a description belongs to no stored key of its workspace or to several.
    """
    workspaces = workspaces_with_descriptions(project.desired)
    try:
        listed = await asyncio.gather(*map(server.list_api_keys, workspaces))
    except ServerError as error:
        if _is_withheld(error) and not unresolved_keys(project.desired):
            return project
        raise
    found = dict(zip(workspaces, listed, strict=True))
    return replace(project, desired=with_listed_keys(project.desired, project.known.llms, found))


async def list_live(server: Server, project: Project, clock: Clock, *, all_or_nothing: bool = False) -> Live:
    """Ask the server for the configurations in a project's workspaces, which are already resolved.

    A listing may lag behind recent changes. If something is missing, the server is asked a few more times before the
    absence is believed. Temporary configurations that an earlier run left are kept apart from the others.

    Args:
        server: the server.
        project: the project.
        clock: the clock.
        all_or_nothing: whether it is an error if the server has no list for a workspace.

    Raises:
        ServerError: a call failed.
    """
    live = await _asked(server, project, all_or_nothing=all_or_nothing)
    for seconds in LOOKS[1:]:
        if not _lacks_something(project, live):
            break
        await clock.sleep(seconds)
        live = await _asked(server, project, all_or_nothing=all_or_nothing)
    return without_trials(live, project.open_trials)


def workspaces_of(project: Project) -> frozenset[str]:
    """Return the workspaces of declared and known entries and of open requests, as far as the variables are set."""
    declared = {llm.workspace_id.value for llm in project.desired if llm.workspace_id.value is not None}
    in_doubt = {intent.identity.workspace_id for intent in project.open_intents}
    return frozenset(declared | in_doubt | {llm.workspace_id for llm in project.known.llms})


def _lacks_something(project: Project, live: Live) -> bool:
    """Whether the list lacks something that fbsync would lose track of if it exists anyway.

    That is a known configuration, which would be created again because it counts as deleted outside. It is also an
    undeclared configuration that an earlier run may have created, including a temporary one.
    """
    ids = {llm.id for llm in live.llms}
    unseen = {llm.identity for llm in project.known.llms if llm.id not in ids}
    listed = {llm.identity for llm in live.llms} | {llm.identity for llm in project.desired}
    unseen |= {intent.identity for intent in project.open_creations} - listed
    unseen |= {intent.identity for intent in project.open_trials if intent.llm_id is None} - listed
    return any(identity.workspace_id in live.workspaces for identity in unseen)


async def _asked(server: Server, project: Project, *, all_or_nothing: bool) -> Live:
    """Ask the server once.

    If the unfiltered list shows nothing in a workspace, that workspace is listed again on its own. The unfiltered list
    has only what the user may see, and that may have become less.

    A page with 404 or 405 means that there is no list only if nothing shows that this server has one.
    """
    workspaces = workspaces_of(project)
    everything = await _content_of_server(server) if len(workspaces) > _FEW_WORKSPACES else None
    llms = () if everything is None else everything.llms
    shown = {llm.workspace_id for llm in llms} & workspaces
    rest = sorted(workspaces - shown)
    answers = await asyncio.gather(
        *(_workspace_content(server, workspace, all_or_nothing=all_or_nothing) for workspace in rest)
    )
    told = {workspace: found for workspace, found in zip(rest, answers, strict=True) if isinstance(found, Listing)}
    if everything is not None or told or project.known.keys_masked:
        _refuse_pages(answers)
    believed = [*([] if everything is None or not shown else [everything]), *told.values()]
    return Live(
        llms=(
            *(llm for llm in llms if llm.workspace_id in workspaces),
            *itertools.chain.from_iterable(listing.llms for listing in told.values()),
        ),
        workspaces=frozenset(shown | told.keys()),
        untold=frozenset(rest) - told.keys(),
        served_at=_earliest(believed),
    )


def _earliest(listings: Iterable[Listing]) -> datetime | None:
    """Return the server's time when it made the first of several lists, or None if one of them does not say."""
    times = [listing.served_at for listing in listings]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


async def _content_of_server(server: Server) -> Listing | None:
    """List everything that the user may see, or return None if only single workspaces can be listed."""
    try:
        return await server.list_llms(None)
    except ServerError as error:
        if _is_withheld(error):
            return None
        raise


def _is_withheld(error: ServerError) -> bool:
    """Whether the server does not let this user have a list, or has no such list."""
    return error.status == _DENIED or error.is_no_such_call


async def _workspace_content(server: Server, workspace: str, *, all_or_nothing: bool) -> Listing | ServerError:
    """List a workspace, or return the error that says that the server has no such list. Any other error is raised."""
    try:
        return await server.list_llms(workspace)
    except ServerError as error:
        if error.is_no_such_call and not all_or_nothing:
            return error
        raise


def _refuse_pages(answers: Iterable[Listing | ServerError]) -> None:
    """Refuse to believe a page instead of a list, because this server has lists.

    Raises:
        ServerError: an answer is such a page.
    """
    for answer in answers:
        if isinstance(answer, ServerError) and not answer.by_api:
            raise answer
