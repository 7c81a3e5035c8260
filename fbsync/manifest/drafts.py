"""Drafts: a manifest's entries in each environment, before references are resolved, with each field's place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fbsync.manifest.placed import GivenWorkspace, Placed, PlacedFields, Refused
from fbsync.manifest.workspace_key import BY_ID, BY_NAME, key_in
from fbsync.model.configurations import Field
from fbsync.redact import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fbsync.model.findings import Position
    from fbsync.strict_yaml.loader import Document, Path


_KEYS = frozenset((*Field, BY_NAME, "previousName", "protect", "verifyFirst"))

_OTHER_KEYS = (_KEYS | {"version", "llms", "environments"}) - {BY_ID, BY_NAME}
"""Known keys, which are never a mistyped workspace key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One entry as written. Its fields override the default workspace, and an environment's changes override both.

    Attributes:
        entry: the entry itself.
        fields: its fields, by the manifest's field names, without absent and null ones. The workspace is at
            ``workspaceId``, even if the manifest gives its name.
    """

    entry: Placed
    fields: PlacedFields

    @property
    def place(self) -> tuple[str, Path]:
        """The file and the path of the entry itself, the same in every environment."""
        return self.entry.document.file, self.entry.path

    @property
    def lacks_workspace(self) -> bool:
        """Whether neither entry nor file has anything like a workspace key. An empty or mistyped key has a finding."""
        return BY_ID not in self.fields and not any(
            nearest(key, (BY_ID, BY_NAME))
            for holder in (self.entry.value, _dict(self.entry.document.value))
            for key in holder.keys() - _OTHER_KEYS
        )

    @property
    def has_unknown_keys(self) -> bool:
        """Whether the entry has unknown keys. They have their own findings; one may be a seemingly missing field."""
        return not _KEYS.issuperset(self.entry.value)

    def text(self, field: str) -> str | None:
        """Return a field's string, or None if the field has no valid string."""
        return self.fields.text(field)

    @property
    def name(self) -> str | None:
        """The entry's name, or None if it has no valid name."""
        return self.fields.text("name")

    @property
    def workspace(self) -> GivenWorkspace:
        """The key that names its workspace, and its value."""
        return self.fields.workspace()

    @property
    def is_by_name(self) -> bool:
        """Whether its workspace is given by name."""
        return self.workspace[0] == BY_NAME

    def owns(self, field: str) -> bool:
        """Whether a field is set for this entry itself, and is not a default of the file or of an environment."""
        placed = self.fields.get(field)
        return placed is not None and "llms" in placed.path

    def position(self, field: str) -> Position:
        """Return the place of a field, or of the entry if it lacks the field."""
        placed = self.fields.get(field)
        return placed.position if placed else self.entry.position


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The part of one file about one environment.

    Attributes:
        document: the file.
        workspace: the environment's default workspace in this file as a field, or no field.
        patches: the environment's changes, by entry name. A patch with the value None leaves the entry out.
    """

    document: Document
    workspace: PlacedFields
    patches: Mapping[str, Placed]


def read_drafts(documents: Iterable[Document], refused: Refused = frozenset()) -> tuple[Draft, ...]:
    """Read the entries of all files, in order, each with its file's default workspace. Skip what is not a mapping.

    Args:
        documents: the files.
        refused: the parts of the files that violate the schema.
    """
    drafts = []
    for document in documents:
        root = Placed(value=document.value, document=document, path=(), refused=refused)
        workspace = _workspace(root)
        for at, value in enumerate(_list(_get(document.value, "llms"))):
            if isinstance(value, dict):
                entry = root.inside("llms", at, value=value)
                drafts.append(Draft(entry=entry, fields=_fields(entry).over(workspace)))
    return tuple(drafts)


def read_variants(documents: Iterable[Document], refused: Refused = frozenset()) -> dict[str, tuple[Variant, ...]]:
    """Read the files' parts about each environment, in order, by the environment's name.

    Args:
        documents: the files.
        refused: the parts of the files that violate the schema.
    """
    variants: dict[str, tuple[Variant, ...]] = {}
    for document in documents:
        root = Placed(value=document.value, document=document, path=(), refused=refused)
        for name, value in _dict(_get(document.value, "environments")).items():
            own = root.inside("environments", name, value=value)
            patches = {
                entry: own.inside("llms", entry, value=patch) for entry, patch in _dict(_get(value, "llms")).items()
            }
            variant = Variant(document=document, workspace=_workspace(own), patches=patches)
            variants[name] = (*variants.get(name, ()), variant)
    return variants


def in_environment(drafts: Iterable[Draft], variants: Sequence[Variant]) -> tuple[Draft, ...]:
    """Return the entries as an environment has them.

    An environment's default workspace replaces the file's default, but not an entry's own workspace. For its own
    entries, a file's default workspace comes before those of other files.
    """
    changed = (_in_environment(draft, variants) for draft in drafts)
    return tuple(draft for draft in changed if draft is not None)


def _in_environment(draft: Draft, variants: Sequence[Variant]) -> Draft | None:
    fields = draft.fields
    workspaces = [variant for variant in variants if variant.workspace]
    own = [variant for variant in workspaces if variant.document is draft.entry.document]
    if workspaces and key_in(draft.entry.value) is None:
        fields = (own or workspaces)[0].workspace.over(fields)
    for variant in variants:
        patch = variant.patches.get(draft.name or "")
        if patch is None:
            continue
        if patch.value is None:
            return None
        if isinstance(patch.value, dict):
            removed = (field for field, value in patch.value.items() if value is None)
            fields = _fields(patch).over(fields.without(removed))
    return replace(draft, fields=fields)


def _fields(placed: Placed) -> PlacedFields:
    """The fields of an entry or a patch that are not null."""
    value: dict[str, Any] = placed.value
    held = dict.fromkeys(value, placed)
    if None in value.values():
        held = {field: placed for field in held if value[field] is not None}
    if BY_NAME in held:
        del held[BY_NAME]
        held[BY_ID] = placed
    return PlacedFields(held)


def _workspace(holder: Placed) -> PlacedFields:
    """The workspace of a mapping as a field, given by id or by name. If both are given, that has its own finding."""
    return PlacedFields({} if key_in(holder.value) is None else {BY_ID: holder})


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
