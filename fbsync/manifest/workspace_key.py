"""The workspace of an entry or a default: an id under ``workspaceId``, or a name under ``workspace``, never both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fbsync.model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fbsync.strict_yaml.loader import Document, Path

BY_ID = "workspaceId"
BY_NAME = "workspace"


def key_in(holder: object) -> str | None:
    """The key under which a mapping gives its workspace, or None where it gives none."""
    if not isinstance(holder, dict):
        return None
    if holder.get(BY_ID) is not None:
        return BY_ID
    return BY_NAME if holder.get(BY_NAME) is not None else None


def contradictions(documents: Iterable[Document]) -> Iterator[Finding]:
    """A finding for each place that gives a workspace both by its id and by its name."""
    for document in documents:
        for path, holder in _holders(document.value):
            if BY_ID in holder and BY_NAME in holder:
                yield Finding(
                    rule="two-workspaces",
                    position=document.position_of_key((*path, BY_NAME)),
                    message='the workspace is given twice: by its id ("workspaceId") and by its name ("workspace")',
                    remedy="remove one of the two lines",
                    related=(document.position_of_key((*path, BY_ID)),),
                )


def _holders(root: object) -> Iterator[tuple[Path, Mapping[Any, Any]]]:
    """Every mapping of a manifest that may give a workspace."""
    if not isinstance(root, dict):
        return
    yield (), root
    entries = root.get("llms")
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield ("llms", at), entry
    for name, environment in _mappings(root.get("environments")):
        yield ("environments", name), environment
        for entry_name, patch in _mappings(environment.get("llms")):
            yield ("environments", name, "llms", entry_name), patch


def _mappings(holder: object) -> Iterator[tuple[Any, Mapping[Any, Any]]]:
    for key, value in holder.items() if isinstance(holder, dict) else ():
        if isinstance(value, dict):
            yield key, value
