"""Fingerprints: what the lockfile keeps of a credential. That is enough to see that it changed.

With scrypt (RFC 7914), a value is stretched once with the lockfile's salt. The result is then keyed by entry and field
(HMAC-SHA-256, RFC 2104), so that equal credentials do not look equal. With a fingerprint key, HMAC under that key
replaces scrypt, and nobody without the key can test a guess.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.configurations import Credential, Field, Identity, LockedCredential
    from fbsync.model.secret import Secret

KEY_VARIABLE = "FBSYNC_FINGERPRINT_KEY"
KEY_LENGTH = 32
"""The minimum length of a fingerprint key. Somebody who guesses the key can test guesses of credentials."""

_SALT_BYTES = 16
_COST = 2**12
"""scrypt's N. It costs about 11 ms and 4 MiB for each value, and runs for every credential of every plan. It slows
down guessing. An API key is protected because it is random and long (``docs/concepts/fingerprints.md``)."""
_BLOCK_SIZE = 8
_FINGERPRINT_BYTES = 18
_MEMORY_LIMIT = 64 * 2**20


class Method(StrEnum):
    """The method that turns a credential into the root of its fingerprints."""

    SCRYPT = "scrypt"
    HMAC = "hmac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How a lockfile's fingerprints are made. The lockfile contains these parameters.

    Attributes:
        method: the method.
        salt: the salt for scrypt, in base64url.
        n: the cost for scrypt.
        check: for HMAC, a digest of the fingerprint key, to recognise that key.
    """

    method: Method
    salt: str = ""
    n: int = _COST
    check: str = ""


def new_parameters(key: Secret | None) -> Parameters:
    """Return parameters for a new lockfile: HMAC if there is a fingerprint key, otherwise scrypt with a new salt."""
    if key is None:
        return Parameters(method=Method.SCRYPT, salt=_encode(os.urandom(_SALT_BYTES)))
    return Parameters(method=Method.HMAC, check=_check(key))


class Fingerprinter:
    """Makes and compares the fingerprints of one lockfile.

    Args:
        parameters: how that lockfile's fingerprints are made.
        key: the fingerprint key, or None.

    Raises:
        FbsyncError: the lockfile's fingerprints were made with another fingerprint key.
    """

    def __init__(self, parameters: Parameters, *, key: Secret | None) -> None:
        if parameters.method is Method.HMAC and key is not None and parameters.check != _check(key):
            raise FbsyncError(
                f"${KEY_VARIABLE} is not the key that the lockfile's fingerprints were made with",
                hint=f"set {KEY_VARIABLE} to that key, or unset it, which leaves the secrets unverified",
                exit_code=ExitCode.INVALID_INPUT,
            )
        self.parameters = parameters
        self._key = key
        self._roots: dict[Secret, bytes] = {}
        self._begun: set[Secret] = set()
        self._todo: list[Secret] = []
        self._ready: list[tuple[Secret, bytes]] = []
        self._helpers: list[Thread] = []

    def check_available(self) -> None:
        """Check that fingerprints can be made on this machine.

        Raises:
            FbsyncError: scrypt is needed, but not available.
        """
        if self.parameters.method is Method.SCRYPT:
            _scrypt(b"", salt=b"", n=2)

    @property
    def can_verify(self) -> bool:
        """Whether fingerprints can be made. They cannot if the lockfile needs a fingerprint key and it is not set."""
        return self.parameters.method is Method.SCRYPT or self._key is not None

    def prepare(self, secrets: Iterable[Secret]) -> None:
        """Start to stretch each distinct value in other threads (scrypt releases the interpreter's lock).

        The first thread that then asks for a fingerprint helps until all values are done. If a value cannot be
        stretched, the error is raised when its fingerprint is requested.
        """
        if self.parameters.method is Method.HMAC:
            return
        todo = [secret for secret in dict.fromkeys(secrets) if secret not in self._begun]
        self._begun.update(todo)
        self._todo += todo
        for _ in range(min(len(todo), max(1, (os.cpu_count() or 1) - 1))):
            # A daemon thread does not keep the process from exiting.
            helper = Thread(target=self._stretch_all, daemon=True)
            helper.start()
            self._helpers.append(helper)

    def fingerprint(self, secret: Secret, *, llm_id: str, field: Field) -> str:
        """Return the fingerprint of a value in a field of a configuration.

        It is keyed by the server's id, not by the name, so that a rename needs no credential.
        """
        message = f"fbsync fingerprint 1\0{field.value}\0{llm_id}"
        digest = hmac.digest(self._root(secret), message.encode(), "sha256")
        return _encode(digest[:_FINGERPRINT_BYTES])

    def commitment(self, secret: Secret, identity: Identity, field: Field) -> str:
        """Return the fingerprint of a value for a saved plan, keyed by identity: a new configuration has no id yet."""
        message = f"fbsync plan 1\0{field.value}\0{identity.workspace_id}\0{identity.name}"
        return _encode(hmac.digest(self._root(secret), message.encode(), "sha256")[:_FINGERPRINT_BYTES])

    def matches(self, credential: Credential, locked: LockedCredential, *, llm_id: str, field: Field) -> bool | None:
        """Whether a credential has the fingerprint in the lockfile. None if that is unknown."""
        if credential.secret is None or locked.fingerprint is None or not self.can_verify:
            return None
        made = self.fingerprint(credential.secret, llm_id=llm_id, field=field)
        return hmac.compare_digest(made, locked.fingerprint)

    def _root(self, secret: Secret) -> bytes:
        if self._helpers:
            self._stretch_all()
            while self._helpers:
                self._helpers.pop().join()
            self._roots.update(self._ready)
        if secret not in self._roots:
            self._roots[secret] = self._stretch(secret)
        return self._roots[secret]

    def _stretch_all(self) -> None:
        """Stretch the values that no thread has taken yet."""
        with suppress(Exception):  # The list is empty, or a later request for the value raises the same exception.
            while True:
                secret = self._todo.pop()
                self._ready.append((secret, self._stretch(secret)))

    def _stretch(self, secret: Secret) -> bytes:
        value = secret.reveal().encode()
        if self.parameters.method is Method.SCRYPT:
            return _scrypt(value, salt=self.parameters.salt.encode(), n=self.parameters.n)
        if self._key is None:
            raise FbsyncError(
                "the key of the lockfile's fingerprints is not set",
                hint=f"set {KEY_VARIABLE} to the key that the lockfile was made with",
                exit_code=ExitCode.INVALID_INPUT,
            )
        return hmac.digest(self._key.reveal().encode(), b"fbsync value 1\0" + value, "sha256")


def _scrypt(value: bytes, *, salt: bytes, n: int) -> bytes:
    """Stretch a value.

    Raises:
        FbsyncError: this machine's OpenSSL has no scrypt, or does not allow it (FIPS 140).
    """
    try:
        return hashlib.scrypt(value, salt=salt, n=n, r=_BLOCK_SIZE, p=1, maxmem=_MEMORY_LIMIT, dklen=32)
    except (AttributeError, ValueError) as error:
        raise FbsyncError(
            "this machine's cryptography library does not allow scrypt, which fbsync makes fingerprints with",
            hint=f"set {KEY_VARIABLE} to the same random text of at least {KEY_LENGTH} characters on every machine; "
            "fbsync then uses HMAC",
        ) from error


def check_key(key: Secret | None) -> None:
    """Check that a fingerprint key, if there is one, is too long to guess.

    Raises:
        InvalidInput: it is too short.
    """
    if key is not None and len(key.reveal()) < KEY_LENGTH:
        raise InvalidInput(
            [
                Finding(
                    rule="fingerprint-key",
                    position=Position(file=f"${KEY_VARIABLE}"),
                    message=f"the fingerprint key has fewer than {KEY_LENGTH} characters",
                    remedy="create one with `openssl rand -hex 32`",
                )
            ]
        )


def _check(key: Secret) -> str:
    return _encode(hmac.digest(key.reveal().encode(), b"fbsync key check 1", "sha256")[:9])


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
