"""The probe: check that a store honours conditions. A store that ignores them loses records without an error."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.protocol import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.stores.protocol import Store

_READS = 3


def probe_key() -> str:
    """Return a new random key for ``check_honesty``."""
    return f"probe-{secrets.token_hex(8)}"


def check_honesty(store: Store) -> None:
    """Check that a store refuses what it must refuse, and that it returns what was written last.

    Args:
        store: an object that does not exist yet (``probe_key``). It is removed at the end.

    Raises:
        FbsyncError: the store does not honour conditions (exit 4) and must not be used.
        Denied: the store does not let us write.
        Unavailable: the store cannot be reached.
        UnknownOutcome: an answer was lost.
    """
    try:
        faults = list(_faults(store))
    finally:
        with suppress(FbsyncError):
            store.remove()
    if faults:
        raise FbsyncError(
            f"the store of {store.name} cannot keep a state safely: {'; '.join(faults)}",
            hint="use a store with conditional writes; docs/concepts/stores.md lists the tested ones",
            exit_code=ExitCode.NOT_ALLOWED,
        )


def _faults(store: Store) -> Iterator[str]:
    """Yield each fault of the store, in words that follow its name in a message."""
    first = store.write(b"1", None)
    if _accepts(store, b"2", None):
        yield "it creates an object that already exists"
        return
    second = store.write(b"3", first)
    if _accepts(store, b"4", first):
        yield "it replaces an object that has changed in the meantime"
        return
    if _accepts(store, b"3", first):
        yield "it mistakes a second write of the same content for the first one"
        return
    for _ in range(_READS):
        found = store.read()
        if found is None or (found.data, found.tag) != (b"3", second):
            yield "it does not return what was written last"
            return
    store.remove()
    if store.read() is not None:
        yield "it still returns an object that was deleted"
    if _accepts(store, b"5", second):
        yield "it replaces an object that does not exist"


def _accepts(store: Store, data: bytes, tag: str | None) -> bool:
    """Whether the store accepts a write that it must refuse."""
    try:
        store.write(data, tag)
    except Conflict:
        return False
    return True
