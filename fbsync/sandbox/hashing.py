"""The parts of credentials that the sandbox keeps: salted hashes, and at most four characters of a key."""

from __future__ import annotations

import hashlib
import secrets
from hmac import compare_digest

_SALT_BYTES = 16
_SHOWN_CHARACTERS = 4
_SHORTEST_SHOWN = 12


def salted_hash(value: str) -> str:
    """Return a hash that does not reveal the value. It is different in each call.

    It is one fast round, because the sandbox is used for measurements. It stores only fake credentials and
    API keys, which have more entropy than a password.
    """
    return _digest(value, secrets.token_bytes(_SALT_BYTES))


def is_hash_of(stored: str, value: str) -> bool:
    """Whether ``salted_hash`` made the stored text from this value."""
    salt = bytes.fromhex(stored.partition("$")[0])
    return compare_digest(stored, _digest(value, salt))


def _digest(value: str, salt: bytes) -> str:
    return f"{salt.hex()}${hashlib.blake2b(value.encode(), salt=salt, digest_size=32).hexdigest()}"


def token_hash(token: str) -> str:
    """Return the hash to find a token by. It has no salt, because tokens are random and looked up by value."""
    return hashlib.sha256(token.encode()).hexdigest()


def masked_key(key: str) -> str:
    """Return a key as lists show it (``flashback-api.md``: 'null or masked'). Of a short key, nothing is shown."""
    return "****" + (key[-_SHOWN_CHARACTERS:] if len(key) >= _SHORTEST_SHOWN else "")
