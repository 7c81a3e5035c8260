"""Build an export: the manifest, variables and lockfile that match the server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.export.entries import ordered
from fbsync.export.left_out import LeftOut, inexpressible, twins, withheld
from fbsync.export.manifest_text import manifest_text, merged_manifest
from fbsync.export.matching import find_matches
from fbsync.export.records import records_after
from fbsync.export.variable_names import names_by_id
from fbsync.model.errors import FbsyncError
from fbsync.render.env_example import Needed, needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from fbsync.export.matching import Matches
    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Identity, Llm
    from fbsync.model.live import LiveLlm
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The contents of an export's files, and its results.

    Attributes:
        path: the manifest's path.
        before: the manifest's text as it was read, or an empty text.
        text: the manifest's whole new text.
        lock_path: the lockfile's path.
        lockfile: the lockfile with the exported entries.
        on_disk: the lockfile before the export, or None.
        needed: the variables of all entries.
        added: the configurations that the manifest did not have.
        kept: the configurations that it already had.
        differing: the names of kept entries that differ from the server.
        left_out: the configurations that a manifest cannot express.
    """

    path: Path
    before: str
    text: str
    lock_path: Path
    lockfile: Lockfile
    on_disk: Lockfile | None
    needed: tuple[Needed, ...]
    added: tuple[LiveLlm, ...]
    kept: tuple[LiveLlm, ...]
    differing: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    def merged(self, existing: str) -> str:
        """Return the manifest's new text, given its current one.

        Raises:
            FbsyncError: somebody changed the manifest since it was read.
        """
        mark = _BYTE_ORDER_MARK if existing.startswith(_BYTE_ORDER_MARK) else ""
        if existing.removeprefix(mark) != self.before:
            raise FbsyncError(f"{self.path} was changed while fbsync read the server", hint="run `fbsync export` again")
        return mark + self.text

    @property
    def entries(self) -> list[dict[str, object]]:
        """The result of each configuration, in the form of ``schemas/result.schema.json``."""
        left = {item.live.id: item.reason for item in self.left_out}
        outcomes = [(llm, "exported") for llm in self.added] + [(llm, "unchanged") for llm in self.kept]
        outcomes += [(item.live, "left_out") for item in self.left_out]
        return [
            {"workspaceId": llm.workspace_id, "name": llm.name, "id": llm.id, "outcome": outcome}
            | ({"error": {"message": left[llm.id], "hint": _LEFT_OUT_HINT}} if llm.id in left else {})
            for llm, outcome in outcomes
        ]


_LEFT_OUT_HINT = "leave it: fbsync does not touch it; or change it on the server and export again"
_BYTE_ORDER_MARK = "\ufeff"


def export(
    project: Project,
    listed: Iterable[LiveLlm],
    *,
    path: Path,
    shown_as: str,
    elsewhere: frozenset[Identity] = frozenset(),
) -> Export:
    """Make the files of an export, without writing them.

    Args:
        project: the project, with its manifest, if there is one, and its known state.
        listed: the configurations that the server lists.
        path: the manifest's path.
        shown_as: the path as messages show it.
        elsewhere: the identities that other environments of the manifest declare.

    Raises:
        FbsyncError: entries cannot be added to the existing manifest.
    """
    live = ordered(listed)
    left = withheld(live) | twins(live)
    live = tuple(llm for llm in live if llm.id not in left)
    matches = find_matches(project.desired, project.known.llms, live, elsewhere)
    kept = tuple(llm for llm in live if matches.has(llm))
    new = tuple(llm for llm in live if not matches.has(llm))
    left |= {llm.id: LeftOut(live=llm, reason=why) for llm in new if (why := inexpressible(llm)) is not None}
    new = tuple(llm for llm in new if llm.id not in left)
    named = names_by_id(project, new)
    text = manifest_text(project, new, named, shown_as)
    manifest = merged_manifest(text, shown_as)
    return Export(
        path=path,
        before=project.manifest.documents[0].source if project.manifest.documents else "",
        text=text,
        lock_path=project.where.lock_path,
        lockfile=project.known.with_llms(records_after(project, matches, new, kept, _entries(manifest, project))),
        on_disk=project.on_disk,
        needed=needed((use.variable, use.purpose) for use in manifest.uses(None)),
        added=new,
        kept=kept,
        differing=tuple(_differing(project, matches, kept)),
        left_out=tuple(left.values()),
    )


def _entries(manifest: Manifest, project: Project) -> dict[Identity, Llm]:
    """The manifest's entries by identity, with the ids that this run resolved for workspaces given by name."""
    ids = {llm.workspace: llm.workspace_id.value for llm in project.desired}
    found = (
        replace(
            llm,
            declared_in=project.manifests.declaring(llm.position.file),
            workspace_id=llm.workspace_id
            if llm.workspace is None
            else replace(llm.workspace_id, value=ids[llm.workspace]),
        )
        for llm in manifest.desired(None, project.variables)
    )
    return {llm.identity: llm for llm in found}


def _differing(project: Project, matches: Matches, kept: Iterable[LiveLlm]) -> Iterator[str]:
    """Yield the names of kept entries that a plan would change."""
    recorded = {llm.id for llm in project.known.llms}
    for live in kept:
        llm = matches.entries.get(live.id)
        if llm is not None and (_differs(llm, live) or live.id not in recorded | matches.unrecorded):
            yield llm.name


def _differs(llm: Llm, live: LiveLlm) -> bool:
    endpoint = live.endpoint if llm.endpoint.value is None else llm.endpoint.value or None
    stored = None if llm.api_key is None else llm.api_key.value or live.api_key_id
    there = (live.name, live.ai_type, live.endpoint, live.api_key_id)
    return there != (llm.name, llm.ai_type, endpoint, stored)
