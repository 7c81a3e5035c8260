"""What an apply writes for each entry, in counts."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.places import environment, folder
from benchmarks.rows import Row
from benchmarks.servers import instant
from benchmarks.timing import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZES = (250, 500, 1_000)
_TOLERANCE = 1.02
"""The tolerance: some numbers and ids have one digit more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one apply wrote.

    Attributes:
        journal: the bytes that were appended to the journal.
        appends: the number of these writes.
        lockfile: the bytes of the lockfile.
        lockfiles: how often the lockfile was written.
        syncs: how often the run waited for the disk.
    """

    journal: int
    appends: int
    lockfile: int
    lockfiles: int
    syncs: int


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    with instant() as server:
        written = {entries: count(root, entries, server) for entries in _SIZES}
    small, large = _SIZES[0], _SIZES[-1]
    for name in ("journal", "lockfile"):
        each = {entries: getattr(made, name) / entries for entries, made in written.items()}
        yield Row(
            work=f"bytes of the {name} for each created entry",
            peer=f"itself at {small}, {_SIZES[1]} and {large:,} entries",
            target="constant",
            measured=", ".join(f"{value:.0f}" for value in each.values()),
            is_met=each[large] <= each[small] * _TOLERANCE,
            took=f"{written[large].syncs / large:.2f} disk waits for each entry" if name == "journal" else "",
        )
    times = [made.lockfiles for made in written.values()]
    yield Row(
        work="how often an apply writes the lockfile",
        peer="the same",
        target="once",
        measured=", ".join(map(str, times)),
        is_met=set(times) == {1},
    )


def count(root: Path, entries: int, server: dict[str, str]) -> Written:
    """Apply this many creations, and count what is written."""
    place = folder(root, f"writes-{entries}", entries=entries, secrets=5)
    Command(
        argv=(sys.executable, str(Path(__file__).parent / "counted.py"), "apply", "--yes"),
        folder=place,
        environment=environment(5, **server),
        expected=f" {entries} added",
    ).run()
    return Written(**json.loads((place / "counted.json").read_text(encoding="utf-8")))
