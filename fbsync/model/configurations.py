"""The records: declared, known and live configurations.

The field names on the outside (manifest, lockfile, API) are those of ``Field``; inside, Python's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.findings import NOWHERE, Position

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fbsync.model.secret import Secret


VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
"""A POSIX variable name (IEEE 1003.1, 3.216 'Name'), as a regular expression."""

REFERENCE = rf"\$(?:({VARIABLE_NAME})|\{{({VARIABLE_NAME})\}}|<({VARIABLE_NAME})>)"
"""A reference to a variable, as a regular expression with a group for each way to write its name."""


class Field(StrEnum):
    """The API's field names of a configuration (``flashback-api.md``, 'AI LLM configurations')."""

    NAME = "name"
    AI_TYPE = "aiType"
    ENDPOINT = "endpoint"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - the field's name
    WORKSPACE_ID = "workspaceId"
    API_KEY = "apiKey"
    """The stored provider key: ``apiKeyUuid`` in a request, ``apiKeyId`` in a list."""


PROVIDER_FIELDS = frozenset((Field.AI_TYPE, Field.ENDPOINT, Field.KEY, Field.SECRET, Field.API_KEY))
"""The fields on which a provider's verdict depends."""

WITHHELD_VALUE = "(withheld: repeats a credential)"
"""Replaces a listed value that repeats a credential. It is no declared value, and never gets into a manifest."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Identity:
    """What identifies a configuration, as on the server: its workspace and its name."""

    workspace_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string of the manifest that may contain references.

    Attributes:
        template: as the manifest has it.
        value: with every reference resolved, or None while one of its variables is not set.
        missing: the variables that it needs and that are not set.
        position: where the manifest has it.
    """

    template: str
    value: str | None
    missing: tuple[str, ...] = ()
    position: Position = NOWHERE

    @property
    def shown(self) -> str:
        """The value, or the template while there is no value."""
        return self.template if self.value is None else self.value

    @property
    def holds_references(self) -> bool:
        """Whether the value depends on the environment (or has an escaped dollar sign)."""
        return self.template != self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A declared credential: the variable's name, and its value if the variable is set."""

    reference: str
    secret: Secret | None
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm:
    """A declared configuration, with references resolved as far as the environment allows.

    Attributes:
        endpoint: an empty text where there is none, which only an entry with a stored key may lack.
        secret: the credential; None exactly where there is a stored key.
        api_key: the uuid of a stored provider key, in place of ``secret`` and ``key``.
        workspace: the workspace's name, where it is given by that; ``workspace_id`` has no value until the name's
            id is known.
        verify_first: whether the provider has to accept its changed credentials before they replace those in use.
        declared_in: the manifest, or the folder of manifests, that it stands in, relative to the lockfile's folder.
        max_credential_age: how many days old its credentials may be, where its manifest says.
    """

    name: str
    ai_type: str
    endpoint: Text
    workspace_id: Text
    secret: Credential | None = None
    key: Credential | None = None
    api_key: Text | None = None
    workspace: str | None = None
    previous_name: str | None = None
    protect: bool = False
    verify_first: bool = False
    declared_in: str | None = None
    max_credential_age: int | None = None
    position: Position = NOWHERE

    @property
    def credentials(self) -> tuple[tuple[Field, Credential], ...]:
        """The credentials that are declared, by field."""
        pairs = ((Field.KEY, self.key), (Field.SECRET, self.secret))
        return tuple((field, credential) for field, credential in pairs if credential is not None)

    @property
    def texts(self) -> tuple[tuple[Field, Text], ...]:
        """The fields that may hold references and are no credentials."""
        api_key = () if self.api_key is None else ((Field.API_KEY, self.api_key),)
        return ((Field.WORKSPACE_ID, self.workspace_id), (Field.ENDPOINT, self.endpoint), *api_key)

    @property
    def identity(self) -> Identity:
        """The identity; while the workspace's id is not known, with what the manifest has in its place."""
        return Identity(workspace_id=self.workspace_id.shown, name=self.name)

    @property
    def resolved_identity(self) -> Hashable:
        """The identity; a workspace of which only the name is known is none whose id reads like that."""
        return self.identity, self.workspace_id.value is None and self.workspace


IN_DOUBT = ""
"""The fingerprint of a credential whose value on the server may be old or new: it matches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCredential:
    """What the lockfile keeps of a credential.

    Attributes:
        reference: the variable's name.
        fingerprint: of the value that was last sent; None where what the server holds is not known, ``IN_DOUBT``
            where it may hold the old or the new value.
        sent_on: the day on which fbsync last sent it (ISO 8601), where it did.
    """

    reference: str
    fingerprint: str | None
    sent_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedLlm:
    """A known configuration: what was last sent to the server, and the id that it returned.

    Attributes:
        previous_name: the declared ``previousName`` that has been dealt with, so that it is not again.
        workspace_template: the workspace as the manifest writes it, where that holds references.
        endpoint: an empty text where it was given none, since it uses a stored key.
        api_key: the uuid of the stored provider key that it was last given, in place of ``secret`` and ``key``.
        endpoint_template: likewise for the endpoint.
        api_key_template: likewise for the stored key.
        workspace: the workspace's name, where the manifest gives that.
        declared_in: the manifest, or the folder of manifests, that declares it.
        served: how the server writes fields that it was sent in another spelling.
        key_mask: a digest of the masked key that the server lists for the key that was last sent.
    """

    id: str
    name: str
    workspace_id: str
    ai_type: str
    endpoint: str
    secret: LockedCredential | None = None
    key: LockedCredential | None = None
    api_key: str | None = None
    protect: bool = False
    previous_name: str | None = None
    workspace_template: str | None = None
    endpoint_template: str | None = None
    api_key_template: str | None = None
    workspace: str | None = None
    declared_in: str | None = None
    served: tuple[tuple[Field, str], ...] = ()
    key_mask: str | None = None

    @property
    def identity(self) -> Identity:
        """The identity under which the server knows it."""
        return Identity(workspace_id=self.workspace_id, name=self.name)

    def credential(self, field: Field) -> LockedCredential | None:
        """The record of the credential in a field, ``key`` or ``secret``."""
        return self.key if field is Field.KEY else self.secret


def template_of(text: Text) -> str | None:
    """The text as the manifest writes it, for the lockfile; None if it contains no reference."""
    return text.template if text.holds_references else None


def workspace_template(llm: Llm) -> str | None:
    """The entry's workspace as the manifest writes it, for the lockfile, if it is given by id."""
    return template_of(llm.workspace_id) if llm.workspace is None else None


def aside_name(name: str, llm_id: str) -> str:
    """The temporary name of a configuration during a rename. It is unique, since it contains the id."""
    return f"{name} (fbsync, {llm_id})"


def name_ahead(locked: LockedLlm) -> str | None:
    """The name that a configuration was on its way to when it was last recorded, or None where it was on none."""
    ahead = locked.name.removesuffix(aside_name("", locked.id))
    return None if ahead == locked.name else ahead


def key_mask_digest(mask: str, llm_id: str) -> str:
    """The lockfile's digest of a masked key: enough to see that it changed, without the visible characters."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    return urlsafe_b64encode(sha256(f"fbsync key mask 1\0{llm_id}\0{mask}".encode()).digest()[:12]).decode()
