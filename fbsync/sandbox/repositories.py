"""Repositories, which protect the configurations that they use from deletion. Only a seed file creates them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.sandbox.database import Database

_USE = (
    "INSERT OR IGNORE INTO repository_llm (repository_id, llm_id) SELECT repository_id, llm.id FROM repository_wish"
    " JOIN repository ON repository.id = repository_id"
    " JOIN llm ON llm.workspace_id = repository.workspace_id AND llm.name = llm_name"
)
_FORGET = (
    "DELETE FROM repository_wish WHERE EXISTS (SELECT 1 FROM repository JOIN llm"
    " ON llm.workspace_id = repository.workspace_id AND llm.name = llm_name WHERE repository.id = repository_id)"
)


def add_repository(database: Database, *, workspace_id: str, name: str, uses: Iterable[str], created_at: str) -> None:
    """Add a repository that uses the configurations with these names as soon as they exist."""
    row = {"id": str(uuid.uuid4()), "workspace_id": workspace_id, "name": name, "created_at": created_at}
    if not database.insert("repository", row, or_ignore=True):
        return
    for llm_name in uses:
        database.insert("repository_wish", {"repository_id": row["id"], "llm_name": llm_name})
    grant_wishes(database)


def grant_wishes(database: Database) -> None:
    """Give repositories the configurations that they wait for and that exist now. Each wish is granted once."""
    if database.row("SELECT 1 FROM repository_wish") is not None:
        database.write(_USE)
        database.write(_FORGET)
