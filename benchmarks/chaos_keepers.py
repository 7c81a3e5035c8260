"""Keepers: they say where the shared state of a schedule is and how a fresh machine reaches it, and inject faults."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from fbsync.state.lockfile import parse_lockfile
from fbsync.state.replay import replay
from fbsync.stores.address import environment_key, parse_address
from fbsync.stores.document import first_state, parse_state
from fbsync.stores.holder import Holder
from fbsync.stores.open import opened
from fbsync.stores.protocol import Conflict
from fbsync.stores.swap import StateObject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.chaos_store_gate import StoreGate
    from benchmarks.object_servers import ObjectServer
    from fbsync.state.replayed import Replayed
    from fbsync.stores.document import StoredState

_HARNESS = Holder(host="the-harness", process=1)
_FAULTY = 0.08
"""The share of requests to an object store that get a fault."""
_GIT = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

_DIE_BEFORE = """#!/bin/sh
read -r old new ref
case "$new" in
    0*) echo git-died-before-processing >>faults; kill -9 $PPID;;
    1*) echo git-slow-to-process >>faults; sleep 0.3;;
esac
"""
_DIE_AFTER = """#!/bin/sh
read -r old new ref
case "$new" in
    *[0-2][0-7]) echo git-processed-then-dropped >>faults; kill -9 $PPID;;
    *f) echo git-slow-to-answer >>faults; sleep 0.3;;
esac
exit 0
"""
"""Hooks of the remote. They use the commit's id as a random number, new with each write."""


class Keeper(Protocol):
    """The store of one schedule's state."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that a run needs to reach the state."""

    @property
    def faults(self) -> Counter[str]:
        """The faults of writes and reads so far, by kind."""

    def check_out(self, folder: Path) -> None:
        """Make a folder the working folder of a machine that shares only the store."""

    def trouble(self, *, seed: int | None) -> None:
        """Make requests to the store fail from now on; None stops that."""

    def read(self) -> StoredState:
        """Read the store, without faults."""

    def begin(self) -> None:
        """Create an empty state."""

    def unlock(self) -> None:
        """End the current lease, as ``fbsync state unlock`` does."""


class _Direct:
    """A keeper's access to the state, without faults.

    Args:
        address: the store's address.
        environ: the variables for access to the store.
        folder: a machine's working folder.
        key: the key of the state.
    """

    def __init__(self, address: str, environ: Mapping[str, str], folder: Path, environment: str | None) -> None:
        self._address = parse_address(address)
        self._environ = environ
        self._folder = folder
        self._key = environment_key(environment)

    @contextmanager
    def opened(self) -> Iterator[StateObject]:
        with opened(self._address, folder=self._folder, environ=self._environ) as place:  # type: ignore[arg-type]
            yield StateObject(place.store(self._key))

    def begin(self) -> None:
        with self.opened() as state:
            state.swap(first_state(_HARNESS), None)

    def unlock(self) -> None:
        with self.opened() as state:
            version = state.read()
            if version is not None and version.state.claim is not None:
                with suppress(Conflict):
                    state.swap(version.state.succeeded(_HARNESS, claim=None), version.tag)

    def read(self) -> StoredState:
        with self.opened() as state:
            version = state.read()
            assert version is not None
            return version.state


class GitKeeper:
    """A ref of a bare repository, whose hooks end a push before or after it took effect.

    Args:
        folder: the folder for the repository.
        environment: the environment to apply, or None.
    """

    def __init__(self, folder: Path, environment: str | None) -> None:
        folder.mkdir()
        self._bare = folder / "remote.git"
        self._checkout = folder / "checkout"
        for arguments in (("--bare", str(self._bare)), (str(self._checkout),)):
            subprocess.run(["git", "init", "--quiet", "--template=", *arguments], check=True, env=_GIT)
        self._hooks = self._bare / "hooks"
        config = self._checkout / ".git" / "config"
        config.write_text(f'{config.read_text()}[remote "origin"]\n\turl = {self._bare}\n')
        self._direct = _Direct("git", _GIT, self._checkout, environment)
        self._ref = f"refs/fbsync/state/{environment_key(environment)}"
        self.begin, self.unlock = self._direct.begin, self._direct.unlock

    @property
    def environment(self) -> Mapping[str, str]:
        """The address, and only the folder's settings."""
        return {**_GIT, "FBSYNC_STATE": "git"}

    @property
    def faults(self) -> Counter[str]:
        """The faults that the hooks recorded."""
        noted = self._bare / "faults"
        return Counter(noted.read_text().split()) if noted.exists() else Counter()

    def check_out(self, folder: Path) -> None:
        """Make a separate repository with the same remote."""
        shutil.copytree(self._checkout, folder)

    def trouble(self, *, seed: int | None) -> None:
        """Install or remove the hooks."""
        shutil.rmtree(self._hooks, ignore_errors=True)
        if seed is not None:
            self._hooks.mkdir()
            for name, text in (("pre-receive", _DIE_BEFORE), ("post-receive", _DIE_AFTER)):
                (self._hooks / name).write_text(text)
                (self._hooks / name).chmod(0o755)

    def read(self) -> StoredState:
        """The file of the ref's commit."""
        argv = ["git", f"--git-dir={self._bare}", "cat-file", "blob", f"{self._ref}:state.json"]
        return parse_state(subprocess.run(argv, check=True, capture_output=True, env=_GIT).stdout, self._ref)


class ObjectKeeper:
    """An object in a bucket, behind a gate.

    Args:
        server: the object store.
        gate: the gate through which runs reach the store.
        prefix: the object's prefix.
        folder: any folder.
        environment: the environment to apply, or None.
    """

    def __init__(
        self, server: ObjectServer, gate: StoreGate, *, prefix: str, folder: Path, environment: str | None
    ) -> None:
        self._gate = gate
        self._address = f"{server.address}/{prefix}"
        self._server = server
        # obstore reads the process's own environment.
        os.environ.update(server.environment())
        self._before = Counter(gate.faults)
        direct = _Direct(self._address, os.environ, folder, environment)
        self.begin, self.unlock, self.read = direct.begin, direct.unlock, direct.read

    @property
    def environment(self) -> Mapping[str, str]:
        """The address, and how to reach the store through the gate."""
        return {**self._server.environment(self._gate.url), "FBSYNC_STATE": self._address}

    @property
    def faults(self) -> Counter[str]:
        """The faults of the gate since this schedule began."""
        return self._gate.faults - self._before

    def check_out(self, folder: Path) -> None:
        """Make an empty folder."""
        folder.mkdir()

    def trouble(self, *, seed: int | None) -> None:
        """Switch the gate's faults on or off."""
        self._gate.chance = 0.0 if seed is None else _FAULTY
        self._gate.seed(seed or 0)


def known_in(state: StoredState) -> Replayed | None:
    """The known state: the lockfile with the journal applied; None if it is empty."""
    lockfile = None if state.lockfile is None else parse_lockfile(state.lockfile, path="the state")
    journal = "".join(f"{line}\n" for line in state.journal).encode()
    replayed = replay(journal, lockfile, shown_as="the state", boot=None)
    if replayed is None and lockfile is not None:
        from fbsync.state.replayed import Replayed

        return Replayed(lockfile=lockfile, open=())
    return replayed
