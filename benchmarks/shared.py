"""Apply with a shared state, compared with files: the cost of a slow store."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.chaos_store_gate import store_gate
from benchmarks.object_servers import Missing, moto
from benchmarks.places import environment, fbsync, folder
from benchmarks.rows import Row, shown, skipped
from benchmarks.servers import instant
from benchmarks.timing import Command, pairs
from fbsync.stores.address import parse_address
from fbsync.stores.document import first_state
from fbsync.stores.holder import Holder
from fbsync.stores.open import opened
from fbsync.stores.swap import StateObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_ENTRIES = 200
_SECRETS = 5
_LATENCY_MILLISECONDS = 50.0
_ROUND_TRIP_SECONDS = 0.06
_PUSH_SECONDS = 1.0
_RATIO = 1.25
_BUCKET_MILLISECONDS, _GIT_MILLISECONDS = 2.0, 30.0
_RUNS = 5
_SLOW_HOOK = f"#!/bin/sh\nsleep {_PUSH_SECONDS}\n"


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    place = folder(root, "shared", entries=_ENTRIES, secrets=_SECRETS)
    with instant(latency=_LATENCY_MILLISECONDS) as server:
        variables = environment(_SECRETS, FBSYNC_FINGERPRINT_KEY="a key for fingerprints, long enough", **server)
        yield from _bucket(place, variables)
        yield _git(root, place, variables)


def _bucket(place: Path, variables: dict[str, str]) -> Iterator[Row]:
    work = f"`apply --state s3`, {_ENTRIES} creates at 50 ms, the store 60 ms away"
    peer, target = "the same with files", f"≤ {_RATIO:g} x"
    with ExitStack() as stack:
        try:
            store = stack.enter_context(moto())
        except Missing as error:
            yield skipped(work, peer, target, str(error))
            return
        gate = stack.enter_context(store_gate(store.url))
        gate.delay_seconds = _ROUND_TRIP_SECONDS
        os.environ.update(store.environment())  # obstore reads the process's own environment
        address = f"{store.address}/benchmark"
        shared = variables | store.environment(gate.url)
        apply = _apply(place, shared, address, before=_emptied(address, place, os.environ))
        seconds, files, ratio = _beside_files(apply, place, variables)
    took = f"{shown(seconds)}, {shown(files)}"
    yield Row(work=work, peer=peer, target=target, measured=f"{ratio:.2f} x", is_met=ratio <= _RATIO, took=took)
    yield _more(work, seconds - files, took, limit=_BUCKET_MILLISECONDS)


def _git(root: Path, place: Path, variables: dict[str, str]) -> Row:
    """A remote whose hook delays each push by a second."""
    remote = root / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_SLOW_HOOK)
    hook.chmod(0o755)
    address = f"git+{remote}"
    apply = _apply(place, variables, address, before=_emptied(address, place, os.environ))
    seconds, files, _ = _beside_files(apply, place, variables)
    work = f"`apply --state git`, {_ENTRIES} creates at 50 ms, a push takes 1 s"
    return _more(work, seconds - files, f"{shown(seconds)}, {shown(files)}", limit=_GIT_MILLISECONDS)


def _beside_files(apply: Command, place: Path, variables: dict[str, str]) -> tuple[float, float, float]:
    """The median seconds with the store and with files, and the median of their ratio."""
    measured = pairs(apply, _apply(place, variables, "file", before=_without_lockfile(place)), runs=_RUNS)
    return (*measured.seconds, measured.ratio)


def _more(work: str, seconds: float, took: str, *, limit: float) -> Row:
    """The row of a store's cost for each change."""
    milliseconds = seconds / _ENTRIES * 1000
    return Row(
        work=work,
        peer="the same with files",
        target=f"≤ {limit:g} ms a change more",
        measured=f"{milliseconds:.1f} ms",
        is_met=milliseconds <= limit,
        took=took,
    )


def _apply(place: Path, variables: Mapping[str, str], state: str, *, before: Callable[[], None]) -> Command:
    return Command(
        argv=fbsync("apply", "--yes", "--state", state),
        folder=place,
        environment=variables,
        expected=f" {_ENTRIES} added",
        before=before,
    )


def _without_lockfile(place: Path) -> Callable[[], None]:
    return lambda: (place / "fbsync.lock").unlink(missing_ok=True)


def _emptied(address: str, place: Path, environ: Mapping[str, str]) -> Callable[[], None]:
    """The function that empties the state in a store."""

    def empty() -> None:
        with opened(parse_address(address), folder=place, environ=environ) as found:  # type: ignore[arg-type]
            state = StateObject(found.store("default"))
            version = state.read()
            state.swap(first_state(Holder(host="benchmark", process=1)), None if version is None else version.tag)

    return empty
