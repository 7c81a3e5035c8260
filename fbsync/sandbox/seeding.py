"""Putting the built-in accounts and workspaces, and a seed file's, into a database; what is there stays."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from fbsync.sandbox.builtin import ORGANISATION, ROLES, WORKSPACES
from fbsync.sandbox.hashing import salted_hash
from fbsync.sandbox.llms import columns
from fbsync.sandbox.seed_file import Seed, SeedLlm, SeedRepository, SeedUser, read_seed
from fbsync.sandbox.workspaces import Role

if TYPE_CHECKING:
    from fbsync.sandbox.clock import Clock
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.options import SandboxOptions


_USE = (
    "INSERT OR IGNORE INTO repository_llm (repository_id, llm_id) SELECT repository.id, llm.id"
    " FROM repository JOIN llm ON llm.workspace_id = repository.workspace_id"
    " WHERE repository.workspace_id = ? AND repository.name = ? AND llm.name = ?"
)


def read_options_seed(options: SandboxOptions) -> Seed:
    """The seed file that the options name, or an empty one.

    Raises:
        InvalidInput: the file is not as it should be.
    """
    known = (*WORKSPACES, *options.workspaces)
    return Seed() if options.seed is None else read_seed(options.seed, known_workspaces=known)


def plant(database: Database, seed: Seed, *, workspaces: tuple[str, ...], clock: Clock) -> None:
    """Puts everything into a database that may hold it already, all or nothing.

    Args:
        database: where to.
        seed: the seed file's content.
        workspaces: ids of further workspaces to have.
        clock: the server's own.
    """
    names = WORKSPACES | {id_: id_ for id_ in workspaces}
    names |= {workspace.id: workspace.name or workspace.id for workspace in seed.workspaces}
    with database.transaction():
        for id_, name in names.items():
            row = {"id": id_, "name": name, "org_id": ORGANISATION}
            database.insert("workspace", row, or_ignore=True)
        for user in (*_built_in(tuple(names)), *seed.users):
            _plant_user(database, user)
        for llm in seed.configurations:
            _plant_llm(database, llm, now=clock.now())
        for repository in seed.repositories:
            _plant_repository(database, repository, now=clock.now())


def user_id(database: Database, email: str) -> str:
    """The id of a user that was planted."""
    row = database.row("SELECT id FROM user WHERE email = ?", email)
    assert row is not None
    return str(row["id"])


def _built_in(workspaces: tuple[str, ...]) -> list[SeedUser]:
    return [
        SeedUser(email=who.email, password=who.password, roles=dict.fromkeys(workspaces, Role(role)))
        for role, who in ROLES.items()
    ]


def _plant_user(database: Database, user: SeedUser) -> None:
    row = {
        "id": str(uuid.uuid4()),
        "org_id": ORGANISATION,
        "email": user.email,
        "password_hash": None if user.password is None else salted_hash(user.password),
        "active": int(user.active),
    }
    database.insert("user", row, or_ignore=True)
    planted = user_id(database, user.email)
    for workspace_id, role in user.roles.items():
        membership = {"workspace_id": workspace_id, "user_id": planted, "role": role}
        database.insert("membership", membership, or_ignore=True)


def _plant_llm(database: Database, llm: SeedLlm, *, now: str) -> None:
    given = {"name": llm.name, "aiType": llm.ai_type, "endpoint": llm.endpoint, "secret": llm.secret, "key": llm.key}
    owner = user_id(database, ROLES[Role.ADMIN].email)
    row = {"id": str(uuid.uuid4()), "workspace_id": llm.workspace_id, "user_id": owner, "created_at": now}
    row |= columns(given) | {"validated": int(llm.validated)}
    database.insert("llm", row, or_ignore=True)


def _plant_repository(database: Database, repository: SeedRepository, *, now: str) -> None:
    row = {
        "id": str(uuid.uuid4()),
        "workspace_id": repository.workspace_id,
        "name": repository.name,
        "created_at": now,
    }
    database.insert("repository", row, or_ignore=True)
    for name in repository.uses:
        database.write(_USE, repository.workspace_id, repository.name, name)
