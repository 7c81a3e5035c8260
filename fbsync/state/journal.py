"""The journal: the write-ahead record of a running apply. After an interrupted run, ``replay`` reads it.

Each line is a JSON object (``schemas/journal.schema.json``). The first is a header. Each request has an intent before
it, a mark just before it is sent, and an outcome after it. The id of a temporary configuration is recorded, too.
The journal never contains a secret: credentials are written as in the lockfile. An intent without an outcome is open.
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
    """A journal that is being written. When a returned awaitable ends, its record and all earlier ones are durable.

    Records are written in the order of the calls, and share fsyncs.

    Args:
        path: the file. It replaces an earlier journal atomically.
        lockfile: the known state that the journal starts from. It has everything that an earlier journal recorded.
        open_intents: what earlier runs left open. It is carried over.

    Raises:
        FbsyncError: the file cannot be written.
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
        """The intents that may have been sent and have no outcome, including those carried over."""
        return tuple(intent for number, intent in self._open.items() if number in self._sent)

    def settled(self, identities: Iterable[Identity]) -> None:
        """Drop the open intents of entries that are certainly as declared, or certainly gone."""
        done = set(identities)
        self._open = {number: intent for number, intent in self._open.items() if intent.identity not in done}

    def intent(self, number: int) -> Intent:
        """Return the open intent with a number."""
        return self._open[number]

    def intend(self, intent: Intent) -> asyncio.Future[int]:
        """Record a request that is about to be sent.

        Returns:
            A future that ends when the record is durable. Its result is the number that the outcome refers to. If
            the record cannot be written, the future raises an FbsyncError, and the request must not be sent.
        """
        self._number += 1
        self._open[self._number] = intent
        return self._write(self._number, intent_record(intent, self._number))

    def sending(self, number: int) -> None:
        """Record that the request of a durable intent is sent from now on. This does not wait for the disk.

        Raises:
            FbsyncError: it cannot be recorded. The request must not be sent.
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
        """Record the id of a temporary configuration. Its intent stays open until the configuration is deleted.

        Returns:
            A future, as that of ``done``.
        """
        self._open[number] = replace(self._open[number], llm_id=llm_id)
        return self._write(number, {"n": number, "made": llm_id})

    def number_of(self, identity: Identity) -> int:
        """Return the number of a temporary configuration's open intent. Its name is unique in a journal."""
        return next(
            number for number, intent in self._open.items() if intent.action == TRY and intent.identity == identity
        )

    def done(self, number: int, *, entry: LockedLlm | None, gone: Iterable[str] = ()) -> asyncio.Future[int]:
        """Record that a request was carried out, with the entry's new record and the ids that are gone.

        Returns:
            A future that ends when the record is durable, or raises an FbsyncError if it cannot be written.
        """
        record: dict[str, Any] = {"n": number, "gone": list(gone)}
        if entry is not None:
            record["entry"] = entry_of(entry)
        self._open.pop(number, None)
        return self._write(number, record)

    def not_done(self, number: int) -> asyncio.Future[int]:
        """Record that a request certainly was not carried out, or that a temporary configuration is gone.

        Returns:
            A future, as that of ``done``.
        """
        self._open.pop(number, None)
        return self._write(number, {"n": number})

    async def close(self) -> None:
        """End the journal after the lockfile has its outcomes. Keep open intents, or remove the file if there are none.

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
        """Start to write a record. Records that come while an fsync is running share the next one."""
        import asyncio  # Here, so that a plan that reads a journal does not have to load it.

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
                # The file may end with half a line now. Nothing may follow that.
                self._failed = error
            for number, _, future in batch:
                if self._failed is not None:
                    self._forget_unsent(number)  # The intent is not durable, so its request is not sent.
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
        """Write whole lines. The lock is needed because marks are written while another thread writes other lines."""
        with self._writing:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])


def _cannot_write(path: Path, error: OSError) -> FbsyncError:
    return FbsyncError(
        f"the journal {path} cannot be written: {error.strerror}",
        hint="free some space or fix the permissions, then run `fbsync apply` again",
    )
