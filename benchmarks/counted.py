"""Run fbsync and count what it writes, into ``counted.json``: a separate program with its own arguments."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

from fbsync.cli import main


def counting(counted: Counter[str]) -> None:
    """Count the calls that write the journal and the lockfile to the disk."""
    write, sync, replace = os.write, os.fsync, os.replace

    def counted_write(descriptor: int, data: bytes) -> int:
        written = write(descriptor, data)
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".journal":
            counted["journal"] += written
            counted["appends"] += 1
        return written

    def counted_sync(descriptor: int) -> None:
        counted["syncs"] += 1
        sync(descriptor)

    def counted_replace(source: str, target: str) -> None:
        if str(target).endswith(".lock"):
            counted["lockfiles"] += 1
            counted["lockfile"] += Path(source).stat().st_size
        replace(source, target)

    os.write, os.fsync, os.replace = counted_write, counted_sync, counted_replace  # type: ignore[assignment]


if __name__ == "__main__":
    counts: Counter[str] = Counter(journal=0, appends=0, lockfile=0, lockfiles=0, syncs=0)
    counting(counts)
    status = main(sys.argv[1:])
    Path("counted.json").write_text(json.dumps(counts), encoding="utf-8")
    sys.exit(status)
