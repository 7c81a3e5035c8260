"""The seed file: what a sandbox has in addition to the built-in accounts and workspaces.

It is a JSON object. Each list may be left out. The field names are the API's own::

    {
      "workspaces": [{"id": "ws-eu", "name": "Europe"}],
      "users": [{"email": "ops@sandbox.example", "password": "made-up", "active": true, "validated": true,
                 "name": "Olivia", "lastName": "Ops", "orgRole": 2, "roles": {"ws-eu": "WRITE"}}],
      "apiKeys": [{"id": "8f14e45f-ceea-467f-a83c-0d8d3c2f3a51", "workspaceId": "ws-eu", "provider": "OPENAI",
                   "key": "made-up", "secret": "made-up", "description": "OpenAI, production"}],
      "configurations": [{"workspaceId": "ws-eu", "name": "Chat", "aiType": "OPENAI",
                          "endpoint": "https://api.openai.com/v1", "secret": "made-up", "key": null,
                          "validated": true},
                         {"workspaceId": "ws-eu", "name": "Search", "aiType": "OPENAI",
                          "apiKeyUuid": "8f14e45f-ceea-467f-a83c-0d8d3c2f3a51"}],
      "repositories": [{"workspaceId": "ws-eu", "name": "Support", "uses": ["Chat"]}]
    }

A configuration cannot be deleted while a repository uses it. (No documented call attaches a repository.) A repository
names the configurations of its own workspace that it uses. A configuration that does not exist yet is used as soon as
it is created. A user without a password cannot sign in (``NO_PASSWORD_SET``), nor can a user who is not active
(``USER_INACTIVE``). A user who is not validated gets no tokens. The built-in users also have their roles in the file's
workspaces. Stored keys may also have ``endpoint``, ``region``, ``tenantId`` and ``subscriptionId``.
"""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from fbsync.sandbox.builtin import ROLES
from fbsync.sandbox.json_file import read_record, refused_file
from fbsync.sandbox.request_bodies import AiType, Credential, Endpoint, Key, Name, Secret, Url
from fbsync.sandbox.workspaces import Role

_RULE = "sandbox-seed"
_REMEDY = f"for the format, run: python -m pydoc {__name__}"
OrgRole = Literal[0, 1, 2, 254, 255]
_AS_JSON = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedWorkspace:
    """A workspace to create."""

    __pydantic_config__: ClassVar = _AS_JSON
    id: Name
    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedUser:
    """A user to create, with a role for each workspace."""

    __pydantic_config__: ClassVar = _AS_JSON
    email: Name
    password: Credential | None = field(default=None, repr=False)
    active: bool = True
    validated: bool = True
    name: str = ""
    last_name: str = ""
    org_role: OrgRole = 0
    roles: dict[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedApiKey:
    """A stored provider key to create, with its id."""

    __pydantic_config__: ClassVar = _AS_JSON
    id: Name
    workspace_id: Name
    provider: Name
    key: Credential = field(repr=False)
    secret: Credential = field(repr=False)
    endpoint: Url | None = None
    region: str | None = None
    tenant_id: str | None = None
    subscription_id: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLlm:
    """A configuration to create."""

    __pydantic_config__: ClassVar = _AS_JSON
    workspace_id: Name
    name: Name
    ai_type: AiType
    endpoint: Endpoint = None
    secret: Secret = field(default=None, repr=False)
    key: Key = field(default=None, repr=False)
    api_key_uuid: Name | None = None
    validated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRepository:
    """A repository to create, with the names of the configurations that it uses."""

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
    api_keys: tuple[SeedApiKey, ...] = ()
    configurations: tuple[SeedLlm, ...] = ()
    repositories: tuple[SeedRepository, ...] = ()


def read_seed(path: Path, *, known_workspaces: tuple[str, ...]) -> Seed:
    """Read a seed file.

    Args:
        path: the file.
        known_workspaces: the ids of the workspaces that exist without it.

    Raises:
        InvalidInput: the file cannot be read, is not a valid seed file, or refers to something that does not exist.
    """
    seed = read_record(path, Seed, rule=_RULE, remedy=_REMEDY)
    workspaces = {*known_workspaces, *(workspace.id for workspace in seed.workspaces)}
    messages = [*_strays(seed, workspaces), *_credential_mistakes(seed), *_twins(seed)]
    if messages:
        raise refused_file(str(path), messages, rule=_RULE, remedy=_REMEDY)
    return seed


def _strays(seed: Seed, workspaces: set[str]) -> Iterator[str]:
    """Yield messages about workspaces that do not exist, and about users that already exist."""
    mentions = [(f"users[{at}].roles", id_) for at, user in enumerate(seed.users) for id_ in user.roles]
    mentions += [(f"apiKeys[{at}]", api_key.workspace_id) for at, api_key in enumerate(seed.api_keys)]
    mentions += [(f"configurations[{at}]", llm.workspace_id) for at, llm in enumerate(seed.configurations)]
    mentions += [(f"repositories[{at}]", repo.workspace_id) for at, repo in enumerate(seed.repositories)]
    yield from (f"{where}: there is no workspace '{id_}'" for where, id_ in mentions if id_ not in workspaces)
    built_in = {user.email for user in ROLES.values()}
    for at, user in enumerate(seed.users):
        if user.email.lower() in built_in:
            yield f"users[{at}].email: a built-in user has this address"


def _credential_mistakes(seed: Seed) -> Iterator[str]:
    """Yield messages about configurations with no credentials, with two kinds, or with a stored key that is missing."""
    stored = {(api_key.workspace_id, api_key.id) for api_key in seed.api_keys}
    for at, llm in enumerate(seed.configurations):
        where = f"configurations[{at}]"
        if llm.api_key_uuid is None and None in {llm.secret, llm.endpoint}:
            yield f"{where}: needs an endpoint and a secret, or an apiKeyUuid"
        if llm.api_key_uuid is not None and {llm.secret, llm.key} != {None}:
            yield f"{where}: a secret or a key cannot be combined with an apiKeyUuid"
        if llm.api_key_uuid is not None and (llm.workspace_id, llm.api_key_uuid) not in stored:
            yield f"{where}.apiKeyUuid: its workspace has no such key"


def _twins(seed: Seed) -> Iterator[str]:
    """Yield messages about duplicates."""
    keys: dict[str, list[tuple[str, ...]]] = {
        "workspaces": [(workspace.id,) for workspace in seed.workspaces],
        "users": [(user.email.lower(),) for user in seed.users],
        "apiKeys": [(api_key.id,) for api_key in seed.api_keys],
        "configurations": [(llm.workspace_id, llm.name) for llm in seed.configurations],
        "repositories": [(repo.workspace_id, repo.name) for repo in seed.repositories],
    }
    for what, given in keys.items():
        for at, key in enumerate(given):
            if key in given[:at]:
                yield f"{what}[{at}]: the same as {what}[{given.index(key)}]"
