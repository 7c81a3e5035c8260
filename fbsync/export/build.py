"""An export: the manifest, the variables and the lockfile that stand for what the server holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.export.entries import LeftOut, References, fields_of, only_workspace, ordered, record, twins, withheld
from fbsync.export.matching import claims
from fbsync.manifest.assemble import assemble
from fbsync.manifest.references import escape
from fbsync.model.api_keys import is_uuid
from fbsync.model.configurations import Field, LockedLlm
from fbsync.model.errors import FbsyncError
from fbsync.model.findings import errors_among
from fbsync.render.env_example import Needed, needed
from fbsync.render.paint import visible
from fbsync.state.index import Records
from fbsync.strict_yaml.append import NotAddable, is_comment, new_manifest, with_entries
from fbsync.strict_yaml.loader import parse_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fbsync.export.matching import Claims
    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Identity, Llm
    from fbsync.model.live import LiveLlm
    from fbsync.state.lockfile import Lockfile
    from fbsync.strict_yaml.loader import Document
    from fbsync.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an export writes.

    Attributes:
        before: the manifest's text as it was read, or nothing.
        text: its whole new text.
        lockfile: the lockfile with the exported entries.
        on_disk: what it holds now.
        needed: the variables of all entries.
        added: what the manifest did not have.
        kept: what it had.
        differing: the names of those of them that the server has otherwise.
        left_out: what a manifest cannot express.
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
        """The new text for the file's present one, if that is still what was read.

        Raises:
            FbsyncError: somebody changed it meanwhile.
        """
        mark = _BYTE_ORDER_MARK if existing.startswith(_BYTE_ORDER_MARK) else ""
        if existing.removeprefix(mark) != self.before:
            raise FbsyncError(f"{self.path} was changed while fbsync read the server", hint="run `fbsync export` again")
        return mark + self.text

    @property
    def entries(self) -> list[dict[str, object]]:
        """What became of each configuration, as ``schemas/result.schema.json`` has it."""
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
_HEAD = (
    "AI LLM configurations, exported from the server by `fbsync export`.",
    "Credentials are references to environment variables; .env.example lists them.",
    "With `verifyFirst: true`, the provider must accept a change of an entry before it replaces what is in use.",
)


def export(
    project: Project,
    listed: Iterable[LiveLlm],
    *,
    path: Path,
    shown_as: str,
    elsewhere: frozenset[Identity] = frozenset(),
) -> Export:
    """Make the files of an export; writes none.

    Args:
        project: the manifest that is there, if any, and what is known.
        listed: what the server lists.
        path: the manifest.
        shown_as: how messages name it.
        elsewhere: the identities that other environments of the manifest declare.

    Raises:
        FbsyncError: entries cannot be added to the manifest that is there.
    """
    live = ordered(listed)
    left = withheld(live) | twins(live)
    live = tuple(llm for llm in live if llm.id not in left)
    claimed = claims(project.desired, project.known.llms, live, elsewhere)
    kept = tuple(llm for llm in live if claimed.has(llm))
    new = tuple(llm for llm in live if not claimed.has(llm))
    left |= {llm.id: LeftOut(live=llm, reason=why) for llm in new if (why := _inexpressible(llm)) is not None}
    new = tuple(llm for llm in new if llm.id not in left)
    named = _named(project, new)
    text = _manifest_text(project, new, named, shown_as)
    manifest = _merged(text, shown_as)
    return Export(
        path=path,
        before=project.manifest.documents[0].source if project.manifest.documents else "",
        text=text,
        lock_path=project.where.lock_path,
        lockfile=project.known.with_llms(_records(project, claimed, new, kept, _entries(manifest, project))),
        on_disk=project.on_disk,
        needed=needed((use.variable, use.purpose) for use in manifest.uses(None)),
        added=new,
        kept=kept,
        differing=tuple(_differing(project, claimed, kept)),
        left_out=tuple(left.values()),
    )


def _inexpressible(llm: LiveLlm) -> str | None:
    """Why a manifest cannot express a configuration: what `fbsync validate` would say of it."""
    if llm.ai_type is None or (llm.endpoint is None and llm.api_key_id is None):
        return _unshown(llm)
    if llm.api_key_id is not None and not is_uuid(llm.api_key_id):
        return "the id of its stored key on the server is not a uuid"
    references = {Field.SECRET: "X"} if llm.api_key_id is None else {}
    entry = _read_back(fields_of(llm, references, default_workspace=None))
    document = parse_document(new_manifest([entry], head=(), workspace_id=None).encode(), file="")
    wrong = errors_among(assemble([document]).findings)
    if wrong:
        return wrong[0].message
    read = document.value.get("llms") if isinstance(document.value, dict) else None
    return None if read == [entry] else "it would not read back the same"


def _unshown(llm: LiveLlm) -> str:
    """Why a configuration cannot be an entry of which the server does not show what every entry has."""
    shown = (("endpoint", llm.endpoint or llm.api_key_id), ("type", llm.ai_type))
    lacking = " and no ".join(word for word, value in shown if value is None)
    return f"the server shows no {lacking}, which an entry needs"


def _read_back(entry: Mapping[str, str | bool]) -> dict[str, str | bool]:
    """What a reader gets of an entry's fields: all but those that are written as comments."""
    return {field: value for field, value in entry.items() if not is_comment(field)}


def _named(project: Project, new: Sequence[LiveLlm]) -> dict[str, dict[Field, str]]:
    """The variables of each new entry, by id: those that the lockfile knows for it, else new names."""
    environments = (None, *project.manifest.variants)
    used = {use.variable for environment in environments for use in project.manifest.uses(environment)}
    known = {llm.id: llm for llm in project.known.llms}
    taken = used | {at.reference for llm in known.values() for at in (llm.secret, llm.key) if at is not None}
    references = References(taken)
    return {llm.id: _known_names(known.get(llm.id), llm) or references.of(llm) for llm in new}


def _known_names(llm: LockedLlm | None, live: LiveLlm) -> dict[Field, str]:
    """The variables that the lockfile knows; none of what is not known, or uses a stored key now."""
    if llm is None or live.api_key_id is not None:
        return {}
    pairs = ((Field.KEY, llm.key), (Field.SECRET, llm.secret))
    return {field: locked.reference for field, locked in pairs if locked is not None}


def _manifest_text(
    project: Project, new: Sequence[LiveLlm], named: Mapping[str, Mapping[Field, str]], shown_as: str
) -> str:
    """The manifest's new text, which reads back as the old one with the new entries at its end."""
    protected = _protected(project)
    if not project.manifest.documents:
        default = only_workspace(new)
        entries = [fields_of(llm, named[llm.id], default_workspace=default, protect=llm.id in protected) for llm in new]
        return new_manifest(entries, head=_HEAD, workspace_id=None if default is None else escape(default))
    (document,) = project.manifest.documents
    default = _default_of(document)
    entries = [fields_of(llm, named[llm.id], default_workspace=default, protect=llm.id in protected) for llm in new]
    try:
        text = with_entries(document.source, entries)
    except NotAddable as error:
        raise not_mergeable(shown_as, error) from error
    before, after = document.value, parse_document(text.encode(), file=shown_as).value
    assert isinstance(before, dict)
    listed = before.get("llms")
    if after != before | {"llms": [*(listed if isinstance(listed, list) else ()), *map(_read_back, entries)]}:
        raise not_mergeable(shown_as, "it would not read back the same")
    return text


def _protected(project: Project) -> frozenset[str]:
    """The ids of what the lockfile protects: an entry that is declared again keeps that."""
    return frozenset(llm.id for llm in project.known.llms if llm.protect)


def _default_of(document: Document) -> str | None:
    """The file's default workspace where it is an id as it stands, with nothing to resolve."""
    value = document.value.get("workspaceId") if isinstance(document.value, dict) else None
    return value if isinstance(value, str) and "$" not in value else None


def _merged(text: str, shown_as: str) -> Manifest:
    """The manifest that the new text is."""
    manifest = assemble([parse_document(text.encode(), file=shown_as)])
    if wrong := errors_among(manifest.findings):
        raise not_mergeable(shown_as, f'of "{visible(wrong[0].entry or "")}" this would be wrong: {wrong[0].message}')
    return manifest


def _entries(manifest: Manifest, project: Project) -> dict[Identity, Llm]:
    """Its entries, with the ids of workspaces that are given by name, as this run resolved them."""
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


def _records(
    project: Project,
    claimed: Claims,
    new: Iterable[LiveLlm],
    kept: Iterable[LiveLlm],
    entries: Mapping[Identity, Llm],
) -> Records:
    """What is known after the export. What was known of credentials, and of entries that there are, stays so."""
    known = Records(project.known.llms)
    for llm in kept:
        if llm.id in claimed.unrecorded:
            known.put(record(claimed.entries[llm.id], llm))
    for llm in new:
        made = record(entries[llm.identity], llm)
        if llm.id in known:
            old = known[llm.id]
            made = replace(made, protect=old.protect)
            if made.api_key is None and old.api_key is None:
                made = replace(made, secret=old.secret, key=old.key)
        known.put(made)
    return known


def _differing(project: Project, claimed: Claims, kept: Iterable[LiveLlm]) -> Iterator[str]:
    """The names of entries that a plan would not leave as they are."""
    recorded = {llm.id for llm in project.known.llms}
    for live in kept:
        llm = claimed.entries.get(live.id)
        if llm is not None and (_differs(llm, live) or live.id not in recorded | claimed.unrecorded):
            yield llm.name


def _differs(llm: Llm, live: LiveLlm) -> bool:
    endpoint = live.endpoint if llm.endpoint.value is None else llm.endpoint.value or None
    stored = None if llm.api_key is None else llm.api_key.value or live.api_key_id
    there = (live.name, live.ai_type, live.endpoint, live.api_key_id)
    return there != (llm.name, llm.ai_type, endpoint, stored)


def not_mergeable(path: object, reason: object) -> FbsyncError:
    """The error for a manifest that cannot be added to."""
    return FbsyncError(
        f"entries cannot be added to {path}: {reason}",
        hint="write its list as lines that start with a dash, or export to another file with -f",
    )
