"""Check the configuration in a request, and turn it into columns: fields, credentials, or a stored provider key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fbsync.sandbox.hashing import masked_key, salted_hash
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

REFUSED_MARK = "invalid"
"""At ``validate``, the provider refuses a credential that contains this word, in upper or lower case."""

_BAD_REQUEST = 400
_COLUMNS = {"name": "name", "aiType": "ai_type", "endpoint": "endpoint"}
_NO_CREDENTIALS = {"secret_hash": None, "secret_refused": 0, "key_hash": None, "key_mask": None, "key_refused": 0}


def check_new(new: Mapping[str, Any]) -> None:
    """Check that a new configuration has an endpoint and a secret, or a stored key instead.

    Raises:
        RequestRefused: 400.
    """
    _check_stored_key(new)
    for field in ("endpoint", "secret"):
        if "apiKeyUuid" not in new and new.get(field) is None:
            raise RequestRefused(_BAD_REQUEST, f"{field} is required")


def check_changes(changes: Mapping[str, Any]) -> None:
    """Check that changes do not remove the credentials, without a look at the configuration.

    Raises:
        RequestRefused: 400.
    """
    _check_stored_key(changes)
    if "apiKeyUuid" not in changes and "secret" in changes and changes["secret"] is None:
        raise RequestRefused(_BAD_REQUEST, "secret must be a string")


def check_result(row: sqlite3.Row, changes: Mapping[str, Any]) -> None:
    """Check that a configuration still has an endpoint and a secret, or a stored key, after changes.

    Raises:
        RequestRefused: 400.
    """
    has_secret = "secret" in changes or row["api_key_id"] is None
    if "apiKeyUuid" in changes:
        return
    if has_secret and changes.get("endpoint", row["endpoint"]) is None:
        raise RequestRefused(_BAD_REQUEST, "endpoint is required with secret")
    if not has_secret and changes.get("key") is not None:
        raise RequestRefused(_BAD_REQUEST, "secret is required with key")


def llm_columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields (by their names in the API) as columns. A null key removes the key (ND)."""
    row: dict[str, Any] = {column: given[field] for field, column in _COLUMNS.items() if field in given}
    if "apiKeyUuid" in given:
        # A stored key replaces the credentials, and a secret replaces a stored key (both ND).
        return row | _NO_CREDENTIALS | {"api_key_id": given["apiKeyUuid"]}
    if given.get("secret") is not None:
        row |= secret_columns(given["secret"]) | {"api_key_id": None}
    if "key" in given:
        row |= key_columns(given["key"])
    return row


def secret_columns(secret: str) -> dict[str, Any]:
    """Return a secret as columns."""
    return {"secret_hash": salted_hash(secret), "secret_refused": _is_refused(secret)}


def key_columns(key: str | None) -> dict[str, Any]:
    """Return a key as columns. None means no key."""
    if key is None:
        return {"key_hash": None, "key_mask": None, "key_refused": 0}
    return {"key_hash": salted_hash(key), "key_mask": masked_key(key), "key_refused": _is_refused(key)}


def _is_refused(credential: str) -> int:
    return int(REFUSED_MARK in credential.lower())


def _check_stored_key(given: Mapping[str, Any]) -> None:
    # The meaning of both together is ND. A client should never send both, so this is refused to make it noticeable.
    for field in ("secret", "key"):
        if "apiKeyUuid" in given and given.get(field) is not None:
            raise RequestRefused(_BAD_REQUEST, f"{field} must not be set together with apiKeyUuid")
