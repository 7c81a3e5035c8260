"""The journal: the write-ahead record of an apply under way, and what a run that did not finish left in it.

One JSON object a line. A header; then, for each request, an intent before it and an outcome after it. Never
a secret: credentials stand as in the lockfile. Intents without an outcome are what a run left open.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fbsync.model.claims import Claim
from fbsync.model.configurations import Field, Identity, LiveLlm, LockedCredential, LockedLlm
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.state.atomic_file import sync_folder, write_atomically
from fbsync.state.index import Records
from fbsync.state.lockfile import Lockfile, entry_of, llm_from, parameters_from, parameters_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

VERSION = 1

IN_DOUBT = ""
"""The fingerprint of a credential of which the server may hold the old or the new value: it matches nothing."""


def journal_path(lockfile: Path) -> Path:
    """Where a lockfile's journal is: beside it."""
    return lockfile.with_name(lockfile.name + ".journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request that is about to be sent.

    Attributes:
        action: create, update, adopt or delete.
        identity: the entry's identity, as it will be.
        llm_id: the server's id, where there is one already.
        ai_type: what the request sends, for telling our own configuration from somebody else's.
        endpoint: likewise.
        credentials: the credential fields that the request carries, and the variables that they come from; an
            empty name takes the credential away.
    """

    action: str
    identity: Identity
    llm_id: str | None = None
    ai_type: str | None = None
    endpoint: str | None = None
    credentials: tuple[tuple[Field, str], ...] = ()

    @property
    def claim(self) -> Claim:
        """What the request would explain on the server, if it was carried out."""
        return Claim(identity=self.identity, ai_type=self.ai_type, endpoint=self.endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The known state after a journal was read over the lockfile.

    Attributes:
        lockfile: with everything that the journal says was done.
        open: intents whose outcome nobody recorded.
    """

    lockfile: Lockfile
    open: tuple[Intent, ...]


def replay(path: Path, lockfile: Lockfile | None) -> Replayed | None:
    """Reads what a run that did not finish left behind.

    A last line that was cut off by a crash is no record: its write had not been confirmed, so the request
    had not been sent, or its outcome counts as unknown.

    Args:
        path: the journal.
        lockfile: what the lockfile holds, or None where there is none.

    Returns:
        The known state with the journal's records over it, or None where there is no journal.

    Raises:
        InvalidInput: it is not what fbsync wrote, or belongs to another lockfile.
        FbsyncError: the operating system refuses to read it.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FbsyncError(
            f"the journal {path} cannot be read: {error.strerror}", hint="mend its permissions"
        ) from error
    records = [_record(line, path, at) for at, line in enumerate(lines, 1)]
    if not records:
        return None
    base = _base(records[0], path, lockfile)
    try:
        return _replay(base, records[1:])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput([_finding(path, 0, "the journal is not what fbsync wrote")]) from error


def _record(line: bytes, path: Path, at: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InvalidInput([_finding(path, at, "this line of the journal is not what fbsync wrote")]) from error
    if not isinstance(record, dict):
        raise InvalidInput([_finding(path, at, "this line of the journal is not what fbsync wrote")])
    return record


def _base(header: dict[str, Any], path: Path, lockfile: Lockfile | None) -> Lockfile:
    """The lockfile that the journal goes on from: the one that is there, or the one that it began itself."""
    if header.get("journal") != VERSION:
        raise InvalidInput([_finding(path, 1, "the journal is of another version of fbsync")])
    parameters = parameters_from(header["fingerprints"])
    if lockfile is None:
        return Lockfile(api_url=header["apiUrl"], fingerprints=parameters)
    if (lockfile.api_url, lockfile.fingerprints) != (header["apiUrl"], parameters):
        raise InvalidInput([_finding(path, 1, "the journal belongs to another lockfile than the one beside it")])
    return lockfile


def _replay(lockfile: Lockfile, records: Iterable[dict[str, Any]]) -> Replayed:
    llms = Records(lockfile.llms)
    intents: dict[int, Intent] = {}
    for record in records:
        number = int(record["n"])
        if "intent" in record:
            intents[number] = _intent_from(record)
            continue
        intents.pop(number, None)
        for llm_id in record.get("gone", ()):
            llms.drop(llm_id)
        if "entry" in record:
            llms.put(llm_from(record["entry"]))
    for intent in intents.values():
        if intent.llm_id is not None and intent.llm_id in llms:
            llms.replace(_doubted(llms[intent.llm_id], intent.credentials))
    return Replayed(lockfile=lockfile.with_llms(llms), open=tuple(intents.values()))


def settle(replayed: Replayed, live: Iterable[LiveLlm]) -> Lockfile:
    """The known state once the server's list says which of the open creations came about.

    A listed configuration counts as ours when an open intent has its identity and the same type and
    endpoint; its credentials are in doubt, so that the next plan sends them. Anything else of that name is
    somebody else's, and left to the plan to say so.
    """
    known = Records(replayed.lockfile.llms)
    listed = {llm.identity: llm for llm in live}
    for intent in replayed.open:
        llm = listed.get(intent.identity)
        if intent.action == "create" and llm is not None and llm.id not in known and _is_ours(intent, llm):
            known.put(_created(intent, llm))
    return replayed.lockfile.with_llms(known)


def still_open(
    intents: Iterable[Intent], known: Lockfile, declared: Iterable[Identity], *, told: Container[str]
) -> tuple[Intent, ...]:
    """The open creations that stay open: those that the server's list did not show.

    A listing may lag behind, so those of declared entries stay until the entry itself comes to an end; others
    stay until the server has told what their workspace holds.

    Args:
        intents: what earlier runs left open.
        known: the known state, with what the list explained.
        declared: the identities of the manifest's entries.
        told: the workspaces of which the server told what they hold.
    """
    there, wanted = {llm.identity for llm in known.llms}, set(declared)
    return tuple(
        intent
        for intent in intents
        if intent.action == "create"
        and intent.identity not in there
        and (intent.identity in wanted or intent.identity.workspace_id not in told)
    )


def _is_ours(intent: Intent, live: LiveLlm) -> bool:
    return (live.ai_type, live.endpoint) == (intent.ai_type, intent.endpoint)


def _created(intent: Intent, live: LiveLlm) -> LockedLlm:
    credentials = {field: LockedCredential(reference=name, fingerprint=IN_DOUBT) for field, name in intent.credentials}
    return LockedLlm(
        id=live.id,
        name=live.name,
        workspace_id=live.workspace_id,
        ai_type=live.ai_type or "",
        endpoint=live.endpoint or "",
        secret=credentials[Field.SECRET],
        key=credentials.get(Field.KEY),
    )


def _doubted(llm: LockedLlm, credentials: Iterable[tuple[Field, str]]) -> LockedLlm:
    """The record with the credentials in doubt that an open request carried."""
    for field, name in credentials:
        known = llm.credential(field)
        reference = name if known is None else known.reference
        if reference:
            doubted = LockedCredential(reference=reference, fingerprint=IN_DOUBT)
            llm = replace(llm, key=doubted) if field is Field.KEY else replace(llm, secret=doubted)
    return llm


def _intent_from(record: Mapping[str, Any]) -> Intent:
    return Intent(
        action=record["intent"],
        identity=Identity(workspace_id=record["workspaceId"], name=record["name"]),
        llm_id=record.get("id"),
        ai_type=record.get("aiType"),
        endpoint=record.get("endpoint"),
        credentials=tuple((Field(field), name) for field, name in record.get("credentials", {}).items()),
    )


def _record_of(intent: Intent, number: int) -> dict[str, Any]:
    record: dict[str, Any] = {
        "n": number,
        "intent": intent.action,
        "workspaceId": intent.identity.workspace_id,
        "name": intent.identity.name,
        "id": intent.llm_id,
        "aiType": intent.ai_type,
        "endpoint": intent.endpoint,
        "credentials": {field.value: name for field, name in intent.credentials},
    }
    return {key: value for key, value in record.items() if value}


def _finding(path: Path, line: int, message: str) -> Finding:
    return Finding(
        rule="journal",
        position=Position(file=str(path), line=line),
        message=message,
        remedy="move it away and run `fbsync apply --adopt`, which goes by the server's list instead",
    )


class Journal:
    """A journal being written: a record is durable when what its call gives has ended, and so is all before it.

    Records come to the disk in the order of the calls, and share the fsyncs.

    Args:
        path: the file, which takes the place of an earlier journal in one step.
        lockfile: the known state that it starts from, which holds all that an earlier journal recorded.
        open_intents: what earlier runs left open: carried over.

    Raises:
        FbsyncError: the file cannot be made.
    """

    def __init__(self, path: Path, lockfile: Lockfile, open_intents: Iterable[Intent] = ()) -> None:
        self._path = path
        self._header = _header(lockfile)
        self._open = dict(enumerate(open_intents, 1))
        self._number = len(self._open)
        self._waiting: list[tuple[int, bytes, asyncio.Future[int]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failed: OSError | None = None
        try:
            self._write_anew()
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot_write(path, error) from error

    @property
    def open(self) -> tuple[Intent, ...]:
        """The intents that have no outcome, carried-over ones included."""
        return tuple(self._open.values())

    def settled(self, identities: Iterable[Identity]) -> None:
        """Drops carried-over intents for entries that are known to be as they should be, or to be gone."""
        done = set(identities)
        self._open = {number: intent for number, intent in self._open.items() if intent.identity not in done}

    def intend(self, intent: Intent) -> asyncio.Future[int]:
        """Records a request that is about to be sent.

        Returns:
            Ends when the record is durable, and gives the number by which the outcome refers to it; raises an
            FbsyncError if it is not, so that the request must not be sent.
        """
        self._number += 1
        self._open[self._number] = intent
        return self._write(self._number, _record_of(intent, self._number))

    def intent(self, number: int) -> Intent:
        """The open intent of a number."""
        return self._open[number]

    def sending(self, number: int) -> None:
        """Records that an intent's request is sent from now on."""

    def done(self, number: int, *, entry: LockedLlm | None, gone: Iterable[str] = ()) -> asyncio.Future[int]:
        """Records that a request was carried out: the entry's record now, and the ids that are no more.

        Returns:
            Ends when the record is durable; raises an FbsyncError if it is not.
        """
        record: dict[str, Any] = {"n": number, "gone": list(gone)}
        if entry is not None:
            record["entry"] = entry_of(entry)
        self._open.pop(number, None)
        return self._write(number, record)

    def not_done(self, number: int) -> asyncio.Future[int]:
        """Records that a request certainly was not carried out.

        Returns:
            Ends as that of ``done``.
        """
        self._open.pop(number, None)
        return self._write(number, {"n": number})

    async def close(self) -> None:
        """Ends the journal once the lockfile holds its outcomes: what is open is kept, else the file goes.

        Raises:
            FbsyncError: the file cannot be replaced or removed.
        """
        if self._writer is not None:
            await self._writer
        os.close(self._descriptor)
        try:
            if self._open:
                self._write_anew()
            else:
                self._path.unlink(missing_ok=True)
                sync_folder(self._path.parent)
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def _write_anew(self) -> None:
        records = [self._header, *(_record_of(intent, number) for number, intent in self._open.items())]
        write_atomically(self._path, b"".join(map(_line, records)).decode())

    def _write(self, number: int, record: dict[str, Any]) -> asyncio.Future[int]:
        """Sends a record on its way to the disk; those that come while one fsync runs share the next."""
        import asyncio  # here, since reading a journal must not cost a plan the loading of it

        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, _line(record), future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await loop.run_in_executor(None, self._append, b"".join(line for _, line, _ in batch))
            except OSError as error:
                # Half a line may stand there now: nothing may follow it.
                self._failed = error
            for number, _, future in batch:
                if self._failed is not None:
                    self._open.pop(number, None)  # an intent that is not durable: its request is not sent
                if future.done():
                    continue
                if self._failed is None:
                    future.set_result(number)
                else:
                    future.set_exception(_cannot_write(self._path, self._failed))

    def _append(self, data: bytes) -> None:
        """Writes whole lines and waits for the disk."""
        if self._failed is not None:
            raise self._failed
        written = os.write(self._descriptor, data)
        while written < len(data):
            written += os.write(self._descriptor, data[written:])
        os.fsync(self._descriptor)


def _header(lockfile: Lockfile) -> dict[str, Any]:
    return {
        "journal": VERSION,
        "apiUrl": lockfile.api_url,
        "fingerprints": parameters_of(lockfile.fingerprints),
    }


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _cannot_write(path: Path, error: OSError) -> FbsyncError:
    return FbsyncError(
        f"the journal {path} cannot be written: {error.strerror}",
        hint="make room or mend the permissions, and run `fbsync apply` again",
    )
