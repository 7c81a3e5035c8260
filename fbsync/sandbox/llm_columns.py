"""A request's configuration, checked, as columns: fields, credentials, or a stored provider key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fbsync.sandbox.hashing import masked_key, salted_hash
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

REFUSED_MARK = "invalid"
"""The provider refuses a credential with this word in it, in any case, at ``validate``."""

_BAD_REQUEST = 400
_COLUMNS = {"name": "name", "aiType": "ai_type", "endpoint": "endpoint"}
_NO_CREDENTIALS = {"secret_hash": None, "secret_refused": 0, "key_hash": None, "key_mask": None, "key_refused": 0}


def check_new(new: Mapping[str, Any]) -> None:
    """Make sure that a new configuration has an endpoint and a secret, or a stored key in their place.

    Raises:
        RequestRefused: 400.
    """
    _check_stored_key(new)
    for field in ("endpoint", "secret"):
        if "apiKeyUuid" not in new and new.get(field) is None:
            raise RequestRefused(_BAD_REQUEST, f"{field} is required")


def check_changes(changes: Mapping[str, Any]) -> None:
    """Make sure that changes by themselves leave nothing without credentials.

    Raises:
        RequestRefused: 400.
    """
    _check_stored_key(changes)
    if "apiKeyUuid" not in changes and "secret" in changes and changes["secret"] is None:
        raise RequestRefused(_BAD_REQUEST, "secret must be a string")


def check_result(row: sqlite3.Row, changes: Mapping[str, Any]) -> None:
    """Make sure that changes leave a configuration with an endpoint and a secret, or with a stored key.

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
    """The given fields (by their names in the API) as columns; a key of null takes the key away (ND)."""
    row: dict[str, Any] = {column: given[field] for field, column in _COLUMNS.items() if field in given}
    if "apiKeyUuid" in given:
        # A stored key takes the place of what was there, and a secret the place of a stored key (ND, both).
        return row | _NO_CREDENTIALS | {"api_key_id": given["apiKeyUuid"]}
    if given.get("secret") is not None:
        row |= secret_columns(given["secret"]) | {"api_key_id": None}
    if "key" in given:
        row |= key_columns(given["key"])
    return row


def secret_columns(secret: str) -> dict[str, Any]:
    """A secret as columns."""
    return {"secret_hash": salted_hash(secret), "secret_refused": _is_refused(secret)}


def key_columns(key: str | None) -> dict[str, Any]:
    """A key as columns; None has none."""
    if key is None:
        return {"key_hash": None, "key_mask": None, "key_refused": 0}
    return {"key_hash": salted_hash(key), "key_mask": masked_key(key), "key_refused": _is_refused(key)}


def _is_refused(credential: str) -> int:
    return int(REFUSED_MARK in credential.lower())


def _check_stored_key(given: Mapping[str, Any]) -> None:
    # What they mean together is ND, and a client should never send both: refused, so that it is noticed.
    for field in ("secret", "key"):
        if "apiKeyUuid" in given and given.get(field) is not None:
            raise RequestRefused(_BAD_REQUEST, f"{field} must not be set together with apiKeyUuid")
