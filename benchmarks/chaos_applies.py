"""The runs of one schedule: ``fbsync apply`` in its folder, with what befalls each."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.chaos_troubles import Death, Troubles

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.chaos_manifest import Declared
    from benchmarks.chaos_place import Place
    from benchmarks.chaos_runs import Run

_POLL_SECONDS = 0.0005


@dataclass(frozen=True, kw_only=True)
class Applies:
    """Runs ``fbsync apply``.

    Attributes:
        place: where.
        folder: with the manifest, the lockfile and the journal.
        log: takes all that is printed.
        declared: the manifest.
        fingerprint_key: of the lockfile, or an empty string for none.
    """

    place: Place
    folder: Path
    log: Path
    declared: Declared
    fingerprint_key: str

    @property
    def lockfile(self) -> Path:
        """The lockfile."""
        return self.folder / "fbsync.lock"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.folder / "fbsync.lock.journal"

    def run(self, argv: list[str], troubles: Troubles) -> int:
        """Runs it to its end, whichever; gives the exit status, negative for a signal."""
        gate = self.place.gate
        (self.folder / "fbsync.yaml").write_text(self.declared.text())
        gate.open(troubles)
        with self.log.open("a") as log:
            log.write(f"\n--- apply {' '.join(argv)} ({troubles})\n")
        run = self.place.forks.start(
            ["apply", "--yes", "-v", *argv],
            folder=self.folder,
            environment=self._environment(),
            log=self.log,
            die_at=troubles.at if troubles.death is Death.FILE else None,
        )
        gate.watch(run)
        over = threading.Event()
        killer = threading.Thread(target=self._kill_in_time, args=(run, troubles, over))
        killer.start()
        status = run.wait()
        over.set()
        killer.join()
        # What a dead run has sent still happens, and is over before the next one begins.
        gate.drain()
        return status

    def _kill_in_time(self, run: Run, troubles: Troubles, over: threading.Event) -> None:
        """Kills the run after some time, or once its journal has so many lines."""
        if troubles.death is Death.TIME and not over.wait(troubles.at / 1000):
            run.send(troubles.signal)
        while troubles.death is Death.JOURNAL and not over.wait(_POLL_SECONDS):
            if _lines(self.journal) >= troubles.at:
                run.send(troubles.signal)
                return

    def _environment(self) -> dict[str, str]:
        key = {"FBSYNC_FINGERPRINT_KEY": self.fingerprint_key} if self.fingerprint_key else {}
        return {"HOME": str(self.folder), **self.place.environment, **key, **self.declared.values}


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
