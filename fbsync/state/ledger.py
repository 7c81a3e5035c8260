"""The ledger: the known state in files, as an apply uses it: lockfile and journal behind one protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Create,
    Delete,
    Forget,
    Unchanged,
    Undeclared,
    Update,
    id_of,
    identity_of,
)
from fbsync.model.configurations import Field, Llm, LockedCredential, LockedLlm, template_of, workspace_template
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.state import lockfile as lockfiles
from fbsync.state import rescue
from fbsync.state.index import Records
from fbsync.state.journal import Intent, Journal, journal_path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from pathlib import Path

    from fbsync.model.claims import Claim
    from fbsync.model.configurations import Credential, Identity
    from fbsync.model.server import Fields
    from fbsync.state.fingerprint import Fingerprinter
    from fbsync.state.lockfile import Lockfile

_ACTIONS: dict[type[Change], str] = {Create: "create", Update: "update", Adopt: "adopt", Delete: "delete"}


class FileLedger:
    """Records an apply in a journal, and puts the result into the lockfile at its end.

    Nothing is written before the first request, and nothing at all when nothing differs.

    Args:
        path: the lockfile.
        on_disk: what it holds, or None where there is none.
        known: the known state: what it holds, with what an earlier run's journal adds.
        open_intents: what earlier runs left open and nobody has settled.
        fingerprints: makes the fingerprints of this lockfile.
        state_folder: the user's folder for state, where a rescue file goes.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_disk: Lockfile | None,
        known: Lockfile,
        open_intents: Iterable[Intent],
        fingerprints: Fingerprinter,
        state_folder: Path,
    ) -> None:
        self._state_folder = state_folder
        self._path = path
        self._on_disk = on_disk
        self._known = known
        self._open_intents = tuple(open_intents)
        self._fingerprints = fingerprints
        self._llms = Records(known.llms)
        self._journal: Journal | None = None

    def intend(self, change: Change, sent: Fields) -> Awaitable[int]:
        """Records a request that is about to be sent.

        Returns:
            Ends when the record is durable, and gives its number; raises an FbsyncError if it is not, so that the
            request must not be sent.

        Raises:
            FbsyncError: there can be no journal.
        """
        return self._open_journal().intend(_intent(change, sent))

    def sending(self, number: int) -> None:
        """Records that an intent's request is sent from now on."""
        self._open_journal().sending(number)

    def claims(self, identity: Identity) -> tuple[Claim, ...]:
        """What earlier runs may have created under an identity without anybody knowing."""
        same = (intent for intent in self._open_intents if intent.action == "create" and intent.identity == identity)
        return tuple(intent.claim for intent in same)

    def claim(self, number: int) -> Claim:
        """What the request of an intent of this run would explain, if it was carried out."""
        return self._open_journal().intent(number).claim

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, and nobody knows."""
        return any(intent.action == "create" and intent.identity == identity for intent in self._open_intents)

    def noted(self, change: Change, llm_id: str) -> None:
        """Takes note of a change that came about without a request: the lockfile will hold it."""
        self._keep(self._entry(change, llm_id), _gone(change))

    def done(self, number: int, change: Change, llm_id: str) -> Awaitable[int]:
        """Records that a request was carried out.

        Returns:
            Ends when the record is durable; raises an FbsyncError if it is not. The lockfile may still come to
            hold it then.
        """
        entry, gone = self._entry(change, llm_id), _gone(change)
        self._keep(entry, gone)
        return self._open_journal().done(number, entry=entry, gone=gone)

    def set_aside(self, number: int, change: Update, name: str) -> Awaitable[int]:
        """Records that a configuration bears a third name for now.

        Returns:
            Ends as that of ``done``.
        """
        entry = replace(change.locked, name=name)
        self._keep(entry, ())
        return self._open_journal().done(number, entry=entry)

    def not_done(self, number: int) -> Awaitable[int]:
        """Records that a request certainly was not carried out.

        Returns:
            Ends as that of ``done``.
        """
        return self._open_journal().not_done(number)

    async def close(self, settled: Iterable[Identity]) -> None:
        """Writes the lockfile, then ends the journal.

        Args:
            settled: entries of which nothing is open any more, whatever earlier runs left.

        Raises:
            FbsyncError: the files cannot be written; the message says where the known state is instead.
        """
        self._known = self._known.with_llms(self._llms)
        try:
            self._write_lockfile()
        except FbsyncError as error:
            raise self._rescued(error) from error
        if self._journal is not None or journal_path(self._path).exists():
            journal = self._open_journal()
            journal.settled(settled)
            await journal.close()

    def _keep(self, entry: LockedLlm | None, gone: Iterable[str]) -> None:
        for lost in gone:
            self._llms.drop(lost)
        if entry is not None:
            self._llms.put(entry)

    def _open_journal(self) -> Journal:
        """The journal, begun when it is first needed: after the lockfile holds all of an earlier one."""
        if self._journal is None:
            path = journal_path(self._path)
            if path.exists():
                self._write_lockfile()
            self._journal = Journal(path, self._known, self._open_intents)
        return self._journal

    def _write_lockfile(self) -> None:
        if self._known != self._on_disk and (self._known.llms or self._on_disk is not None):
            lockfiles.write_lockfile(self._path, self._known)
            self._on_disk = self._known
        rescue.discard_rescue(self._path, self._state_folder)

    def _rescued(self, error: FbsyncError) -> FbsyncError:
        """Puts the known state where the next run finds it, and says so."""
        try:
            file = rescue.save_rescue(self._path, self._known, self._state_folder)
        except OSError:
            ids = ", ".join(sorted(llm.id for llm in self._known.llms))
            return FbsyncError(
                f"{error.message}, and no rescue file can be written either; these are the known ids: {ids}",
                hint="make room or mend the permissions, and run `fbsync apply --adopt`: it goes by the server's list",
            )
        return FbsyncError(
            f"{error.message}; what is known is in {file} instead",
            hint="make room or mend the permissions, and run `fbsync apply` again: it reads that file",
        )

    def _entry(self, change: Change, llm_id: str) -> LockedLlm | None:
        match change:
            case Create() | Adopt():
                return self._record(change.desired, llm_id, None, frozenset(Field))
            case Update():
                sent = frozenset(item.field for item in change.credentials if item.is_sent)
                return self._record(change.desired, llm_id, change.locked, sent | _assumed(change))
            case Unchanged():
                return self._record(change.desired, llm_id, change.locked, _assumed(change))
            case Delete() | Forget() | Undeclared() | Blocked():
                return None

    def _record(self, llm: Llm, llm_id: str, before: LockedLlm | None, sent: frozenset[Field]) -> LockedLlm:
        """The record of an entry that is now as declared."""

        def credential(field: Field, declared: Credential | None) -> LockedCredential | None:
            if declared is None:
                return None
            known = before.credential(field) if before is not None else None
            if field in sent or known is None:
                return self._fingerprinted(declared, llm_id, field)
            return LockedCredential(reference=declared.reference, fingerprint=known.fingerprint)

        secret = credential(Field.SECRET, llm.secret)
        assert secret is not None
        return LockedLlm(
            id=llm_id,
            name=llm.name,
            workspace_id=llm.workspace_id.shown if before is None else before.workspace_id,
            ai_type=llm.ai_type,
            endpoint=before.endpoint if llm.endpoint.value is None and before else llm.endpoint.shown,
            secret=secret,
            key=credential(Field.KEY, llm.key),
            protect=llm.protect,
            previous_name=llm.previous_name,
            workspace_template=workspace_template(llm),
            workspace=llm.workspace,
            endpoint_template=template_of(llm.endpoint),
        )

    def _fingerprinted(self, declared: Credential, llm_id: str, field: Field) -> LockedCredential:
        made = None
        if declared.secret is not None and self._fingerprints.can_verify:
            made = self._fingerprints.fingerprint(declared.secret, llm_id=llm_id, field=field)
        return LockedCredential(reference=declared.reference, fingerprint=made)


def _assumed(change: Update | Unchanged) -> frozenset[Field]:
    """The credentials that are taken for what the server holds, and recorded as if they had been sent."""
    return frozenset(item.field for item in change.credentials if item.assumed)


def _intent(change: Change, sent: Fields) -> Intent:
    return Intent(
        action=_ACTIONS[type(change)],
        identity=identity_of(change),
        llm_id=id_of(change),
        ai_type=_text(sent.get(Field.AI_TYPE)),
        endpoint=_text(sent.get(Field.ENDPOINT)),
        credentials=tuple((field, _reference(sent[field])) for field in (Field.KEY, Field.SECRET) if field in sent),
    )


def _reference(credential: str | Secret | None) -> str:
    """The variable that a credential comes from, and nothing for one that is taken away."""
    return credential.reference if isinstance(credential, Secret) else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _gone(change: Change) -> tuple[str, ...]:
    """The ids whose records end with a change."""
    match change:
        case Delete() | Forget():
            return (change.locked.id,)
        case Create():
            return () if change.lost is None else (change.lost.id,)
        case Adopt():
            return () if change.replaced is None else (change.replaced.id,)
        case _:
            return ()
