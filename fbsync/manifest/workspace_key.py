"""The workspace of an entry or a file: an id in ``workspaceId``, or a name in ``workspace``, but never both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.holders import holders
from fbsync.model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.strict_yaml.loader import Document

BY_ID = "workspaceId"
BY_NAME = "workspace"


def key_in(holder: object) -> str | None:
    """Return the key with which a mapping gives a workspace, or None if it gives none."""
    if not isinstance(holder, dict):
        return None
    if holder.get(BY_ID) is not None:
        return BY_ID
    return BY_NAME if holder.get(BY_NAME) is not None else None


def contradictions(documents: Iterable[Document]) -> Iterator[Finding]:
    """Yield a finding for each place that gives a workspace both by id and by name."""
    for document in documents:
        for path, holder in holders(document.value):
            if BY_ID in holder and BY_NAME in holder:
                yield Finding(
                    rule="two-workspaces",
                    position=document.position_of_key((*path, BY_NAME)),
                    message='the workspace is set twice, by id ("workspaceId") and by name ("workspace")',
                    remedy="remove one of the two lines",
                    related=(document.position_of_key((*path, BY_ID)),),
                )
