"""The checks after a schedule: what must hold for server, lockfile and files after a clean run."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fbsync.model.temporary import TEMPORARY_NAME
from fbsync.sandbox.hashing import is_hash_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.chaos_manifest import Entry

STRANGER = "stranger"
"""The name of somebody else's configuration, which must stay the same."""


class Declared(Protocol):
    """The declared entries, and the current values of their variables."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries."""

    @property
    def values(self) -> Mapping[str, str]:
        """The values, by the variables' names."""


_COLUMNS = "id, workspace_id, name, ai_type, endpoint, secret_hash, key_hash"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A configuration as the server has it."""

    id: str
    workspace_id: str
    name: str
    ai_type: str
    endpoint: str
    secret_hash: str | None
    key_hash: str | None

    @property
    def identity(self) -> tuple[str, str]:
        """The identity of the configuration."""
        return self.workspace_id, self.name


def on_server(database: Path, workspaces: Iterable[str]) -> dict[str, Row]:
    """The server's configurations in these workspaces, by id."""
    chosen = tuple(workspaces)
    marks = ", ".join("?" * len(chosen))
    sql = f"SELECT {_COLUMNS} FROM llm WHERE workspace_id IN ({marks})"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        return {row["id"]: Row(**dict(row)) for row in connection.execute(sql, chosen)}


def violations(
    declared: Declared,
    rows: Mapping[str, Row],
    lockfile: Path,
    *,
    strangers: Mapping[str, Row],
    before: Container[str],
    unsure: Container[str] = (),
    pruned: bool = True,
) -> Iterator[str]:
    """Return all violations after a clean run, one sentence each.

    Args:
        declared: the manifest.
        rows: the configurations on the server.
        lockfile: the lockfile.
        strangers: the configurations that were on the server before fbsync. They stay unchanged unless declared.
        before: ids that fbsync need not know: those of strangers, and what it made before it lost the known state.
        unsure: ids whose credentials somebody changed in a way that no list shows.
        pruned: whether the run pruned. Only then does it forget what is neither declared nor on the server.
    """
    known = {entry["id"]: entry for entry in json.loads(lockfile.read_text())["llms"]} if lockfile.exists() else {}
    yield from not_held(declared, rows, unsure=unsure)
    yield from _of_strangers(declared, rows, known, strangers, before)
    yield from _of_lockfile(declared, rows, known, pruned=pruned)
    yield from _of_files(declared, lockfile)


def not_held(declared: Declared, rows: Mapping[str, Row], *, unsure: Container[str] = ()) -> Iterator[str]:
    """What the manifest declares but the server does not have. A run that ends with 0 may leave none."""
    for entry in declared.entries:
        found = [row for row in rows.values() if row.identity == entry.identity]
        if len(found) != 1:
            yield f"{entry.identity} is on the server {len(found)} times"
            continue
        (row,) = found
        if _spelled(row.ai_type, row.endpoint) != _spelled(entry.ai_type, entry.endpoint):
            yield f"{entry.identity} is {row.ai_type} {row.endpoint} on the server"
        if row.id not in unsure:
            yield from _of_credentials(declared, entry, row)


def _of_credentials(declared: Declared, entry: Entry, row: Row) -> Iterator[str]:
    if not _is_stored(row.secret_hash, declared.values[entry.secret]):
        yield f"{entry.identity}: the secret on the server is not that of ${entry.secret}"
    if entry.key is None:
        if row.key_hash is not None:
            yield f"{entry.identity}: the server has a key, and the manifest has none"
    elif not _is_stored(row.key_hash, declared.values[entry.key]):
        yield f"{entry.identity}: the key on the server is not that of ${entry.key}"


def _is_stored(stored: str | None, value: str) -> bool:
    return stored is not None and is_hash_of(stored, value)


def _spelled(ai_type: str, endpoint: str) -> tuple[str, str]:
    """Values that a normalising server keeps."""
    return ai_type.upper(), endpoint.rstrip("/")


def _of_strangers(
    declared: Declared,
    rows: Mapping[str, Row],
    known: Mapping[str, Any],
    strangers: Mapping[str, Row],
    before: Container[str],
) -> Iterator[str]:
    """Check that nothing is unknown, and that what existed before is unchanged."""
    wanted = {entry.identity for entry in declared.entries}
    for row in rows.values():
        if re.fullmatch(TEMPORARY_NAME, row.name) and row.id not in before:
            yield f"the temporary configuration {row.identity} (id {row.id}) is left on the server"
        elif row.identity not in wanted and row.id not in known and row.id not in before:
            yield f"{row.identity} (id {row.id}) is on the server, in neither manifest nor lockfile"
    for row in strangers.values():
        if row.name == STRANGER and rows.get(row.id) != row:
            yield f"{row.identity} was there before, and was changed to {rows.get(row.id)}"


def _of_lockfile(
    declared: Declared, rows: Mapping[str, Row], known: Mapping[str, Any], *, pruned: bool
) -> Iterator[str]:
    """Check that every record exists, and that those of declared entries match the server."""
    wanted = {entry.identity for entry in declared.entries}
    for entry in known.values():
        identity, row = (entry["workspaceId"], entry["name"]), rows.get(entry["id"])
        if row is None:
            if pruned or identity in wanted:
                yield f"the lockfile has {identity} as {entry['id']}, which the server does not have"
            continue
        recorded = (*identity, *_spelled(entry["aiType"], entry["endpoint"]))
        if identity in wanted and (*row.identity, *_spelled(row.ai_type, row.endpoint)) != recorded:
            yield f"the lockfile has {recorded}, the server has {row}"
    listed = [(entry["workspaceId"], entry["name"]) for entry in known.values()]
    for declared_entry in declared.entries:
        if listed.count(declared_entry.identity) != 1:
            yield f"the lockfile has {declared_entry.identity} {listed.count(declared_entry.identity)} times"
    protected = {(entry["workspaceId"], entry["name"]) for entry in known.values() if entry.get("protect")}
    for declared_entry in declared.entries:
        if declared_entry.protect is not (declared_entry.identity in protected):
            yield f"{declared_entry.identity} is protected in one of manifest and lockfile"


def _of_files(declared: Declared, lockfile: Path) -> Iterator[str]:
    run = lockfile.with_name(f"{lockfile.name}.run")
    if run.exists():
        yield f"a clean run left {run.name}"
    for record in _left_open(lockfile, {entry.identity for entry in declared.entries}):
        yield f"a clean run left an intent open: {record}"
    texts = {path: path.read_text(errors="replace") for path in lockfile.parent.iterdir() if path.is_file()}
    for path, text in texts.items():
        if any(value in text for value in declared.values.values()):
            yield f"{path.name} holds a credential"


def _left_open(lockfile: Path, wanted: Container[tuple[str, str]]) -> Iterator[str]:
    """What a journal still has, except creations that are no longer declared, since a list may show these late.

    Temporary configurations are also excepted until their ids are known.
    """
    journal = lockfile.with_name(f"{lockfile.name}.journal")
    if not journal.exists():
        return
    for line in journal.read_text().splitlines()[1:]:
        record = json.loads(line)
        if record.get("intent") == "try" and "id" not in record:
            continue
        if record.get("intent") != "create" or (record["workspaceId"], record["name"]) in wanted:
            yield line
