"""Drafts: a manifest's entries before references are resolved, with every field's place, per environment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from fbsync.manifest.workspace_key import BY_ID, BY_NAME, key_in
from fbsync.model import Field
from fbsync.shown import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fbsync.findings import Position
    from fbsync.manifest.loader import Document, Path


_KEYS = frozenset((*Field, BY_NAME, "previousName", "protect"))

Refused: TypeAlias = frozenset[tuple[str, "Path"]]
"""The parts of the files that do not fit the schema, by file and path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A value and where it stands.

    Attributes:
        value: as the file has it.
        document: the file.
        path: the keys and indices that lead to it.
        refused: what of the files does not fit the schema, so that nothing else is to be said of it.
    """

    value: Any
    document: Document
    path: Path
    refused: Refused = frozenset()

    @property
    def position(self) -> Position:
        """Where the value stands."""
        return self.document.position_of(self.path)

    @property
    def text(self) -> str | None:
        """The value if it is a string that fits; anything else has its finding from the schema."""
        fits = not self.refused or (self.document.file, self.path) not in self.refused
        return self.value if fits and isinstance(self.value, str) else None

    def inside(self, *steps: str | int, value: Any) -> Placed:  # noqa: ANN401 - YAML
        """A value inside of this one."""
        return Placed(value=value, document=self.document, path=(*self.path, *steps), refused=self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One entry as written: its own fields, the default workspace, and an environment's changes, laid over another.

    Attributes:
        entry: the entry itself.
        fields: by the manifest's field names; those that are absent or null are not in it. The workspace is at
            ``workspaceId``, however it is given.
    """

    entry: Placed
    fields: Mapping[str, Placed]

    @property
    def place(self) -> tuple[str, Path]:
        """The file and the path of the entry itself, the same in every environment."""
        return self.entry.document.file, self.entry.path

    @property
    def lacks_workspace(self) -> bool:
        """Whether nobody so much as mentions a workspace for it; one that is empty or mistyped has its finding."""
        return BY_ID not in self.fields and not any(
            nearest(key, (BY_ID, BY_NAME))
            for holder in (self.entry.value, _dict(self.entry.document.value))
            for key in holder
        )

    @property
    def has_unknown_keys(self) -> bool:
        """Whether what the entry lacks may be there under another name, which has its finding."""
        return not _KEYS.issuperset(self.entry.value)

    def text(self, field: str) -> str | None:
        """A field's string, or None where there is none."""
        placed = self.fields.get(field)
        return placed.text if placed else None

    @property
    def name(self) -> str | None:
        """The entry's name, where it has one."""
        return self.text("name")

    @property
    def workspace(self) -> tuple[str, str | None]:
        """The key under which its workspace is given, and what stands there."""
        placed = self.fields.get(BY_ID)
        return (BY_ID, None) if placed is None else (str(placed.path[-1]), placed.text)

    @property
    def is_by_name(self) -> bool:
        """Whether its workspace is given by name."""
        return self.workspace[0] == BY_NAME

    def owns(self, field: str) -> bool:
        """Whether a field is said of this entry itself, and not a default of the file or of an environment."""
        placed = self.fields.get(field)
        return placed is not None and "llms" in placed.path

    def position(self, field: str) -> Position:
        """Where a field stands, or the entry where it lacks the field."""
        placed = self.fields.get(field)
        return placed.position if placed else self.entry.position


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What one file says of one environment.

    Attributes:
        workspace: its default workspace there, if any.
        patches: by entry name; a patch whose value is None leaves the entry out.
    """

    document: Document
    workspace: Placed | None
    patches: Mapping[str, Placed]


def read_drafts(documents: Iterable[Document], refused: Refused = frozenset()) -> tuple[Draft, ...]:
    """The entries of all files, in order, each with its file's default workspace; what is no mapping is passed over."""
    drafts = []
    for document in documents:
        root = Placed(value=document.value, document=document, path=(), refused=refused)
        workspace = _workspace(root)
        for at, value in enumerate(_list(_get(document.value, "llms"))):
            if isinstance(value, dict):
                entry = root.inside("llms", at, value=value)
                drafts.append(Draft(entry=entry, fields=workspace | _fields(entry)))
    return tuple(drafts)


def read_variants(documents: Iterable[Document], refused: Refused = frozenset()) -> dict[str, tuple[Variant, ...]]:
    """What the files say of each environment, in order."""
    variants: dict[str, tuple[Variant, ...]] = {}
    for document in documents:
        root = Placed(value=document.value, document=document, path=(), refused=refused)
        for name, value in _dict(_get(document.value, "environments")).items():
            own = root.inside("environments", name, value=value)
            patches = {
                entry: own.inside("llms", entry, value=patch) for entry, patch in _dict(_get(value, "llms")).items()
            }
            variant = Variant(document=document, workspace=_workspace(own).get(BY_ID), patches=patches)
            variants[name] = (*variants.get(name, ()), variant)
    return variants


def in_environment(drafts: Iterable[Draft], variants: Sequence[Variant]) -> tuple[Draft, ...]:
    """The entries as an environment has them.

    An environment's default workspace takes the place of the default, not of an entry's own. What a file
    says for its own entries goes before what other files say.
    """
    changed = (_in_environment(draft, variants) for draft in drafts)
    return tuple(draft for draft in changed if draft is not None)


def _in_environment(draft: Draft, variants: Sequence[Variant]) -> Draft | None:
    fields = dict(draft.fields)
    workspaces = [variant for variant in variants if variant.workspace]
    own = [variant for variant in workspaces if variant.document is draft.entry.document]
    if workspaces and key_in(draft.entry.value) is None:
        fields[BY_ID] = (own or workspaces)[0].workspace  # type: ignore[assignment]
    for variant in variants:
        patch = variant.patches.get(draft.name or "")
        if patch is None:
            continue
        if patch.value is None:
            return None
        if isinstance(patch.value, dict):
            removed = {field for field, value in patch.value.items() if value is None}
            fields = {field: placed for field, placed in fields.items() if field not in removed} | _fields(patch)
    return replace(draft, fields=fields)


def _fields(placed: Placed) -> dict[str, Placed]:
    own = {field: value for field, value in placed.value.items() if value is not None and field != BY_NAME}
    return {field: placed.inside(field, value=value) for field, value in own.items()} | _workspace(placed)


def _workspace(holder: Placed) -> dict[str, Placed]:
    """The workspace that a mapping gives, however it gives it; where it does so twice, that has its finding."""
    key = key_in(holder.value)
    return {} if key is None else {BY_ID: holder.inside(key, value=holder.value[key])}


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
