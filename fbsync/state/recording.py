"""Make the records of an apply: the intent before a request, and the entry's record after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Create,
    Delete,
    Unchanged,
    Undeclared,
    Update,
    id_of,
    identity_of,
)
from fbsync.model.configurations import (
    Field,
    Identity,
    Llm,
    LockedCredential,
    LockedLlm,
    key_mask_digest,
    template_of,
    workspace_template,
)
from fbsync.model.secret import Secret
from fbsync.model.spelling import served_spellings
from fbsync.state.intents import TRY, Intent

if TYPE_CHECKING:
    from datetime import datetime

    from fbsync.model.configurations import Credential
    from fbsync.model.live import LiveLlm
    from fbsync.model.server import Fields
    from fbsync.state.fingerprint import Fingerprinter

_EVERY_FIELD = frozenset(Field)
_ACTIONS: dict[type[Change], str] = {Create: "create", Update: "update", Adopt: "adopt", Delete: "delete"}


def intent_of(change: Change, sent: Fields, *, since: datetime | None, user_id: str | None) -> Intent:
    """Return the intent of a change.

    Args:
        change: the change.
        sent: the fields that its request sends.
        since: the server's time before the request, or None if unknown.
        user_id: the user who sends it, or None if unknown.
    """
    declared = change.desired if isinstance(change, (Create, Update, Adopt)) else None
    return Intent(
        action=_ACTIONS[type(change)],
        identity=identity_of(change),
        llm_id=id_of(change),
        ai_type=_plain_text(sent.get(Field.AI_TYPE)),
        endpoint=_plain_text(sent.get(Field.ENDPOINT)),
        api_key=_plain_text(sent.get(Field.API_KEY)),
        credentials=tuple((field, _reference(sent[field])) for field in (Field.KEY, Field.SECRET) if field in sent),
        protect=declared is not None and declared.protect,
        declared_in=None if declared is None else declared.declared_in,
        gone=gone_with(change) if declared is not None else (),
        since=since,
        user_id=user_id,
    )


def trial_of(change: Update | Adopt, sent: Fields, *, since: datetime | None, user_id: str | None) -> Intent:
    """Return the intent of a change's temporary configuration.

    Args:
        change: the change that waits for the provider's verdict.
        sent: the fields that the request to create it sends, including its own name.
        since: the server's time before the request, or None if unknown.
        user_id: the user who sends it, or None if unknown.
    """
    intent = intent_of(change, sent, since=since, user_id=user_id)
    identity = Identity(workspace_id=intent.identity.workspace_id, name=str(sent[Field.NAME]))
    return replace(intent, action=TRY, identity=identity, llm_id=None, protect=False, gone=())


def gone_with(change: Change) -> tuple[str, ...]:
    """Return the ids whose records end with a change."""
    match change:
        case Delete():
            return (change.locked.id,)
        case Create():
            return () if change.lost is None else (change.lost.id,)
        case Adopt():
            return () if change.replaced is None else (change.replaced.id,)
        case Update() | Unchanged() | Undeclared() | Blocked():
            return ()
        case _:
            assert_never(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Makes the records of entries that match the manifest.

    Attributes:
        fingerprints: makes the fingerprints of the lockfile.
        today: the day on which credentials are sent (ISO 8601, UTC).
    """

    fingerprints: Fingerprinter
    today: str

    def entry(self, change: Change, llm_id: str) -> LockedLlm | None:
        """Return the record of a change's entry after the change, or None if it has no record then."""
        match change:
            case Create():
                return self._record(change.desired, llm_id, None, _EVERY_FIELD, None)
            case Adopt():
                return self._record(change.desired, llm_id, None, _EVERY_FIELD, None)
            case Update():
                sent = frozenset(item.field for item in change.credentials if item.is_sent)
                changed = frozenset(item.field for item in change.fields)
                return self._record(change.desired, llm_id, change.locked, sent | changed, change)
            case Unchanged():
                return self._record(change.desired, llm_id, change.locked, frozenset(), change)
            case Delete() | Undeclared() | Blocked():
                return None
            case _:
                assert_never(change)

    def _record(
        self, llm: Llm, llm_id: str, before: LockedLlm | None, sent: frozenset[Field], change: Update | Unchanged | None
    ) -> LockedLlm:
        assumed = frozenset[Field]() if change is None else _assumed(change)
        secret = self._credential(Field.SECRET, llm.secret, llm_id, before, sent, assumed)
        live = None if change is None else change.live
        return LockedLlm(
            id=llm_id,
            name=llm.name,
            workspace_id=llm.workspace_id.shown if before is None else before.workspace_id,
            ai_type=llm.ai_type,
            endpoint=before.endpoint if llm.endpoint.value is None and before else llm.endpoint.shown,
            secret=secret,
            api_key=_recorded_api_key(llm, before),
            api_key_template=None if llm.api_key is None else template_of(llm.api_key),
            key=self._credential(Field.KEY, llm.key, llm_id, before, sent, assumed),
            protect=llm.protect,
            previous_name=llm.previous_name,
            workspace_template=workspace_template(llm),
            workspace=llm.workspace,
            endpoint_template=template_of(llm.endpoint),
            declared_in=llm.declared_in or (before.declared_in if before else None),
            served=_served_spelling(llm, before, live, sent),
            key_mask=_key_mask(llm, llm_id, before, live, sent),
        )

    def _credential(
        self,
        field: Field,
        declared: Credential | None,
        llm_id: str,
        before: LockedLlm | None,
        sent: frozenset[Field],
        assumed: frozenset[Field],
    ) -> LockedCredential | None:
        if declared is None:
            return None
        known = before.credential(field) if before is not None else None
        if field in sent:
            return replace(self._fingerprinted(declared, llm_id, field), sent_on=self.today)
        if field in assumed or known is None:
            return self._fingerprinted(declared, llm_id, field)
        return replace(known, reference=declared.reference)

    def _fingerprinted(self, declared: Credential, llm_id: str, field: Field) -> LockedCredential:
        made = None
        if declared.secret is not None and self.fingerprints.can_verify:
            made = self.fingerprints.fingerprint(declared.secret, llm_id=llm_id, field=field)
        return LockedCredential(reference=declared.reference, fingerprint=made)


def _recorded_api_key(llm: Llm, before: LockedLlm | None) -> str | None:
    """Return the id of the stored key that the server got, or the known id if the key's variable is not set."""
    if llm.api_key is None:
        return None
    known = None if before is None else before.api_key
    return known or llm.api_key.shown if llm.api_key.value is None else llm.api_key.value


def _served_spelling(
    llm: Llm, before: LockedLlm | None, live: LiveLlm | None, sent: frozenset[Field]
) -> tuple[tuple[Field, str], ...]:
    """Return the server's spellings of what was sent, as its list shows them. Fields just sent are left out."""
    if live is None:
        return () if before is None else tuple(item for item in before.served if item[0] not in sent)
    declared = {Field.NAME: llm.name, Field.AI_TYPE: llm.ai_type, Field.ENDPOINT: llm.endpoint.value}
    return tuple(item for item in served_spellings(declared, live) if item[0] not in sent)


def _key_mask(
    llm: Llm, llm_id: str, before: LockedLlm | None, live: LiveLlm | None, sent: frozenset[Field]
) -> str | None:
    """Return the digest of the mask of the key that was last sent, or None until a list has shown the mask."""
    if llm.key is None or Field.KEY in sent or before is None:
        return None
    if before.key_mask is not None or live is None or live.key_mask is None:
        return before.key_mask
    return key_mask_digest(live.key_mask, llm_id)


def _assumed(change: Update | Unchanged) -> frozenset[Field]:
    """Return the credential fields that the server is assumed to have. Their fingerprints are recorded."""
    return frozenset(item.field for item in change.credentials if item.assumed)


def _reference(credential: str | Secret | None) -> str:
    """Return the variable that a credential comes from, or an empty string for a credential that is removed."""
    return credential.reference if isinstance(credential, Secret) else ""


def _plain_text(value: object) -> str | None:
    return value if isinstance(value, str) else None
