"""Write the text of an exported manifest: a new one, or an existing one with new entries at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.export.entries import fields_of, only_workspace, read_back
from fbsync.manifest.assemble import assemble
from fbsync.manifest.references import escape
from fbsync.model.errors import FbsyncError
from fbsync.model.findings import errors_among
from fbsync.render.paint import visible
from fbsync.schema.validate import SCHEMA_LINE
from fbsync.strict_yaml.append import NotAddable, new_manifest, with_entries
from fbsync.strict_yaml.loader import parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Field
    from fbsync.model.live import LiveLlm
    from fbsync.strict_yaml.loader import Document
    from fbsync.workflow.project import Project


_HEAD = (
    SCHEMA_LINE,
    "AI LLM configurations, exported from the server by `fbsync export`.",
    "Credentials are references to environment variables; .env.example lists them.",
    "With `verifyFirst: true`, the provider must accept a change of an entry before it replaces what is in use.",
)


def manifest_text(
    project: Project, new: Sequence[LiveLlm], named: Mapping[str, Mapping[Field, str]], shown_as: str
) -> str:
    """Return the manifest's new text, which is parsed again to prove that it has the old and the new entries.

    Args:
        project: the project with its manifest.
        new: the configurations to add.
        named: the names of each configuration's variables, by id and field.
        shown_as: the manifest's path as messages show it.

    Raises:
        FbsyncError: the entries cannot be added.
    """
    protected = _protected_ids(project)
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
    if after != before | {"llms": [*(listed if isinstance(listed, list) else ()), *map(read_back, entries)]}:
        raise not_mergeable(shown_as, "it would not read back the same")
    return text


def _protected_ids(project: Project) -> frozenset[str]:
    """The ids of protected configurations. An entry that is declared again keeps its protection."""
    return frozenset(llm.id for llm in project.known.llms if llm.protect)


def _default_of(document: Document) -> str | None:
    """The file's default workspace if it is a literal id."""
    value = document.value.get("workspaceId") if isinstance(document.value, dict) else None
    return value if isinstance(value, str) and "$" not in value else None


def merged_manifest(text: str, shown_as: str) -> Manifest:
    """Parse the new text.

    Raises:
        FbsyncError: the text has errors, so the entries cannot be added.
    """
    manifest = assemble([parse_document(text.encode(), file=shown_as)])
    if wrong := errors_among(manifest.findings):
        raise not_mergeable(shown_as, f'of "{visible(wrong[0].entry or "")}" this would be wrong: {wrong[0].message}')
    return manifest


def not_mergeable(path: object, reason: object) -> FbsyncError:
    """Return the error for a manifest to which entries cannot be added."""
    return FbsyncError(
        f"entries cannot be added to {path}: {reason}",
        hint="write its list as lines that start with a dash, or export to another file with -f",
    )
