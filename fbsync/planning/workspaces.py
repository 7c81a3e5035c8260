"""Workspaces by name: find the id in the lockfile or from the server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Finding, in_file_order
from fbsync.redact import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fbsync.model.configurations import Llm, LockedLlm
    from fbsync.model.live import Workspace

_LISTED = 10
"""How many workspaces a finding lists at most."""


def remembered(desired: Iterable[Llm], known: Iterable[LockedLlm]) -> tuple[Llm, ...]:
    """Return the entries with their workspaces' ids, as far as the lockfile has them for the names.

    Args:
        desired: the declared entries.
        known: the lockfile's configurations. A name that has several ids there is not used.
    """
    ids: dict[str, set[str]] = {}
    for llm in known:
        if llm.workspace is not None:
            ids.setdefault(llm.workspace, set()).add(llm.workspace_id)
    return tuple(_with_id(llm, ids.get(llm.workspace or "", set())) for llm in desired)


def with_listed_ids(desired: Sequence[Llm], workspaces: Iterable[Workspace]) -> tuple[Llm, ...]:
    """Return the entries with their workspaces' ids, as the server lists them for the names.

    Args:
        desired: the declared entries.
        workspaces: the workspaces that the server lists.

    Raises:
        InvalidInput: a name belongs to no workspace or to several. There is a finding for each.
    """
    by_name: dict[str, set[str]] = {}
    for workspace in workspaces:
        by_name.setdefault(workspace.name, set()).add(workspace.id)
    if wrong := tuple(_findings_at_places(desired, by_name)):
        raise InvalidInput(in_file_order(wrong))
    return tuple(_with_id(llm, by_name[llm.workspace]) if llm.workspace is not None else llm for llm in desired)


def unresolved(desired: Iterable[Llm]) -> tuple[str, ...]:
    """Return the names of workspaces whose ids are not known."""
    return tuple(sorted({llm.workspace for llm in desired if llm.workspace is not None and not llm.workspace_id.value}))


def _with_id(llm: Llm, ids: set[str]) -> Llm:
    if llm.workspace is None:
        return llm
    value = next(iter(ids)) if len(ids) == 1 else None
    return replace(llm, workspace_id=replace(llm.workspace_id, value=value))


def _findings_at_places(desired: Iterable[Llm], by_name: dict[str, set[str]]) -> Iterator[Finding]:
    """Yield one finding for each place in the manifest: the default workspace of many entries is one mistake."""
    places = {llm.workspace_id.position: llm.workspace for llm in desired if llm.workspace is not None}
    for position, name in places.items():
        ids = by_name.get(name, set())
        if not ids:
            meant = nearest(name, by_name)
            yield Finding(
                rule="unknown-workspace",
                position=position,
                message=f"you cannot see a workspace {quoted(name, 'with this name')}: {_listed_names(by_name)}",
                remedy=f'write "{meant}"' if meant else "write one of these names, or set workspaceId instead",
            )
        elif len(ids) > 1:
            yield Finding(
                rule="ambiguous-workspace",
                position=position,
                message=f"{len(ids)} workspaces have this name: ids {', '.join(sorted(ids))}",
                remedy="give its id instead: workspaceId",
            )


def _listed_names(by_name: Iterable[str]) -> str:
    names = sorted(by_name)
    if not names:
        return "you cannot see any"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"you can see {', '.join(names[:_LISTED])}{more}"
