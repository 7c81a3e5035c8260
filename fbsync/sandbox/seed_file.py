"""The seed file: what a sandbox has besides the built-in accounts and workspaces.

A JSON object, all of whose lists may be left out; the field names are the API's own::

    {
      "workspaces": [{"id": "ws-eu", "name": "Europe"}],
      "users": [{"email": "ops@sandbox.example", "password": "made-up", "active": true,
                 "roles": {"ws-eu": "WRITE"}}],
      "configurations": [{"workspaceId": "ws-eu", "name": "Chat", "aiType": "OPENAI",
                          "endpoint": "https://api.openai.com/v1", "secret": "made-up", "key": null,
                          "validated": true}],
      "repositories": [{"workspaceId": "ws-eu", "name": "Support", "uses": ["Chat"]}]
    }

A repository keeps the configurations that it uses (by name, in its own workspace) from being deleted: no
documented call attaches one. A user without a password cannot sign in (``NO_PASSWORD_SET``), nor can one who
is not active (``USER_INACTIVE``). The built-in users have their roles in the workspaces of the file as well.
"""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from fbsync.sandbox.builtin import ROLES
from fbsync.sandbox.json_file import read_record, refused
from fbsync.sandbox.request_bodies import AiType, Credential, Endpoint, Key, Name
from fbsync.sandbox.workspaces import Role

_RULE = "sandbox-seed"
_REMEDY = f"the format is described by: python -m pydoc {__name__}"
_AS_JSON = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedWorkspace:
    """A workspace to have."""

    __pydantic_config__: ClassVar = _AS_JSON
    id: Name
    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedUser:
    """A user to have, with roles by workspace."""

    __pydantic_config__: ClassVar = _AS_JSON
    email: Name
    password: Credential | None = field(default=None, repr=False)
    active: bool = True
    roles: dict[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLlm:
    """A configuration to have."""

    __pydantic_config__: ClassVar = _AS_JSON
    workspace_id: Name
    name: Name
    ai_type: AiType
    endpoint: Endpoint
    secret: Credential = field(repr=False)
    key: Key = field(default=None, repr=False)
    validated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRepository:
    """A repository to have, with the names of the configurations that it uses."""

    __pydantic_config__: ClassVar = _AS_JSON
    workspace_id: Name
    name: Name
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A whole seed file."""

    __pydantic_config__: ClassVar = _AS_JSON
    workspaces: tuple[SeedWorkspace, ...] = ()
    users: tuple[SeedUser, ...] = ()
    configurations: tuple[SeedLlm, ...] = ()
    repositories: tuple[SeedRepository, ...] = ()


def read_seed(path: Path, *, known_workspaces: tuple[str, ...]) -> Seed:
    """Reads a seed file.

    Args:
        path: the file.
        known_workspaces: ids of the workspaces that there are without it.

    Raises:
        InvalidInput: the file cannot be read, does not fit, or speaks of what is not there.
    """
    seed = read_record(path, Seed, rule=_RULE, remedy=_REMEDY)
    workspaces = {*known_workspaces, *(workspace.id for workspace in seed.workspaces)}
    messages = [*_strays(seed, workspaces), *_twins(seed)]
    if messages:
        raise refused(str(path), messages, rule=_RULE, remedy=_REMEDY)
    return seed


def _strays(seed: Seed, workspaces: set[str]) -> Iterator[str]:
    """Mentions of workspaces and configurations that are not there, and of users that are there already."""
    names = {(llm.workspace_id, llm.name) for llm in seed.configurations}
    mentions = [(f"users[{at}].roles", id_) for at, user in enumerate(seed.users) for id_ in user.roles]
    mentions += [(f"configurations[{at}]", llm.workspace_id) for at, llm in enumerate(seed.configurations)]
    mentions += [(f"repositories[{at}]", repo.workspace_id) for at, repo in enumerate(seed.repositories)]
    yield from (f"{where}: there is no workspace '{id_}'" for where, id_ in mentions if id_ not in workspaces)
    built_in = {user.email for user in ROLES.values()}
    for at, user in enumerate(seed.users):
        if user.email.lower() in built_in:
            yield f"users[{at}].email: a built-in user has it"
    for at, repo in enumerate(seed.repositories):
        for name in repo.uses:
            if (repo.workspace_id, name) not in names:
                yield f"repositories[{at}].uses: there is no configuration '{name}' in its workspace"


def _twins(seed: Seed) -> Iterator[str]:
    """Things given twice."""
    keys: dict[str, list[tuple[str, ...]]] = {
        "workspaces": [(workspace.id,) for workspace in seed.workspaces],
        "users": [(user.email.lower(),) for user in seed.users],
        "configurations": [(llm.workspace_id, llm.name) for llm in seed.configurations],
        "repositories": [(repo.workspace_id, repo.name) for repo in seed.repositories],
    }
    for what, given in keys.items():
        for at, key in enumerate(given):
            if key in given[:at]:
                yield f"{what}[{at}]: the same as {what}[{given.index(key)}]"
