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
"""Up to this many workspaces are listed one by one; with more, one unfiltered call is cheaper."""
_DENIED = 403


async def resolve_workspaces(server: Server, project: Project) -> Project:
    """The project with the ids of the workspaces that are given by name, as the server has them.

    Raises:
        ServerError: the call failed, and the lockfile does not know all of these names either.
        InvalidInput: the server lists no workspace of a name, or several, or two entries are the same one now.
    """
    if all(llm.workspace is None for llm in project.desired):
        return project
    try:
        workspaces = await server.list_workspaces()
    except ServerError as error:
        if (error.status == _DENIED or error.is_no_such_call) and not unresolved(project.desired):
            return project
        raise
    return replace(project, desired=distinct(with_listed_ids(project.desired, workspaces)))


async def resolve_stored_keys(server: Server, project: Project) -> Project:
    """The project with the ids of the stored keys that are given by description, as the server has them.

    Args:
        server: the server.
        project: what is declared, its workspaces resolved.

    Raises:
        ServerError: the call failed, and the lockfile does not know all of these descriptions either.
        InvalidInput: a workspace has no stored key of a description, or several.
    """
    workspaces = workspaces_with_descriptions(project.desired)
    try:
        listed = await asyncio.gather(*map(server.list_api_keys, workspaces))
    except ServerError as error:
        if (error.status == _DENIED or error.is_no_such_call) and not unresolved_keys(project.desired):
            return project
        raise
    found = dict(zip(workspaces, listed, strict=True))
    return replace(project, desired=with_listed_keys(project.desired, project.known.llms, found))


async def list_live(server: Server, project: Project, clock: Clock, *, all_or_nothing: bool = False) -> Live:
    """Ask the server what the workspaces of a project, which are resolved, hold.

    A listing may lag behind what was done a moment ago: what is missing is looked for a few times before it is
    believed to be gone. Temporary configurations that an earlier run left are set apart.

    Args:
        server: the server.
        project: what to ask about.
        clock: the time.
        all_or_nothing: whether it is a failure, too, that there is no such list.

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
    """The workspaces that declared and known entries are in, and open requests, as far as the variables are set."""
    declared = {llm.workspace_id.value for llm in project.desired if llm.workspace_id.value is not None}
    in_doubt = {intent.identity.workspace_id for intent in project.open_intents}
    return frozenset(declared | in_doubt | {llm.workspace_id for llm in project.known.llms})


def _lacks_something(project: Project, live: Live) -> bool:
    """Whether something is not listed of which nobody would hear again if it was there all the same.

    That is what is known, since it is created again when it counts as deleted outside, and what an earlier run may
    have created and is no longer declared, temporary configurations included.
    """
    ids = {llm.id for llm in live.llms}
    unseen = {llm.identity for llm in project.known.llms if llm.id not in ids}
    listed = {llm.identity for llm in live.llms} | {llm.identity for llm in project.desired}
    unseen |= {intent.identity for intent in project.open_creations} - listed
    unseen |= {intent.identity for intent in project.open_trials if intent.llm_id is None} - listed
    return any(identity.workspace_id in live.workspaces for identity in unseen)


async def _asked(server: Server, project: Project, *, all_or_nothing: bool) -> Live:
    """Ask once.

    A workspace of which the unfiltered list shows nothing although something is known of it is asked for again
    by itself: the list holds what the caller may see, and that may have become less.

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
    """The server's time when it made the first of several lists, or None where one does not say."""
    times = [listing.served_at for listing in listings]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


async def _content_of_server(server: Server) -> Listing | None:
    """All that the caller may see, or None where only single workspaces can be asked for."""
    try:
        return await server.list_llms(None)
    except ServerError as error:
        if error.status == _DENIED or error.is_no_such_call:
            return None
        raise


async def _workspace_content(server: Server, workspace: str, *, all_or_nothing: bool) -> Listing | ServerError:
    """What a workspace holds, or how the server has no such list; not being allowed to see it is a failure."""
    try:
        return await server.list_llms(workspace)
    except ServerError as error:
        if error.is_no_such_call and not all_or_nothing:
            return error
        raise


def _refuse_pages(answers: Iterable[Listing | ServerError]) -> None:
    """Refuse to believe a page in place of a list of a server that has lists.

    Raises:
        ServerError: there is one.
    """
    for answer in answers:
        if isinstance(answer, ServerError) and not answer.by_api:
            raise answer
