"""Add the built-in data and the data of a seed file to a database. Existing rows stay."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from fbsync.sandbox.api_keys import api_key_columns
from fbsync.sandbox.builtin import ORGANISATION, ROLES, WORKSPACES
from fbsync.sandbox.hashing import salted_hash
from fbsync.sandbox.llm_columns import llm_columns
from fbsync.sandbox.repositories import add_repository
from fbsync.sandbox.seed_file import Seed, SeedApiKey, SeedLlm, SeedUser, read_seed
from fbsync.sandbox.workspaces import Role

if TYPE_CHECKING:
    from fbsync.sandbox.clock import ServerClock
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.options import SandboxOptions


def read_options_seed(options: SandboxOptions) -> Seed:
    """Read the seed file that the options name, or return an empty seed.

    Raises:
        InvalidInput: the file is not valid.
    """
    known = (*WORKSPACES, *options.workspaces)
    return Seed() if options.seed is None else read_seed(options.seed, known_workspaces=known)


def plant(database: Database, seed: Seed, *, workspaces: tuple[str, ...], clock: ServerClock) -> None:
    """Add everything to a database in one transaction. The database may already have it.

    Args:
        database: the database.
        seed: the seed file's content.
        workspaces: the ids of additional workspaces.
        clock: the server's clock.
    """
    names = WORKSPACES | {id_: id_ for id_ in workspaces}
    names |= {workspace.id: workspace.name or workspace.id for workspace in seed.workspaces}
    with database.transaction():
        for id_, name in names.items():
            row = {"id": id_, "name": name, "org_id": ORGANISATION}
            database.insert("workspace", row, or_ignore=True)
        for user in (*_built_in(tuple(names)), *seed.users):
            _plant_user(database, user)
        for api_key in seed.api_keys:
            _plant_api_key(database, api_key, now=clock.now())
        for llm in seed.configurations:
            _plant_llm(database, llm, now=clock.now())
        for repository in seed.repositories:
            add_repository(
                database,
                workspace_id=repository.workspace_id,
                name=repository.name,
                uses=repository.uses,
                created_at=clock.now(),
            )


def user_id(database: Database, email: str) -> str:
    """Return the id of a user who is in the database."""
    row = database.row("SELECT id FROM user WHERE email = ?", email)
    assert row is not None
    return str(row["id"])


def _built_in(workspaces: tuple[str, ...]) -> list[SeedUser]:
    return [
        SeedUser(
            email=who.email,
            password=who.password,
            name=who.name,
            last_name="Sandbox",
            org_role=who.org_role,
            roles=dict.fromkeys(workspaces, Role(role)),
        )
        for role, who in ROLES.items()
    ]


def _plant_user(database: Database, user: SeedUser) -> None:
    row = {
        "id": str(uuid.uuid4()),
        "org_id": ORGANISATION,
        "email": user.email,
        "password_hash": None if user.password is None else salted_hash(user.password),
        "active": int(user.active),
        "validated": int(user.validated),
        "name": user.name or user.email.partition("@")[0],
        "last_name": user.last_name,
        "org_role": user.org_role,
    }
    database.insert("user", row, or_ignore=True)
    planted = user_id(database, user.email)
    for workspace_id, role in user.roles.items():
        membership = {"workspace_id": workspace_id, "user_id": planted, "role": role}
        database.insert("membership", membership, or_ignore=True)


def _plant_api_key(database: Database, api_key: SeedApiKey, *, now: str) -> None:
    given = {
        "provider": api_key.provider,
        "key": api_key.key,
        "secret": api_key.secret,
        "endpoint": api_key.endpoint,
        "region": api_key.region,
        "tenantId": api_key.tenant_id,
        "subscriptionId": api_key.subscription_id,
        "description": api_key.description,
    }
    row = {"id": api_key.id, "workspace_id": api_key.workspace_id, "created_at": now}
    database.insert("api_key", row | api_key_columns(given), or_ignore=True)


def _plant_llm(database: Database, llm: SeedLlm, *, now: str) -> None:
    given = {"name": llm.name, "aiType": llm.ai_type, "endpoint": llm.endpoint}
    credentials = {"secret": llm.secret, "key": llm.key}
    given |= credentials if llm.api_key_uuid is None else {"apiKeyUuid": llm.api_key_uuid}
    owner = user_id(database, ROLES[Role.ADMIN].email)
    row = {"id": str(uuid.uuid4()), "workspace_id": llm.workspace_id, "user_id": owner, "created_at": now}
    row |= llm_columns(given) | {"validated": int(llm.validated)}
    database.insert("llm", row, or_ignore=True)
