"""Move a known state from files into a store, and back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.state.atomic_file import write_atomically
from fbsync.state.lockfile import journal_path, lockfile_text, parse_lockfile, read_lockfile
from fbsync.state.replay import read_journal
from fbsync.stores.lease import held_by
from fbsync.strict_yaml.source_bytes import STDIN_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.store_admin import OpenedStore


_STUB_VERSION = 1_000_000
"""The format version of a stub, newer than any version that fbsync reads."""


def move_there(store: OpenedStore, path: Path, base: Path) -> str:
    """Move a lockfile and its journal to a store, and replace the lockfile with a stub.

    Args:
        store: the store to move to.
        path: the lockfile.
        base: the folder to which manifest names in the state of a store are relative.

    Returns:
        What was done, as a sentence.

    Raises:
        FbsyncError: the lockfile is missing or damaged, the store already has a state, or the store refuses.
    """
    journal = journal_path(path)
    # Raises if a file is damaged.
    known = read_lockfile(path)
    replayed = read_journal(journal, known)
    if replayed is None and not path.exists():
        raise FbsyncError(
            f"there is no lockfile {path}",
            hint="run `fbsync state init` to create an empty state",
            exit_code=ExitCode.INVALID_INPUT,
        )
    lines = journal.read_text(encoding="utf-8").split("\n")[:-1] if replayed is not None else []
    store.create(lockfile=None if known is None else _rebased(known, path.parent, base), journal=lines)
    stub = {"version": _STUB_VERSION, "moved": f"The known state is in {store.name}: use --state or FBSYNC_STATE."}
    try:
        _write_files(path, json.dumps(stub, indent=2) + "\n", ())
    except FbsyncError as error:
        raise FbsyncError(
            f"the state is in {store.name} now, but the old copy is still there: {error.message}",
            hint="delete the lockfile and its journal so that nobody uses the old copy",
        ) from error
    return f"Moved {path} to {store.name}."


def move_back(store: OpenedStore, path: Path, base: Path) -> str:
    """Move a state to a lockfile and its journal, and remove it from the store.

    Args:
        store: the store to move from.
        path: the lockfile.
        base: the folder to which manifest names in the state of a store are relative.

    Returns:
        What was done, as a sentence.

    Raises:
        FbsyncError: there is no state, a run holds it, or there is a lockfile that is not a stub.
    """
    version = store.read()
    if version.state.claim is not None:
        raise held_by(store.name, version.state.writer, version.state.claim)
    if path.exists() and not _is_stub(path):
        raise FbsyncError(f"there is a lockfile {path}; nothing was changed", hint="move it away first")
    stub = path.read_text(encoding="utf-8") if path.exists() else None
    text = version.state.lockfile
    known = None if text is None else parse_lockfile(text, path=store.name)
    _write_files(path, None if known is None else _rebased(known, base, path.parent), version.state.journal)
    try:
        store.retire(version)
    except FbsyncError:
        _write_files(path, stub, ())
        raise
    if text is None and not version.state.journal:
        return f"Removed the state in {store.name}. It was empty, so there is no {path}."
    return f"Moved the state from {store.name} to {path}."


def _rebased(known: Lockfile, old: Path, new: Path) -> str:
    """Return a lockfile's text in which manifests are named relative to another folder."""

    def rebased(name: str | None) -> str | None:
        if name is None or name == STDIN_NAME:
            return name
        return os.path.relpath(os.path.abspath(old / name), os.path.abspath(new))  # noqa: PTH100 - keeps links

    return lockfile_text(known.with_llms(replace(llm, declared_in=rebased(llm.declared_in)) for llm in known.llms))


def _write_files(path: Path, lockfile: str | None, journal: Iterable[str]) -> None:
    """Write a lockfile and its journal, or remove the ones that have no content.

    Raises:
        FbsyncError: the operating system refuses.
    """
    lines = "".join(f"{line}\n" for line in journal)
    try:
        for file, text in ((journal_path(path), lines or None), (path, lockfile)):
            if text is None:
                file.unlink(missing_ok=True)
            else:
                write_atomically(file, text, follow=False)
    except OSError as error:
        raise FbsyncError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space or fix the permissions, then run this again",
        ) from error


def _is_stub(path: Path) -> bool:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and value.get("version") == _STUB_VERSION
