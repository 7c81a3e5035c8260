"""The copy of a known state in a store: its files, in a folder of one command."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.state import rescue
from fbsync.state.lockfile import journal_path, lockfile_text, parse_lockfile, read_lockfile
from fbsync.state.replay import read_journal, replay

if TYPE_CHECKING:
    from fbsync.state.lockfile import Lockfile
    from fbsync.stores.document import StoredState


class StateCopy:
    """A lockfile and its journal for one command.

    Args:
        name: the state's address. Messages show it, because the copy's path means nothing to users.
        folder: an empty folder.
        state_folder: the user's folder for state, for a rescue file.
    """

    def __init__(self, name: str, *, folder: Path, state_folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._state_folder = state_folder
        self._in_store: Lockfile | None = None

    @property
    def lock_path(self) -> Path:
        """The lockfile."""
        return self._folder / "fbsync.lock"

    @property
    def _journal_path(self) -> Path:
        return journal_path(self.lock_path)

    @property
    def _rescue_name(self) -> Path:
        """The path that gives a rescue file its name: the address, in the command's working folder."""
        return Path(self._name)

    def take(self, state: StoredState) -> None:
        """Write a state to the files, including what an earlier run could not write to the store.

        Raises:
            FbsyncError: the state is damaged.
        """
        self.lock_path.unlink(missing_ok=True)
        self._journal_path.unlink(missing_ok=True)
        if state.lockfile is not None:
            self.lock_path.write_text(state.lockfile, encoding="utf-8", newline="")
        if state.journal:
            lines = "".join(f"{line}\n" for line in state.journal)
            self._journal_path.write_text(lines, encoding="utf-8", newline="")
        self._in_store = None if state.lockfile is None else parse_lockfile(state.lockfile, path=self._name)
        replay(self._journal_bytes(), self._in_store, shown_as=self._name, boot=None)
        self._recover()

    def _recover(self) -> None:
        """Add what an earlier run could not write to the store, unless another run has settled it in the meantime."""
        in_store = self._in_store
        left = read_journal(self._journal_path, None) if in_store is None else None
        begun = None if left is None else left.lockfile
        with suppress(FbsyncError):
            recovered = rescue.recover_rescued(self._rescue_name, in_store, self._state_folder, begun=begun)
            if recovered is not None and recovered != in_store:
                self.lock_path.write_text(lockfile_text(recovered), encoding="utf-8", newline="")

    def content(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the lockfile's text and the journal's complete lines. The last line may still be being written."""
        lockfile = self.lock_path.read_text(encoding="utf-8") if self.lock_path.exists() else None
        return lockfile, tuple(self._journal_bytes().decode().split("\n")[:-1])

    def _journal_bytes(self) -> bytes:
        return self._journal_path.read_bytes() if self._journal_path.exists() else b""

    def rescued(self, error: FbsyncError) -> FbsyncError:
        """Save the copy's lockfile for the next run, and return the error that says where it is.

        Args:
            error: why the store cannot be written.
        """
        known = read_lockfile(self.lock_path)
        if known is None:
            return error
        return rescue.rescued(
            error,
            self._rescue_name,
            known,
            self._state_folder,
            base=self._in_store,
            hint="run `fbsync apply` on this machine when the store can be written again: it reads that file",
            hint_without="run `fbsync apply --adopt` when the store can be written again: it uses the server's list",
        )

    def discard_rescue(self) -> None:
        """Remove a rescue file after its content is in the store."""
        rescue.discard_rescue(self._rescue_name, self._state_folder)
