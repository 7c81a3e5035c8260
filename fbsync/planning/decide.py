"""The plan: one pure function of what is declared, known and live (``design.md``, 'The plan')."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Cause,
    Change,
    Changed,
    Create,
    CredentialChange,
    Delete,
    FieldChange,
    Forget,
    Notice,
    Plan,
    Unchanged,
    Undeclared,
    Update,
    id_of,
    identity_of,
    name_of,
)
from fbsync.model.configurations import (
    Credential,
    Field,
    Identity,
    LiveLlm,
    Llm,
    LockedCredential,
    LockedLlm,
    Text,
    name_ahead,
    template_of,
    workspace_template,
)
from fbsync.planning.order import claims_name, freed_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from fbsync.model.live import Live


class Fingerprints(Protocol):
    """Tells whether a credential is the one that the server was last given."""

    @property
    def can_verify(self) -> bool:
        """Whether a value that is here can be recorded and compared."""

    def matches(self, credential: Credential, locked: LockedCredential, *, llm_id: str, field: Field) -> bool | None:
        """True or False, or None where that cannot be told."""


def make_plan(
    desired: Sequence[Llm],
    known: Sequence[LockedLlm],
    live: Live | None,
    *,
    fingerprints: Fingerprints,
    prune: bool = False,
    only: frozenset[str] = frozenset(),
    in_doubt: Container[Identity] = frozenset(),
    assume_secrets: bool = False,
) -> Plan:
    """Decides for every declared and every known configuration what is to be done.

    Args:
        desired: what is declared, of distinct identities.
        known: what the lockfile holds, of distinct identities.
        live: what the server lists, or None when it was not asked.
        fingerprints: tells a changed credential from an unchanged one.
        prune: whether known configurations that are no longer declared are to go.
        only: names to which the plan is limited; none means no limit.
        in_doubt: identities that an earlier run may have created without anybody knowing.
        assume_secrets: whether credentials of which nothing is known count as what the server holds.

    Returns:
        The plan. It is the same for the same arguments.
    """
    pairs = _found_again(pair(desired, known), known, live)
    taken = {locked.id for _, locked in pairs if locked is not None}
    view = _View(live, taken, in_doubt)
    secrets = _Secrets(fingerprints, assume=assume_secrets)
    changes: list[Change] = [_declared(llm, locked, view, secrets) for llm, locked in pairs]
    changes += [_not_declared(locked, view, prune=prune) for locked in known if locked.id not in taken]
    changes = _without_taken_names(changes, view)
    if only:
        changes = [change for change in changes if name_of(change) in only]
    return Plan(
        changes=tuple(changes), refreshed=live is not None and live.is_complete, warnings=tuple(_notices(changes))
    )


def pair(desired: Sequence[Llm], known: Sequence[LockedLlm]) -> list[tuple[Llm, LockedLlm | None]]:
    """Finds for every declared entry the record that is its own, by identity or by its previous name.

    A previous name counts when the entry has no record yet, and also when its own record is claimed
    by another entry's previous name (chains and swaps), unless the record says that it was dealt with.
    """
    records = _Records((locked.name, locked) for locked in known)
    on_their_way = _Records((ahead, locked) for locked in known if (ahead := name_ahead(locked)) is not None)

    def find_former(llm: Llm, own: LockedLlm | None) -> LockedLlm | None:
        if (stopped := on_their_way.find(llm, llm.name)) is not None:
            return stopped
        if llm.previous_name is None or (own is not None and own.previous_name == llm.previous_name):
            return None
        return records.find(llm, llm.previous_name)

    own = [records.find(llm, llm.name) for llm in desired]
    former = [find_former(llm, record) for llm, record in zip(desired, own, strict=True)]
    claimed = {record.id for record in former if record is not None}
    pairs = [
        (llm, before if before is not None and (record is None or record.id in claimed) else record)
        for llm, record, before in zip(desired, own, former, strict=True)
    ]
    return _without_double_claims(pairs)


class _Records:
    """Known records by a name each, within their workspace; by its template where its variable is not set."""

    def __init__(self, named: Iterable[tuple[str, LockedLlm]]) -> None:
        named = tuple(named)
        self._by_identity = {Identity(workspace_id=at.workspace_id, name=name): at for name, at in named}
        self._by_template = {(at.workspace_template, name): at for name, at in named}

    def find(self, llm: Llm, name: str) -> LockedLlm | None:
        """The record of this name in an entry's workspace."""
        if llm.workspace_id.value is None:
            return self._by_template.get((llm.workspace_id.template, name))
        return self._by_identity.get(Identity(workspace_id=llm.workspace_id.value, name=name))


def _found_again(
    pairs: list[tuple[Llm, LockedLlm | None]], known: Sequence[LockedLlm], live: Live | None
) -> list[tuple[Llm, LockedLlm | None]]:
    """Gives an entry the record that no entry claims and that bears its identity on the server, if its own does not.

    A known configuration that was renamed outside, or by a run that could not record it, is nobody else's, and
    while it bears the name no other one can get it.
    """
    if live is None:
        return pairs
    identities = {llm.id: llm.identity for llm in live.llms}
    while True:
        claimed = {record.id for _, record in pairs if record is not None}
        bearers = {identities[at.id]: at for at in known if at.id in identities and at.id not in claimed}
        again = [
            (llm, at if at and identities.get(at.id) == llm.identity else bearers.get(llm.identity, at))
            for llm, at in pairs
        ]
        # A record that was given back may bear the identity of another entry; one that was found stays: this ends.
        if again == pairs:
            return pairs
        pairs = again


def _without_double_claims(pairs: list[tuple[Llm, LockedLlm | None]]) -> list[tuple[Llm, LockedLlm | None]]:
    """Gives a record that two entries claim (a renamed one and a new one of its old name) to the renamed one."""
    renamed = {locked.id for llm, locked in pairs if locked is not None and locked.name != llm.name}
    return [
        (llm, None if locked is not None and locked.id in renamed and locked.name == llm.name else locked)
        for llm, locked in pairs
    ]


class _View:
    """The live state, asked by id or by identity; tells 'absent' from 'not asked'.

    By identity, only those are found that are no declared entry's own: a name that one of those still
    bears is a name that it is about to give up.
    """

    def __init__(self, live: Live | None, taken: Container[str], in_doubt: Container[Identity]) -> None:
        self.in_doubt = in_doubt
        llms = live.llms if live else ()
        self._workspaces = live.workspaces if live else frozenset()
        self.by_id = {llm.id: llm for llm in llms}
        self.by_identity: dict[Identity, list[LiveLlm]] = {}
        for llm in llms:
            if llm.id not in taken:
                self.by_identity.setdefault(llm.identity, []).append(llm)

    def covers(self, workspace_id: str | None) -> bool:
        return workspace_id in self._workspaces


def _declared(llm: Llm, locked: LockedLlm | None, view: _View, secrets: _Secrets) -> Change:
    """Rows one to five of the table: declared, with or without a record."""
    if locked is None or (view.covers(locked.workspace_id) and locked.id not in view.by_id):
        match view.by_identity.get(llm.identity, []):
            case []:
                return _creation(llm, locked, view)
            case [other]:
                return Adopt(desired=llm, live=other, replaced=locked)
            case several:
                ids = ", ".join(sorted(other.id for other in several))
                return Blocked(
                    desired=llm,
                    message=f"the server holds {len(several)} configurations of this name in its workspace: ids {ids}",
                    hint="find out which one is right, delete or rename the others, and run `fbsync apply` again",
                )
    fields = _field_changes(llm, locked, view.by_id.get(locked.id))
    credentials = secrets.changes(llm, locked)
    if fields or any(change.is_sent for change in credentials):
        return Update(desired=llm, locked=locked, fields=fields, credentials=credentials)
    return Unchanged(
        desired=llm,
        locked=locked,
        credentials=tuple(change for change in credentials if change.changed is Changed.UNVERIFIED),
        record=_record_differs(llm, locked) or any(change.assumed for change in credentials),
    )


def _creation(llm: Llm, locked: LockedLlm | None, view: _View) -> Change:
    """A creation, unless one may have been carried out already and the server was not asked about it."""
    if llm.identity in view.in_doubt and not view.covers(llm.workspace_id.value):
        return Blocked(
            desired=llm,
            message="an earlier run may have created it, and without the server's list that cannot be told",
            hint="run `fbsync apply` where the server can be asked for its list, or look there for this name",
        )
    return Create(desired=llm, lost=locked)


def _without_taken_names(changes: list[Change], view: _View) -> list[Change]:
    """Blocks what claims a name that somebody else keeps, as the server takes a name once; and what waits for those."""
    holders = _holders(changes, view)
    while True:
        checked = [_unless_taken(change, holders) for change in changes]
        blocked = [change for change, after in zip(changes, checked, strict=True) if after is not change]
        if not blocked:
            return changes
        kept = ((freed_name(change), id_of(change)) for change in blocked)
        holders |= {name: llm_id for name, llm_id in kept if name is not None and llm_id is not None}
        changes = checked


def _holders(changes: Iterable[Change], view: _View) -> dict[Identity, str]:
    """The names that stay taken by configurations which this plan leaves alone, with their ids."""
    leaving = {change.locked.id for change in changes if isinstance(change, Delete | Forget)}
    kept = {change.locked.identity: change.locked.id for change in changes if isinstance(change, Undeclared)}
    listed = {identity: llm.id for identity, llms in view.by_identity.items() for llm in llms if llm.id not in leaving}
    seen = {identity: held for identity, held in kept.items() if not view.covers(identity.workspace_id)}
    return seen | listed


def _unless_taken(change: Change, holders: Mapping[Identity, str]) -> Change:
    if not claims_name(change) or (holder := holders.get(identity_of(change))) is None:
        return change
    assert isinstance(change, Create | Update)
    return Blocked(
        desired=change.desired,
        message=f"another configuration in its workspace bears this name and keeps it: id {holder}",
        hint="delete or rename that one first (--prune does so where fbsync knows it), or choose another name",
    )


def _not_declared(locked: LockedLlm, view: _View, *, prune: bool) -> Change:
    """Rows six and seven of the table: a record that no entry claims."""
    if view.covers(locked.workspace_id) and locked.id not in view.by_id:
        return Forget(locked=locked)
    return Delete(locked=locked) if prune else Undeclared(locked=locked)


def _field_changes(llm: Llm, locked: LockedLlm, live: LiveLlm | None) -> tuple[FieldChange, ...]:
    rows: tuple[tuple[Field, Text, str, str | None, str | None], ...] = (
        (Field.NAME, _literal(llm.name), locked.name, live.name if live else None, None),
        (Field.AI_TYPE, _literal(llm.ai_type), locked.ai_type, live.ai_type if live else None, None),
        (
            Field.ENDPOINT,
            llm.endpoint,
            locked.endpoint,
            live.endpoint if live else None,
            locked.endpoint_template,
        ),
    )
    changes = (_field_change(*row) for row in rows)
    return tuple(change for change in changes if change is not None)


def _literal(value: str) -> Text:
    return Text(template=value, value=value)


def _field_change(
    field: Field, desired: Text, known: str, live: str | None, known_template: str | None
) -> FieldChange | None:
    """Compares one field three ways; a field that the server did not list counts as it is known."""
    present = known if live is None else live
    if desired.value is None:
        edited = desired.template != known_template
        wanted = edited or present != known
    else:
        edited = desired.value != known
        wanted = desired.value != present
    if not wanted:
        return None
    drifted = present != known
    cause = Cause.BOTH if edited and drifted else Cause.OUTSIDE if drifted else Cause.MANIFEST
    return FieldChange(field=field, before=present, after=desired, known=known, cause=cause)


class _Secrets:
    """Tells what becomes of credentials."""

    def __init__(self, fingerprints: Fingerprints, *, assume: bool) -> None:
        self._fingerprints = fingerprints
        self._assume = assume

    def changes(self, llm: Llm, locked: LockedLlm) -> tuple[CredentialChange, ...]:
        """What becomes of ``key`` and ``secret``; nothing is said of a field that neither side has."""
        fields = ((Field.KEY, llm.key), (Field.SECRET, llm.secret))
        found = (self._change(field, locked.credential(field), after, locked.id) for field, after in fields)
        return tuple(change for change in found if change is not None)

    def _change(
        self, field: Field, before: LockedCredential | None, after: Credential | None, llm_id: str
    ) -> CredentialChange | None:
        if before is None and after is None:
            return None
        changed = self._changed(before, after, llm_id=llm_id, field=field)
        knowable = after is not None and after.secret is not None and self._fingerprints.can_verify
        return CredentialChange(
            field=field,
            before=before,
            after=after,
            changed=changed,
            can_be_known=knowable,
            assumed=self._assume and knowable and before is not None and before.fingerprint is None,
        )

    def _changed(
        self, before: LockedCredential | None, after: Credential | None, *, llm_id: str, field: Field
    ) -> Changed:
        if before is None or after is None:
            return Changed.YES
        match self._fingerprints.matches(after, before, llm_id=llm_id, field=field):
            case None:
                return Changed.UNVERIFIED
            case True:
                return Changed.NO
            case False:
                return Changed.YES


def _record_differs(llm: Llm, locked: LockedLlm) -> bool:
    """Whether the record would be another one though no request is needed."""
    return (
        llm.name != locked.name
        or llm.ai_type != locked.ai_type
        or llm.protect != locked.protect
        or llm.previous_name != locked.previous_name
        or (llm.endpoint.value is not None and llm.endpoint.value != locked.endpoint)
        or any(
            known is not None and credential.reference != known.reference
            for field, credential in llm.credentials
            for known in (locked.credential(field),)
        )
        or (workspace_template(llm), llm.workspace) != (locked.workspace_template, locked.workspace)
        or template_of(llm.endpoint) != locked.endpoint_template
    )


def _notices(changes: Sequence[Change]) -> Iterable[Notice]:
    left = {change.locked.name: change for change in changes if isinstance(change, (Undeclared, Delete))}
    for change in changes:
        if isinstance(change, Update):
            yield from _host_notice(change)
        if isinstance(change, Create) and (before := left.get(change.desired.name)) is not None:
            yield _move_notice(change, before)


def _move_notice(change: Create, before: Undeclared | Delete) -> Notice:
    """Says plainly what another workspace means (``flashback-api.md``: a configuration cannot be moved)."""
    fate = "is deleted" if isinstance(before, Delete) else "stays until it is deleted with --prune"
    return Notice(
        identity=change.desired.identity,
        message="a configuration cannot be moved to another workspace: this one is made anew, and the one in "
        f"{before.locked.workspace_id} (id {before.locked.id}) {fate}",
    )


def _host_notice(change: Update) -> Iterable[Notice]:
    """Warns where the stored credential would go to another host than before."""
    for field in change.fields:
        if field.field is not Field.ENDPOINT or field.after.value is None:
            continue
        before, after = _host(field.before), _host(field.after.value)
        if before != after:
            yield Notice(
                identity=change.desired.identity,
                message=f"the stored credential will be sent to another host: {after}, before {before}",
            )


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or url
    except ValueError:
        return url
