"""The probe: check that a store honours conditions. One that ignores them loses records without an error."""

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
    """A key that nobody else uses, for ``check_honesty``."""
    return f"probe-{secrets.token_hex(8)}"


def check_honesty(store: Store) -> None:
    """Find out whether a store refuses what it must refuse, and answer with what was written last.

    Args:
        store: an object that does not exist (``probe_key``); it is removed in the end.

    Raises:
        FbsyncError: the store does not keep its conditions (exit 4): it must not be used.
        Denied: the store refuses to let us write.
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
    """What the store does wrong, in words that go on from "the store"."""
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
    """Whether a write comes through that must not."""
    try:
        store.write(data, tag)
    except Conflict:
        return False
    return True
