"""The journal: the write-ahead record of a running apply. After an interrupted run, ``replay`` reads it.

One JSON object a line (``schemas/journal.schema.json``). A header; then, for each request, an intent before it, a mark
just before it is sent, and an outcome after it; a temporary configuration has its id recorded, too. Never a secret:
credentials stand as in the lockfile. Intents without an outcome are what a run left open.
"""

from __future__ import annotations

import os
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import FbsyncError
from fbsync.state.atomic_file import sync_folder, write_atomically
from fbsync.state.intents import TRY, Intent, intent_record
from fbsync.state.journal_text import boot_id, journal_header, journal_line, journal_text
from fbsync.state.lockfile import Lockfile, entry_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from pathlib import Path

    from fbsync.model.configurations import Identity, LockedLlm


class Journal:
    """A journal that is being written. A record and all before it are durable when the returned awaitable ends.

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
            self._append_lines(journal_line({"n": number, "sending": True}))
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
        self._waiting.append((number, journal_line(record), future))
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


def _cannot_write(path: Path, error: OSError) -> FbsyncError:
    return FbsyncError(
        f"the journal {path} cannot be written: {error.strerror}",
        hint="free some space or fix the permissions, then run `fbsync apply` again",
    )
