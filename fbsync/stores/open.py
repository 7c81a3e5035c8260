"""Open the store at an address: the object of an environment, or an object for a probe."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.address import GitAddress, ObjectAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fbsync.stores.git import Description
    from fbsync.stores.git_program import Git
    from fbsync.stores.protocol import Store

SharedAddress: TypeAlias = GitAddress | ObjectAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place where an address keeps its objects.

    Attributes:
        store: returns the object of a key (``environment_key``, ``probe_key``).
    """

    store: Callable[[str], Store]


@contextmanager
def opened(address: SharedAddress, *, folder: Path, environ: Mapping[str, str]) -> Iterator[Place]:
    """Open the place that an address names, for as long as the context lasts. Nothing is sent yet.

    Args:
        address: a git remote or a bucket.
        folder: the manifest's folder. Its checkout says what the remote is and how to sign in.
        environ: the process's environment.

    Raises:
        FbsyncError: something that the address needs is missing: git, a checkout with a remote, or obstore.
    """
    match address:
        case ObjectAddress():
            from fbsync.stores.objects import ObjectStoreObject, open_bucket

            bucket = open_bucket(address, environ)
            yield Place(store=lambda key: ObjectStoreObject(bucket, address, key))
        case GitAddress():
            from fbsync.stores.git import GitRef
            from fbsync.stores.git_program import scratch_git

            with scratch_git(folder, environ) as git:
                remote = address.url or _remote(git)
                yield Place(store=lambda key: GitRef(git, remote=remote, ref=f"{address.ref}/{key}", describe=describe))


def describe(data: bytes) -> Description:
    """Return the commit message for a state: who wrote it, and whether the run has ended. A probe writes no state."""
    from fbsync.model.errors import InvalidInput
    from fbsync.stores.document import parse_state
    from fbsync.stores.git import Description

    try:
        state = parse_state(data, "the state to write")
    except InvalidInput:
        return Description(subject="Probe", is_closed=True)
    user = f"{state.writer.user}, " if state.writer.user else ""
    doing = "Run in progress" if state.claim else "State"
    return Description(subject=f"{doing}: {user}{state.writer}", is_closed=state.claim is None)


def _remote(git: Git) -> str:
    """Return the name of the checkout's remote: "origin", or the only remote."""
    names = {name.split(".", 1)[1].rsplit(".", 1)[0] for name in git.settings if _is_remote(name)}
    if "origin" in names or len(names) == 1:
        return "origin" if "origin" in names else names.pop()
    found = f"{len(names)} remotes, none of them named origin" if names else "no remote"
    raise FbsyncError(
        f"the state is in git, and the manifest's folder has {found}",
        hint="run in a clone, or name the remote with state: git+URL",
        exit_code=ExitCode.INVALID_INPUT,
    )


def _is_remote(setting: str) -> bool:
    return setting.startswith("remote.") and setting.endswith(".url")
