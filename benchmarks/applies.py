"""Apply a thousand creations, compared with clients that only post."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.places import PEERS, bodies, environment, fbsync, folder, found, libraries
from benchmarks.rows import Row, against, shown, skipped
from benchmarks.servers import instant
from benchmarks.timing import Command, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENTRIES = 1_000
_SECRETS = 5
_PARALLELISM = "8"
_LATENCY_MILLISECONDS = 50.0
_IDEAL_SECONDS = 5.0
_BARE_HTTPX = (sys.executable, str(PEERS / "bare_httpx.py"))
_ANSIBLE_ENTRIES = 50
"""How many entries: a playbook takes a long time for each, and always about the same."""


_LIMITS = {"httpx2": (1.15, 1.2), "httpx": (1.25, 1.5)}
"""The targets of each library: compared with the ideal at 50 ms, and with Node.js without a delay."""


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    place = _with_bodies(root, "instant", _ENTRIES)
    for library, choice in libraries(root).items():
        ideal, beside_node = _LIMITS[library]
        yield _slow_network(place, library, choice, ideal)
        with instant() as server:
            yield _fast_server(place, library, environment(_SECRETS, **server, **choice), beside_node)
    with instant() as server:
        yield _beside_ansible(root, environment(_SECRETS, **server))


def _slow_network(place: Path, library: str, choice: dict[str, str], limit: float) -> Row:
    """The server only waits: the sandbox's work for 1,000 requests would look like time on the network.

    The bare loop shows how much of the difference from the ideal is due to the library and the machine.
    """
    with instant(latency=_LATENCY_MILLISECONDS) as server:
        apply = _apply(place, environment(_SECRETS, **server, **choice), "10")
        measured = pairs(apply, _posting(apply, _BARE_HTTPX, "10"), runs=3)
    seconds, bare = measured.seconds
    return Row(
        work=f"`apply`, 1,000 creates at 50 ms a request, parallelism 10, {library}",
        peer="the ideal 5 s",
        target=f"≤ {limit:g} x",
        measured=f"{seconds / _IDEAL_SECONDS:.2f} x",
        is_met=seconds <= limit * _IDEAL_SECONDS,
        took=f"{shown(seconds)}, {shown(bare)} (a bare {library} loop)",
    )


def _with_bodies(root: Path, name: str, entries: int) -> Path:
    """Make a new folder with a manifest, and with the bodies of its creations."""
    place = folder(root, name, entries=entries, secrets=_SECRETS)
    (place / "bodies.json").write_text(json.dumps(bodies(entries, _SECRETS)), encoding="utf-8")
    return place


def _posting(apply: Command, argv: tuple[str, ...], parallelism: str) -> Command:
    """A client that posts the same as an apply, and records nothing."""
    return replace(
        apply, argv=(argv[0], argv[1], "bodies.json", parallelism, *argv[2:]), expected="1000 created", before=_nothing
    )


def _apply(place: Path, variables: dict[str, str], parallelism: str, entries: int = _ENTRIES) -> Command:
    return Command(
        argv=fbsync("apply", "--yes", "--parallelism", parallelism),
        folder=place,
        environment=variables,
        expected=f" {entries} added",
        before=lambda: (place / "fbsync.lock").unlink(missing_ok=True),
    )


def _fast_server(place: Path, library: str, variables: dict[str, str], limit: float) -> Row:
    work = f"`apply`, 1,000 creates, server answers at once, {library}"
    peer = "a Node.js `fetch` loop, nothing recorded"
    node = _node()
    if node is None:
        return skipped(work, peer, f"≤ {limit:g} x", "it is not installed")
    apply = _apply(place, variables, _PARALLELISM)
    measured = pairs(apply, _posting(apply, node, _PARALLELISM), runs=7)
    return against(work, peer, limit=limit, ratio=measured.ratio, seconds=measured.seconds)


def _node() -> tuple[str, ...] | None:
    node = found("node")
    return None if node is None else (node, str(PEERS / "fetch.mjs"))


def _nothing() -> None:
    """Prepare nothing."""


def _beside_ansible(root: Path, variables: dict[str, str]) -> Row:
    """Compare with fewer entries, since a playbook's time grows with their number."""
    work = f"`apply`, {_ANSIBLE_ENTRIES} creates, server answers at once"
    peer = "an Ansible playbook, `uri` in a loop"
    program = found("ansible-playbook")
    if program is None:
        return skipped(work, peer, "≤ 1 x", "it is not installed (`pip install ansible-core`)")
    place = _with_bodies(root, "ansible", _ANSIBLE_ENTRIES)
    apply = _apply(place, variables, _PARALLELISM, _ANSIBLE_ENTRIES)
    play = Command(
        argv=(program, "-i", "localhost,", "-e", f"bodies={place / 'bodies.json'}", str(PEERS / "playbook.yml")),
        folder=place,
        environment=variables | {"ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
        expected="ok=1 ",
    )
    measured = pairs(apply, play, runs=3)
    return against(work, peer, limit=1.0, ratio=measured.ratio, seconds=measured.seconds)
