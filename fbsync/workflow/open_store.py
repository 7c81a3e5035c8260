"""Open the store of a known state for one command. Nothing is read yet."""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.settings import find_state_folder
from fbsync.stores.address import FileAddress, environment_key, parse_address
from fbsync.stores.holder import holder_from
from fbsync.stores.lease import VARIABLE
from fbsync.stores.open import opened
from fbsync.stores.swap import StateObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fbsync.stores.holder import Holder
    from fbsync.stores.protocol import Store
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.store_admin import OpenedStore
    from fbsync.workflow.target import Where


@contextmanager
def opened_state(where: Where, environ: Mapping[str, str]) -> Iterator[SharedState]:
    """Open the store for a command that works on a copy of the state.

    Args:
        where: the command's target. Its state is in a store (``is_shared``).
        environ: the process's environment.

    Raises:
        FbsyncError: the address is not valid, or something that it needs is missing.
    """
    from fbsync.workflow.shared_state import SharedState

    with _opened(where, environ) as store, tempfile.TemporaryDirectory("-fbsync") as copy:
        yield SharedState(
            StateObject(store(environment_key(where.environment))),
            folder=Path(copy),
            holder=_holder(environ),
            state_folder=find_state_folder(environ),
            lease=environ.get(VARIABLE),
        )


@contextmanager
def opened_store(where: Where, environ: Mapping[str, str]) -> Iterator[OpenedStore]:
    """Open the store for a command that moves, replaces or inspects the state. Arguments as for ``opened_state``.

    Raises:
        FbsyncError: the address is not valid, or something that it needs is missing.
    """
    from fbsync.workflow.store_admin import OpenedStore

    with _opened(where, environ) as store:
        yield OpenedStore(environment_key(where.environment), store, _holder(environ))


@contextmanager
def _opened(where: Where, environ: Mapping[str, str]) -> Iterator[Callable[[str], Store]]:
    """Open the store, and yield a function that returns the object of a key."""
    address = parse_address(where.state or "")
    assert not isinstance(address, FileAddress)
    folder = where.folders[0] if where.folders else Path()
    with opened(address, folder=folder, environ=environ) as place:
        yield place.store


def _holder(environ: Mapping[str, str]) -> Holder:
    return holder_from(environ, host=socket.gethostname(), process=os.getpid())
