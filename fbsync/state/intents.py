"""Intents: requests that are about to be sent, and what unconfirmed requests explain on the server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fbsync.model.claims import Claim
from fbsync.model.configurations import IN_DOUBT, Field, Identity, LockedCredential, LockedLlm
from fbsync.model.spelling import canonical_identity
from fbsync.state.index import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fbsync.model.live import Live, LiveLlm
    from fbsync.state.lockfile import Lockfile

TRY = "try"
"""The action of an intent that creates a temporary configuration."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"

_LATE = timedelta(hours=1)
"""How long a list may lag behind a creation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request that is about to be sent.

    Attributes:
        action: create, update, adopt, delete or try. "try" creates a temporary configuration; it ends when that
            configuration is deleted.
        identity: the entry's identity after the request.
        llm_id: the server's id, or None if it is not known yet.
        ai_type: the type that the request sends. Like the next two, it distinguishes our configuration from others.
        endpoint: the endpoint that the request sends.
        api_key: the stored provider key that the request names.
        credentials: the credential fields that the request sends, with their variables. An empty variable
            name removes the credential.
        protect: whether the entry is protected.
        declared_in: the manifest that declares the entry.
        gone: the ids whose records end with the request.
        since: the server's time before the request, or None if the list's answer did not say.
        user_id: the user who sends the request, or None if unknown.
    """

    action: str
    identity: Identity
    llm_id: str | None = None
    ai_type: str | None = None
    endpoint: str | None = None
    api_key: str | None = None
    credentials: tuple[tuple[Field, str], ...] = ()
    protect: bool = False
    declared_in: str | None = None
    gone: tuple[str, ...] = ()
    since: datetime | None = None
    user_id: str | None = None

    @property
    def claim(self) -> Claim:
        """What the request would explain on the server if it was carried out."""
        return Claim(
            identity=self.identity,
            ai_type=self.ai_type,
            endpoint=self.endpoint,
            api_key=self.api_key,
            since=self.since,
            user_id=self.user_id,
        )


def settle(known: Lockfile, intents: Iterable[Intent], live: Iterable[LiveLlm]) -> Lockfile:
    """Return the known state after the server's list has shown which open creations were carried out.

    A listed configuration is ours if an open creation explains it (``Claim.explains``). All open creations of its
    identity count together, because any of them may have created it. Each credential that one of them sent is in
    doubt, so that the next plan sends it or removes it. Any other configuration with that name belongs to somebody
    else, which the plan then reports.
    """
    records = Records(known.llms)
    listed: dict[Identity, list[LiveLlm]] = {}
    for llm in live:
        listed.setdefault(canonical_identity(llm.identity), []).append(llm)
    for identity, creations in _creations(intents).items():
        ours = [
            llm
            for llm in listed.get(identity, ())
            if llm.id not in records and any(intent.claim.explains(llm) for intent in creations)
        ]
        if len(ours) == 1:
            for llm_id in {llm_id for intent in creations for llm_id in intent.gone}:
                records.drop(llm_id)
            records.put(_created(creations, ours[0]))
    return known.with_llms(records)


def _creations(intents: Iterable[Intent]) -> dict[Identity, list[Intent]]:
    """Group the creations among intents by identity, whatever its spelling. Their order stays."""
    found: dict[Identity, list[Intent]] = {}
    for intent in intents:
        if intent.action == "create":
            found.setdefault(canonical_identity(intent.identity), []).append(intent)
    return found


def still_open(
    intents: Iterable[Intent], known: Lockfile, declared: Iterable[Identity], live: Live | None
) -> tuple[Intent, ...]:
    """Return the open creations that stay open, because the server's list did not show them.

    A list may lag behind. The creation of a declared entry stays open until the entry is known. Any other creation
    stays open until a list that was made long enough after the request lacks it.

    Args:
        intents: what earlier runs left open.
        known: the known state, including what the list explained.
        declared: the identities of the manifest's entries.
        live: what the server lists, or None if it was not asked.
    """
    there = {canonical_identity(llm.identity) for llm in known.llms}
    wanted = {canonical_identity(identity) for identity in declared}
    return tuple(
        intent
        for intent in intents
        if intent.action == "create"
        and (identity := canonical_identity(intent.identity)) not in there
        and (identity in wanted or not is_past(intent, live))
    )


def is_past(intent: Intent, live: Live | None) -> bool:
    """Whether the intent's workspace was listed long enough after the request. Unknown times count as long enough."""
    if live is None or intent.identity.workspace_id not in live.workspaces:
        return False
    return intent.since is None or live.served_at is None or live.served_at - intent.since >= _LATE


def doubted(llm: LockedLlm, intent: Intent) -> LockedLlm:
    """Mark a record's credentials as in doubt if an open request sent them, or a stored key may have replaced them."""
    carried = dict(intent.credentials)
    if carried.get(Field.SECRET):
        llm = replace(llm, api_key=None)
    if intent.api_key is not None:
        carried |= {field: "" for field in (Field.KEY, Field.SECRET) if llm.credential(field) is not None}
    for field, name in carried.items():
        known = llm.credential(field)
        reference = name if known is None else known.reference
        if reference:
            doubt = LockedCredential(
                reference=reference, fingerprint=IN_DOUBT, sent_on=None if known is None else known.sent_on
            )
            llm = replace(llm, key=doubt, key_mask=None) if field is Field.KEY else replace(llm, secret=doubt)
    return llm


def _created(intents: Sequence[Intent], live: LiveLlm) -> LockedLlm:
    """Return the record of what one of several open creations created. All credentials that they sent are in doubt."""
    carried = {field: name for intent in intents for field, name in intent.credentials}
    credentials = {field: LockedCredential(reference=name, fingerprint=IN_DOUBT) for field, name in carried.items()}
    last = intents[-1]
    api_key = live.api_key_id if Field.SECRET in credentials else live.api_key_id or last.api_key
    return LockedLlm(
        id=live.id,
        name=last.identity.name,
        workspace_id=live.workspace_id,
        ai_type=last.ai_type or live.ai_type or "",
        endpoint=last.endpoint or live.endpoint or "",
        secret=credentials.get(Field.SECRET) if api_key is None else None,
        key=credentials.get(Field.KEY) if api_key is None else None,
        api_key=api_key,
        protect=any(intent.protect for intent in intents),
        declared_in=last.declared_in,
    )


def intent_from(record: Mapping[str, Any]) -> Intent:
    """Return the intent of a journal's record that fits the schema. This is the inverse of ``intent_record``."""
    since = record.get("since")
    return Intent(
        action=record["intent"],
        identity=Identity(workspace_id=record["workspaceId"], name=record["name"]),
        llm_id=record.get("id"),
        ai_type=record.get("aiType"),
        endpoint=record.get("endpoint"),
        api_key=record.get("apiKey"),
        credentials=tuple((Field(field), name) for field, name in record.get("credentials", {}).items()),
        protect=record.get("protect", False),
        declared_in=record.get("manifest"),
        gone=tuple(record.get("gone", ())),
        since=None if since is None else datetime.strptime(since, _TIME).replace(tzinfo=UTC),
        user_id=record.get("user"),
    )


def intent_record(intent: Intent, number: int, *, sent: bool = False) -> dict[str, Any]:
    """Return an intent as the journal writes it (``schemas/journal.schema.json``).

    Args:
        intent: the intent.
        number: its number in the journal.
        sent: whether it was carried over from an earlier run and may have been sent.
    """
    record: dict[str, Any] = {
        "n": number,
        "intent": intent.action,
        "workspaceId": intent.identity.workspace_id,
        "name": intent.identity.name,
        "id": intent.llm_id,
        "aiType": intent.ai_type,
        "endpoint": intent.endpoint,
        "apiKey": intent.api_key,
        "credentials": {field.value: name for field, name in intent.credentials},
        "protect": intent.protect,
        "manifest": intent.declared_in,
        "gone": list(intent.gone),
        "since": None if intent.since is None else intent.since.astimezone(UTC).strftime(_TIME),
        "user": intent.user_id,
        "sent": sent,
    }
    return {key: value for key, value in record.items() if value or key == "credentials"}
