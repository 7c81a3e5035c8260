"""What a rehearsal with a database keeps between runs: a folder for the known state, and the port."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORT_FILE = "port"
_LAST_PORT = 65_535


@contextmanager
def known_state_folder(db: Path | None) -> Iterator[Path]:
    """Provide a folder for the known state of a rehearsal.

    Args:
        db: the sandbox's database. The folder is next to it, and stays like the database. Without a database, the
            folder is temporary.

    Yields:
        The folder's absolute path.

    Raises:
        FbsyncError: it cannot be created.
    """
    if db is None:
        with tempfile.TemporaryDirectory(prefix="fbsync-sandbox-") as folder:
            yield Path(folder)
        return
    kept = db.absolute().with_name(f"{db.name}.state")
    try:
        kept.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(kept, error) from None
    yield kept


def last_port(folder: Path) -> int:
    """Return the port of the last rehearsal, or 0 if there was none. A known state belongs to one URL."""
    try:
        port = int((folder / _PORT_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if 0 < port <= _LAST_PORT else 0


def keep_port(folder: Path, port: int) -> None:
    """Note the port for the next rehearsal.

    Raises:
        FbsyncError: the folder cannot be written to.
    """
    try:
        (folder / _PORT_FILE).write_text(f"{port}\n", encoding="ascii")
    except OSError as error:
        raise _unusable(folder, error) from None


def _unusable(folder: Path, error: OSError) -> FbsyncError:
    return FbsyncError(
        f"the folder {folder} for the rehearsal's known state cannot be used: {error.strerror}",
        hint="use a database in your own folder with --db",
    )
