"""What the sandbox keeps of credentials: salted hashes, and at most four characters of a key."""

from __future__ import annotations

import hashlib
import secrets
from hmac import compare_digest

_SALT_BYTES = 16
_SHOWN_CHARACTERS = 4
_SHORTEST_SHOWN = 12


def salted_hash(value: str) -> str:
    """A hash that the value cannot be read from, another one at each call.

    One fast round: the sandbox is measured against, and what it stores is either fake or an API
    key, which has the entropy that a password would lack.
    """
    return _digest(value, secrets.token_bytes(_SALT_BYTES))


def is_hash_of(stored: str, value: str) -> bool:
    """Whether ``salted_hash`` made the stored text from this value."""
    salt = bytes.fromhex(stored.partition("$")[0])
    return compare_digest(stored, _digest(value, salt))


def _digest(value: str, salt: bytes) -> str:
    return f"{salt.hex()}${hashlib.blake2b(value.encode(), salt=salt, digest_size=32).hexdigest()}"


def token_hash(token: str) -> str:
    """The hash that a token is found by: without salt, since tokens are random and looked up by value."""
    return hashlib.sha256(token.encode()).hexdigest()


def masked_key(key: str) -> str:
    """A key as the listing shows it (``flashback-api.md``: 'null or masked'); a short one not at all."""
    return "****" + (key[-_SHOWN_CHARACTERS:] if len(key) >= _SHORTEST_SHOWN else "")
