"""The sandbox's state in SQLite: tables, queries and transactions."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION: Final = 2
_APPLICATION: Final = 0x46425342
"""SQLite's application id, so that the sandbox never writes into another program's database."""

_TABLES: Final = """
CREATE TABLE workspace (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, org_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE user (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL, last_name TEXT NOT NULL, org_role INTEGER NOT NULL,
    password_hash TEXT, active INTEGER NOT NULL, validated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE membership (
    workspace_id TEXT NOT NULL REFERENCES workspace, user_id TEXT NOT NULL REFERENCES user,
    role TEXT NOT NULL CHECK (role IN ('READ', 'WRITE', 'ADMIN')),
    PRIMARY KEY (workspace_id, user_id)
) WITHOUT ROWID;
CREATE TABLE session (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES user, restricted INTEGER NOT NULL,
    started_at REAL NOT NULL, last_activity REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE token (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    session_id TEXT NOT NULL REFERENCES session ON DELETE CASCADE, expires_at REAL
) WITHOUT ROWID;
CREATE TABLE api_key (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspace, provider TEXT NOT NULL,
    key_hash TEXT NOT NULL, key_mask TEXT NOT NULL, key_refused INTEGER NOT NULL,
    secret_hash TEXT NOT NULL, secret_refused INTEGER NOT NULL,
    endpoint TEXT, region TEXT, tenant_id TEXT, subscription_id TEXT, description TEXT, created_at TEXT NOT NULL
);
CREATE TABLE llm (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspace, user_id TEXT NOT NULL REFERENCES user,
    name TEXT NOT NULL, ai_type TEXT NOT NULL, endpoint TEXT,
    secret_hash TEXT, secret_refused INTEGER NOT NULL DEFAULT 0, api_key_id TEXT REFERENCES api_key (id),
    key_hash TEXT, key_mask TEXT, key_refused INTEGER NOT NULL DEFAULT 0,
    validated INTEGER NOT NULL DEFAULT 0, validations INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL,
    UNIQUE (workspace_id, name)
);
CREATE TABLE repository (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspace, name TEXT NOT NULL,
    created_at TEXT NOT NULL, UNIQUE (workspace_id, name)
) WITHOUT ROWID;
CREATE TABLE repository_llm (
    llm_id TEXT NOT NULL REFERENCES llm (id), repository_id TEXT NOT NULL REFERENCES repository,
    PRIMARY KEY (llm_id, repository_id)
) WITHOUT ROWID;
CREATE TABLE repository_wish (
    repository_id TEXT NOT NULL REFERENCES repository, llm_name TEXT NOT NULL, PRIMARY KEY (repository_id, llm_name)
) WITHOUT ROWID;
"""


class Database:
    """A connection to the state, in a file or in memory.

    Args:
        path: the file, which only its owner can access, or None to keep the state in memory.

    Raises:
        FbsyncError: the file cannot be used, or is not a sandbox's database.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            self._connection = _connect(path)
        except (OSError, sqlite3.Error) as error:
            raise FbsyncError(
                f"the sandbox's database {path} cannot be opened: {error}",
                hint="pass a new file, or one that a sandbox created, with --db",
            ) from None

    def rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def write(self, sql: str, *parameters: object) -> int:
        """Run a statement, and return how many rows it changed. It is committed at once unless in a transaction."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, table: str, values: dict[str, Any], *, or_ignore: bool = False) -> int:
        """Insert a row. Table and columns come from the code, and values are bound."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        verb = "INSERT OR IGNORE" if or_ignore else "INSERT"
        return self.write(f"{verb} INTO {table} ({columns}) VALUES ({marks})", *values.values())

    def update(self, table: str, values: dict[str, Any], *, number: int) -> None:
        """Change columns of the row with this number. Table and columns come from the code, and values are bound."""
        assignments = ", ".join(f"{column} = ?" for column in values)
        self.write(f"UPDATE {table} SET {assignments} WHERE number = ?", *values.values(), number)  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes in the context or none. A writer in another process waits."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection. A file is left without its write-ahead log."""
        self._connection.close()


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database, and refuse a database that is not a sandbox's."""
    if _is_empty(connection):
        # With a write-ahead log, a commit survives a killed process without an fsync for each commit.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection):  # Another process may have been faster.
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    found = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if found != (_APPLICATION, _VERSION):
        raise sqlite3.DatabaseError("it is not a database of this sandbox version")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
