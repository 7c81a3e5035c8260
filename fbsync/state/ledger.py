"""The ledger: the known state in files. It implements one protocol with a lockfile and a journal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.spelling import canonical_identity
from fbsync.state import lockfile as lockfiles
from fbsync.state import rescue
from fbsync.state.index import Records
from fbsync.state.journal import Journal
from fbsync.state.lockfile import journal_path
from fbsync.state.recording import Recorder, gone_with, intent_of, trial_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from datetime import datetime
    from pathlib import Path

    from fbsync.model.changes import Adopt, Change, Update
    from fbsync.model.claims import Claim
    from fbsync.model.configurations import Identity, LockedLlm
    from fbsync.model.server import Fields
    from fbsync.state.fingerprint import Fingerprinter
    from fbsync.state.intents import Intent
    from fbsync.state.lockfile import Lockfile


class FileLedger:
    """Records an apply in a journal, and writes the result to the lockfile at the end.

    Nothing is written before the first request. If nothing differs, nothing is written at all.

    Args:
        path: the lockfile.
        on_disk: the lockfile's content, or None if there is no lockfile.
        known: the known state: the lockfile's content, with what an earlier run's journal adds.
        open_intents: what earlier runs left open and no list has settled.
        fingerprints: makes the fingerprints of this lockfile.
        state_folder: the user's folder for state, for a rescue file.
        today: the day to record for credentials that are sent (ISO 8601, UTC).
        since: the server's time before the first request, or None if its list did not say.
        user_id: the user who sends the requests, or None if unknown.
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
        today: str,
        since: datetime | None = None,
        user_id: str | None = None,
    ) -> None:
        self._state_folder = state_folder
        self._path = path
        self._on_disk = on_disk
        self._known = known
        self._open_intents = tuple(open_intents)
        self._claims = _claims(self._open_intents)
        self._recorder = Recorder(fingerprints=fingerprints, today=today)
        self._since = since
        self._user_id = user_id
        self._llms = Records(known.llms)
        self._made: set[str] = set()
        self._journal: Journal | None = None

    def intend(self, change: Change, sent: Fields) -> Awaitable[int]:
        """Record a request that is about to be sent.

        Returns:
            An awaitable that ends when the record is durable, with its number. It raises an FbsyncError if the record
            cannot be written; the request must not be sent then.

        Raises:
            FbsyncError: there can be no journal.
        """
        return self._open_journal().intend(intent_of(change, sent, since=self._since, user_id=self._user_id))

    def intend_trial(self, change: Update | Adopt, sent: Fields) -> Awaitable[int]:
        """Record that a temporary configuration is about to be created.

        Returns:
            An awaitable, as that of ``intend``.

        Raises:
            FbsyncError: there can be no journal.
        """
        return self._open_journal().intend(trial_of(change, sent, since=self._since, user_id=self._user_id))

    def made(self, number: int, llm_id: str) -> Awaitable[int]:
        """Record the id of a temporary configuration.

        Returns:
            An awaitable, as that of ``done``.
        """
        return self._open_journal().made(number, llm_id)

    def removed(self, identity: Identity) -> Awaitable[int]:
        """Record that a temporary configuration of an earlier run is gone.

        Returns:
            An awaitable, as that of ``done``.

        Raises:
            FbsyncError: there can be no journal.
        """
        journal = self._open_journal()
        return journal.not_done(journal.number_of(identity))

    def sending(self, number: int) -> None:
        """Record that an intent's request is sent from now on.

        Raises:
            FbsyncError: it cannot be recorded. The request must not be sent.
        """
        self._open_journal().sending(number)

    def claims(self, identity: Identity) -> tuple[Claim, ...]:
        """Return what earlier runs may have created with this identity, without a known outcome."""
        return self._claims.get(canonical_identity(identity), ())

    def claim(self, number: int) -> Claim:
        """Return what an intent of this run would explain on the server if its request was carried out."""
        return self._open_journal().intent(number).claim

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, with an unknown outcome."""
        return bool(self.claims(identity))

    def noted(self, change: Change, llm_id: str) -> None:
        """Note a change that needs no request, for the lockfile."""
        self._keep(self._recorder.entry(change, llm_id), gone_with(change))

    def done(self, number: int, change: Change, llm_id: str) -> Awaitable[int]:
        """Record that a request was carried out.

        Returns:
            An awaitable that ends when the record is durable. It raises an FbsyncError if the record cannot be
            written; the outcome may still get into the lockfile at the end.

        Raises:
            ServerError: the server returned an id that another entry of this run has. One of the two records would
                be lost.
        """
        entry, gone = self._recorder.entry(change, llm_id), gone_with(change)
        if self._is_anothers(entry, gone):
            raise ServerError(
                f"the server returned the id {llm_id}, but another entry already has it",
                hint="check the workspace on the server: its configurations and their ids",
                failure=Failure.REJECTED,
                is_transient=False,
            )
        self._made.add(llm_id)
        self._keep(entry, gone)
        return self._open_journal().done(number, entry=entry, gone=gone)

    def _is_anothers(self, entry: LockedLlm | None, gone: Iterable[str]) -> bool:
        """Whether this run already gave an entry's id to an entry with another name or workspace."""
        if entry is None or entry.id not in self._llms or entry.id in gone:
            return False
        return entry.id in self._made and self._llms[entry.id].identity != entry.identity

    def set_aside(self, number: int, change: Update, name: str) -> Awaitable[int]:
        """Record that a configuration has a temporary third name.

        Returns:
            An awaitable, as that of ``done``.
        """
        entry = replace(change.locked, name=name, served=())
        self._keep(entry, ())
        return self._open_journal().done(number, entry=entry)

    def not_done(self, number: int) -> Awaitable[int]:
        """Record that a request certainly was not carried out, or that a temporary configuration is gone.

        Returns:
            An awaitable, as that of ``done``.
        """
        return self._open_journal().not_done(number)

    def ending(self, settled: Iterable[Identity]) -> None:
        """Do nothing: each record is durable on its own, and ``close`` writes the rest."""

    async def close(self, settled: Iterable[Identity]) -> None:
        """Write the lockfile, then end the journal.

        Args:
            settled: entries for which nothing is open any more, whatever earlier runs left.

        Raises:
            FbsyncError: the files cannot be written. The message says where the known state is instead.
        """
        self._known = self._known.with_llms(self._llms)
        try:
            self._write_lockfile()
        except FbsyncError as error:
            raise rescue.rescued(
                error,
                self._path,
                self._known,
                self._state_folder,
                base=self._on_disk,
                hint="free some space or fix the permissions, then run `fbsync apply` again: it reads that file",
                hint_without="free some space or fix the permissions, then run `fbsync apply --adopt`: it uses the "
                "server's list",
            ) from error
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
        """Return the journal. On first use, write everything from an earlier journal to the lockfile, and start it."""
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


def _claims(intents: Iterable[Intent]) -> dict[Identity, tuple[Claim, ...]]:
    """Return what open creations may have left on the server, by identity."""
    claims: dict[Identity, list[Claim]] = {}
    for intent in intents:
        if intent.action == "create":
            claims.setdefault(canonical_identity(intent.identity), []).append(intent.claim)
    return {identity: tuple(found) for identity, found in claims.items()}
