"""The journal: the write-ahead record of an apply under way, and what a run that did not finish left in it.

One JSON object a line (``schemas/journal.schema.json``). A header; then, for each request, an intent before it, a mark
just before it is sent, and an outcome after it; a temporary configuration has its id recorded, too. Never a secret:
credentials stand as in the lockfile. Intents without an outcome are what a run left open.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.temporary import TEMPORARY_NAME
from fbsync.schema.validate import Kind
from fbsync.state.atomic_file import sync_folder, write_atomically
from fbsync.state.documents import Sort, check_version, decoded, parse_json, read_regular_file, shape_findings
from fbsync.state.index import Records
from fbsync.state.intents import TRY, Intent, Replayed, doubted, intent_from, intent_record
from fbsync.state.lockfile import Lockfile, entry_of, llm_from, parameters_from, parameters_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from fbsync.model.configurations import Identity, LockedLlm
    from fbsync.model.findings import Finding

VERSION = 2

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ASIDE = "move it away and run `fbsync apply --adopt`, which uses the server's list instead"


def _version(value: dict[str, Any]) -> tuple[int, ...] | None:
    version = value.get("journal")
    return (version,) if isinstance(version, int) and not isinstance(version, bool) else None


_SORT = Sort(
    name="journal",
    kind=Kind.JOURNAL,
    version=(VERSION,),
    version_of=_version,
    restore=_ASIDE,
    conflict=_ASIDE,
    older=_ASIDE,
)


def journal_path(lockfile: Path) -> Path:
    """Where a lockfile's journal is: beside it."""
    return lockfile.with_name(lockfile.name + ".journal")


def boot_id() -> str | None:
    """What distinguishes one start of this machine from another, or None where the system does not say.

    A mark that was written without waiting for the disk is there as long as the machine is not started again.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def read_journal(path: Path, lockfile: Lockfile | None) -> Replayed | None:
    """Read what a run that did not finish left in a journal's file.

    Args:
        path: the journal.
        lockfile: what the lockfile holds, or None where there is none.

    Returns:
        The known state with the journal's records over it, or None where there is no journal.

    Raises:
        InvalidInput: it is not what fbsync wrote, or belongs to another lockfile; findings say where.
        FbsyncError: it is not a regular file, or the operating system refuses to read it.
    """
    data = read_regular_file(path, _SORT.name)
    return None if data is None else replay(data, lockfile, shown_as=path, boot=boot_id())


def replay(data: bytes, lockfile: Lockfile | None, *, shown_as: Path | str, boot: str | None) -> Replayed | None:
    """Interpret a journal, wherever it is kept.

    A last line that was cut off by a crash is no record: its write had not been confirmed, so the request
    had not been sent, or its outcome counts as unknown.

    Args:
        data: the journal's lines.
        lockfile: what the lockfile holds, or None where there is none.
        shown_as: what messages call its place.
        boot: this machine's boot id. An intent without a mark certainly was not sent if it was recorded since the
            same start of the same machine; otherwise the mark may have been lost.

    Returns:
        The known state with the journal's records over it, or None where there is not even a header.

    Raises:
        InvalidInput: it is not what fbsync wrote, or belongs to another lockfile; findings say where.
    """
    lines = data.split(b"\n")[:-1]
    if not lines:
        return None
    records = [_record(line, shown_as, at) for at, line in enumerate(lines, 1)]
    header = records[0]
    base = _base(header, shown_as, lockfile)
    is_marked = boot is not None and header.get("boot") == boot
    return _replay(base, records[1:], is_marked=is_marked)


def _record(line: bytes, shown_as: Path | str, at: int) -> dict[str, Any]:
    text = decoded(line, shown_as, _SORT)
    value = parse_json(text, shown_as, _SORT, line=at)
    if at == 1:
        check_version(value, shown_as, _SORT)
    if findings := _findings(text, value, shown_as, at):
        raise InvalidInput(findings)
    record: dict[str, Any] = value
    return record


_INNER = {"header": ("fingerprints", "fingerprints"), "outcome": ("entry", "llm")}
"""What a line holds that has the lockfile's shape: its key, and the definition in the lockfile's schema."""


def _findings(text: str, value: Any, shown_as: Path | str, at: int) -> list[Finding]:  # noqa: ANN401 - JSON
    """What is wrong with one line, each at its place."""
    part = _part(value, at)
    if findings := shape_findings(text, value, shown_as, _SORT, part=part, line=at):
        return findings
    key, definition = _INNER.get(part, ("", ""))
    if key in value:
        return shape_findings(
            text, value[key], shown_as, _SORT, part=definition, kind=Kind.LOCKFILE, within=(key,), line=at
        )
    if (wrong := _contradiction(value)) is not None:
        changed = f"the journal was changed by hand or by a tool: {wrong}"
        return [_SORT.finding(shown_as, "journal-intent", changed, line=at)]
    return []


def _contradiction(record: dict[str, Any]) -> str | None:
    """What no intent of fbsync's says, although the schema lets it in."""
    action = record.get("intent")
    if action in ("create", TRY) and "secret" not in record["credentials"] and "apiKey" not in record:
        return "this creation has neither a secret nor a stored key"
    if action == TRY and re.fullmatch(TEMPORARY_NAME, record["name"]) is None:
        return "no temporary configuration has this name"
    return None


def _part(value: object, at: int) -> str:
    """The definition in the schema that a line has to fit."""
    if at == 1:
        return "header"
    if isinstance(value, dict):
        for part in ("intent", "sending", "made"):
            if part in value:
                return part
    return "outcome"


def _base(header: dict[str, Any], shown_as: Path | str, lockfile: Lockfile | None) -> Lockfile:
    """The lockfile that the journal goes on from: the one that is there, or the one that it began itself."""
    parameters = parameters_from(header["fingerprints"])
    begun = Lockfile(api_url=header["apiUrl"], environment=header["environment"], fingerprints=parameters)
    if lockfile is None:
        return begun
    same = (lockfile.api_url, lockfile.environment, lockfile.fingerprints)
    if same != (begun.api_url, begun.environment, begun.fingerprints):
        wrong = "the journal does not belong to the lockfile next to it"
        raise InvalidInput([_SORT.finding(shown_as, "journal-other-lockfile", wrong, line=1)])
    return lockfile


def _replay(lockfile: Lockfile, records: Iterable[dict[str, Any]], *, is_marked: bool) -> Replayed:
    llms = Records(lockfile.llms)
    intents: dict[int, Intent] = {}
    sent: set[int] = set()
    for record in records:
        number = record["n"]
        if "intent" in record:
            intents[number] = intent_from(record)
            if record.get("sent") or not is_marked:
                sent.add(number)
        elif "sending" in record:
            sent.add(number)
        elif "made" in record:
            _made(intents, record)
        else:
            intents.pop(number, None)
            _carried_out(record, llms)
    left = tuple(intent for number, intent in intents.items() if number in sent)
    for intent in left:
        if intent.action != TRY and intent.llm_id is not None and intent.llm_id in llms:
            llms.replace(doubted(llms[intent.llm_id], intent))
    return Replayed(lockfile=lockfile.with_llms(llms), open=left)


def _made(intents: dict[int, Intent], record: dict[str, Any]) -> None:
    """Note the id of a temporary configuration."""
    intent = intents.get(record["n"])
    if intent is not None and intent.action == TRY:
        intents[record["n"]] = replace(intent, llm_id=record["made"])


def _carried_out(outcome: dict[str, Any], llms: Records) -> None:
    """Bring the records to what an outcome says."""
    for llm_id in outcome.get("gone", ()):
        llms.drop(llm_id)
    if "entry" in outcome:
        llms.put(llm_from(outcome["entry"]))


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
        self._header = journal_header(lockfile, boot=boot_id())
        self._open = dict(enumerate(open_intents, 1))
        self._sent = set(self._open)
        self._number = len(self._open)
        self._waiting: list[tuple[int, bytes, asyncio.Future[int]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failed: OSError | None = None
        self._writing = Lock()
        try:
            self._write_again()
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise _cannot_write(path, error) from error

    @property
    def open(self) -> tuple[Intent, ...]:
        """The intents that may have been sent and have no outcome, carried-over ones included."""
        return tuple(intent for number, intent in self._open.items() if number in self._sent)

    def settled(self, identities: Iterable[Identity]) -> None:
        """Drop carried-over intents for entries that are known to be as they should be, or to be gone."""
        done = set(identities)
        self._open = {number: intent for number, intent in self._open.items() if intent.identity not in done}

    def intent(self, number: int) -> Intent:
        """The open intent of a number."""
        return self._open[number]

    def intend(self, intent: Intent) -> asyncio.Future[int]:
        """Record a request that is about to be sent.

        Returns:
            Ends when the record is durable, and gives the number by which the outcome refers to it; raises an
            FbsyncError if it is not, so that the request must not be sent.
        """
        self._number += 1
        self._open[self._number] = intent
        return self._write(self._number, intent_record(intent, self._number))

    def sending(self, number: int) -> None:
        """Record that the request of a durable intent is sent from now on, without waiting for the disk.

        Raises:
            FbsyncError: it cannot be recorded, so that the request must not be sent.
        """
        try:
            if self._failed is not None:
                raise self._failed
            self._append_lines(_line({"n": number, "sending": True}))
        except OSError as error:
            self._failed = error
            raise _cannot_write(self._path, error) from error
        self._sent.add(number)

    def made(self, number: int, llm_id: str) -> asyncio.Future[int]:
        """Record the id of a temporary configuration, whose intent stays open until it is deleted.

        Returns:
            Ends as that of ``done``.
        """
        self._open[number] = replace(self._open[number], llm_id=llm_id)
        return self._write(number, {"n": number, "made": llm_id})

    def number_of(self, identity: Identity) -> int:
        """The number of the open intent of a temporary configuration, whose name stands once in a journal."""
        return next(
            number for number, intent in self._open.items() if intent.action == TRY and intent.identity == identity
        )

    def done(self, number: int, *, entry: LockedLlm | None, gone: Iterable[str] = ()) -> asyncio.Future[int]:
        """Record that a request was carried out: the entry's record now, and the ids that are no more.

        Returns:
            Ends when the record is durable; raises an FbsyncError if it is not.
        """
        record: dict[str, Any] = {"n": number, "gone": list(gone)}
        if entry is not None:
            record["entry"] = entry_of(entry)
        self._open.pop(number, None)
        return self._write(number, record)

    def not_done(self, number: int) -> asyncio.Future[int]:
        """Record that a request certainly was not carried out, or that a temporary configuration is gone.

        Returns:
            Ends as that of ``done``.
        """
        self._open.pop(number, None)
        return self._write(number, {"n": number})

    async def close(self) -> None:
        """End the journal once the lockfile holds its outcomes: what is open is kept, else the file goes.

        Raises:
            FbsyncError: the file cannot be replaced or removed.
        """
        if self._writer is not None:
            await self._writer
        os.close(self._descriptor)
        try:
            if self.open:
                self._write_again()
            else:
                self._path.unlink(missing_ok=True)
                sync_folder(self._path.parent)
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def _write_again(self) -> None:
        text = journal_text(self._header, {number: self._open[number] for number in self._open if number in self._sent})
        write_atomically(self._path, text, follow=False)

    def _write(self, number: int, record: dict[str, Any]) -> asyncio.Future[int]:
        """Send a record on its way to the disk; those that come while one fsync runs share the next."""
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
                    self._forget_unsent(number)  # an intent that is not durable: its request is not sent
                if future.done():
                    continue
                if self._failed is None:
                    future.set_result(number)
                else:
                    future.set_exception(_cannot_write(self._path, self._failed))

    def _forget_unsent(self, number: int) -> None:
        if number not in self._sent:
            self._open.pop(number, None)

    def _append(self, data: bytes) -> None:
        """Write whole lines and wait for the disk."""
        if self._failed is not None:
            raise self._failed
        self._append_lines(data)
        os.fsync(self._descriptor)

    def _append_lines(self, data: bytes) -> None:
        """Write whole lines: marks are written while other lines wait for the disk in another thread."""
        with self._writing:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])


def journal_header(lockfile: Lockfile, *, boot: str | None) -> dict[str, Any]:
    """A journal's first record.

    Args:
        lockfile: the known state that it starts from.
        boot: the machine's boot id, or None where marks are not to be relied on.
    """
    header = {
        "journal": VERSION,
        "apiUrl": lockfile.api_url,
        "environment": lockfile.environment,
        "fingerprints": parameters_of(lockfile.fingerprints),
    }
    return header if boot is None else header | {"boot": boot}


def journal_text(header: dict[str, Any], intents: dict[int, Intent]) -> str:
    """The text of a journal that begins: its header, and the intents that earlier runs left open."""
    records = [header, *(intent_record(intent, number, sent=True) for number, intent in intents.items())]
    return b"".join(map(_line, records)).decode()


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _cannot_write(path: Path, error: OSError) -> FbsyncError:
    return FbsyncError(
        f"the journal {path} cannot be written: {error.strerror}",
        hint="free some space or fix the permissions, then run `fbsync apply` again",
    )
