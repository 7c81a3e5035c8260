"""The records: declared, known and live configurations.

Manifest, lockfile and API use the field names of ``Field``. The records use Python's style.
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
"""The fields that a provider's verdict depends on."""

WITHHELD_VALUE = "(withheld: repeats a credential)"
"""Replaces a listed value that repeats a credential. It never becomes a declared value in a manifest."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Identity:
    """The workspace and the name, which identify a configuration on the server."""

    workspace_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string of the manifest that may contain references.

    Attributes:
        template: the text as the manifest has it.
        value: the text with every reference resolved, or None if one of its variables is not set.
        missing: the referenced variables that are not set.
        position: its place in the manifest.
    """

    template: str
    value: str | None
    missing: tuple[str, ...] = ()
    position: Position = NOWHERE

    @property
    def shown(self) -> str:
        """The value, or the template if there is no value."""
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
        endpoint: an empty text if there is none. Only an entry with a stored key may lack an endpoint.
        secret: the credential, or None if and only if there is a stored key.
        api_key: the uuid of a stored provider key, in place of ``secret`` and ``key``.
        workspace: the workspace's name, if the manifest gives the name; ``workspace_id`` then has no value until the
            id is known.
        verify_first: whether the provider has to accept changed credentials before they replace those in use.
        declared_in: the manifest, or the folder of manifests, that declares it, relative to the lockfile's folder.
        max_credential_age: the maximum age of its credentials in days, if its manifest sets one.
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
        """The declared credentials with their fields."""
        pairs = ((Field.KEY, self.key), (Field.SECRET, self.secret))
        return tuple((field, credential) for field, credential in pairs if credential is not None)

    @property
    def texts(self) -> tuple[tuple[Field, Text], ...]:
        """The texts that may contain references and are not credentials, with their fields."""
        api_key = () if self.api_key is None else ((Field.API_KEY, self.api_key),)
        return ((Field.WORKSPACE_ID, self.workspace_id), (Field.ENDPOINT, self.endpoint), *api_key)

    @property
    def identity(self) -> Identity:
        """The identity. While the workspace's id is unknown, it has the manifest's text in place of the id."""
        return Identity(workspace_id=self.workspace_id.shown, name=self.name)

    @property
    def resolved_identity(self) -> Hashable:
        """The identity, plus the workspace's name if its id is unknown: another workspace's id may equal that name."""
        return self.identity, self.workspace_id.value is None and self.workspace


IN_DOUBT = ""
"""The fingerprint of a credential that may have its old or its new value on the server. It matches no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCredential:
    """The lockfile's record of a credential.

    Attributes:
        reference: the variable's name.
        fingerprint: the fingerprint of the value that was last sent, None if the server's value is unknown, or
            ``IN_DOUBT`` if the server may have the old or the new value.
        sent_on: the day on which fbsync last sent it (ISO 8601), or None if it never did.
    """

    reference: str
    fingerprint: str | None
    sent_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedLlm:
    """A known configuration: what was last sent to the server, and the id that it returned.

    Attributes:
        previous_name: the declared ``previousName`` that an apply has dealt with, so that no apply repeats it.
        workspace_template: the workspace as the manifest writes it, if that contains references.
        endpoint: an empty text if none was sent, since the configuration uses a stored key.
        api_key: the uuid of the stored provider key that was last sent, in place of ``secret`` and ``key``.
        endpoint_template: the endpoint as the manifest writes it, if that contains references.
        api_key_template: the stored key as the manifest writes it, if that contains references.
        workspace: the workspace's name, if the manifest gives the name.
        declared_in: the manifest, or the folder of manifests, that declares it.
        served: the server's spelling of fields that were sent in another spelling.
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
        """The identity that the configuration has on the server."""
        return Identity(workspace_id=self.workspace_id, name=self.name)

    def credential(self, field: Field) -> LockedCredential | None:
        """Return the record of the credential in a field, ``key`` or ``secret``."""
        return self.key if field is Field.KEY else self.secret


def template_of(text: Text) -> str | None:
    """Return a text as the manifest writes it, for the lockfile, or None if it contains no reference."""
    return text.template if text.holds_references else None


def workspace_template(llm: Llm) -> str | None:
    """Return an entry's workspace id as the manifest writes it, for the lockfile.

    None if the manifest gives the workspace's name, or an id without references.
    """
    return template_of(llm.workspace_id) if llm.workspace is None else None


def aside_name(name: str, llm_id: str) -> str:
    """Return a configuration's temporary name during a rename. It is unique, since it contains the id.

    Args:
        name: the name that it is made from.
        llm_id: the configuration's id.
    """
    return f"{name} (fbsync, {llm_id})"


def name_ahead(locked: LockedLlm) -> str | None:
    """Return the new name of a configuration that was last recorded in the middle of a rename, or None."""
    ahead = locked.name.removesuffix(aside_name("", locked.id))
    return None if ahead == locked.name else ahead


def key_mask_digest(mask: str, llm_id: str) -> str:
    """Return the lockfile's digest of a masked key. It shows that the mask changed, but not the visible characters."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    return urlsafe_b64encode(sha256(f"fbsync key mask 1\0{llm_id}\0{mask}".encode()).digest()[:12]).decode()
