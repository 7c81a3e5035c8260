"""Changes of credentials, found by comparing fingerprints. A key is also compared with what the server shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from fbsync.model.changes import Changed, CredentialChange, KeyDrift
from fbsync.model.configurations import IN_DOUBT, Field, key_mask_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.model.configurations import Credential, Llm, LockedCredential, LockedLlm
    from fbsync.model.live import LiveLlm


class Fingerprints(Protocol):
    """Compares a credential with the one that was last sent."""

    @property
    def can_verify(self) -> bool:
        """Whether a credential's value, if it is known, can be recorded and compared."""

    def matches(self, credential: Credential, locked: LockedCredential, *, llm_id: str, field: Field) -> bool | None:
        """Whether the credential is the one that was last sent. None if that is unknown."""


def key_drift(locked: LockedLlm, live: LiveLlm | None, *, keys_masked: bool) -> KeyDrift | None:
    """Return how the listed key differs from the key that was last sent, or None if no difference is seen.

    A mask proves that there is a key. Null proves nothing (``flashback-api.md``), unless this server was seen to list
    masked keys. If a configuration uses a stored key, the listed key is not its own.

    Args:
        locked: what is known.
        live: what the server lists, or None if that is unknown.
        keys_masked: whether this server was seen to list a masked key.
    """
    if live is None or not live.key_listed or locked.api_key is not None or live.api_key_id is not None:
        return None
    if live.key_mask is None:
        return KeyDrift.GONE if locked.key is not None and keys_masked else None
    if locked.key is None:
        return KeyDrift.ADDED
    if locked.key_mask is not None and locked.key_mask != key_mask_digest(live.key_mask, locked.id):
        return KeyDrift.CHANGED
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Decides what happens to credentials.

    Attributes:
        fingerprints: compares credentials with those that were last sent.
        assume: whether to assume that the server already has a credential without a recorded fingerprint.
        resend: whether to send all credentials again.
        keys_masked: whether this server was seen to list a masked key.
    """

    fingerprints: Fingerprints
    assume: bool
    resend: bool
    keys_masked: bool

    def changes(self, llm: Llm, locked: LockedLlm, live: LiveLlm | None) -> tuple[CredentialChange, ...]:
        """Return what happens to ``key`` and ``secret``. A field that neither side has is left out."""
        if llm.api_key is not None:
            return tuple(_giving_way(locked))
        drift = key_drift(locked, live, keys_masked=self.keys_masked)
        found = (
            self._change(Field.KEY, locked, llm.key, drift),
            self._change(Field.SECRET, locked, llm.secret, None),
        )
        lost = live is not None and live.api_key_id is not None
        return tuple(_taken_back(change) if lost else change for change in found if change is not None)

    def _change(
        self, field: Field, locked: LockedLlm, after: Credential | None, drift: KeyDrift | None
    ) -> CredentialChange | None:
        before = locked.credential(field)
        if before is None and after is None and drift is None:
            return None
        if after is None and drift is KeyDrift.GONE:
            return None  # It is neither declared nor on the server: only the record still has it.
        knowable = after is not None and after.secret is not None and self.fingerprints.can_verify
        changed = Changed.YES if drift is not None else self._changed(before, after, llm_id=locked.id, field=field)
        return CredentialChange(
            field=field,
            before=before,
            after=after,
            changed=changed,
            can_be_known=knowable,
            assumed=self.assume and knowable and before is not None and before.fingerprint is None,
            resent=self.resend and after is not None,
            drift=drift,
        )

    def _changed(
        self, before: LockedCredential | None, after: Credential | None, *, llm_id: str, field: Field
    ) -> Changed:
        if before is None or after is None:
            return Changed.YES
        if before.fingerprint == IN_DOUBT:
            return Changed.UNVERIFIED if after.secret is None else Changed.YES
        match self.fingerprints.matches(after, before, llm_id=llm_id, field=field):
            case None:
                return Changed.UNVERIFIED
            case True:
                return Changed.NO
            case False:
                return Changed.YES


def _giving_way(locked: LockedLlm) -> Iterator[CredentialChange]:
    """Yield the known credentials that a stored key replaces. They are not sent."""
    for field in (Field.KEY, Field.SECRET):
        if (before := locked.credential(field)) is not None:
            yield CredentialChange(field=field, before=before, after=None, changed=Changed.YES, gives_way=True)


def _taken_back(change: CredentialChange) -> CredentialChange:
    """Mark a declared credential as changed, because the server lists the configuration with a stored key."""
    return change if change.after is None else replace(change, changed=Changed.YES)
